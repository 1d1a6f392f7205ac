#!/bin/bash
# Samples the facts from which the operator decides whether filebeat has shipped every log line of this host.
# Judges nothing. Prints a line of JSON, then all facts as gzip in base64: SSM keeps 24,000 characters only (S5).
# Facts are lines of a letter and fields between tabs; shared/logs/parse-sample.ts names them. Nothing here may
# need jq or python, and awk may be mawk, gawk or busybox.
set -eu -o pipefail
: "${SSM_logGlobs:?agent too old}" "${SSM_filebeatData:?agent too old}" "${SSM_filebeatHttp:?agent too old}"
: "${SSM_settleSeconds:?agent too old}" "${SSM_waitContainersSeconds:?agent too old}"

. lib/docker.sh
. lib/log-facts.sh
. lib/log-filebeat.sh
. lib/log-registry.sh
. lib/log-files.sh
. lib/log-join.sh
. lib/log-pack.sh

# Names are bytes here, whatever they were meant to be; filebeat's globs match hidden names too.
export LC_ALL=C
shopt -s nullglob dotglob globstar

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
data=$(readlink -f -- "$SSM_filebeatData" || printf %s "$SSM_filebeatData")
set -f
# shellcheck disable=SC2206 # Split at spaces is what is meant; nothing expands while `set -f` stands.
globs=($SSM_logGlobs)
set +f
characters=23000

running_containers() {
  docker_format '<<.ID>> <<.Names>>' ps --no-trunc --filter label=com.docker.swarm.task.id
}

containers() {
  local id name
  if ! running_containers >"$work/containers" 2>"$work/stderr"; then
    problem "docker ps failed: $(head -c 200 "$work/stderr")"
    containers=null
    return 0
  fi
  containers=0
  printf 'D\n' >>"$body"
  while read -r id name; do
    containers=$((containers + 1))
    encode "$name"
    printf 'C\t%s\t%s\n' "${id:0:12}" "$REPLY" >>"$body"
  done <"$work/containers"
}

# The order matters: what is written before its reader looks can only make a file seem less shipped, never more.
sample() {
  body=$work/sample$1 problems=0
  printf 'T\t%(%s)T\n' -1 >"$body"
  containers
  statistics
  processes
  read_registry
  list_files
  files_and_entries
  writers
}

deadline=$((SECONDS + SSM_waitContainersSeconds))
while [ "$SECONDS" -lt "$deadline" ]; do
  left=$(running_containers 2>/dev/null) || left=unknown
  [ -n "$left" ] || break
  sleep 1
done

samples=1
sample 1
if [ "$SSM_settleSeconds" -gt 0 ]; then
  sleep "$SSM_settleSeconds"
  sample 2
  samples=2
fi

truncated=false
pack 0 0
if ! fits; then pack 1 0; fi
if ! fits; then
  truncated=true keep=1024
  pack 2 "$keep"
  while ! fits && [ "$keep" -gt 0 ]; do
    keep=$((keep / 2))
    pack 2 "$keep"
  done
fi
printf '{"schema":1,"taskContainers":%s,"truncated":%s,"samples":%s,"factsLength":%s}\n' \
  "$containers" "$truncated" "$samples" "$(($(wc -c <"$work/packed")))"
cat "$work/packed"
printf '\n'
