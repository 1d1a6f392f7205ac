#!/bin/bash
# Runs on a manager: how many managers there are, and how many of them the others do not reach. Changes nothing. Prints one JSON
# line.
set -eu
. lib/json.sh
. lib/docker.sh

require_manager
# `Leader`, `Reachable`, `Unreachable`, one a line.
managers=$(docker_format '<<.ManagerStatus>>' node ls --filter role=manager 2>&1) || fail manager "docker node ls: $managers"
count() { printf '%s\n' "$managers" | grep -cE "$1" || true; }
printf '{"managers":%d,"unreachable":%d}\n' "$(count .)" "$(printf '%s\n' "$managers" | grep . | grep -cvE '^(Leader|Reachable)$' || true)"
