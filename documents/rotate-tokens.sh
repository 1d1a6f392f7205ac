#!/bin/bash
# Runs on a manager: makes both join tokens anew and stores them. Who is in the swarm stays in it. Run twice it rotates twice, which
# harms nobody; run again after a failure it stores what holds. Prints one JSON line, and no token.
set -eu
: "${SSM_workerTokenParameter:?agent too old}" "${SSM_managerTokenParameter:?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/aws.sh
. lib/tokens.sh

require_manager
# Before anything is rotated: tokens that cannot be stored keep everybody out.
aws_credentials || fail store "no credentials of the instance's role at the metadata address; is a role attached?"

for role in worker manager; do
  for attempt in 1 2 3 4 5; do
    trouble=$(timeout 25 docker swarm join-token --rotate --quiet "$role" 2>&1 >/dev/null) && break
    case $trouble in
      *"out of sequence"*) [ "$attempt" = 5 ] || continue ;;
      *"rpc error"* | *deadline* | *leader* | '') fail manager "docker swarm join-token --rotate $role: $(without_tokens "${trouble:-no answer within 25 s}")" ;;
    esac
    fail rotate "docker swarm join-token --rotate $role: $(without_tokens "$trouble")"
  done
done
store_tokens
printf '{"rotated":true}\n'
