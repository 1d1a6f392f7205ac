#!/bin/bash
# Brings the files and their entries in the registry together.
# shellcheck disable=SC2034,SC2154 # its variables are shared with the other parts of log-state.sh

# Files and their entries side by side, which packs best. Each line begins with a class: c for what is complete,
# u for what is not, g for the entry of a file that is gone.
join_facts() {
  local key hash known prefixes='' glob
  known=$(grep -c '^f' "$work/entries" || true)
  for key in "${!sizes[@]}"; do
    hash=-
    if [ "$known" -gt 0 ] && [ "${sizes[$key]}" -ge 1024 ]; then
      hash=$({ head -c 1024 -- "${reads[$key]}" | sha256sum; } 2>/dev/null || true)
      hash=${hash%% *}
    fi
    encode "${paths[$key]}"
    printf '%s\t%s\t%s\t%s\t%s\n' "$key" "${sizes[$key]}" "${flags[$key]:--}" "${hash:--}" "$REPLY"
  done | sort -t $'\t' -k 5 >"$work/files"
  for glob in "${globs[@]}"; do prefixes+="${glob%%[*?[]*} "; done
  awk -F '\t' -v prefixes="${prefixes% }" '
    BEGIN { count = split(prefixes, prefix, " ") }
    FILENAME == ARGV[1] {
      if ($1 != "!") { total[$1]++; offset[$1, total[$1]] = $2; start = length($1) + length($2) + 3; raw[$1, total[$1]] = substr($0, start) }
      next
    }
    {
      split($1, id, " ")
      native = "n" $1
      printed = "f" $4
      here = total[native] + 0
      if ($4 != "-") here += total[printed]
      if ($3 == "-" && here == 0) next
      complete = 1
      behind = ""
      for (i = 1; i <= total[native]; i++) look(offset[native, i], $2)
      if ($4 != "-") for (i = 1; i <= total[printed]; i++) look(offset[printed, i], $2)
      if (here == 0) { complete = $2 == 0; behind = 0 }
      class = complete ? "c" : "u"
      print class "F\t" id[1] "\t" id[2] "\t" $2 "\t" $3 "\t" (complete || behind == "" ? "-" : "?" behind) "\t" $4 "\t" $5
      for (i = 1; i <= total[native]; i++) print class "E\t" raw[native, i]
      if ($4 != "-") for (i = 1; i <= total[printed]; i++) print class "E\t" raw[printed, i]
      used[native] = used[printed] = 1
    }
    function look(at, size) {
      if (at + 0 != size + 0) complete = 0
      if (at + 0 < size + 0 && (behind == "" || at + 0 < behind + 0)) behind = at
    }
    END {
      for (identity in total) if (!(identity in used)) for (i = 1; i <= total[identity]; i++) {
        for (p = 1; p <= count; p++) if (index(raw[identity, i], "\"source\":\"" prefix[p])) { print "gE\t" raw[identity, i]; break }
      }
    }' "$work/entries" "$work/files"
}

# Sets REPLY to the bytes after the last newline of file $1, between offset $2 and size $3; - where that is too
# much to be a line. NUL bytes get lost in the shell: such a fragment counts as shorter, so as not tolerated.
fragment() {
  local length=$(($3 - $2)) text
  REPLY=-
  [ "$length" -le 65536 ] || return 0
  text=$(dd if="$1" iflag=skip_bytes,count_bytes skip="$2" count="$length" bs=65536 status=none && printf x) \
    2>/dev/null || return 0
  text=${text%x}
  REPLY=${text%$'\n'*}
  if [ "$REPLY" = "$text" ]; then REPLY=${#text}; else REPLY=$((${#text} - ${#REPLY} - 1)); fi
}

files_and_entries() {
  local line fields from
  join_facts >"$work/joined"
  while IFS= read -r line; do
    case $line in
      *$'\t?'*)
        IFS=$'\t' read -ra fields <<<"$line"
        if [ "${fields[0]}" = uF ]; then
          from=${fields[5]#?}
          # Where the registry knows no more, only the end of the file is of interest.
          case ${fields[4]} in *r*) if [ $((fields[3] - from)) -gt 65536 ]; then from=$((fields[3] - 65536)); fi ;; esac
          fragment "${reads[${fields[1]} ${fields[2]}]}" "$from" "${fields[3]}"
          line=${line/$'\t?'"${fields[5]#?}"$'\t'/$'\t'"$REPLY"$'\t'}
        fi
        ;;
    esac
    printf '%s\n' "$line"
  done <"$work/joined" >>"$body"
}
