#!/bin/bash
# Sent by a person, to ONE host: puts a saved state of the swarm in place and makes this host the only manager of that swarm. The
# state before is moved aside. Safe to send again: it goes on where it ended. Prints one JSON line.
set -eu
: "${SSM_bucket:?agent too old}" "${SSM_key:?agent too old}" "${SSM_workerTokenParameter:?agent too old}"
: "${SSM_managerTokenParameter:?agent too old}" "${SSM_replaceLivingSwarm:?agent too old}" "${SSM_address?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/aws.sh
. lib/bucket.sh
. lib/swarm-state.sh
. lib/tokens.sh

# Which archive was put in place here, and whether the swarm was made anew of it: this outlives a reboot.
progress=/var/lib/hive-swarm/restored
mkdir -p "$state_directory" "${progress%/*}"
exec 8>"$state_directory/lock"
flock -w 60 8 || fail restore "a join, a retirement or a backup of this host holds $state_directory/lock for over 60 s"
reached() { [ "$(cat "$progress" 2>/dev/null)" = "$1 $SSM_key" ]; }
reach() { printf '%s %s\n' "$1" "$SSM_key" >"$progress.new" && mv "$progress.new" "$progress"; }

curl_can_sign || fail restore "curl $(curl --version | awk '{ print $2; exit }') is too old to sign requests: 7.88 or newer is needed"
aws_credentials || fail credentials "no credentials of the instance's role at the metadata address; is a role attached?"
instance=$(metadata meta-data/instance-id) || fail restore "no instance id at the metadata address"
# A saved manager stays, for the others of its swarm, at the address that it had: one that joined elsewhere would never reach it, and
# would take the quorum with it. The key tells the address.
address=$SSM_address
[ -n "$address" ] || address=$(printf '%s\n' "$SSM_key" | sed -nE 's/.*-([0-9]{1,3}(\.[0-9]{1,3}){3})(-running)?\.tar\.gz$/\1/p')
[ -n "$address" ] || fail address "the key $SSM_key does not tell the address of the manager whose state it is; tell it: address=…"
own=$(ip -o -4 address show 2>&1 | awk '{ sub("/.*", "", $4); print $4 }')
printf '%s\n' "$own" | grep -qxF "$address" ||
  fail address "the state is of the manager at $address, and this host has only $(printf '%s' "$own" | tr '\n' ' '): give it that address as well (docs/backup.md), or other managers could not join"

swarm_now() { docker_format '<<.Swarm.LocalNodeState>> <<.Swarm.ControlAvailable>>' info 2>/dev/null || true; }
aside=''
# Asked for once more: then the whole of it.
if reached restored && { [ "$SSM_replaceLivingSwarm" = yes ] || case $(swarm_now) in active*) false ;; esac; }; then rm -f "$progress"; fi
if ! reached placed && ! reached formed && ! reached restored; then
  now=$(swarm_now)
  case $now in
    inactive* | error*) ;;
    "") [ "$SSM_replaceLivingSwarm" = yes ] ||
      fail living "docker does not answer here, so whether this host is in a living swarm cannot be told; if it is not: replaceLivingSwarm=yes" ;;
    *) [ "$SSM_replaceLivingSwarm" = yes ] ||
      fail living "this host is in a swarm (${now% *}, $(docker_format '<<.Swarm.Nodes>> nodes, <<.Swarm.Managers>> managers' info 2>/dev/null || true)): a restore would put the state of $SSM_key in its place; if that is meant: replaceLivingSwarm=yes" ;;
  esac

  work=$(mktemp -d -p "${swarm_directory%/*}" hive-restore-XXXXXX)
  chmod 700 "$work"
  stopped=''
  leave() {
    status=$?
    trap - EXIT
    rm -rf "$work"
    [ -z "$stopped" ] || start_engine || true
    exit "$status"
  }
  trap leave EXIT
  trap 'exit 143' TERM INT HUP
  s3_get "$SSM_bucket" "$SSM_key" "$work/archive"
  list=$(tar --list --gzip --file "$work/archive" 2>&1) || fail archive "$SSM_bucket/$SSM_key is no archive: $(printf '%s' "$list" | tail -n 1)"
  strange=$(printf '%s\n' "$list" | grep -vE '^swarm/' | head -n 1) || true
  [ -z "$strange" ] || fail archive "$SSM_bucket/$SSM_key holds $strange: this is no backup of ours"
  for part in swarm/docker-state.json swarm/certificates/swarm-node.key swarm/raft/; do
    printf '%s\n' "$list" | grep -qx "$part" || fail archive "$SSM_bucket/$SSM_key holds no $part: this is no manager's state"
  done
  words=$(tar --extract --gzip --file "$work/archive" --directory "$work" 2>&1) || fail archive "tar: $words"
  rm -f "$work/archive"

  stopped=yes
  stop_engine 180
  # Two renamings: nothing is half in place for longer than between them.
  if [ -e "$swarm_directory" ]; then
    aside=$swarm_directory.before-restore-$(date -u +%Y-%m-%dT%H-%M-%S)
    mv "$swarm_directory" "$aside"
  fi
  mv "$work/swarm" "$swarm_directory"
  reach placed
  start_engine || fail engine "docker does not start with the restored state: $engine_words; see journalctl -u docker${aside:+; what was there before is in $aside}"
  stopped=''
  rm -rf "$work"
  trap - EXIT
fi

# --- this host alone is the swarm now: the other managers of the state are gone, and must not be waited for.

if reached placed; then
  for _ in $(seq 60); do
    now=$(swarm_now)
    [ -z "$now" ] || break
    sleep 1
  done
  case $now in
    locked*) fail locked "the state is under autolock: on this host run docker swarm unlock (it asks for the key), then send this document again" ;;
    inactive*) fail form "docker shows no swarm with the restored state; see journalctl -u docker" ;;
  esac
  # Its output would be a join token.
  words=$(timeout 120 docker swarm init --force-new-cluster --advertise-addr "$address" 2>&1 >/dev/null) ||
    fail form "docker swarm init --force-new-cluster --advertise-addr $address: $words"
  reach formed
fi
lead() {
  for _ in $(seq 60); do
    [ "$(docker_format '<<.Swarm.ControlAvailable>>' info 2>/dev/null)" != true ] || ! nodes=$(docker node ls -q 2>/dev/null) || return 0
    sleep 1
  done
  fail form "this host does not lead its swarm after 60 s: $(docker node ls 2>&1 | tail -n 1)"
}
lead

# --- workers look for their managers for up to a minute, and a new leader takes whoever is not back after half of that for dead, and
# replaces what runs there: measured. With a longer heartbeat it is patient; it counts from the start of the engine.

heartbeat=/var/lib/hive-swarm/heartbeat
if reached formed && [ ! -s "$heartbeat" ]; then
  period=$(docker_format '<<.Swarm.Cluster.Spec.Dispatcher.HeartbeatPeriod>>' info 2>/dev/null) || period=''
  [[ $period =~ ^[0-9hms.]+$ ]] || period=5s
  printf '%s\n' "$period" >"$heartbeat"
  words=$(timeout 20 docker swarm update --dispatcher-heartbeat 2m0s 2>&1 >/dev/null) || fail form "docker swarm update --dispatcher-heartbeat: $words"
  words=$(systemctl restart docker 2>&1 8>&-) || fail engine "docker does not start again: $words; see journalctl -u docker"
  lead
fi

# --- who this is, and how others get in

node=$(own_node)
known=$(docker_format '<<with .ManagerStatus>><<.Addr>><<end>>' node inspect "$node" 2>&1) || fail manager "docker node inspect: $known"
[ "${known%:*}" = "$address" ] ||
  fail address "the swarm is there, but knows its manager at ${known%:*} and not at $address: let no manager join before this host has that address and this document was sent again with it (replaceLivingSwarm=yes)"
words=$(timeout 20 docker node update --label-add "hive.instance-id=$instance" "$node" 2>&1) || fail label "node $node: $words"
for label in hive.retiring hive.backup; do timeout 20 docker node update --label-rm "$label" "$node" >/dev/null 2>&1 || true; done

store_tokens

for _ in $(seq 45); do
  # shellcheck disable=SC2086 # one word a node
  table=$(inspect_all '<<.Spec.Role>> <<.Status.State>>' node $nodes) || { printf '%s\n' "$table" && exit 1; }
  [ -s "$heartbeat" ] || break
  printf '%s\n' "$table" | grep '^worker' | grep -qv ready || break
  sleep 2
done
if [ -s "$heartbeat" ]; then
  words=$(timeout 20 docker swarm update --dispatcher-heartbeat "$(cat "$heartbeat")" 2>&1 >/dev/null) || fail form "docker swarm update --dispatcher-heartbeat: $words"
  rm -f "$heartbeat"
fi
reach restored
services=$(docker service ls -q 2>&1) || fail manager "docker service ls: $services"
of() { printf '%s\n' "$table" | grep -c "$1" || true; }
printf '{"outcome":"restored","nodeId":"%s","address":"%s","managers":%d,"workers":%d,"workersReady":%d,"services":%d,"movedAside":"%s"}\n' \
  "$node" "$address" "$(of ^manager)" "$(of ^worker)" "$(of '^worker ready')" "$(printf '%s' "$services" | grep -c . || true)" "$aside"
