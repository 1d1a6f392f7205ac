#!/bin/bash
# Runs on the host: leaves the swarm. Leaving removes the node's task containers and their logs, so it comes only after the
# logs were shipped. Safe to run twice. Prints one JSON line.
set -eu
: "${SSM_clearMark:?agent too old}"
. lib/json.sh
. lib/docker.sh

state=$(docker_format '<<.Swarm.LocalNodeState>>' info)
if [ "$state" != inactive ]; then
  answer=$(timeout 60 docker swarm leave --force 2>&1) || case $answer in
    *"not part of a swarm"*) ;;
    *) fail leave "docker swarm leave: ${answer:-no answer within 60 s}" ;;
  esac
fi
# A machine that goes back to a warm pool will join again in another life.
[ "$SSM_clearMark" = no ] || rm -f /run/hive-swarm/retiring
printf '{"left":true,"was":"%s"}\n' "$state"
