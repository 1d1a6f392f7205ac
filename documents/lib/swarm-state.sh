#!/bin/sh
# The state of a swarm on a manager's disk, and the engine that has to be stopped around it. (After json.sh and docker.sh.)

# shellcheck disable=SC2034 # read by the scripts that include this file
swarm_directory=/var/lib/docker/swarm
# shellcheck disable=SC2034 # the same
state_directory=/run/hive-swarm

milliseconds() { date +%s%3N; }

# Ends a stopped engine's absence whatever becomes of the script: a session of its own outlives even the killing of the agent's.
start_engine_later() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  setsid bash -c 'sleep "$1"; exec systemctl start docker' engine "$1" </dev/null >/dev/null 2>&1 9>&- 8>&- &
  engine_guard=$!
}

# stop_engine SECONDS: stops docker and what would start it by a connection; after so many seconds it is started again by itself.
stop_engine() {
  start_engine_later "$1"
  # A host without the unit docker.socket says so, and stops docker all the same.
  engine_words=$(systemctl stop docker docker.socket 2>&1 8>&- 9>&-) || true
  if systemctl is-active --quiet docker; then
    forget_guard
    fail engine "systemctl stop docker docker.socket: ${engine_words:-docker is still active}"
  fi
}

forget_guard() {
  [ -z "${engine_guard:-}" ] || kill -- "-$engine_guard" "$engine_guard" 2>/dev/null || true
  engine_guard=''
}

# start_engine: false with engine_words when it does not come up. (What the lock is held by is not the engine's to keep.)
start_engine() {
  for _ in 1 2 3; do
    engine_words=$(systemctl start docker 2>&1 8>&- 9>&-) && forget_guard && return 0
    systemctl reset-failed docker 2>/dev/null || true
    sleep 1
  done
  return 1
}

# This node's id, as the engine tells it; empty when it is in no swarm.
own_node() { docker_format '<<.Swarm.NodeID>>' info 2>/dev/null || true; }

# One line for each manager: id, state, reachability (`-`: not in the quorum), leader, and since when it is being backed up.
managers_seen() {
  managers_ids=$(docker node ls -q --filter role=manager 2>&1) || fail manager "docker node ls: $managers_ids"
  # shellcheck disable=SC2086 # one word a node
  inspect_all \
    '<<.ID>> <<.Status.State>> <<with .ManagerStatus>><<.Reachability>> <<.Leader>><<else>>- false<<end>> <<or (index .Spec.Labels "hive.backup") "-">>' \
    node $managers_ids
}
