#!/bin/bash
# Runs on a manager: small edits of nodes, each checked against the node as it is now: a label that is missing or wrong, the node of a
# machine that is gone, a worker that is to be a manager. An edit that does not fit any more is refused and told, the others are made.
# Safe to run twice. Prints one JSON line.
# shellcheck disable=SC2016 # Go template variables
set -eu
: "${SSM_edits?agent too old}" "${SSM_now?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh

require_manager

# What each edit came to: done, already (it was so before), refused (and why, in $details).
came() { outcome=$1 details=${2:-}; }

# read_node NODE SPEC: one consistent reading; sets $version, $role, $state, $address, $named, $retiring, and $spec to what is
# to be written. A label is anybody's text: urlquery makes it one word. False where there is no such node.
read_node() {
  facts='<<.Version.Index>> <<.Spec.Role>> <<.Status.State>> <<or .Status.Addr "-">>'
  facts=$facts' <<with .ManagerStatus>><<or .Addr "-">><<else>>-<<end>>'
  facts=$facts' <<urlquery (or (index .Spec.Labels "hive.instance-id") "-")>> <<if index .Spec.Labels "hive.retiring">>yes<<else>>-<<end>>;'
  node=$(docker_format "$facts$2" node inspect "$1" 2>&1) || case $node in
    *"No such node"* | *"not found"*) return 1 ;;
    *) fail manager "docker node inspect $1: $node" ;;
  esac
  read -r version role state address at named retiring <<<"${node%%;*}"
  # A manager that looks at itself may have no address but where it is reached.
  case $address in - | 0.0.0.0 | 127.0.0.1) address=${at%:*} ;; esac
  spec=${node#*;}
}

# write_node NODE: compare-and-swap by the version that was read. False when somebody else wrote in between.
write_node() {
  answer=$(printf '%s' "$spec" |
    engine POST "/nodes/$1/update?version=$version" -H 'Content-Type: application/json' -d @-)
  case $answer in
    *200) came "done" ;;
    *"out of sequence"*) return 1 ;;
    *)
      engine_refused "$answer" || fail manager "node $1: $(engine_message "$answer")"
      came refused "$(engine_message "$answer")"
      ;;
  esac
}

# label_node NODE INSTANCE ADDRESS: the node at this address is that instance's. One that is active has been so for a while: without
# that label too, nobody would ask for its logs when it goes.
label_node() {
  labels='<<range $key, $value := .Spec.Labels>><<if ne $key "hive.instance-id">><<json $key>>:<<json $value>>,<<end>><<end>>'
  [ -z "$SSM_now" ] ||
    labels=$labels'<<if and (eq (print .Spec.Availability) "active") (not (index .Spec.Labels "hive.active-since"))>>"hive.active-since":"'$SSM_now'",<<end>>'
  spec_is='{"Name":<<json .Spec.Name>>,"Role":<<json .Spec.Role>>,"Availability":<<json .Spec.Availability>>,"Labels":{ '$labels'"hive.instance-id":"'$2'"} }'
  read_node "$1" "$spec_is" || { came refused "there is no such node any more" && return; }
  case $state/$retiring/$address in
    ready/-/"$3") ;;
    ready/-/*) came refused "its address is $address now, not $3" && return ;;
    ready/*) came refused "its retirement has begun" && return ;;
    *) came refused "it is $state now, not ready" && return ;;
  esac
  [ "$named" != "$2" ] || { came already && return; }
  write_node "$1"
}

# remove_node NODE: without --force, so that the swarm itself has the last word: it lets go of no node that is not down.
remove_node() {
  read_node "$1" '' || { came already && return; }
  [ "$role" = worker ] || { came refused "it is a manager" && return; }
  [ "$state" = down ] || { came refused "it is $state now, not down" && return; }
  removed=$(docker node rm "$1" 2>&1) || case $removed in
    *"No such node"* | *"not found"*) came already && return ;;
    *"is not down"* | *FailedPrecondition*) came refused "$removed" && return ;;
    *) fail manager "docker node rm $1: $removed" ;;
  esac
  came "done"
}

# promote_node NODE
promote_node() {
  spec_is='{"Name":<<json .Spec.Name>>,"Role":"manager","Availability":<<json .Spec.Availability>>,"Labels":<<json .Spec.Labels>>}'
  read_node "$1" "$spec_is" || { came refused "there is no such node any more" && return; }
  [ "$role" != manager ] || { came already && return; }
  case $state/$retiring in
    ready/-) ;;
    ready/*) came refused "its retirement has begun" && return ;;
    *) came refused "it is $state now, not ready" && return ;;
  esac
  write_node "$1"
}

results=
for edit in $SSM_edits; do
  IFS=/ read -r what node_id instance_id host_address <<<"$edit"
  came refused "others write to the node all the time"
  for _ in 1 2 3 4 5; do
    case $what in
      label) ! label_node "$node_id" "$instance_id" "$host_address" || break ;;
      remove) ! remove_node "$node_id" || break ;;
      promote) ! promote_node "$node_id" || break ;;
    esac
  done
  results="$results${results:+,}{\"edit\":\"$edit\",\"outcome\":\"$outcome\",\"details\":$(json_string "$details")}"
done
printf '{"edits":[%s]}\n' "$results"
