#!/bin/bash
# The sandbox's first process: makes the network of the cloud, says "ready", and waits to be ended.
# Its only argument is the state directory, by which it is also found in the process table.
set -eu

run="$1/run"

# The network namespace is kept by a mount that only this mount namespace sees, so it goes when the root goes.
rm -f "$run/network"
touch "$run/network"
unshare --net="$run/network" true

# One bridge for all instances. The gateway carries the AWS endpoint, the registry and the load balancer; the
# link-local address is the instance metadata service. Nothing is routed out of here. Its hardware address is fixed: by itself a bridge
# takes the lowest of its ports', and an instance that was launched later would change it under those that remember it for half a minute.
nsenter --net="$run/network" sh -eu <<'NETWORK'
ip -batch - <<'LINKS'
link set lo up
link add hive0 address 02:00:0a:4e:00:01 type bridge
address add 10.78.0.1/24 dev hive0
address add 169.254.169.254/32 dev hive0
link set hive0 up
LINKS
echo 0 >/proc/sys/net/ipv4/ip_forward
# A refused connection is to show at once and each time; the kernel would answer one in a second.
echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
NETWORK

echo ready
exec sleep infinity >/dev/null 2>&1
