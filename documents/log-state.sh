#!/bin/bash
# Samples the facts from which the operator decides whether filebeat has shipped every log line of this host.
# Judges nothing. Prints a line of JSON, then all facts as gzip in base64: SSM keeps 24,000 characters only (S5).
# Facts are lines of a letter and fields between tabs; shared/logs/parse-sample.ts names them. Nothing here may
# need jq or python, and awk may be mawk, gawk or busybox. Two opening braces must never stand together: SSM
# would take them for a parameter.
set -eu -o pipefail
: "${SSM_logGlobs:?agent too old}" "${SSM_filebeatData:?agent too old}" "${SSM_filebeatHttp:?agent too old}"
: "${SSM_settleSeconds:?agent too old}" "${SSM_waitContainersSeconds:?agent too old}"

# Names are bytes here, whatever they were meant to be; filebeat's globs match hidden names too.
export LC_ALL=C
shopt -s nullglob dotglob globstar

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
data=$(readlink -f -- "$SSM_filebeatData" || printf %s "$SSM_filebeatData")
set -f
# shellcheck disable=SC2206 # Split at spaces is what is meant; nothing expands while `set -f` stands.
globs=($SSM_logGlobs)
set +f
characters=23000

# Sets REPLY to $1 with every unusual byte as %XX: a name may hold tabs, newlines, quotes, or no UTF-8 at all.
encode() {
  local text=$1 byte code
  REPLY=$text
  case $text in *[!A-Za-z0-9._/:@+,-]*) ;; *) return 0 ;; esac
  REPLY=
  while [ -n "$text" ]; do
    byte=${text:0:1}
    text=${text:1}
    case $byte in
      [A-Za-z0-9._/:@+,-]) REPLY+=$byte ;;
      *)
        printf -v code %d "'$byte"
        printf -v code '%%%02X' $((code & 255))
        REPLY+=$code
        ;;
    esac
  done
}

# What could not be read, or was not as expected. Twenty are enough to see that nothing can be proven.
problem() {
  problems=$((problems + 1))
  [ "$problems" -le 20 ] || return 0
  encode "${1:0:300}"
  printf 'X\t%s\n' "$REPLY" >>"$body"
}

running_containers() {
  # shellcheck disable=SC1083 # Go's own braces, kept apart for SSM.
  timeout 20 docker ps --no-trunc --filter label=com.docker.swarm.task.id --format "{""{.ID}} {""{.Names}}"
}

containers() {
  local id name
  if ! running_containers >"$work/containers" 2>"$work/stderr"; then
    problem "docker ps failed: $(head -c 200 "$work/stderr")"
    containers=null
    return 0
  fi
  containers=0
  printf 'D\n' >>"$body"
  while read -r id name; do
    containers=$((containers + 1))
    encode "$name"
    printf 'C\t%s\t%s\n' "${id:0:12}" "$REPLY" >>"$body"
  done <"$work/containers"
}

# Every process called filebeat, with its start time: a pid alone may be another's by the next sample.
declare -A links filebeats
processes() {
  local comm name pid stat fields record link holds
  links=() filebeats=()
  for comm in /proc/[0-9]*/comm; do
    name=
    { read -r name <"$comm"; } 2>/dev/null || continue
    [ "$name" = filebeat ] || continue
    pid=${comm#/proc/}
    pid=${pid%/comm}
    { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || continue
    read -ra fields <<<"${stat##*) }"
    [ "${fields[0]}" != Z ] || continue
    holds=0
    while IFS= read -r -d '' record; do
      link=${record#* }
      links[$pid/${record%% *}]=$link
      case $link in "$data"/registry* | "$data"/filebeat.lock*) holds=1 ;; esac
    done < <(find "/proc/$pid/fd" -maxdepth 1 -type l -printf '%f %l\0' 2>/dev/null || true)
    filebeats[$pid]=1
    printf 'P\t%s\t%s\t%s\n' "$pid" "${fields[19]}" "$holds" >>"$body"
  done
}

# Sets $layout, and $checkpoint to the number of the highest checkpoint. active.dat and checkpoint.new are hints
# that may lag behind, so they are not read.
find_registry() {
  local file number
  registry=$data/registry/filebeat checkpoint=0 layout=none
  if [ -f "$data/registry" ]; then
    layout=single-file registry=$data/registry
    return 0
  fi
  for file in "$registry"/*.json; do
    number=${file##*/}
    number=${number%.json}
    case $number in '' | *[!0-9]*) continue ;; esac
    if [ "$number" -gt "$checkpoint" ]; then checkpoint=$number; fi
  done
  if [ -f "$registry/log.json" ] || [ "$checkpoint" != 0 ] || [ -f "$registry/meta.json" ]; then
    layout=operation-log
    if [ -f "$registry/meta.json" ] && ! grep -q '"version":"1"' "$registry/meta.json"; then layout=unknown; fi
  elif [ -f "$registry/data.json" ]; then
    layout=data-json registry=$registry/data.json
  elif [ -e "$data/registry" ]; then
    layout=unknown
  fi
}

# Reduces checkpoint ($1) and operation log to the last operation a key, each as: identity, offset, raw line.
# Operations up to the checkpoint's number are old. A gap or a line that is no operation ends the log: what
# follows cannot be trusted. An unfinished last line is filebeat just writing. A value counts only once the next
# line shows that it is whole, or its braces do.
reduce_operations() {
  local log=/dev/null
  if [ -f "$registry/log.json" ]; then log=$registry/log.json; fi
  awk -v number="$checkpoint" '
    function whole(line) {
      gsub(/\\./, "", line)
      gsub(/"[^"]*"/, "", line)
      return index(line, "\"") == 0 && gsub(/[{]/, "", line) == gsub(/[}]/, "", line)
    }
    function apply() {
      if (pending == "") return
      if (operation == "set") raw[key] = pending
      else delete raw[key]
      pending = ""
    }
    function stop(why) {
      if (pending != "" && whole(pending)) apply()
      pending = ""
      stopped = why
      stoppedAt = FNR
    }
    function identity(key, parts) {
      if (match(key, /::native::[0-9]+-[0-9]+$/)) {
        split(substr(key, RSTART + 10), parts, "-")
        return "n" parts[2] " " parts[1]
      }
      if (match(key, /::fingerprint::[0-9a-f]+$/)) return "f" substr(key, RSTART + 15)
      return "?"
    }
    FILENAME == ARGV[1] && number != 0 {
      sub(/^\[/, "")
      sub(/,$/, "")
      if ($0 == "") next
      if ($0 == "]") { closed = 1; next }
      if (!match($0, /^[{]"_key":"([^"\\]|\\.)*"/) || !whole($0)) { broken = 1; next }
      raw[substr($0, 10, RLENGTH - 10)] = $0
      next
    }
    stopped != "" { lastLine = FNR; next }
    !inside {
      if ($0 !~ /^[{]"op":"(set|remove)","id":[0-9]+[}]$/) { stop("a line that is no operation"); next }
      apply()
      split($0, word, "\"")
      operation = word[4]
      id = substr(word[7], 2) + 0
      if (id > last && id != last + 1) { stop("a gap before operation " id); gap = 1; next }
      old = id <= last
      if (!old) last = id
      inside = 1
      next
    }
    {
      inside = 0
      if (old) next
      end = operation == "set" ? index($0, "\",\"v\":") : length($0) - 1
      if (substr($0, 1, 6) != "{\"k\":\"" || end < 7 || substr($0, length($0)) != "}") {
        stop("an operation that is cut")
        next
      }
      key = substr($0, 7, end - 7)
      pending = $0
    }
    BEGIN { last = number + 0 }
    END {
      if (pending != "" && whole(pending)) apply()
      if (number != 0 && !closed) broken = 1
      if (broken) print "!\tcheckpoint " number ".json is damaged"
      if (stopped != "" && (gap || lastLine > stoppedAt)) print "!\tlog.json holds " stopped ": what follows is not trusted"
      for (key in raw) {
        offset = 0
        if (match(raw[key], /"offset":[0-9]+/)) offset = substr(raw[key], RSTART + 9, RLENGTH - 9)
        print identity(key) "\t" offset "\t" raw[key]
      }
    }' "$1" "$log"
}

# Splits the JSON array that filebeat kept before 7.9 into its objects.
split_array() {
  awk 'BEGIN { RS = "}" }
    {
      part = part $0
      bare = part
      gsub(/\\./, "", bare)
      gsub(/"[^"]*"/, "", bare)
      if (index(bare, "\"")) { part = part "}"; next }
      object = object part
      part = ""
      depth += gsub(/[{]/, "", bare)
      if (depth == 0) { rest = object; object = ""; next }
      object = object "}"
      if (--depth > 0) next
      sub(/^[^{]*/, "", object)
      gsub(/\n/, " ", object)
      inode = device = offset = ""
      if (match(object, /"inode":[0-9]+/)) inode = substr(object, RSTART + 8, RLENGTH - 8)
      if (match(object, /"device":[0-9]+/)) device = substr(object, RSTART + 9, RLENGTH - 9)
      if (match(object, /"offset":[0-9]+/)) offset = substr(object, RSTART + 9, RLENGTH - 9)
      print "n" device " " inode "\t" offset "\t" object
      object = ""
    }
    END { gsub(/[ \t\r\n]/, "", rest); if (rest != "]" && rest != "[]" && rest != "null") print "!\tthe registry is damaged" }' "$1"
}

# The registry's entries into $work/entries. A checkpoint written meanwhile has emptied the log: read again.
read_registry() {
  local before try understood line
  for try in 1 2 3 4 5; do
    find_registry
    before=$checkpoint
    understood=true
    : >"$work/entries"
    case $layout in
      operation-log)
        if [ "$checkpoint" = 0 ]; then
          reduce_operations /dev/null >"$work/entries" 2>"$work/stderr" || understood=false
        else
          reduce_operations "$registry/$checkpoint.json" >"$work/entries" 2>"$work/stderr" || understood=false
        fi
        ;;
      data-json | single-file) split_array "$registry" >"$work/entries" 2>"$work/stderr" || understood=false ;;
    esac
    find_registry
    if $understood && [ "$before" = "$checkpoint" ]; then break; fi
    before=changed
  done
  if [ "$before" = changed ]; then
    problem "the registry could not be read in $try tries: $(head -c 200 "$work/stderr")"
  fi
  printf 'L\t%s\t%s\n' "$layout" "$checkpoint" >>"$body"
  while IFS= read -r line; do problem "${line#*$'\t'}"; done < <(grep '^!' "$work/entries" || true)
}

# Every file beside those of our globs, and what filebeat holds open there, deleted or not. Flags: g matched by a
# glob, o open in filebeat, d deleted.
declare -A sizes flags paths reads
list_files() {
  local glob directories record name path fd link key pid
  sizes=() flags=() paths=() reads=()
  for glob in "${globs[@]}"; do
    # shellcheck disable=SC2206 # The pattern is to be expanded; it holds no space.
    directories=(${glob%/*}/)
    [ -d "${directories[0]:-}" ] || continue
    while IFS= read -r -d '' record; do
      path=/${record#*/}
      # shellcheck disable=SC2086 # Three numbers.
      set -- ${record%%/*}
      key="$1 $2" name=${path##*/}
      sizes[$key]=$3 paths[$key]=$path reads[$key]=$path
      # shellcheck disable=SC2053 # A pattern is meant.
      if [[ $name == ${glob##*/} ]]; then flags[$key]=g; else flags[$key]=${flags[$key]:-}; fi
    done < <(find "${directories[@]}" -maxdepth 1 -type f -printf '%D %i %s %p\0' 2>/dev/null || true)
  done
  for pid in "${!filebeats[@]}"; do
    while read -r fd key; do
      link=${links[$pid/$fd]:-}
      below_globs "$link" || continue
      set -- "${key% *}" "${key##* }"
      if [ -n "${sizes[$1]:-}" ]; then
        flags[$1]=${flags[$1]/o/}o
        continue
      fi
      sizes[$1]=$2 paths[$1]=$link reads[$1]=/proc/$pid/fd/$fd flags[$1]=o
      case $link in *' (deleted)') paths[$1]=${link% (deleted)} flags[$1]=od ;; esac
    done < <(find -L "/proc/$pid/fd" -mindepth 1 -maxdepth 1 -type f -printf '%f %D %i %s\n' 2>/dev/null || true)
  done
}

below_globs() {
  local glob
  for glob in "${globs[@]}"; do
    # shellcheck disable=SC2053 # A pattern is meant.
    if [[ ${1%/*} == ${glob%/*} ]]; then return 0; fi
  done
  return 1
}

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
  text=$(tail -c "+$(($2 + 1))" -- "$1" | head -c "$length" && printf x) 2>/dev/null || return 0
  text=${text%x}
  REPLY=${text%$'\n'*}
  if [ "$REPLY" = "$text" ]; then REPLY=${#text}; else REPLY=$((${#text} - ${#REPLY} - 1)); fi
}

files_and_entries() {
  local line fields
  join_facts >"$work/joined"
  while IFS= read -r line; do
    case $line in
      *$'\t?'*)
        IFS=$'\t' read -ra fields <<<"$line"
        if [ "${fields[0]}" = uF ]; then
          fragment "${reads[${fields[1]} ${fields[2]}]}" "${fields[5]#?}" "${fields[3]}"
          line=${line/$'\t?'"${fields[5]#?}"$'\t'/$'\t'"$REPLY"$'\t'}
        fi
        ;;
    esac
    printf '%s\n' "$line"
  done <"$work/joined" >>"$body"
}

# One line a process: it is enough to know that somebody writes, and who.
writers() {
  local device inode path pid name value command seen=' '
  while read -r device inode path; do
    pid=${path#/proc/}
    pid=${pid%%/*}
    if [ -n "${filebeats[$pid]:-}" ]; then continue; fi
    case $seen in *" $pid "*) continue ;; esac
    value=0
    while read -r name value; do [ "$name" != flags: ] || break; done 2>/dev/null <"/proc/$pid/fdinfo/${path##*/}" || true
    [ $((8#${value:-0} & 3)) -ne 0 ] || continue
    seen+="$pid "
    command=
    { read -r command <"/proc/$pid/comm"; } 2>/dev/null || true
    encode "$command"
    command=$REPLY
    encode "${paths[$device $inode]:-}"
    printf 'W\t%s\t%s\t%s\t%s\t%s\n' "$pid" "$device" "$inode" "$command" "$REPLY" >>"$body"
  done < <(
    { find -L /proc/[0-9]*/fd -mindepth 1 -maxdepth 1 -type f -printf '%D %i %p\n' 2>/dev/null || true; } |
      awk 'FILENAME == ARGV[1] { if (substr($1, 2) == "F") wanted[$2 " " $3]; next } ($1 " " $2) in wanted' "$work/joined" -
  )
}

# The few members of /stats that matter, each as a line.
statistics() {
  [ "$SSM_filebeatHttp" != off ] || return 0
  if ! curl -sS --noproxy '*' --max-time 5 "http://$SSM_filebeatHttp/stats" >"$work/stats" 2>"$work/stderr"; then
    problem "filebeat's /stats on $SSM_filebeatHttp did not answer: $(head -c 200 "$work/stderr")"
    return 0
  fi
  awk '
    BEGIN {
      wanted = " beat.info.ephemeral_id libbeat.pipeline.events.active libbeat.output.events.active" \
        " libbeat.output.events.acked libbeat.output.events.failed libbeat.output.events.dropped" \
        " filebeat.harvester.open_files filebeat.harvester.running "
    }
    function value(text, path, i) {
      for (i = 1; i <= depth; i++) path = path (i > 1 ? "." : "") name[i]
      if (index(wanted, " " path " ")) { print "S\t" path "\t" text; found = 1 }
    }
    { text = text $0 " " }
    END {
      while (match(text, /^[ \t\r,:\[\]]*[^ \t\r,:\[\]]/)) {
        text = substr(text, RLENGTH)
        first = substr(text, 1, 1)
        if (first == "{") { depth++; text = substr(text, 2) }
        else if (first == "}") { depth--; text = substr(text, 2) }
        else if (match(text, /^"([^"\\]|\\.)*"/)) {
          token = substr(text, 2, RLENGTH - 2)
          text = substr(text, RLENGTH + 1)
          if (text ~ /^[ \t\r]*:/) name[depth] = token
          else value(token)
        }
        else if (match(text, /^[-+.0-9A-Za-z]+/)) { value(substr(text, 1, RLENGTH)); text = substr(text, RLENGTH + 1) }
        else exit 1
      }
      exit found && depth == 0 ? 0 : 1
    }' "$work/stats" >>"$body" || problem "filebeat's /stats on $SSM_filebeatHttp was not understood"
}

# The order matters: what is written before its reader looks can only make a file seem less shipped, never more.
sample() {
  body=$work/sample$1 problems=0
  printf 'T\t%(%s)T\n' -1 >"$body"
  containers
  statistics
  processes
  read_registry
  list_files
  files_and_entries
  writers
}

# Prints the samples at a level of detail: 0 all; 1 complete files as numbers only; 2 no more than $2 groups of
# the others, the rest counted. The second sample names lines that it shares with the first (=from,to).
facts() {
  local file
  for file in "$work"/sample[12]; do
    awk -F '\t' -v level="$1" -v keep="$2" '
      /^c/ && level > 0 { if ($1 == "cF") print "K\t" $2 "\t" $3 "\t" $4; next }
      /^[cug][FE]/ {
        begins = $1 != "cE" && $1 != "uE"
        groups += begins
        if (level > 1 && groups > keep) left += begins
        else print substr($0, 2)
        next
      }
      { print }
      END { if (left) print "U\t" left }' "$file" >"$file.facts"
  done
  cat "$work/sample1.facts"
  [ -f "$work/sample2" ] || return 0
  awk 'function flush() { if (from) print "=" from "," to; from = 0 }
    FILENAME == ARGV[1] { if (FNR > 1) at[$0] = FNR - 1; next }
    FNR > 1 && ($0 in at) { if (!from || at[$0] != to + 1) { flush(); from = at[$0] } to = at[$0]; next }
    { flush(); print }
    END { flush() }' "$work/sample1.facts" "$work/sample2.facts"
}

pack() { facts "$1" "$2" | gzip -9nc | base64 | tr -d '\n' >"$work/packed"; }
fits() { [ "$(wc -c <"$work/packed")" -le "$characters" ]; }

deadline=$((SECONDS + SSM_waitContainersSeconds))
while [ "$SECONDS" -lt "$deadline" ]; do
  left=$(running_containers 2>/dev/null) || left=unknown
  [ -n "$left" ] || break
  sleep 1
done

samples=1
sample 1
if [ "$SSM_settleSeconds" -gt 0 ]; then
  sleep "$SSM_settleSeconds"
  sample 2
  samples=2
fi

truncated=false
pack 0 0
if ! fits; then pack 1 0; fi
if ! fits; then
  truncated=true keep=1024
  pack 2 "$keep"
  while ! fits && [ "$keep" -gt 0 ]; do
    keep=$((keep / 2))
    pack 2 "$keep"
  done
fi
printf '{"schema":1,"taskContainers":%s,"truncated":%s,"samples":%s,"factsLength":%s}\n' \
  "$containers" "$truncated" "$samples" "$(($(wc -c <"$work/packed")))"
cat "$work/packed"
printf '\n'
