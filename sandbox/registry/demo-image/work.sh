#!/bin/sh
# CGI: GET /cgi-bin/work?n=<id> writes one line to the access log, and only then answers 200 with the host name (and, in a header,
# the image's version).

answer() { # status, text
  printf 'HTTP/1.0 %s\r\nContent-Type: text/plain\r\nX-Version: %s\r\n' "$1" "$VERSION"
  printf 'Content-Length: %s\r\nConnection: close\r\n\r\n%s\n' $((${#2} + 1)) "$2"
  exit 0
}

id=${QUERY_STRING#n=}
case "${QUERY_STRING:-}" in n=*) ;; *) answer '400 Bad Request' 'ask for ?n=<id>' ;; esac
case "$id" in '' | *[!A-Za-z0-9._-]*) answer '400 Bad Request' 'an id has letters, digits, . _ and -' ;; esac
[ "${#id}" -le 64 ] || answer '400 Bad Request' 'an id has 64 characters at most'

# One write of one line, appended: lines of requests at the same time cannot mix.
line="$(date -u +%Y-%m-%dT%H:%M:%SZ) $CONTAINER request $id"
echo "$line" >>"/logs/$CONTAINER/access.log" || answer '500 Internal Server Error' 'the log cannot be written'
answer '200 OK' "$CONTAINER"
