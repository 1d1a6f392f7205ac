#!/bin/bash
# How a fact is written: fields between tabs, names encoded; what went wrong is a fact too.
# shellcheck disable=SC2034,SC2154 # its variables are shared with the other parts of log-state.sh

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
