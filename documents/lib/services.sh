#!/bin/bash
# What a manager knows of services: read through the Engine API, judged by jq, packed for Systems Manager. The answers go from
# file to file, in memory where there is any: a service's environment may hold secrets, and nothing of it is printed.
# shellcheck disable=SC2016,SC2034,SC2154 # variables of jq; and such as the scripts share that include this file

require_jq() {
  command -v jq >/dev/null ||
    fail manager "jq is not installed on this manager: install the package jq, 1.6 or newer, on every manager"
  case $(jq --version 2>&1) in
    jq-1.[0-5] | jq-1.[0-5][!0-9]*) fail manager "$(jq --version) on this manager is too old: 1.6 or newer is needed" ;;
  esac
}

# Where answers lie while the script runs.
open_work() {
  umask 077
  work=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
  trap 'rm -rf -- "$work"' EXIT
}

# fetch FILE PATH [curl options…]: the Engine's answer into $work/FILE. False when there is no such thing.
fetch() {
  fetch_file=$work/$1
  fetch_path=$2
  shift 2
  : >"$fetch_file"
  fetch_status=$(engine GET "$fetch_path" --max-time 25 -o "$fetch_file" "$@" 2>"$work/stderr") || true
  case $fetch_status in
    *200) return 0 ;;
    *404) return 1 ;;
  esac
  fail manager "GET $fetch_path: $(engine_message "$(cat "$fetch_file" "$work/stderr")")"
}

# read_service ID: the service, its tasks (history too) and all nodes. False when there is no such service.
read_service() {
  fetch service "/services/$1" || return 1
  fetch tasks /tasks -G --data-urlencode "filters={\"service\":[\"$1\"]}" || return 1
  fetch nodes /nodes || fail manager "GET /nodes: not found"
}

# judge FILE PROGRAM [jq options…]: $services_jq and PROGRAM over what was read ($service, $tasks, $node by id, $now), into
# $work/FILE. jq's own messages quote values, so they are not told.
judge() {
  judge_file=$work/$1
  judge_program=$2
  shift 2
  jq -n -c -r --slurpfile service "$work/service" --slurpfile tasks "$work/tasks" --slurpfile nodes "$work/nodes" "$@" \
    "$services_jq"' $service[0] as $service | $tasks[0] as $tasks
      | ($nodes[0] | map({key: .ID, value: .}) | from_entries) as $node | now as $now | '"$judge_program" \
    >"$judge_file" 2>/dev/null ||
    fail facts "jq ended with $? over the answers of GET /services, /tasks and /nodes: they are not as expected"
}

# Swarm's terms: a task is runnable while it is to run (its slot counts); placed once it has a node; a slot is placed when one of
# its runnable tasks is, or when its next task waits for the one before to stop (it is pending as long as that takes).
services_jq='
def text: if type == "string" then . else "" end;
def among($words): . as $word | any($words[]; . == $word);
def whole: try tonumber catch null | if type == "number" and . >= 0 and . < 1e9 and . == floor then . else null end;
def instant:
  try ((.[0:19] + "Z" | fromdateiso8601) + (.[19:] | rtrimstr("Z") | if startswith(".") then "0" + . | tonumber else 0 end))
  catch 0;
def repository: (split("@")[0] | text) | if . == "" then . else split("/") | .[-1] |= (split(":")[0] | text) | join("/") end;
def image: .ContainerSpec.Image | text;
def mode: if has("Replicated") then "replicated" elif has("Global") then "global" else "job" end;
def instance: .Spec.Labels["hive.instance-id"] | text | select(test("\\Ai-[0-9a-f]{8,17}\\z")) // "";
def worker: .Spec.Role == "worker" and .Spec.Availability == "active" and .Status.State == "ready";
# Whole ones and hundredths.
def cpus: .NanoCPUs // 0 | . / 1e7 | floor / 100;
def update: .UpdateStatus.State | text | if . == "" then "none" else . end;

def runnable: .DesiredState == "ready" or .DesiredState == "running";
def placed: (.NodeID | text) != "";
def arriving: placed and (.Status.State | among(["assigned", "accepted", "preparing", "ready", "starting"]));
def stopping($node):
  (runnable | not) and (arriving or .Status.State == "running") and ($node[.NodeID].Status.State // "down") != "down";
def placed_slots($node):
  map(select(runnable or stopping($node)))
  | group_by(.Slot)
  | map(select(any(.[]; runnable) and any(.[];
      if runnable then placed else $node[.NodeID].Spec.Availability == "active" end)))
  | length;

# An orchestrated stop ends as "shutdown": what is complete ended by itself, with 0.
def failure($node):
  ($node[.NodeID | text] // {}) as $on
  | {
      task: .ID, state: .Status.State, container: (.Status.ContainerStatus.ContainerID | text),
      error: (.Status.Err | text | .[0:300]
        | if . == "" then "ended by itself (a container that is stopped as unhealthy and ends cleanly looks the same)" else . end),
      exitCode: (.Status.ContainerStatus | if (.ContainerID | text) == "" then null else .ExitCode // 0 end),
      instance: ($on | instance),
      node: ($on.Status.State // "gone"), availability: ($on.Spec.Availability | text), lines: ""
    };

def facts($service; $tasks; $node; $now):
  $service.Spec as $spec
  | ($spec.TaskTemplate | image) as $image
  | ($spec.Labels["hive.roll.since"] | instant) as $since
  | ($tasks | map(select(runnable))) as $runnable
  | ($tasks | map(select((.Status.State | among(["failed", "rejected", "complete"])) and (.Spec | image) == $image
      and (.Status.Timestamp | instant) >= $since))) as $failed
  | {
      id: $service.ID, name: $spec.Name, version: $service.Version.Index,
      mode: ($spec.Mode | mode), replicas: $spec.Mode.Replicated.Replicas, image: $image,
      managersOnly: any($spec.TaskTemplate.Placement.Constraints // [] | .[] | split(" ") | join("") | ascii_downcase;
        . == "node.role==manager" or . == "node.role!=worker"),
      reservedCpus: (try ($spec.TaskTemplate.Resources.Reservations | cpus) catch 0),
      labels: ($spec.Labels // {} | with_entries(select(.key | startswith("hive.")))),
      update: {
        state: ($service | update), message: ($service.UpdateStatus.Message | text | .[0:300]),
        startedAt: ($service.UpdateStatus.StartedAt | text)
      },
      # Swarm itself takes five seconds where the spec says nothing.
      monitorSeconds: ($spec.UpdateConfig.Monitor // 0 | if . > 0 then . / 1e9 else 5 end),
      order: ($spec.UpdateConfig.Order | text),
      tasks: ($runnable | map({image: (.Spec | image), state: .Status.State, placed: placed})
        | group_by([.image, .state, .placed]) | map(.[0] + {count: length})),
      stopping: ($tasks | map(select(stopping($node))) | length),
      youngest: ($runnable | map(select(.Status.State == "running" and (.Spec | image) == $image) | .Status.Timestamp | instant)
        | if length == 0 then null else [$now - max, 0] | max | . * 10 | floor / 10 end),
      failed: ($failed | length),
      failures: ($failed | sort_by(.Status.Timestamp | instant) | reverse | .[0:3] | map(failure($node))),
      waiting: ($runnable | map(select(.Status.State != "running") | .Status.Err | text | select(. != "") | .[0:300]) | unique | .[0:3]),
      now: ($now | floor)
    };
def all_facts($services; $tasks; $node; $now):
  ($tasks | group_by(.ServiceID) | map({key: .[0].ServiceID, value: .}) | from_entries) as $of
  | $services | map(facts(.; $of[.ID] // []; $node; $now));
'

# pack: standard input → gzip in base64, on one line. SSM keeps 24,000 characters of an answer (S5).
pack() { gzip -9nc | base64 | tr -d '\n'; }
pack_limit=23000
