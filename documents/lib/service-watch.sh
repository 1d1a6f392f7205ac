#!/bin/bash
# Looks at one service until nothing more is to be expected of it, and says what was seen.
# shellcheck disable=SC2016,SC2034,SC2154 # variables of jq; and such as the scripts share that include this file

# Just after a write there is no update status yet, but tasks of another image than the spec's, with or without a node. "none"
# proves nothing about tasks that have just begun to run: they are watched for as long as swarm would.
settled_jq='
def settled($rollId; $before):
  .monitorSeconds as $monitor | .image as $image
  | .labels["hive.roll.id"] != $rollId or (.update.state == "paused") or (.update.state | startswith("rollback"))
    or .failed > $before
    or ((.update.state | among(["none", "completed"]))
      and all(.tasks[]; .image == $image and (.state == "running" or (.placed | not)))
      and (.update.state == "completed" or .youngest == null or .youngest > $monitor));
'

# look BEFORE: judges what was read into $facts (one line of JSON), $settled and $failed. BEFORE: failures known already.
look() {
  judge look "$settled_jq"'
    facts($service; $tasks; $node; $now) | "\(settled($rollId; $before)) \(.failed)", tojson' \
    --arg rollId "$SSM_rollId" --argjson before "$1"
  { read -r settled failed && read -r facts; } <"$work/look" || fail facts "jq said nothing of service $SSM_serviceId"
}

no_service() { printf '{"outcome":"no-service"}\n' && exit 0; }

# Looks every second until the service is settled or the time is over.
watch_service() {
  watch_end=$((SECONDS + SSM_waitSeconds))
  # The first look only counts the failures that there are.
  failed=999999999
  while :; do
    read_service "$SSM_serviceId" || no_service
    look "$failed"
    if [ "$settled" = true ] || [ "$SECONDS" -ge "$watch_end" ]; then break; fi
    sleep 1
  done
}

# The Engine frames a container's lines: a byte that names the stream, three of zero, four of length; with a terminal it does not.
unframed() {
  head -c 65536 "$1" | od -An -v -tu1 | LC_ALL=C awk '
    BEGIN { count = at = 0 }
    { for (i = 1; i <= NF; i++) byte[count++] = $i + 0 }
    END {
      while (at < count) {
        left = count - at
        if (left >= 8 && byte[at] <= 3 && byte[at + 1] + byte[at + 2] + byte[at + 3] == 0) {
          left = ((byte[at + 4] * 256 + byte[at + 5]) * 256 + byte[at + 6]) * 256 + byte[at + 7]
          at += 8
        }
        for (end = at + left; at < end && at < count; at++) printf "%c", byte[at] ? byte[at] : 32
      }
    }'
}

# Adds to the failures what their containers wrote last. A node that does not answer within three seconds is let be.
add_lines() {
  add_tasks=$(printf '%s' "$facts" | jq -r 'select(.labels["hive.roll.id"]) | .failures[] | select(.container != "").task')
  for task in $add_tasks; do
    engine GET "/tasks/$task/logs?stdout=1&stderr=1&tail=5" --fail --max-time 3 -o "$work/log-$task" >/dev/null 2>&1 &
  done
  wait
  for task in $add_tasks; do
    [ -s "$work/log-$task" ] || continue
    unframed "$work/log-$task" >"$work/lines"
    facts=$(printf '%s' "$facts" | jq -c --arg task "$task" --rawfile lines "$work/lines" \
      '(.failures[] | select(.task == $task)).lines = $lines[-500:]')
  done
}

# answer OUTCOME [MEMBERS]: the last look as the result. MEMBERS: more of JSON, with a comma behind.
answer() {
  add_lines
  packed=$(printf '%s' "$facts" | pack)
  [ "${#packed}" -le "$pack_limit" ] ||
    fail facts "the facts of service $SSM_serviceId take ${#packed} characters, and $pack_limit can be told: are its hive labels that long?"
  printf '{"outcome":"%s",%s"gz":"%s"}\n' "$1" "${2:-}" "$packed"
  exit 0
}
