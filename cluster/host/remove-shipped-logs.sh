#!/bin/bash
# Removes the log directories of containers that are gone, once filebeat has shipped every byte of them; all others it leaves, and says so.
# Run every hour by hive-logs.timer. A directory goes only if all of it holds: its container is not there any more, nothing in it was
# written for a while, and each of its files is at its end in filebeat's registry. When anything cannot be known, nothing is removed.
#
# Installed beside the parts of retire-node's that read the registry (docs/logs.md, "On the host"). Needs docker and awk.
set -eu -o pipefail

logs=${HIVE_LOGS:-/var/log/hive} data=${FILEBEAT_DATA:-/var/lib/filebeat} keep_minutes=${KEEP_MINUTES:-60}
lib=${HIVE_LIB:-/usr/local/lib/hive-swarm}
export LC_ALL=C
shopt -s nullglob dotglob
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
body=$work/facts problems=0

# shellcheck source=../../documents/lib/log-facts.sh
. "$lib/log-facts.sh"
# shellcheck source=../../documents/lib/log-registry.sh
. "$lib/log-registry.sh"

fail() {
  echo "remove-shipped-logs: nothing is removed: $*" >&2
  exit 1
}

# Every container that there is, running or not: one that is stopped can be started again, and would write there.
ids=$(docker ps --all --quiet --no-trunc) || fail "docker ps failed"
hosts=
if [ -n "$ids" ]; then
  # shellcheck disable=SC2086 # one word an id
  hosts=$(docker inspect --format '{{.Config.Hostname}}' $ids) || fail "docker inspect failed: containers come and go; the next run looks again"
fi

: >"$body"
read_registry
[ "$layout" = operation-log ] || fail "filebeat's registry in $data has the layout \"$layout\", which is not known (docs/facts.md, \"Filebeat\")"
[ "$problems" = 0 ] || fail "filebeat's registry in $data cannot be read: $(grep '^X' "$body" | cut -f 2)"
declare -A offsets
while IFS=$'\t' read -r key offset _; do
  # A file that two inputs read is shipped when both have.
  if [ -z "${offsets[$key]:-}" ] || [ "$offset" -lt "${offsets[$key]}" ]; then offsets[$key]=$offset; fi
done <"$work/entries"

# Says why a directory must stay; nothing when it may go.
reason_to_stay() {
  local file size id
  if grep -qxF -- "${1##*/}" <<<"$hosts"; then
    echo "its container is still there"
  elif [ -n "$(find "$1" -newermt "-$keep_minutes minutes" -print -quit)" ]; then
    echo "it was written to in the last $keep_minutes minutes"
  else
    for file in "$1"/*; do
      if [ ! -f "$file" ] || [ -L "$file" ]; then
        echo "${file##*/} is no file"
        return
      fi
      id=$(stat --format '%d %i' -- "$file")
      size=$(stat --format %s -- "$file")
      [ "$size" -eq "${offsets[n$id]:-0}" ] && continue
      echo "of ${file##*/} ${offsets[n$id]:-0} bytes of $size are shipped"
      return
    done
  fi
}

for directory in "$logs"/*/; do
  directory=${directory%/}
  why=$(reason_to_stay "$directory")
  if [ -n "$why" ]; then
    echo "remove-shipped-logs: $directory stays: $why"
    continue
  fi
  # File by file, and then what must be empty: what came meanwhile keeps the directory.
  for file in "$directory"/*; do rm -- "$file"; done
  rmdir -- "$directory"
  echo "remove-shipped-logs: $directory is removed"
done
