#!/bin/bash
# The first process of an instance until it hands over to its init: gives the instance a private root file system.
# Arguments: instance directory, host name, address, then the log shipper's command. Environment: HIVE_* below.
set -eu

directory=$1
host_name=$2
address=$3
shift 3

hostname "$host_name"

# A copy-on-write view of this machine's own root: same programs, same project, and whatever is written is the
# instance's own and vanishes with it. It separates, it does not protect: this is no security boundary.
mkdir -p "$directory/root"
mount -t tmpfs -o mode=755 tmpfs "$directory/root"
cd "$directory/root"
mkdir upper work merged
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work merged
cd merged

mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p run/lock run/sandbox run/units var/lib/docker var/log/hive old

# These outlive the instance's root: containers need a real file system below overlay2, the daemon's socket is
# for the host too, and log lines are counted after the machine's death.
mount --bind "$directory" run/sandbox
mount --bind "$directory/docker-data" var/lib/docker
mount --bind "$directory/log" var/log/hive
# Containers make their own directories there, and need not be root (cluster/host/hive-logs.conf).
chmod 1777 var/log/hive

# What lies on another file system than `/` is not in the overlay.
for path in "$HIVE_PROJECT" "$HIVE_NODE_DIRECTORY" "${HIVE_ENGINE_DIRECTORY:-}" "${HIVE_SHIPPER_DIRECTORY:-}"; do
  if [ -n "$path" ] && [ -z "$(ls -A ".$path" 2>/dev/null)" ]; then
    mkdir -p ".$path"
    mount --rbind "$path" ".$path"
    mount -o remount,bind,ro ".$path"
  fi
done

# Nothing answers names at the gateway: it refuses at once, where a missing server would cost ten seconds a try.
rm -f etc/resolv.conf
echo 'nameserver 10.78.0.1' >etc/resolv.conf
printf '127.0.0.1 localhost\n%s %s %s\n' "$address" "$host_name" "${host_name%%.*}" >etc/hosts
echo "$host_name" >etc/hostname
# Nothing of this machine's own log-ins and services.
rm -rf root/.docker root/.aws var/lib/filebeat var/lib/amazon

for name in systemctl cloud-init; do
  rm -f "usr/bin/$name"
  cp "$HIVE_MACHINES/stand-ins/$name" "usr/bin/$name"
  chmod 755 "usr/bin/$name"
done

# The engine is installed where every path looks first, so that daemon, documents and whoever looks around in the
# instance use the same one.
mkdir -p usr/local/sbin
while read -r program; do
  link=usr/local/sbin/${program##*/}
  [ -z "$program" ] || [ "$program" = "/$link" ] || ln -sf "$program" "$link"
done <<<"${HIVE_ENGINE_PROGRAMS:-}"

path="${HIVE_NODE_DIRECTORY}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
{
  printf '#!/bin/bash\nexport PATH=%q HOME=/root LANG=C.UTF-8\n' "$path"
  printf 'exec dockerd -H unix:///run/sandbox/docker.sock -H unix:///var/run/docker.sock --storage-driver overlay2'
  printf ' --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent %q' "$HIVE_CGROUP_PARENT"
  printf ' --insecure-registry %q --userland-proxy=false >>/run/sandbox/dockerd.log 2>&1\n' "$HIVE_REGISTRY"
} >run/units/docker.sh
{
  printf '#!/bin/bash\nexport PATH=%q HOME=/root LANG=C.UTF-8\n' "$path"
  printf 'exec'
  printf ' %q' "$@"
  printf ' >>/run/sandbox/shipper.log 2>&1\n'
} >run/units/filebeat.sh
cp "$HIVE_MACHINES/boot.sh" run/boot.sh

# The other end of the network cable is plugged in by the cloud, once it knows this process.
echo ready >&3
exec 3>&-
read -r _
ip -batch - <<NETWORK
link set lo up
address add $address/24 dev eth0
link set eth0 up
route add default via 10.78.0.1
NETWORK

pivot_root . old
cd /
umount --lazy /old
rmdir /old
exec env -i PATH="$path" HOME=/root LANG=C.UTF-8 \
  docker-init -- bash /run/boot.sh "$HIVE_DOCKER_AFTER" "$HIVE_SHIPPER_AFTER" </dev/null
