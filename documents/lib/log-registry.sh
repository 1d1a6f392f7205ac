#!/bin/bash
# filebeat's registry: which layout, and the last operation on each key (facts, "Filebeat").
# shellcheck disable=SC2034,SC2154 # its variables are shared with the other parts of log-state.sh

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
      return !index(line, "\"") && !index(line, "}{") && gsub(/[{]/, "", line) == gsub(/[}]/, "", line)
    }
    function apply() {
      if (pending == "") return
      if (!old && operation == "set") raw[key] = pending
      else if (!old) delete raw[key]
      pending = ""
    }
    function stop(why) {
      if (pending != "" && !whole(pending)) { why = "an operation that is cut"; certain = 1; pending = "" }
      apply()
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
      # A torn value that the next operation was written behind: both on one line, and a good line after it.
      if (index(pending, "{\"op\":\"") && !whole(pending)) { stop(""); next }
      apply()
      split($0, word, "\"")
      operation = word[4]
      id = substr(word[7], 2) + 0
      if (id > last && id != last + 1) { stop("a gap before operation " id); certain = 1; next }
      old = id <= last
      if (!old) last = id
      inside = 1
      next
    }
    {
      inside = 0
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
      if (stopped != "" && (certain || lastLine > stoppedAt)) print "!\tlog.json holds " stopped ": what follows is not trusted"
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
