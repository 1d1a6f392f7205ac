#!/bin/bash
# Writes a root file system to standard output, as a tar for `docker import`: Debian's Tomcat and Java as they are installed on this
# machine, laid out as in Docker's official `tomcat` image. So the project's Dockerfile builds on either, without a registry.
# javac and jar are in it too: it stands for the official image with a JDK as well as for the one with a JRE.
set -euo pipefail

fail() {
  echo "base.sh: $*" >&2
  exit 1
}

tomcat=/usr/share/tomcat10
[ -f "$tomcat/etc/web.xml" ] || fail "$tomcat/etc/web.xml is not there: the Debian package tomcat10 is missing"
java=$(readlink -f "$(command -v javac)") || fail "there is no javac: the Debian package default-jdk-headless is missing"
java=${java%/bin/javac}

root=$(mktemp -d)
trap 'rm -rf -- "$root"' EXIT
mkdir -p "$root"/{bin,dev,etc,proc,sys,opt/java,usr/bin,usr/local/tomcat/{logs,temp,webapps,work}}
mkdir -m 1777 "$root/tmp"
mkdir -m 700 "$root/root"
echo root:x:0:0:root:/root:/bin/bash >"$root/etc/passwd"
echo root:x:0: >"$root/etc/group"

# What the official image has of Debian or Ubuntu, and the scripts need: a shell and the basic commands.
programs=(/bin/bash /bin/sed /bin/grep)
mapfile -t -O ${#programs[@]} programs < <(dpkg -L coreutils | grep -E '^(/usr)?/s?bin/.')
for program in "${programs[@]}"; do [ -d "$program" ] || cp -P "$program" "$root/bin/"; done
cp -L /bin/sh "$root/bin/sh"
ln -s /bin/env "$root/usr/bin/env"

# Without what only serves to compile for other releases, to make smaller runtimes, or to be read.
mkdir "$root/opt/java/openjdk"
for part in "$java"/*; do
  case ${part##*/} in bin | conf | lib) cp -r "$part" "$root/opt/java/openjdk/" ;; esac
done
rm -f "$root"/opt/java/openjdk/lib/{src.zip,ct.sym,server/classes_nocoops.jsa}
# Debian keeps configuration and certificates below /etc and links to them.
cp -r /etc/java-*-openjdk "$root/etc/"
mkdir -p "$root/etc/ssl/certs/java"
cp -L /etc/ssl/certs/java/cacerts "$root/etc/ssl/certs/java/"

# Every library that the programs and the Java machine are linked with, where the loader looks for it, and the loader.
ldd "${programs[@]}" /bin/sh "$java/bin/java" "$java/lib/server/libjvm.so" "$java"/lib/lib{nio,net,zip,management,extnet}.so 2>/dev/null |
  grep -oE '/[^ ]+\.so[^ ]*' | grep -v "^$java" | grep -v ':$' | sort -u | while read -r library; do
  mkdir -p "$root${library%/*}"
  cp -L "$library" "$root$library"
done
cp -rL "$tomcat/bin" "$tomcat/lib" "$root/usr/local/tomcat/"
cp -rL "$tomcat/etc" "$root/usr/local/tomcat/conf"

tar --create --sort=name --owner=0 --group=0 --numeric-owner --directory "$root" .
