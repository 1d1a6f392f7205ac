#!/bin/bash
# Fits the samples into what SSM keeps of standard output, and says what had to be left out.
# shellcheck disable=SC2034,SC2154 # its variables are shared with the other parts of log-state.sh

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
