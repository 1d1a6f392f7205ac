#!/bin/bash
# The first boot of a machine: Docker, filebeat, jq, and an agent that is new enough. The end of cluster/user-data.ts's script, which sets
# the variables and brings `lay_out` with the files of docs/logs.md, "On the host". Amazon Linux 2023 and Ubuntu 24.04.
#
# A failure ends cloud-init in error, and the join says so (join-host): the machine is given up, and another one tried.
set -eu -o pipefail
: "${FILEBEAT_VERSION:?}" "${FILEBEAT_DATA:?}" "${FILEBEAT_SCAN_INTERVAL:?}" "${SHIPPER_PARAMETER?}"
root=${HIVE_ROOT:-}
# The first that hands parameters over as environment variables (docs/facts.md, S8).
agent_wanted=3.3.2746.0
export DEBIAN_FRONTEND=noninteractive

say() { echo "hive-swarm: $*"; }
fail() {
  say "$*" >&2
  exit 1
}

# Package servers and NAT gateways are busy when a whole fleet boots.
try() {
  for pause in 5 15 45 last; do
    "$@" && return 0
    [ "$pause" = last ] || sleep "$pause"
  done
  fail "four times in vain: $*"
}

# shellcheck source=/dev/null
. "$root/etc/os-release"
elastic=https://artifacts.elastic.co
line=${FILEBEAT_VERSION%%.*}.x

# --- packages

case $ID in
  amzn)
    cat >"$root/etc/yum.repos.d/elastic.repo" <<REPOSITORY
[elastic]
name=Elastic
baseurl=$elastic/packages/$line/yum
gpgcheck=1
gpgkey=$elastic/GPG-KEY-elasticsearch
REPOSITORY
    try dnf -y install docker jq nfs-utils "filebeat-$FILEBEAT_VERSION"
    ;;
  ubuntu)
    try curl -fsSL -o "$root/etc/apt/keyrings/elastic.asc" "$elastic/GPG-KEY-elasticsearch"
    echo "deb [signed-by=/etc/apt/keyrings/elastic.asc] $elastic/packages/$line/apt stable main" \
      >"$root/etc/apt/sources.list.d/elastic.list"
    try apt-get -q update
    try apt-get -q -y install docker.io jq nfs-common curl "filebeat=$FILEBEAT_VERSION"
    ;;
  *) fail "$ID is neither amzn (Amazon Linux 2023) nor ubuntu (24.04): prepare the machine image by hand (docs/deploy.md)" ;;
esac

# --- our files, over those that filebeat's package brought
lay_out

# --- the agent

agent_version() {
  { amazon-ssm-agent -version || /snap/amazon-ssm-agent/current/amazon-ssm-agent -version; } 2>/dev/null |
    sed -nE 's/.*[^0-9.]([0-9]+(\.[0-9]+){3}).*/\1/p' | head -n 1
}
new_enough() { [ -n "$1" ] && [ "$(printf '%s\n' "$agent_wanted" "$1" | sort -V | head -n 1)" = "$agent_wanted" ]; }

# shellcheck source=../../documents/lib/aws.sh
. "$root/usr/local/lib/hive-swarm/aws.sh"

if ! new_enough "$(agent_version)"; then
  case $ID in
    amzn)
      region=$(metadata meta-data/placement/region) || fail "the metadata service does not name the region"
      case $(uname -m) in aarch64) machine=arm64 ;; *) machine=amd64 ;; esac
      try dnf -y install "https://s3.$region.amazonaws.com/amazon-ssm-$region/latest/linux_$machine/amazon-ssm-agent.rpm"
      ;;
    ubuntu) try snap refresh amazon-ssm-agent ;;
  esac
fi
new_enough "$(agent_version)" ||
  fail "the SSM agent is $(agent_version), and $agent_wanted is needed: use a newer machine image"

# --- filebeat's settings. The password comes from Parameter Store, by the machine's own role, and stands in root's file alone.

environment="$root/etc/filebeat/environment"
(
  umask 077
  printf 'FILEBEAT_DATA=%s\nFILEBEAT_SCAN_INTERVAL=%ss\n' "$FILEBEAT_DATA" "$FILEBEAT_SCAN_INTERVAL" >"$environment"
)
if [ -n "$SHIPPER_PARAMETER" ]; then
  # Just booted, a machine may have no credentials of its role yet.
  try aws_credentials
  answer=$(aws_json ssm ssm "$aws_region" AmazonSSM.GetParameter \
    "{\"Name\":\"$SHIPPER_PARAMETER\",\"WithDecryption\":true}") ||
    fail "ssm GetParameter $SHIPPER_PARAMETER: $answer"
  printf '%s' "$answer" | jq -er .Parameter.Value >>"$environment"
fi

# --- Docker. A container's own log is a copy for `docker logs`; the files below /var/log/hive are what is shipped.

install -d "$root/etc/docker"
printf '%s\n' '{"log-driver":"json-file","log-opts":{"max-size":"10m","max-file":"3"}}' >"$root/etc/docker/daemon.json"

systemd-tmpfiles --create "$root/etc/tmpfiles.d/hive-logs.conf"
systemctl daemon-reload
systemctl enable filebeat docker hive-logs.timer
# Again, and not only started: a package may have started its own before our settings were there.
systemctl restart filebeat docker hive-logs.timer
say "ready for the swarm"
