#!/bin/bash
# Runs on the host: starts a filebeat that died. Prints one JSON line.
set -eu
. lib/json.sh

answer=$(systemctl restart filebeat 2>&1) || fail restart "systemctl restart filebeat: $answer"
printf '{"restarted":true}\n'
