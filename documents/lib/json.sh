#!/bin/sh
# Prints text as a JSON string, quotes and control characters escaped.
json_string() {
  printf '%s' "$1" | LC_ALL=C tr '\000-\010\013\014\016-\037' '[ *]' |
    awk 'BEGIN { ORS = ""; print "\"" }
      { gsub(/\\/, "\\\\&"); gsub(/"/, "\\\""); gsub(/\t/, "\\t"); gsub(/\r/, "\\r"); print (NR > 1 ? "\\n" : "") $0 }
      END { print "\"" }'
}

# Ends the script with a failure that names its step and cause. The first line of standard output is the result.
fail() {
  printf '{"failed":{"step":%s,"cause":%s}}\n' "$(json_string "$1")" "$(json_string "$2")"
  exit 1
}
