#!/bin/bash
# The writes of a roll, and a number of replicas, as edits of the raw spec: whatever else a spec holds goes back as it came.
# shellcheck disable=SC2016,SC2034,SC2154 # variables of jq; and such as the scripts share that include this file

# Each act makes one of: {done}, {outcome, hosts?}, {refuse: why}, {write: spec}.
#
# jq 1.6 knows no integers, only doubles: from 2^53 on it would hand back another number than it read, without a word. A spec
# that holds one is left alone.
edits_jq='
def marker_keys: ["id", "image", "from", "replicas", "slots", "phase", "since", "cause", "resumed"] | map("hive.roll." + .);
def unmarked: with_entries(select(.key | among(marker_keys) | not));
def digest: split("@") | .[1] // .[0] // "";
def later($other): [., $other] | max_by(instant);

# Swarm hands out the next slot in the moment in which a task fails, and so fails two, unless it has to wait in between.
def careful: . * 1000000000 | [., 200000000] | max;
def update_config: {
    Parallelism: $parallelism, Delay: ($delaySeconds | careful), FailureAction: "pause", MaxFailureRatio: 0, Order: "stop-first"
  } + if $monitorSeconds > 0 then {Monitor: ($monitorSeconds * 1000000000)} else {} end;
def to_image($to): .TaskTemplate.ContainerSpec.Image = $to | .UpdateConfig = update_config;

# Of $service, as it was read.
def spec: $service.Spec;
def labels: spec.Labels // {};
def roll($name): labels["hive.roll." + $name] | text;
def replicas: spec.Mode.Replicated.Replicas;
def replicated: replicas != null;
def slots: [($tasks | placed_slots($node)), replicas] | min;
# Replicas are as a roll left them; otherwise somebody has scaled meanwhile, and means it.
def untouched: replicas == (roll("slots") | whole);
def wanted: if untouched then roll("replicas") | whole // replicas else replicas end;
# What most tasks run: of two that are even, the one that the spec has left behind.
def majority:
  (spec.TaskTemplate | image) as $now
  | $tasks | map(select(runnable and .Status.State == "running") | .Spec | image)
  | group_by(.) | max_by([length, .[0] != $now]) | if . == null then $now else .[0] end;

def begin:
  (spec.TaskTemplate | image) as $now
  | ($service | update) as $update
  | (if roll("from") != "" then roll("from") elif $update | among(["none", "completed"]) then $now else majority end) as $from
  | spec
  | .Labels = (labels | unmarked + {
      "hive.roll.id": $rollId, "hive.roll.image": $image, "hive.roll.from": $from, "hive.roll.phase": "begun",
      "hive.roll.since": $since, "hive.roll.seen": (roll("seen") | later($seen)),
      "hive.roll.replicas": "", "hive.roll.slots": ""
    })
  | if replicated then
      .Labels["hive.roll.replicas"] = (wanted | tostring) | .Labels["hive.roll.slots"] = (slots | tostring)
      | .Mode.Replicated.Replicas = slots
    else . end
  # Any write wakes a paused update, which would go on with the image that it was paused for.
  | if ($update | among(["paused", "rollback_paused"])) and $from != $now then to_image($from) else . end;

def shrink:
  spec
  | if replicated then
      .Labels["hive.roll.replicas"] = (wanted | tostring) | .Labels["hive.roll.slots"] = (slots | tostring)
      | .Mode.Replicated.Replicas = slots
    else . end;

def end_roll:
  roll("from") as $from
  | spec
  | .Labels = (labels | unmarked + {"hive.roll.last": $rollId})
  | if roll("phase") == "forward" and $from != "" and ($from | digest) != (roll("image") | digest)
    then .Labels["hive.previous"] = $from else . end
  | if replicated then .Mode.Replicated.Replicas = wanted else . end;

def new_hosts:
  ($holders | split(" ") | map({key: ., value: true}) | from_entries) as $holds
  | [$node[] | select(worker) | instance | select(. != "" and ($holds[.] | not))] | unique;

# Never while somebody is at it: a roll has replicas of its own, and any write wakes a paused update. What was scaled since the caller
# looked was meant.
def scale:
  ($replicas | whole) as $wanted
  | if replicated | not then {refuse: "it has no number of replicas: it is no replicated service"}
    elif $wanted == null then {refuse: "no number of replicas is named"}
    elif replicas == $wanted then {done: true}
    elif roll("id") != "" or ($service | update | among(["none", "completed", "rollback_completed"]) | not)
      or ($was != "" and replicas != ($was | whole))
    then {outcome: "changed"}
    else {write: (spec | .Mode.Replicated.Replicas = $wanted)} end;

def edit:
  if $act == "begin" then
    if roll("id") == $rollId then {done: true}
    elif roll("id") != $expects then {outcome: "changed"}
    # Something that was pushed later has been decided on since the caller looked.
    elif roll("seen") != "" and (roll("seen") | instant) > ($seen | instant) and (roll("image") | digest) != ($image | digest)
    then {outcome: "changed"}
    else {write: begin} end
  elif $act == "scale" then scale
  elif roll("id") != $rollId then
    if $act == "end" and roll("id") == "" and roll("last") == $rollId then {done: true} else {outcome: "lost"} end
  elif $act == "image" then
    if roll("image") == "" then {refuse: "its label hive.roll.image is gone: there is no image to roll to"}
    else (spec | to_image(roll("image")) | .Labels["hive.roll.phase"] = "forward") as $new
      | if $new == spec then {done: true} elif new_hosts == [] then {write: $new}
        else {outcome: "new-hosts", hosts: (new_hosts | .[0:200] | join(" "))} end
    end
  elif $act == "shrink" then {write: shrink}
  elif $act == "resume" then
    {write: (spec | .Labels["hive.roll.resumed"] = (roll("resumed") | whole // 0 | . + 1 | tostring))}
  elif $act == "back" then
    if roll("from") == "" then {refuse: "its label hive.roll.from is gone: there is no image to go back to"}
    else {write: (spec | to_image(roll("from")) | .Labels["hive.roll.phase"] = "back" | .Labels["hive.roll.cause"] = $cause
      # What the image before had failed with until now says nothing of the way back.
      | if $since == "" then . else .Labels["hive.roll.since"] = $since end)} end
  elif $act == "end" then {write: end_roll}
  else {refuse: "there is no act of that name"} end;

def checked:
  if .write == spec then {done: true}
  elif .write and any(spec | .. | numbers; fabs >= 9007199254740992)
  then {refuse: "its spec holds a number of 2^53 or more, which jq cannot keep exactly: change it by hand"}
  else . end;
'

# edit: what $SSM_act comes to for the service that was read: $edit_outcome is done, write, refuse or an answer, $edit_text its
# reason or hosts; the spec to write stands in $work/spec.
edit() {
  judge edit "$edits_jq"'
    edit | checked
    | if .write then "write", $service.Version.Index, (.write | tojson)
      elif .refuse then "refuse", .refuse
      elif .done then "done", "" else .outcome, .hosts // "" end' \
    --arg act "$SSM_act" --arg rollId "$SSM_rollId" --arg expects "$SSM_expects" --arg image "$SSM_image" \
    --arg seen "$SSM_seen" --arg since "$SSM_since" --arg cause "$SSM_cause" --arg holders "$SSM_holders" \
    --arg replicas "$SSM_replicas" --arg was "$SSM_was" \
    --argjson parallelism "$SSM_parallelism" --argjson delaySeconds "$SSM_delaySeconds" \
    --argjson monitorSeconds "$SSM_monitorSeconds"
  { read -r edit_outcome && read -r edit_text; } <"$work/edit" || true
  tail -n +3 "$work/edit" >"$work/spec"
}
