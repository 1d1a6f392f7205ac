#!/bin/bash
# Sources of bind mounts: a task whose source does not exist is rejected (docs/facts.md, D14).

# make_directories WORDS: they come as activate-node wrote them (urlquery): decoded here, whatever characters they hold. A source may
# be a file.
make_directories() {
  for word in $1; do
    word=${word//+/ }
    printf -v directory '%b' "${word//%/\\x}"
    [ -e "$directory" ] || mkdir -p -- "$directory" || fail directories "mkdir $directory"
  done
}
