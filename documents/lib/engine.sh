#!/bin/sh
# The Engine API over the local socket, for what the docker command cannot do or would show in its arguments.

# engine METHOD PATH [curl options…]: prints the answer; the last line is the HTTP status. Secrets on standard input.
engine() {
  engine_method=$1
  engine_path=$2
  shift 2
  curl -sS --max-time 600 --unix-socket /var/run/docker.sock -X "$engine_method" -w '\n%{http_code}\n' "$@" \
    "http://docker$engine_path"
}

# The message of an Engine API error, or the text itself.
engine_message() {
  printf '%s' "$1" | sed -n 's/.*"message":"\(.*\)"}.*/\1/p' | head -n 1 | grep . || printf '%s' "$1" | head -c 300
}
