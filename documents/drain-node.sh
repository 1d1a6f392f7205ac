#!/bin/bash
# Runs on a manager: marks every node of an instance as retiring and drains it. The mark and the drain are one write, so
# no activation can follow. Safe to run twice. Prints one JSON line.
set -eu
: "${SSM_instanceId:?agent too old}" "${SSM_nodeId?agent too old}" "${SSM_address?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/nodes.sh

require_manager

nodes=$(nodes_of_instance "$SSM_instanceId" "$SSM_nodeId" "$SSM_address") || { printf '%s\n' "$nodes" && exit 1; }
active_since=
for node in $nodes; do
  # Of several nodes, one that was active is enough: the machine ran tasks.
  [ -n "$active_since" ] ||
    active_since=$(docker_format '<<index .Spec.Labels "hive.active-since">>' node inspect "$node")
  drain_node "$node"
done
printf '{"nodeIds":%s,"activeSince":%s}\n' \
  "$(json_string "$(printf '%s' "$nodes" | paste -sd ' ')")" "$(json_string "$active_since")"
