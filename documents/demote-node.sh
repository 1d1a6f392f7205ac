#!/bin/bash
# Runs on another manager: demotes the manager of an instance, if enough of those that remain are reachable, and waits until it has
# no vote any more. The demotion marks it as retiring and drains it in the same write, so that it gets no worker's tasks and no
# join activates it again; a manager that may not go stays as it is. Safe to run twice. Prints one JSON line.
set -eu
: "${SSM_instanceId:?agent too old}" "${SSM_nodeId?agent too old}" "${SSM_address?agent too old}" "${SSM_waitSeconds:?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/nodes.sh

require_manager
self=$(docker_format '<<.Swarm.NodeID>>' info)

# One line a node: id, role that it is to have, reachability and address among the managers (`-`: it has no vote), label. A manager's own
# status can name 0.0.0.0 as its address.
ids=$(docker node ls -q 2>&1) || fail manager "docker node ls: $ids"
# shellcheck disable=SC2086 # one word a node
table=$(inspect_all \
  '<<.ID>> <<.Spec.Role>> <<with .ManagerStatus>><<.Reachability>> <<.Addr>><<else>>- -<<end>> <<index .Spec.Labels "hive.instance-id">>' \
  node $ids) || { printf '%s\n' "$table" && exit 1; }

# Its own: by label, by node id, and, for one that nobody has labelled, by address, if it does not answer: one that does could be
# another instance's that came into the address.
own='' managers=0 reachable=0 remaining=0 remaining_reachable=0
while read -r node role reachability address label; do
  [ -n "$node" ] || continue
  mine=no
  [ "$label" != "$SSM_instanceId" ] || mine=yes
  [ "$node" != "$SSM_nodeId" ] || mine=yes
  case "$label/$reachability/${address%:*}" in "/unreachable/${SSM_address:-none}") mine=yes ;; esac
  [ "$mine" = no ] || own="$own $node:$role:$reachability"
  [ "$reachability" != - ] || continue
  managers=$((managers + 1))
  [ "$reachability" != reachable ] || reachable=$((reachable + 1))
  # Another one whose demotion is under way counts as gone.
  [ "$mine/$role" = no/manager ] || continue
  remaining=$((remaining + 1))
  [ "$reachability" != reachable ] || remaining_reachable=$((remaining_reachable + 1))
done <<<"$table"
needed=$((remaining / 2 + 1))

# answer OUTCOME [WHAT-SWARM-SAID]: ends the script.
answer() {
  printf '{"outcome":"%s","nodeIds":%s,"managers":%s,"reachable":%s,"remaining":%s,"remainingReachable":%s,"needed":%s,"said":%s}\n' \
    "$1" "$(json_string "$(for entry in $own; do printf '%s\n' "${entry%%:*}"; done | paste -sd ' ')")" \
    "$managers" "$reachable" "$remaining" "$remaining_reachable" "$needed" "$(json_string "${2-}")"
  exit 0
}

[ -n "$own" ] || answer none
pending=''
for entry in $own; do
  case $entry in *:worker:-) continue ;; esac
  node=${entry%%:*}
  [ "$node" != "$self" ] || fail manager "node $node is this host itself: another manager has to demote it"
  pending="$pending $node"
done
[ -n "$pending" ] || answer not-a-manager

for entry in $own; do
  node=${entry%%:*}
  case $entry in
    *:worker:*) continue ;;
    # It was to be promoted, and has no vote yet.
    *:manager:-) ;;
    *) [ "$remaining_reachable" -ge "$needed" ] || answer would-lose-quorum ;;
  esac
  write_retiring "$node" demote
  case $written in
    *200) ;;
    # Swarm counts for itself; what it sees has changed since.
    *"loss of quorum"* | *"last manager"*) answer would-lose-quorum "$(engine_message "$written")" ;;
    *) fail "$(engine_refused "$written" && echo demote || echo manager)" "node $node: $(engine_message "$written")" ;;
  esac
done

# The write is an order. A leader gives its lead away first, and that can take half a minute.
for node in $pending; do
  until vote=$(docker_format '<<with .ManagerStatus>><<.Reachability>><<end>>' node inspect "$node" 2>&1) && [ -z "$vote" ]; do
    case $vote in *"o such node"* | *"not found"*) break ;; esac
    [ "$SECONDS" -lt "$SSM_waitSeconds" ] || answer under-way "node $node: ${vote:-no answer}"
    sleep 0.25
  done
done
answer demoted
