#!/bin/bash
# release.sh [OPTIONS] COMMAND...: makes a version of Hive's image and sees it through to the last task. Jenkins calls it (Jenkinsfile),
# and so can a person. Needs docker, aws (2), jq and git, and credentials for ECR and for the history in Parameter Store (docs/image.md).
#   build    the image out of --war, unless the version was released before
#   smoke    starts it, asks it, looks for its logs, and stops it
#   push     under its version
#   latest   moves `latest` to the version
#   await    waits for the outcome of its roll; fails unless every task runs it
#   release  all of these, in this order
set -euo pipefail

say() { echo "release.sh: $*" >&2; }
fail() {
  say "$*"
  exit 1
}
usage() {
  say "$*"
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

here=$(cd "$(dirname "$0")" && pwd)
version='' war='' repository=hive-tomcat registry=${HIVE_REGISTRY:-} region='' builder='' base=''
swarm_region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}} service=hive_hive-server history=/hive-swarm/hive/rolls wait_seconds=1800
commands=()
while [ $# -gt 0 ]; do
  case $1 in
    --version | --war | --repository | --registry | --region | --swarm-region | --builder | --base | --service | --history | --wait-seconds)
      [ $# -gt 1 ] || usage "$1 what?"
      name=${1#--}
      printf -v "${name//-/_}" %s "$2"
      shift
      ;;
    build | smoke | push | latest | await) commands+=("$1") ;;
    release) commands+=(build smoke push latest await) ;;
    *) usage "does not know $1" ;;
  esac
  shift
done
[ ${#commands[@]} -gt 0 ] || usage "is told to do nothing"
[ -n "$registry" ] || usage "--registry is missing, such as 123456789012.dkr.ecr.us-east-1.amazonaws.com"
if [ -z "$version" ]; then
  version=$(git -C "$here" describe --tags --exact-match HEAD 2>/dev/null) ||
    usage "no --version is given, and the commit that is checked out has no tag: $(git -C "$here" rev-parse --short HEAD 2>&1)"
fi
[[ $version =~ ^v?[0-9]+([.][0-9]+)*([-_.][0-9A-Za-z]+)*$ ]] ||
  usage "\"$version\" is no version that would be rolled: 1.4.2 or v1.4.2-rc1, say (VERSION_TAGS, docs/rolls.md)"
# ECR's own names say where it is; the swarm may be elsewhere.
[ -n "$region" ] || region=$(sed -n 's/.*\.dkr\.ecr\.\([a-z0-9-]*\)\..*/\1/p' <<<"$registry")
[ -n "$region" ] || usage "--region is missing: the registry's, which $registry does not tell"
[ -n "$swarm_region" ] || usage "--swarm-region is missing, and AWS_REGION is not set"
image=$registry/$repository:$version

work=$(mktemp -d)
container=
finish() {
  [ -z "$container" ] || docker rm --force --volumes "$container" >/dev/null || say "container $container is left: remove it by hand"
  rm -rf -- "$work"
}
trap finish EXIT

# The version's digest and the time of its push, or nothing.
released() {
  aws ecr describe-images --region "$region" --repository-name "$repository" --image-ids "imageTag=$version" --output json \
    >"$work/found" 2>"$work/stderr" && jq -r '.imageDetails[0] | "\(.imageDigest) \(.imagePushedAt)"' "$work/found" && return
  grep -q ImageNotFoundException "$work/stderr" || fail "ECR in $region was asked for $repository:$version and answered: $(cat "$work/stderr")"
}
refuse_released() {
  local found
  found=$(released)
  [ -z "$found" ] || fail "$repository:$version is released already: $found. A version is never overwritten; choose the next one"
}

build() {
  refuse_released
  [ -f "$war" ] || usage "--war is no file: \"$war\""
  cp -r "$here/hive-tomcat" "$work/context"
  cp "$war" "$work/context/Hive.war"
  docker build ${base:+--build-arg "BASE=$base"} ${builder:+--build-arg "BUILDER=$builder"} --build-arg "VERSION=$version" \
    --tag "$image" "$work/context" || fail "docker build of $image failed: see above"
}

# In the container: what it may publish need not be reachable from here, where docker is another machine's.
inside() { docker exec "$container" "$@"; }
broken() { fail "smoke test of $image: $*. The container's last lines:"$'\n'"$(docker logs --tail 20 "$container" 2>&1)"; }

smoke() {
  local health=starting deadline=$((SECONDS + ${SMOKE_SECONDS:-180})) code
  container=$(docker run --detach --env LAME_DUCK_SECONDS=4 "$image")
  until [ "$health" = healthy ]; do
    [ "$SECONDS" -lt "$deadline" ] || broken "not healthy, but \"$health\" after ${SMOKE_SECONDS:-180} s"
    sleep 1
    health=$(docker inspect --format '{{if .State.Running}}{{.State.Health.Status}}{{else}}ended with {{.State.ExitCode}}{{end}}' "$container")
    case $health in ended* | unhealthy) broken "$health" ;; esac
  done
  [ "$(inside id -u)" != 0 ] || broken "it runs as root"
  inside hive-get /health >/dev/null || broken "what the load balancer asks, /health, fails"
  # shellcheck disable=SC2016 # expanded by the container's shell
  inside bash -c 'cd "logs/$(uname -n)" && [ -s debug.log ] && [ -s catalina.*.log ] && [ -e stdout.log ]' ||
    broken "debug.log, catalina.DATE.log and stdout.log are not all in logs/<host name>"
  docker kill --signal TERM "$container" >/dev/null
  sleep 1
  ! inside hive-get /health >/dev/null || broken "told to stop, its health path does not fail: every roll would lose requests"
  inside hive-get /Hive/health >/dev/null || broken "told to stop, it answers no more: every roll would lose requests"
  code=$(timeout 60 docker wait "$container") || broken "it does not end within 60 s of SIGTERM"
  [ "$code" = 143 ] || broken "after SIGTERM it ended with $code, not with 143"
  docker rm --volumes "$container" >/dev/null
  container=
  say "smoke test of $image: passed"
}

# A login of its own, which goes with this run.
log_in() {
  [ ! -e "$work/docker" ] || return 0
  aws ecr get-login-password --region "$region" |
    docker --config "$work/docker" login --username AWS --password-stdin "$registry" >/dev/null 2>"$work/stderr" ||
    fail "cannot log in to $registry: $(cat "$work/stderr")"
}
push() {
  refuse_released
  log_in
  docker --config "$work/docker" push "$image" || fail "docker push $image failed: see above"
}
latest() {
  log_in
  docker --config "$work/docker" pull --quiet "$image" >/dev/null || fail "cannot pull $image, which \`latest\` is to be"
  docker tag "$image" "$registry/$repository:latest"
  docker --config "$work/docker" push "$registry/$repository:latest" || fail "docker push $repository:latest failed: see above"
}

await() {
  local digest entry='' deadline=$((SECONDS + wait_seconds)) read_more="npm run -s hive-swarm -- history $service"
  digest=$(released)
  digest=${digest%% *}
  [ -n "$digest" ] || fail "$repository:$version is not in ECR in $region: nothing was pushed that could be rolled"
  until [ -n "$entry" ]; do
    [ "$SECONDS" -lt "$deadline" ] ||
      fail "no outcome of $repository:$version for $service in $history/$service after $wait_seconds s: $(cat "$work/stderr"); $read_more"
    sleep 2
    aws ssm get-parameter-history --region "$swarm_region" --name "$history/$service" --output json >"$work/history" 2>"$work/stderr" ||
      continue # No roll yet, or AWS did not answer: the deadline tells, with its last words.
    entry=$(jq -c --arg digest "$digest" '[.Parameters[].Value | fromjson? | select(.image | endswith($digest))] | last // empty' "$work/history")
  done
  [ "$(jq -r .outcome <<<"$entry")" = converged ] ||
    fail "$(jq -r --arg it "$service to $repository:$version" '"\($it): \(.outcome). \(.cause // .because) (runs \(.runs))"' <<<"$entry")"
  say "$service runs $repository:$version, after $(jq -r .seconds <<<"$entry") s"
}

for command in "${commands[@]}"; do "$command"; done
