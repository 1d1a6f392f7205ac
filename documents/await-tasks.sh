#!/bin/bash
# Runs on the host: waits until tasks that were assigned to it run here (and are healthy, where the image can tell). A
# task that is replaced by another of its service counts as well. Prints one JSON line.
set -eu
: "${SSM_waitSeconds:?agent too old}"
. lib/json.sh
. lib/docker.sh

# One line a task container: running or not, health, name. Healthy or without a health check is as good as it gets.
containers() {
  # shellcheck disable=SC2046 # one word a container
  set -- $(docker ps -q --filter label=com.docker.swarm.task.id)
  [ $# -eq 0 ] || docker_format \
    '<<.State.Running>>:<<if .State.Health>><<.State.Health.Status>><<else>>none<<end>>:<<.Name>>' inspect "$@"
}

deadline=$(($(date +%s) + SSM_waitSeconds))
while :; do
  seen=$(containers)
  running=$(printf '%s\n' "$seen" | grep -cE '^true:(healthy|none):' || true)
  [ "$running" -eq 0 ] || break
  [ "$(date +%s)" -lt "$deadline" ] ||
    fail tasks "no task runs here $SSM_waitSeconds s after the node became active; containers: ${seen:-none}; ask a manager: docker node ps"
  sleep 0.25
done
printf '{"running":%d}\n' "$running"
