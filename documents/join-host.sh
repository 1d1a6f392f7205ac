#!/bin/bash
# Runs on the host that joins: waits until it is ready, holds the services' images and directories, joins as a drained node.
# Safe to run twice: what is done already is seen and left alone. Prints one JSON line.
set -eu
: "${SSM_mode:?agent too old}" "${SSM_managers:?agent too old}" "${SSM_tokenParameter:?agent too old}"
: "${SSM_registry:?agent too old}" "${SSM_registryRegion:?agent too old}" "${SSM_images?agent too old}"
: "${SSM_directories?agent too old}" "${SSM_readySeconds:?agent too old}" "${SSM_rejoin:?agent too old}"
: "${SSM_role:?agent too old}" "${SSM_advertise?agent too old}" "${SSM_serving:?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/aws.sh
. lib/images.sh
. lib/directories.sh

state_directory=/run/hive-swarm
tombstone=$state_directory/retiring
mkdir -p "$state_directory"

# --- ready: the agent is Online before the instance has finished booting.

not_ready() {
  if command -v cloud-init >/dev/null; then
    boot=$(timeout 5 cloud-init status 2>&1) || true
    case $boot in
      *"status: done"* | *"status: degraded"* | *"status: disabled"*) ;;
      *"status: error"*) fail ready "cloud-init ended in error: $boot; see /var/log/cloud-init-output.log" ;;
      *) echo "cloud-init has not finished ($boot)" && return 0 ;;
    esac
  fi
  docker info >/dev/null 2>&1 || { echo "the Docker daemon does not answer" && return 0; }
  systemctl is-active --quiet filebeat || { echo "filebeat is not active" && return 0; }
  curl_can_sign || fail ready "curl $(curl --version | awk '{ print $2; exit }') is too old to sign requests: 7.88 or newer is needed"
  return 1
}

deadline=$(($(date +%s) + SSM_readySeconds))
while reason=$(not_ready); do
  [ "$(date +%s)" -lt "$deadline" ] ||
    fail ready "not ready after $SSM_readySeconds s: $reason"
  sleep 0.5
done
[ -z "$reason" ] || { printf '%s\n' "$reason" && exit 1; }

# --- images: by digest, so that no task ever depends on a registry token.

hold_images "$SSM_images"

# --- directories: a bind mount's source must exist, or the task is rejected.

make_directories "$SSM_directories"

if [ "$SSM_mode" = prepare ]; then
  # A machine of a warm pool: what an earlier life left behind must not keep it from joining later.
  rm -f "$tombstone"
  printf '{"outcome":"prepared","pulled":%d,"missing":%s}\n' "$pulled" "$(json_string "$missing")"
  exit 0
fi
if [ "$SSM_mode" = ready ]; then
  printf '{"outcome":"ready","pulled":%d,"missing":%s}\n' "$pulled" "$(json_string "$missing")"
  exit 0
fi

# --- join: never once the machine's retirement has begun (the lock is shared with begin-retire).

exec 9>"$state_directory/lock"
flock -w 60 9 || fail join "another join or retire holds $state_directory/lock for over 60 s"
swarm_state() { docker_format '<<.Swarm.LocalNodeState>>' info 2>/dev/null; }
node_id() { docker_format '<<.Swarm.NodeID>>' info; }

leave_broken() { docker swarm leave --force >/dev/null 2>&1 || true; }

# What is neither in nor out: of a new host an earlier join that came to nothing. Of one that serves, its managers may be out of
# reach for a while, and leaving would take its tasks down: they are asked first whether they know the node.
give_up_state() {
  if [ "$SSM_serving/$SSM_rejoin" = yes/no ]; then
    standing=$(node_id) || standing=''
    [ -n "$standing" ] ||
      fail join "the swarm state of this host is $1, without a node id; it serves, so it is not made to leave: look at docker info and the daemon's log, and, if its swarm is lost, docker swarm leave --force"
  else
    leave_broken
  fi
}

# while_state COUNT STATE: until the swarm state is another one, half a second each.
while_state() {
  for _ in $(seq "$1"); do
    [ "$(swarm_state)" = "$2" ] || break
    sleep 0.5
  done
}
# A manager that joins late has joined the managers' quorum, and is missed there when it leaves: it is given more time.
if [ "$SSM_role" = manager ]; then patience=30; else patience=20; fi

join_token() {
  aws_credentials || fail token "no credentials of the instance's role at the metadata address; is a role attached?"
  answer=$(aws_json ssm ssm "$aws_region" AmazonSSM.GetParameter \
    "{\"Name\":\"$SSM_tokenParameter\",\"WithDecryption\":true}") ||
    fail token "ssm GetParameter $SSM_tokenParameter: $answer"
  printf '%s' "$answer" | json_member Value
}

retired() { printf '{"outcome":"retiring"}\n' && exit 0; }

# One try at one manager. The token goes in on standard input: an argument could be read by every user of the host.
join_through() {
  answer=$(printf '{"ListenAddr":"0.0.0.0:2377","AdvertiseAddr":"%s","RemoteAddrs":["%s:2377"],"JoinToken":"%s","Availability":"drain"}' \
    "$SSM_advertise" "$1" "$2" | engine POST /swarm/join --max-time 25 -H 'Content-Type: application/json' -d @-) || true
  [ "$SSM_role" = worker ] || while_state "$patience" pending
  [ "$(swarm_state)" != active ] || return 0
  causes="$causes$1: $(engine_message "${answer:-no answer within 25 s}"); "
  leave_broken
  return 1
}

# Reads on until there is another token than the one that was refused; a rotation stores it a moment after it is made.
another_token() {
  for _ in $(seq 10); do
    sleep 1
    token=$(join_token) || { printf '%s\n' "$token" && exit 1; }
    [ "$token" = "$1" ] || return 0
  done
  return 1
}

[ ! -e "$tombstone" ] || retired
standing=''
case $(swarm_state) in
  active) [ "$SSM_rejoin" != yes ] || leave_broken ;;
  inactive) ;;
  pending) # An earlier join goes on in the background: give it a moment.
    while_state "$patience" pending
    [ "$(swarm_state)" = active ] || give_up_state pending
    ;;
  *) give_up_state "$(swarm_state)" ;;
esac

joined=already
if [ -z "$standing" ] && [ "$(swarm_state)" != active ]; then
  joined=now
  causes='' reread=''
  # Three at most: whoever wants to retire this host waits for the lock.
  for manager in $(printf '%s\n' "$SSM_managers" | cut -d ' ' -f 1-3); do
    [ ! -e "$tombstone" ] || retired
    token=$(join_token) || { printf '%s\n' "$token" && exit 1; }
    ! join_through "$manager" "$token" || break
    case $answer in *"join token"* | *fingerprint*) ;; *) continue ;; esac
    # Refused: it may have been rotated since it was read. Waited for once, whatever number of managers there is.
    [ -z "$reread" ] || continue
    reread=yes
    if another_token "$token" && join_through "$manager" "$token"; then break; fi
  done
  [ "$(swarm_state)" = active ] || fail join "no manager let this host in: $causes"
fi
if [ "$SSM_role" = manager ] && [ -z "$standing" ]; then
  for _ in $(seq 20); do
    control=$(docker_format '<<.Swarm.ControlAvailable>>' info 2>/dev/null) || control=unknown
    [ "$control" != true ] || break
    sleep 0.5
  done
  [ "$control" = true ] ||
    fail role "this host is in the swarm (node $(node_id)), and not as a manager: promote it (docker node promote $(node_id)), or have the instance replaced"
fi
printf '{"outcome":"joined","nodeId":"%s","joined":"%s","pulled":%d,"missing":%s}\n' "$(node_id)" "$joined" "$pulled" "$(json_string "$missing")"
