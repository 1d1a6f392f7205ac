#!/bin/sh
# Runs a command in a control group: $1 the group's directory, then the command. Where the group is frozen the
# command waits until it is thawed, as a command sent to a machine that hangs would.
set -eu

group=$1
shift
echo $$ >"$group/cgroup.procs"
exec "$@"
