#!/bin/sh
# Docker with Go templates. Systems Manager gives double braces in a document a meaning of its own and knows no escape, so
# the scripts write << and >> where docker wants double braces.

go_template() { printf '%s' "$1" | tr '<>' '{}'; }

# docker_format TEMPLATE COMMAND…: `docker COMMAND… --format TEMPLATE`.
docker_format() {
  docker_template=$(go_template "$1")
  shift
  timeout 60 docker "$@" --format "$docker_template"
}

# inspect_all TEMPLATE KIND IDS…: what exists of them. One that went since it was listed is nobody's fault; anything else that
# keeps the manager from telling is. (In a subshell: the caller passes a failure on.)
inspect_all() {
  inspect_template=$1
  inspect_kind=$2
  shift 2
  inspect_errors=$(mktemp)
  docker_format "$inspect_template" "$inspect_kind" inspect "$@" 2>"$inspect_errors" && inspect_status=0 || inspect_status=$?
  # A docker that was stopped (by its time limit, say) ends without a word.
  [ "$inspect_status" -eq 0 ] || [ -s "$inspect_errors" ] || echo "ended with $inspect_status and no message" >"$inspect_errors"
  inspect_trouble=$(grep -viE 'no such (node|service|object)|^$' "$inspect_errors" || true)
  rm -f "$inspect_errors"
  [ -z "$inspect_trouble" ] || fail manager "docker $inspect_kind inspect: $inspect_trouble"
}

# Ends the script unless this host is a manager that has control of its swarm.
require_manager() {
  [ "$(timeout 10 docker info --format "$(go_template '<<.Swarm.ControlAvailable>>')" 2>/dev/null)" = true ] ||
    fail manager "this host is not a manager that can be asked: docker info shows no control of a swarm"
}
