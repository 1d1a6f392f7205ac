#!/bin/bash
# Runs on a manager: the services that run a repository, whatever version, and the workers that could run them. Changes nothing.
# Prints one JSON line.
# shellcheck disable=SC2016 # variables of jq
set -eu
: "${SSM_image:?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/services.sh

require_manager
require_jq
open_work

fetch service /services || fail manager "GET /services: not found"
printf '[]' >"$work/tasks"
fetch nodes /nodes || fail manager "GET /nodes: not found"

ours='[$service[] | select((.Spec.TaskTemplate | image | repository) == $image)]'
judge filters "$ours"' | map(.ID) | select(length > 0) | {service: .} | tojson' --arg image "$SSM_image"
filters=$(cat "$work/filters")
if [ -n "$filters" ]; then
  fetch tasks /tasks -G --data-urlencode "filters=$filters" || fail manager "GET /tasks: not found"
fi

# survey FILTER: everything, each service's facts through FILTER.
survey() {
  judge survey "($ours"' | all_facts(.; $tasks; $node; $now) | map('"$1"')) as $services
    | [$node[] | select(worker) | instance] as $workers
    | {$services, workers: ($workers | map(select(. != "")) | unique), unlabelled: ($workers | map(select(. == "")) | length),
       now: ($now | floor)}' --arg image "$SSM_image"
  packed=$(pack <"$work/survey")
  [ "${#packed}" -le "$pack_limit" ]
}

survey . || survey '.failures = [] | .waiting = []' ||
  fail facts "the survey of ${SSM_image} takes ${#packed} characters, and $pack_limit can be told: too many services or workers"
printf '{"gz":"%s"}\n' "$packed"
