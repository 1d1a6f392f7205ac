#!/bin/bash
# The log files at hand, and who else writes them.
# shellcheck disable=SC2034,SC2154 # its variables are shared with the other parts of log-state.sh

# Every file beside those of our globs, and what filebeat holds open there, deleted or not. Flags: g matched by a
# glob, o open in filebeat, d deleted, r read to its end: only for what is open and not matched, of which the registry says nothing more.
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
        read_to_end "$pid" "$fd" "$1"
        continue
      fi
      sizes[$1]=$2 paths[$1]=$link reads[$1]=/proc/$pid/fd/$fd flags[$1]=o
      case $link in *' (deleted)') paths[$1]=${link% (deleted)} flags[$1]=od ;; esac
      read_to_end "$pid" "$fd" "$1"
    done < <(find -L "/proc/$pid/fd" -mindepth 1 -maxdepth 1 -type f -printf '%f %D %i %s\n' 2>/dev/null || true)
  done
}

# Adds r where filebeat's descriptor $2 of the file $3 stands at the size that was seen, or behind it.
read_to_end() {
  local name position=-1
  case ${flags[$3]} in *[gr]*) return 0 ;; esac
  [ "${filebeats[$1]}" = 1 ] || return 0
  { read -r name position <"/proc/$1/fdinfo/$2"; } 2>/dev/null || return 0
  if [ "$name" = pos: ] && [ "$position" -ge "${sizes[$3]}" ]; then flags[$3]+=r; fi
}

below_globs() {
  local glob
  for glob in "${globs[@]}"; do
    # shellcheck disable=SC2053 # A pattern is meant.
    if [[ ${1%/*} == ${glob%/*} ]]; then return 0; fi
  done
  return 1
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
