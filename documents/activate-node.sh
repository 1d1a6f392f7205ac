#!/bin/bash
# Runs on a manager: one command that checks a joined node, labels it with its instance id and sets it active, unless a
# service runs an image that the host does not hold yet. Safe to run twice. Prints one JSON line.
set -eu
: "${SSM_nodeId:?agent too old}" "${SSM_instanceId:?agent too old}" "${SSM_images?agent too old}"
: "${SSM_directories?agent too old}" "${SSM_now:?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh

require_manager

state=unknown
for _ in $(seq 40); do
  state=$(docker_format '<<.Status.State>>' node inspect "$SSM_nodeId" 2>&1) || true
  case $state in
    ready) break ;;
    *"No such node"*) printf '{"outcome":"unknown-node"}\n' && exit 0 ;;
    *"does not have a leader"* | *deadline*) fail manager "$state" ;;
  esac
  sleep 0.25
done
case $state in
  ready) ;;
  down | disconnected) fail ready "node $SSM_nodeId is $state after 10 s, not ready" ;;
  # While a leader is being elected every node reads unknown: that says nothing of this one.
  *) fail manager "node $SSM_nodeId: $state" ;;
esac

# --- what could land here: every service but those that only nodes of the other role run.

case $(docker_format '<<.Spec.Role>>' node inspect "$SSM_nodeId") in
  worker) other=manager ;;
  manager) other=worker ;;
  *) fail manager "node $SSM_nodeId has no role that can be read" ;;
esac

# One line for each thing that a service needs. The template marks services that are constrained to the other role, and leaves them
# out. A label names an image that a roll goes to or could go back to: a spare, which a host holds if it can be had.
# shellcheck disable=SC2016 # Go template variables
template='<<$elsewhere := false>><<range .Spec.TaskTemplate.Placement.Constraints>>'
# shellcheck disable=SC2016
template=$template'<<if or (eq . "node.role=='$other'") (eq . "node.role == '$other'")>><<$elsewhere = true>><<end>><<end>>'
# shellcheck disable=SC2016
template=$template'<<if not $elsewhere>>image <<.Spec.TaskTemplate.ContainerSpec.Image>><<"\n">>'
for label in hive.roll.image hive.roll.from hive.previous; do
  template=$template'<<with index .Spec.Labels "'$label'">>spare <<urlquery .>><<"\n">><<end>>'
done
template=$template'<<range .Spec.TaskTemplate.ContainerSpec.Mounts>><<if eq (print .Type) "bind">>bind <<urlquery .Source>><<"\n">><<end>><<end>><<end>>'

words() { printf '%s\n' "$1" | tr ' ' '\n' | grep . | sort -u | paste -sd ' ' || true; }

# Sets $images and $directories to what is needed, as words, and $changed to yes when something of it was not known to be here.
read_needs() {
  # Not to know the services is no answer: a node that is activated without an image gets tasks that it rejects.
  services=$(docker service ls -q) || fail manager "docker service ls failed"
  needs=''
  if [ -n "$services" ]; then
    # shellcheck disable=SC2086 # one word a service
    needs=$(inspect_all "$template" service $services) || { printf '%s\n' "$needs" && exit 1; }
  fi
  images='' directories='' changed=no
  while read -r kind need; do
    # A label or a bind mount's source may hold any character; urlquery made it one word of harmless ones.
    case $kind in
      image) images="$images $need" ;;
      spare)
        need=$(printf '%s' "$need" | sed 's,%2F,/,g; s/%3A/:/g; s/%40/@/g')
        # What still is encoded names no image, and neither does what is longer than any.
        case $need in *[!a-zA-Z0-9._:/@-]*) continue ;; esac
        [ "${#need}" -gt 1000 ] || images="$images +$need"
        ;;
      bind)
        # Slashes stay readable.
        need=$(printf '%s' "$need" | sed 's,%2F,/,g')
        case $need in /var/run/docker.sock | /run/docker.sock) ;; *) directories="$directories $need" ;; esac
        ;;
    esac
  done <<LIST
$needs
LIST
  wanted=''
  for image in $images; do
    # What a spec names is no spare.
    case $image in +*) case " $images " in *" ${image#+} "*) continue ;; esac ;; esac
    wanted="$wanted $image"
  done
  images=$(words "$wanted") directories=$(words "$directories")
  # A spare that a host was told of may be missing there: one that has become needed must be told of as such.
  for image in $images; do
    case " $SSM_images " in *" $image "* | *" ${image#+} "*) ;; *) changed=yes ;; esac
  done
  for source in $directories; do
    case " $SSM_directories " in *" $source "*) ;; *) changed=yes ;; esac
  done
  needs=$(printf '"images":%s,"directories":%s' "$(json_string "$images")" "$(json_string "$directories")")
}

# answer_changed [MORE]
answer_changed() { printf '{"outcome":"changed",%s%s}\n' "${1-}" "$needs" && exit 0; }

read_needs
[ "$changed" = no ] || answer_changed

# --- label and activate: compare-and-swap by the version that was read, so that a drain in between wins.

# shellcheck disable=SC2016 # Go template variables
labels='<<range $key, $value := .Spec.Labels>><<if and (ne $key "hive.instance-id") (ne $key "hive.active-since")>><<json $key>>:<<json $value>>,<<end>><<end>>'
spec='{"Name":<<json .Spec.Name>>,"Role":<<json .Spec.Role>>,"Availability":"active","Labels":{ '$labels
spec=$spec'"hive.instance-id":"'$SSM_instanceId'","hive.active-since":"'$SSM_now'"} }'
for _ in 1 2 3 4 5; do
  node=$(docker_format "<<.Version.Index>> <<.Spec.Availability>> <<index .Spec.Labels \"hive.retiring\">>;$spec" \
    node inspect "$SSM_nodeId")
  read -r version availability retiring <<<"${node%%;*}"
  [ -z "$retiring" ] || { printf '{"outcome":"retiring"}\n' && exit 0; }
  if [ "$availability" = active ] &&
    [ "$(docker_format '<<index .Spec.Labels "hive.instance-id">>' node inspect "$SSM_nodeId")" = "$SSM_instanceId" ]; then
    answer=200
    break
  fi
  answer=$(printf '%s' "${node#*;}" |
    engine POST "/nodes/$SSM_nodeId/update?version=$version" -H 'Content-Type: application/json' -d @-)
  case $answer in *200) break ;; *"out of sequence"*) ;; *) break ;; esac
done
case $answer in
  *200) ;;
  *) fail "$(engine_refused "$answer" && echo activate || echo manager)" "node $SSM_nodeId: $(engine_message "$answer")" ;;
esac

# --- what a roll has begun to need meanwhile: the node stays active, and is looked at again once its host holds it.

read_needs
[ "$changed" = no ] || answer_changed '"activated":true,'

# --- the scheduler hands out pending tasks within milliseconds; nothing after two seconds means nothing to run.

# Where no service could land there is nothing to wait for.
looks=8
[ -n "$images" ] || looks=1
tasks=
for _ in $(seq "$looks"); do
  tasks=$(docker_format '<<.ID>>' node ps "$SSM_nodeId" --no-trunc --filter desired-state=running 2>/dev/null |
    paste -sd ' ')
  [ -z "$tasks" ] || break
  sleep 0.25
done
printf '{"outcome":"active","tasks":%s,%s}\n' "$(json_string "$tasks")" "$needs"
