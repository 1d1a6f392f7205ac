#!/bin/bash
# Runs on a manager: saves the swarm's state to S3. The copy is made while the engine is stopped, as Docker asks for, where the other
# managers keep the quorum meanwhile; otherwise of the running engine, and proved to be of one moment. Prints one JSON line.
set -eu
: "${SSM_bucket:?agent too old}" "${SSM_prefix:?agent too old}" "${SSM_time:?agent too old}" "${SSM_engine:?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/aws.sh
. lib/bucket.sh
. lib/swarm-state.sh

# --- all that can go wrong with a running engine goes wrong before it is stopped.

mkdir -p "$state_directory"
exec 9>"$state_directory/backup.lock"
flock -w 240 9 || fail backup "another backup of this host holds $state_directory/backup.lock for over 240 s"
done_file=$state_directory/backup-$SSM_time
if [ -s "$done_file" ]; then
  cat "$done_file"
  exit 0
fi
require_manager
curl_can_sign || fail backup "curl $(curl --version | awk '{ print $2; exit }') is too old to sign requests: 7.88 or newer is needed"
aws_credentials || fail credentials "no credentials of the instance's role at the metadata address; is a role attached?"

read -r swarm node autolock < <(docker_format \
  '<<.Swarm.Cluster.ID>> <<.Swarm.NodeID>> <<.Swarm.Cluster.Spec.EncryptionConfig.AutoLockManagers>>' info) || true
[ -n "${autolock:-}" ] || fail manager "docker info shows no swarm"
# Under which the other managers know this one. A state can be restored only where that address is (docs/backup.md).
address=$(docker_format '<<with .ManagerStatus>><<.Addr>><<end>>' node inspect "$node" 2>&1) || fail manager "docker node inspect: $address"
address=${address%:*}
[[ $address =~ ^[0-9.]{7,15}$ ]] || fail manager "node $node has no address that a state could be restored at: ManagerStatus.Addr is $address"
managers=$(managers_seen) || { printf '%s\n' "$managers" && exit 1; }
count=$(printf '%s\n' "$managers" | grep -c .)

held() { printf '{"outcome":"held","because":%s}\n' "$(json_string "$1")" && exit 0; }

# A manager that was stopped under autolock stays locked until a person comes; of two managers none can be spared.
engine=$SSM_engine
if [ "$autolock" = true ] || [ "$count" -lt 3 ]; then engine=running; fi

# may_stop MANAGERS: ends the script when this one cannot be spared.
may_stop() {
  while read -r id state reachability leader backup; do
    [ "$state/$reachability" = ready/reachable ] ||
      held "manager $id is $state and $reachability: without this one as well the quorum could be lost"
    [ "$id/$leader" != "$node/true" ] || { printf '{"outcome":"leader"}\n' && exit 0; }
    # Ten minutes old: whoever set it died of it.
    [ "$id" = "$node" ] || [ "$backup" = - ] || [ $(($(date +%s) - backup)) -ge 600 ] ||
      held "manager $id is being backed up"
  done <<<"$1"
}

relabel() { # OPTION VALUE: tried again when somebody else wrote meanwhile
  for _ in 1 2 3 4 5; do
    words=$(timeout 20 docker node update "$1" "$2" "$node" 2>&1) && return 0
    sleep 1
  done
  return 1
}

# --- the copy

# Root's alone. What a script that was killed left there goes first.
work=/var/lib/hive-swarm/backup
rm -rf "$work"
mkdir -p "${work%/*}"
mkdir -m 700 "$work"
[ "$(df -Pk "$work" | awk 'NR == 2 { print $4 }')" -gt $(($(du -sk "$swarm_directory" | cut -f 1) * 2 + 10240)) ] ||
  { rm -rf "$work" && fail copy "$work has not twice the room that $swarm_directory takes"; }
archive=$work/swarm.tar
stopped='' labelled=''

leave() {
  status=$?
  trap - EXIT
  rm -rf "$work"
  [ -z "$stopped" ] || start_engine || true
  [ -z "$labelled" ] || relabel --label-rm hive.backup || true
  exit "$status"
}
trap leave EXIT
trap 'exit 143' TERM INT HUP

copy() { tar --create --sparse --file "$archive" --directory "${swarm_directory%/*}" "${swarm_directory##*/}" 2>&1; }
compare() { tar --compare --file "$archive" --directory "${swarm_directory%/*}" 2>&1; }

down=0
if [ "$engine" = stopped ]; then
  may_stop "$managers"
  # Written first, read afterwards: of two that want to at the same moment none does, or one.
  relabel --label-add "hive.backup=$(date +%s)" || fail manager "label of node $node: $words"
  labelled=yes
  managers=$(managers_seen) || { printf '%s\n' "$managers" && exit 1; }
  may_stop "$managers"
  # Joins and retirements of this host have their turn before or after.
  exec 8>"$state_directory/lock"
  flock -w 60 8 || held "a join or retirement of this host holds $state_directory/lock for over 60 s"
  began=$(milliseconds)
  stopped=yes
  stop_engine 180
  words=$(copy) && copied=yes || copied=''
  start_engine || fail engine "docker was stopped for its backup and does not start again: $engine_words; see journalctl -u docker"
  stopped=''
  back=''
  for _ in $(seq 300); do
    reachable=$(docker_format '<<.Status.State>> <<with .ManagerStatus>><<.Reachability>><<end>>' node inspect "$node" 2>&1) || true
    [ "$reachable" != "ready reachable" ] || { back=yes && break; }
    sleep 0.2
  done
  down=$(($(milliseconds) - began))
  exec 8>&-
  [ -n "$back" ] || fail engine "docker was started again after its backup, but this manager is not reachable after 60 s: $reachable"
  [ -n "$copied" ] || fail copy "tar of $swarm_directory: $words"
else
  # What was neither changed nor replaced between its copying and the comparison is, taken together, the state of one moment: what a
  # power cut would have left, which the raft log is made for.
  for try in 1 2 3 4 5 6 7 8; do
    words=$(copy) && words=$(compare) && break
    [ "$try" -lt 8 ] || fail copy "$swarm_directory changed while it was copied, eight times: $(printf '%s' "$words" | head -n 3)"
    sleep 2
  done
fi

gzip -6 "$archive"
bytes=$(stat -c %s "$archive.gz")
suffix=''
[ "$engine" = stopped ] || suffix=-running
key=$SSM_prefix/$SSM_time-$swarm-$address$suffix.tar.gz
s3_put "$SSM_bucket" "$key" "$archive.gz"
printf '{"outcome":"saved","key":"%s","bytes":%d,"engine":"%s","downMillis":%d,"managers":%d,"autolock":%s}\n' \
  "$key" "$bytes" "$engine" "$down" "$count" "$autolock" >"$done_file.new"
mv "$done_file.new" "$done_file"
cat "$done_file"
