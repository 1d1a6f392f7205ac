#!/bin/bash
# build.sh FILE.war [--version VERSION] [--asks-database]: the application that stands for Hive, out of its source. Needs a JDK 17 and, in
# $JARS, the jars that Debian's packages tomcat10, liblogback-java and libslf4j-java put there.
set -euo pipefail
cd "$(dirname "$0")"

fail() {
  echo "sample/build.sh: $*" >&2
  exit 1
}

war=${1:?usage: build.sh FILE.war [--version VERSION] [--asks-database]}
case $war in /*) ;; *) fail "$war is no absolute path" ;; esac
shift
version=0.0.0 asks_database=false
while [ $# -gt 0 ]; do
  case $1 in
    --version)
      version=${2:?--version what?}
      shift
      ;;
    --asks-database) asks_database=true ;;
    *) fail "does not know $1" ;;
  esac
  shift
done

jars=${JARS:-/usr/share/java}
for jar in tomcat10-servlet-api slf4j-api logback-core logback-classic; do
  [ -r "$jars/$jar.jar" ] || fail "$jars/$jar.jar is not there (apt-get install tomcat10 liblogback-java libslf4j-java)"
done

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cp -r web/. "$work/"
mkdir -p "$work/WEB-INF/classes" "$work/WEB-INF/lib"
cp -L "$jars"/{slf4j-api,logback-core,logback-classic}.jar "$work/WEB-INF/lib/"
javac -Xlint:all --release 17 -cp "$jars/tomcat10-servlet-api.jar:$jars/slf4j-api.jar" -d "$work/WEB-INF/classes" src/*.java
printf 'version=%s\nasks.database=%s\n' "$version" "$asks_database" >"$work/WEB-INF/classes/hive.properties"
jar --create --file "$war" -C "$work" .
