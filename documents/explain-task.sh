#!/bin/bash
# Runs on the host: why a task's container ended, which managers cannot always tell: one that is stopped as unhealthy and ends
# cleanly looks to them like one that ended by itself. Changes nothing. Prints one JSON line.
set -eu
: "${SSM_container:?agent too old}"
. lib/json.sh
. lib/docker.sh

# A stopped container reads "unhealthy" whatever it was: the probes that failed in a row tell. Docker wants three of them where
# the image names no number.
# shellcheck disable=SC2016 # Go template variables
template='<<$wanted := 3>><<with .Config.Healthcheck>><<with .Retries>><<$wanted = .>><<end>><<end>>'
# shellcheck disable=SC2016
template=$template'<<$unhealthy := false>><<$probe := "">><<with .State.Health>><<$unhealthy = ge .FailingStreak $wanted>>'
# shellcheck disable=SC2016
template=$template'<<range .Log>><<$probe = .Output>><<end>><<end>>'
# shellcheck disable=SC2016
template=$template'"exitCode":<<json .State.ExitCode>>,"oomKilled":<<json .State.OOMKilled>>,"unhealthy":<<json $unhealthy>>,'
# shellcheck disable=SC2016
template=$template'"probe":<<json (printf "%.300s" $probe)>>,"error":<<json (printf "%.300s" .State.Error)>>'

seen=$(docker_format "$template" container inspect "$SSM_container" 2>&1) || case $seen in
  *[Nn]"o such container"*) printf '{"outcome":"gone"}\n' && exit 0 ;;
  *) fail inspect "docker container inspect $SSM_container: $seen" ;;
esac
# A log driver that cannot be read says so instead.
lines=$(timeout 10 docker logs --tail 5 "$SSM_container" 2>&1 | tail -c 500 || true)
printf '{"outcome":"seen",%s,"lines":%s}\n' "$seen" "$(json_string "$lines")"
