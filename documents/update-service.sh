#!/bin/bash
# Runs on a manager: one write of a roll, or a number of replicas, by compare-and-swap, and then a look until the service has settled.
# Safe to run twice. Prints one JSON line.
set -eu
: "${SSM_serviceId:?agent too old}" "${SSM_rollId:?agent too old}" "${SSM_act:?agent too old}" "${SSM_expects?agent too old}"
: "${SSM_image?agent too old}" "${SSM_seen?agent too old}" "${SSM_since?agent too old}" "${SSM_cause?agent too old}"
: "${SSM_parallelism:?agent too old}" "${SSM_delaySeconds:?agent too old}" "${SSM_monitorSeconds:?agent too old}"
: "${SSM_replicas?agent too old}" "${SSM_was?agent too old}"
: "${SSM_holders?agent too old}" "${SSM_settleSeconds:?agent too old}" "${SSM_waitSeconds:?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/services.sh
. lib/service-watch.sh
. lib/service-edits.sh

require_manager
require_jq
open_work

# --- begin and scale wait until nothing is on its way: scaled down in between, swarm may keep a starting task and stop a running one.

# shellcheck disable=SC2016 # variables of jq
on_the_way='($service.Spec.Labels["hive.roll.id"] | text) == "" and any($tasks[]; runnable and arriving)'
settle_end=$((SECONDS + SSM_settleSeconds))
case $SSM_act in begin | scale) ;; *) settle_end=0 ;; esac
while [ -z "$SSM_expects" ] && [ "$SECONDS" -lt "$settle_end" ]; do
  read_service "$SSM_serviceId" || no_service
  judge settle "$on_the_way"
  [ "$(cat "$work/settle")" = true ] || break
  sleep 1
done

# --- write: by the version that was read; when somebody else was faster, everything is read and judged again.

# A refusal would be the same on every manager; anything else says something of this one.
not_written() {
  fail "$(engine_refused "$1" && echo update || echo manager)" \
    "service $SSM_serviceId ($SSM_act): $(engine_message "$1")"
}

written=no
for _ in $(seq 20); do
  read_service "$SSM_serviceId" || no_service
  edit
  case $edit_outcome in
    write) ;;
    done) break ;;
    refuse) fail update "service $SSM_serviceId ($SSM_act): $edit_text" ;;
    *)
      look 0
      answer "$edit_outcome" "${edit_text:+\"hosts\":$(json_string "$edit_text"),}"
      ;;
  esac
  # registryAuthFrom is the spec by default: the credentials that stand there stay, and none are sent.
  reply=$(engine POST "/services/$SSM_serviceId/update?version=$edit_text" --max-time 30 \
    -H 'Content-Type: application/json' --data-binary @"$work/spec" 2>&1) || true
  case $reply in
    *200)
      written=yes
      break
      ;;
    *"out of sequence"*) sleep 0.2 ;;
    *"service $SSM_serviceId not found"*404) no_service ;;
    *) not_written "$reply" ;;
  esac
done
[ "$edit_outcome" = 'done' ] || [ "$written" = yes ] ||
  fail update "service $SSM_serviceId ($SSM_act): 20 writes were out of sequence: something else writes to it all the time"

# --- look: an end and a scale need none, since what they ask for may wait for room for ever.

case $SSM_act in end | scale) SSM_waitSeconds=0 ;; esac
watch_service
answer 'done'
