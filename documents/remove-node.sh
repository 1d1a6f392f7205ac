#!/bin/bash
# Runs on a manager: removes every node of an instance, by node id. What is drained or down goes; a node that still takes
# tasks is drained first, so that its tasks start elsewhere. Safe to run twice. Prints one JSON line.
set -eu
: "${SSM_instanceId:?agent too old}" "${SSM_nodeId?agent too old}" "${SSM_address?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/nodes.sh

require_manager

nodes=$(nodes_of_instance "$SSM_instanceId" "$SSM_nodeId" "$SSM_address") || { printf '%s\n' "$nodes" && exit 1; }
for node in $nodes; do
  [ "$(docker_format '<<.Spec.Availability>>' node inspect "$node")" = drain ] || drain_node "$node"
  # A clean leave shows as Down only after some twelve seconds; --force does not wait for that.
  answer=$(docker node rm --force "$node" 2>&1) || case $answer in
    *"not found"* | *"No such node"*) ;;
    *"rpc error"* | *deadline* | *leader*) fail manager "docker node rm $node: $answer" ;;
    *) fail remove "node $node: $answer" ;;
  esac
done
printf '{"removed":%s}\n' "$(json_string "$(printf '%s' "$nodes" | paste -sd ' ')")"
