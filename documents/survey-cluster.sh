#!/bin/bash
# Runs on a manager: every node and every service of the swarm, or one page of them: what does not fit into one answer says so, and
# is asked for in pages. Changes nothing. Prints one JSON line.
# shellcheck disable=SC2016 # variables of jq
set -eu
: "${SSM_page:?agent too old}" "${SSM_pages:?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/services.sh

require_manager
require_jq
open_work
[ "$SSM_page" -le "$SSM_pages" ] || fail facts "there is no page $SSM_page of $SSM_pages"

fetch service /services || fail manager "GET /services: not found"
fetch tasks /tasks || fail manager "GET /tasks: not found"
fetch nodes /nodes || fail manager "GET /nodes: not found"

# A node's labels are anybody's text: what is no time, no address and no id of ours is none. A manager that looks at itself may
# have no address but where it is reached.
node_jq='
def on_page: (.ID | explode | add) % $pages == $page - 1;
def address: [.Status.Addr, (.ManagerStatus.Addr | text | sub(":[0-9]*\\z"; "") | ltrimstr("[") | rtrimstr("]"))]
  | map(text | select(test("\\A[0-9a-fA-F.:]{2,45}\\z") and (among(["0.0.0.0", "127.0.0.1", "::", "::1"]) | not))) | .[0] // "";
def time: text | if test("\\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?Z\\z") then . else "" end;
def no_image: text | test("no such image|pull access denied|manifest unknown|manifest for .* not found|no basic auth credentials|token has expired|unauthorized"; "i");
# Node → images that the last task there had need of and did not get. A task with a container had its image; what a service wants no more
# is wanted no more; and a host that held the image meanwhile is not asked for ever: a quarter of an hour later it is told no more.
def lacking($services; $tasks; $now):
  ($services | map({key: .ID, value: (.Spec.TaskTemplate | image)}) | from_entries) as $wants
  | [$tasks[] | select((.NodeID | text) != "" and $wants[.ServiceID] == (.Spec | image)) | {
      node: .NodeID, image: (.Spec | image), at: (.Status.Timestamp | instant), running: (.Status.State == "running"),
      had: ((.Status.ContainerStatus.ContainerID | text) != ""),
      lacked: ((.Status.State | among(["rejected", "failed"])) and (.Status.Err | no_image))
    } | select(.had or .lacked)]
  | group_by([.node, .image])
  | map(select(any(.[]; .running) | not) | max_by(.at) | select(.lacked and (.had | not) and $now - .at < 900))
  | group_by(.node) | map({key: .[0].node, value: (sort_by(-.at) | map(.image) | .[0:5])}) | from_entries;
def view($running; $missing): {
  nodeId: .ID, instanceId: instance, address: address, role: .Spec.Role, state: .Status.State, availability: .Spec.Availability,
  leader: (.ManagerStatus.Leader == true), reachability: (.ManagerStatus.Reachability | text),
  retiring: (.Spec.Labels["hive.retiring"] | text != ""), activeSince: (.Spec.Labels["hive.active-since"] | time),
  running: ($running[.ID] // 0), cpus: (.Description.Resources | cpus)
} + ($missing[.ID] // null | if . then {missing: .} else {} end);
'
judge page "$node_jq"'
  (reduce ($tasks[] | select(.Status.State == "running") | .NodeID | text) as $id ({}; .[$id] += 1)) as $running
  | lacking($service; $tasks; $now) as $missing
  | {nodes: ($nodes[0] | map(select(on_page) | view($running; $missing))),
     services: ($service | map(select(on_page)) | all_facts(.; $tasks; $node; $now)), now: ($now | floor)}' \
  --argjson page "$SSM_page" --argjson pages "$SSM_pages"
packed=$(pack <"$work/page")
if [ "${#packed}" -le "$pack_limit" ]; then
  printf '{"outcome":"seen","page":%s,"pages":%s,"gz":"%s"}\n' "$SSM_page" "$SSM_pages" "$packed"
  exit 0
fi

# More pages help, unless one service alone is too long for any.
longest=$(jq -c '.services | max_by(tojson | length) // ""' "$work/page")
alone=$(printf '%s' "$longest" | pack)
# Pages differ in length: a quarter more than their mean.
pages=$((SSM_pages * ${#packed} * 5 / 4 / pack_limit + 1))
[ "${#alone}" -le $((pack_limit / 2)) ] ||
  fail facts "the facts of service $(printf '%s' "$longest" | jq -r .name) alone take ${#alone} characters of the $pack_limit that can be told: are its hive labels that long?"
[ "$pages" -le 99 ] || fail facts "the survey would take $pages pages, and 99 is the most: too many nodes or services"
printf '{"outcome":"paged","pages":%s}\n' "$pages"
