#!/bin/sh
# PID 1 of the demo service's container: the web server, and a stop that lets requests under way finish.
set -eu

# The CGI script inherits it: the directory of this container's logs is named after its host name.
CONTAINER=$(hostname)
export CONTAINER
mkdir -p "/logs/$CONTAINER"
httpd -f -p 8080 -h /www &
server=$!

stop() {
  # The server forks for each connection: ended itself, it takes no new ones, and its children go on.
  kill "$server" 2>/dev/null || true
  left=80
  while [ "$left" -gt 0 ] && pidof httpd >/dev/null; do
    sleep 0.1
    left=$((left - 1))
  done
  exit 0
}
trap stop TERM INT

wait "$server"
