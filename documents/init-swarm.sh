#!/bin/bash
# Runs on the one host that forms the swarm: initialises it, unless it is there, and stores the join tokens. Never where a token is
# stored and this host is in no swarm: then there was one. Safe to run twice. Prints one JSON line.
set -eu
: "${SSM_addressPool:?agent too old}" "${SSM_advertise:?agent too old}"
: "${SSM_workerTokenParameter:?agent too old}" "${SSM_managerTokenParameter:?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/aws.sh
. lib/tokens.sh

state_directory=/run/hive-swarm
mkdir -p "$state_directory"
exec 9>"$state_directory/lock"
flock -w 60 9 || fail init "another join or retire holds $state_directory/lock for over 60 s"
[ ! -e "$state_directory/retiring" ] || { printf '{"outcome":"retiring"}\n' && exit 0; }

swarm_state() { docker_format '<<.Swarm.LocalNodeState>>' info 2>/dev/null; }

# True when a token is stored. A value that was read is looked at no further.
token_stored() {
  aws_credentials || fail token "no credentials of the instance's role at the metadata address; is a role attached?"
  answer=$(aws_json ssm ssm "$aws_region" AmazonSSM.GetParameter "{\"Name\":\"$SSM_managerTokenParameter\",\"WithDecryption\":true}") &&
    return 0
  case $answer in *ParameterNotFound*) return 1 ;; esac
  fail token "ssm GetParameter $SSM_managerTokenParameter: $(without_tokens "$answer")"
}

# An earlier init, or the daemon's start, may still be at it.
for _ in $(seq 60); do
  state=$(swarm_state) || state=unknown
  [ "$state" = pending ] || break
  sleep 0.5
done

outcome=already
case $state in
  active) ;;
  inactive)
    if token_stored; then
      printf '{"outcome":"formed before"}\n'
      exit 0
    fi
    outcome=initialised
    # Swarm's own pool, 10.0.0.0/8, collides with most networks.
    answer=$(printf '{"ListenAddr":"0.0.0.0:2377","AdvertiseAddr":"%s","DefaultAddrPool":["%s"],"SubnetSize":24,"Availability":"drain"}' \
      "$SSM_advertise" "$SSM_addressPool" | engine POST /swarm/init --max-time 60 -H 'Content-Type: application/json' -d @-) || true
    [ "$(swarm_state)" = active ] || fail init "POST /swarm/init: $(engine_message "${answer:-no answer within 60 s}")"
    ;;
  *) fail init "the swarm state of this host is $state: look at docker info and the daemon's log" ;;
esac

for _ in $(seq 20); do
  control=$(docker_format '<<.Swarm.ControlAvailable>>' info 2>/dev/null) || control=unknown
  [ "$control" != true ] || break
  sleep 0.5
done
[ "$control" = true ] || fail role "this host is in a swarm, and not as a manager that can be asked"

store_tokens
printf '{"outcome":"%s","nodeId":"%s"}\n' "$outcome" "$(docker_format '<<.Swarm.NodeID>>' info)"
