#!/bin/bash
# Is filebeat there, and what does it count?
# shellcheck disable=SC2034,SC2154 # its variables are shared with the other parts of log-state.sh

# Every process called filebeat, with its start time: a pid alone may be another's by the next sample.
declare -A links filebeats
processes() {
  local comm name pid stat fields record holds own=()
  links=() filebeats=()
  # By inode, not by name: a filebeat in a container sees its data path elsewhere.
  for name in "$data/filebeat.lock" "$data/registry/filebeat/log.json"; do
    if [ -f "$name" ]; then own+=(${own[0]:+-o} -samefile "$name"); fi
  done
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
    if [ -n "${own[0]:-}" ] &&
      [ -n "$(find -L "/proc/$pid/fd" -mindepth 1 -maxdepth 1 '(' "${own[@]}" ')' -print -quit 2>/dev/null)" ]; then
      holds=1
    fi
    while IFS= read -r -d '' record; do
      links[$pid/${record%% *}]=${record#* }
    done < <(find "/proc/$pid/fd" -maxdepth 1 -type l -printf '%f %l\0' 2>/dev/null || true)
    filebeats[$pid]=$holds
    printf 'P\t%s\t%s\t%s\n' "$pid" "${fields[19]}" "$holds" >>"$body"
  done
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
      while (match(text, /^[][ \t\r,:]*[^][ \t\r,:]/)) {
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
