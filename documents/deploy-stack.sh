#!/bin/bash
# Runs on a manager: deploys one service of the stack, unless it exists. One that does is never deployed over: that would take back what
# rolls and people wrote to it (docs/facts.md, D15). Safe to run twice. Prints one JSON line.
# shellcheck disable=SC2016 # variables of jq
set -eu
: "${SSM_stack:?agent too old}" "${SSM_service:?agent too old}" "${SSM_parameter:?agent too old}"
: "${SSM_image?agent too old}" "${SSM_seen?agent too old}" "${SSM_hosts?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/aws.sh
. lib/services.sh

require_manager
require_jq
open_work
name=${SSM_stack}_$SSM_service

# --- the file: read with this manager's own role. Nothing of it is printed, it may hold passwords.

curl_can_sign || fail stack "curl $(curl --version | awk '{ print $2; exit }') is too old to sign requests: 7.88 or newer is needed"
aws_credentials || fail stack "no credentials of the instance's role at the metadata address; is a role attached?"
aws_json ssm ssm "$aws_region" AmazonSSM.GetParameter "{\"Name\":\"$SSM_parameter\"}" >"$work/parameter" ||
  fail stack "ssm GetParameter $SSM_parameter: $(head -c 300 "$work/parameter")"

# The one service of it, with its image and the push that was decided on; and who could run it. Networks and volumes stay: docker
# looks only at those that the service names.
stack_jq='
def role($word): [$one.deploy.placement.constraints // [] | .[] | split(" ") | join("") | ascii_downcase] | any(.[]; among($word));
def managers_only: role(["node.role==manager", "node.role!=worker"]);
def workers_only: role(["node.role==worker", "node.role!=manager"]);
def could_run:
  .Spec.Availability == "active" and .Status.State == "ready"
  and (if managers_only then .Spec.Role == "manager" elif workers_only then .Spec.Role == "worker" else true end);
def as_object: if type == "array" then map(split("=") | {key: .[0], value: (.[1:] | join("="))}) | from_entries else . // {} end;
def alone:
  $file | .version = (.version // "3.8")
  | .services = {($service): ($one | del(.depends_on)
      | if $image != "" then .image = $image else . end
      | if $seen != "" then .deploy.labels = ((.deploy.labels | as_object) + {"hive.roll.seen": $seen}) else . end)};
def new_hosts:
  ($hosts | split(" ") | map({key: ., value: true}) | from_entries) as $asked
  | [$nodes[0][] | select(could_run) | instance | select(. != "" and ($asked[.] | not))] | unique;
'

deploy_input() {
  jq -n -r --slurpfile parameter "$work/parameter" --slurpfile nodes "$work/nodes" --arg service "$SSM_service" \
    --arg image "$SSM_image" --arg seen "$SSM_seen" --arg hosts "$SSM_hosts" \
    "$services_jq"'($parameter[0].Parameter.Value | fromjson) as $file | $file.services[$service] as $one | '"$stack_jq"'
      if $one == null then "absent", "" else (if $image == "" then "" else new_hosts | .[0:200] | join(" ") end), (alone | tojson) end' \
    >"$work/input" 2>/dev/null || fail stack "$SSM_parameter holds no compose file as JSON: jq ended with $?"
}

fetch nodes /nodes || fail manager "GET /nodes: not found"
deploy_input
read -r hosts <"$work/input" || true
tail -n +2 "$work/input" >"$work/compose"
[ "$hosts" != absent ] || { printf '{"outcome":"not-in-stack"}\n' && exit 0; }

# --- deploy: looked again just before. Two commands in the same tenth of a second would write the same: image and file are one.

answer_id() {
  printf '{"outcome":"%s","serviceId":%s}\n' "$1" "$(json_string "$(jq -r '.ID' "$work/service")")"
  exit 0
}

! fetch service "/services/$name" || answer_id exists
# A worker that became active since the caller looked would reject the task.
[ -z "$hosts" ] || { printf '{"outcome":"new-hosts","hosts":%s}\n' "$(json_string "$hosts")" && exit 0; }

# Never resolved: the image is what it is by digest, and a manager need not be able to reach the registry.
timeout 60 docker stack deploy -c - --resolve-image never "$SSM_stack" <"$work/compose" >"$work/deployed" 2>&1 && status=0 || status=$?
if fetch service "/services/$name"; then
  [ "$status" -ne 0 ] || answer_id deployed
  # Another manager's command was faster.
  answer_id exists
fi
# A leader that was lost is this manager's trouble; another one can try.
case $(cat "$work/deployed") in *"does not have a leader"* | *deadline* | *"not a swarm manager"*) step=manager ;; *) step=deploy ;; esac
fail "$step" "docker stack deploy $SSM_stack ($SSM_service) ended with $status: $(tail -c 500 "$work/deployed")"
