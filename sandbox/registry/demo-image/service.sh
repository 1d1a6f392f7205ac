#!/bin/sh
# PID 1 of the demo service's container: the web server, and a stop that no request notices. The image's environment says which
# VARIANT of it this is: a good one, or one that fails in a certain way.
set -eu
: "${VERSION:?}" "${VARIANT:?}" "${LAME_DUCK:?}" "${START_SECONDS:?}" "${STOP_CODE:?}"

server=
stop() {
  [ -n "$server" ] || exit "$STOP_CODE"
  # The load balancer is told first, by the health path, and has time to look; whoever comes meanwhile is still answered.
  rm -f /www/health
  sleep "$LAME_DUCK"
  # The server forks for each connection: ended itself, it takes no new ones, and its children go on.
  kill "$server" 2>/dev/null || true
  left=80
  while [ "$left" -gt 0 ] && pidof httpd >/dev/null; do
    sleep 0.1
    left=$((left - 1))
  done
  exit "$STOP_CODE"
}
trap stop TERM INT

case $VARIANT in
  exits)
    echo "hive-web $VERSION: reading its configuration"
    echo "hive-web $VERSION: no database answers at db.internal:5432"
    exit 3
    ;;
  never-healthy) rm -f /www/health ;;
  slow-start)
    sleep "$START_SECONDS" &
    wait $!
    ;;
esac

# The CGI script inherits it: the directory of this container's logs is named after its host name.
CONTAINER=$(hostname)
export CONTAINER
mkdir -p "/logs/$CONTAINER"
httpd -f -p 8080 -h /www &
server=$!
wait "$server"
