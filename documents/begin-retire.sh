#!/bin/bash
# Runs on the host: from here on it never joins a swarm again. Says who it is to the swarm and whether a Spot interruption
# is on its way. Safe to run twice. Prints one JSON line.
set -eu
: "${SSM_markRetiring:?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/aws.sh

state_directory=/run/hive-swarm
spot=$(metadata meta-data/spot/instance-action || true)
spot_time=$(printf '%s' "$spot" | json_member time)

# Without the mark this only looks: a Spot warning is proved by the host itself before anything is touched.
if [ "$SSM_markRetiring" = yes ]; then
  mkdir -p "$state_directory"
  touch "$state_directory/retiring"
  # A join that is under way holds the lock for as long as it talks to managers; afterwards it finds the mark.
  exec 9>"$state_directory/lock"
  flock -w 90 9 || fail begin "a join still holds $state_directory/lock after 90 s"
fi

swarm=$(docker_format '<<.Swarm.LocalNodeState>> <<.Swarm.NodeID>>' info 2>/dev/null) || swarm='unknown '
printf '{"swarm":"%s","nodeId":"%s","interruptedAt":"%s"}\n' "${swarm%% *}" "${swarm#* }" "$spot_time"
