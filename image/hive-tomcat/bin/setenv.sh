#!/bin/sh
# Read by catalina.sh. The host name goes to Tomcat's and logback's configuration as one system property: both write below logs/<it>/.
# In a swarm it is the container's short id, so no two containers on a host, at once or one after the other, share a file.
host=$(uname -n)

CATALINA_OPTS="${CATALINA_OPTS:-} -Dhive.host=$host -Dhive.lame-duck.seconds=${LAME_DUCK_SECONDS:?}"
# The image's, whatever the application brings of its own.
CATALINA_OPTS="$CATALINA_OPTS -Dlogback.configurationFile=${CATALINA_BASE:?}/conf/logback.xml"
# Of the container's memory limit, or of the machine where there is none. The rest is for threads, classes and buffers.
CATALINA_OPTS="$CATALINA_OPTS -XX:MaxRAMPercentage=${HEAP_PERCENT:-60}"
# Without memory a half-dead Tomcat would go on answering errors: it ends, says so on standard output, and swarm starts another.
CATALINA_OPTS="$CATALINA_OPTS -XX:+ExitOnOutOfMemoryError"
export CATALINA_OPTS
