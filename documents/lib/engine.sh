#!/bin/sh
# The Engine API over the local socket, for what the docker command cannot do or would show in its arguments.

# engine METHOD PATH [curl options…]: prints the answer; the last line is the HTTP status. Secrets on standard input.
engine() {
  engine_method=$1
  engine_path=$2
  shift 2
  curl -sS --noproxy '*' --max-time 600 --unix-socket /var/run/docker.sock -X "$engine_method" -w '\n%{http_code}\n' "$@" \
    "http://docker$engine_path"
}

# engine_refused ANSWER: true for a refusal (4xx) that another manager would give as well. Anything else (no leader, a deadline,
# no answer) says something of this manager alone.
engine_refused() {
  case $1 in *4[0-9][0-9]) return 0 ;; *) return 1 ;; esac
}

# The message of an Engine API error or of a failed pull, or the text itself.
engine_message() {
  printf '%s' "$1" | sed -nE 's/.*"message":"(([^"\\]|\\.)*)".*/\1/p' | head -n 1 | sed 's/\\"/"/g' | grep . || printf '%s' "$1" | head -c 300
}
