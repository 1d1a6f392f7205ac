#!/bin/bash
# Runs on a manager: looks at a service until nothing more is to be expected of it, or the time is over. Changes nothing.
# Prints one JSON line.
set -eu
: "${SSM_serviceId:?agent too old}" "${SSM_rollId:?agent too old}" "${SSM_waitSeconds:?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/services.sh
. lib/service-watch.sh

require_manager
require_jq
open_work

watch_service
answer seen
