#!/bin/sh
# The nodes of an instance, by label and by node id, never by host name or address, which several nodes can share.

# nodes_of_instance INSTANCE-ID NODE-ID: node ids, one a line. The node id (may be empty) finds a node not labelled yet.
# shellcheck disable=SC2046 # one word a node
nodes_of_instance() {
  nodes_instance=$1
  nodes_id=$2
  set -- $(docker node ls -q)
  docker_format '<<.ID>> <<index .Spec.Labels "hive.instance-id">>' node inspect "$@" |
    while read -r node label; do
      if [ "$label" = "$nodes_instance" ] || { [ -n "$nodes_id" ] && [ "$node" = "$nodes_id" ]; }; then
        printf '%s\n' "$node"
      fi
    done
}

# drain_node NODE: label hive.retiring and drain in one compare-and-swap write; a manager is refused.
drain_node() {
  drain_spec='{"Name":<<json .Spec.Name>>,"Role":<<json .Spec.Role>>,"Availability":"drain","Labels":{ '
  # shellcheck disable=SC2016 # Go template variables
  drain_spec=$drain_spec'<<range $key, $value := .Spec.Labels>><<if ne $key "hive.retiring">><<json $key>>:<<json $value>>,<<end>><<end>>"hive.retiring":"yes"} }'
  for _ in 1 2 3 4 5; do
    drain_read=$(docker_format "<<.Version.Index>> <<.Spec.Role>>;$drain_spec" node inspect "$1")
    drain_head=${drain_read%%;*}
    [ "${drain_head#* }" = worker ] || fail drain "node $1 is a manager: demote it first (docker node demote $1)"
    drain_answer=$(printf '%s' "${drain_read#*;}" |
      engine POST "/nodes/$1/update?version=${drain_head% *}" -H 'Content-Type: application/json' -d @-)
    case $drain_answer in
      *200) return 0 ;;
      *"out of sequence"*) ;;
      *) break ;;
    esac
  done
  fail drain "node $1: $(engine_message "$drain_answer")"
}
