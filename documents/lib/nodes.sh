#!/bin/sh
# The nodes of an instance: by label, by node id, and, for one that no manager has labelled yet, by address. Never by host
# name, and by address never one that carries a label: several nodes can share both.

# nodes_of_instance INSTANCE-ID NODE-ID ADDRESS: node ids, one a line; node id and address may be empty. A manager that cannot
# tell (no leader, say) fails: nothing found and nothing known are not the same.
nodes_of_instance() {
  nodes_ids=$(docker node ls -q 2>&1) || fail manager "docker node ls: $nodes_ids"
  # shellcheck disable=SC2086 # one word a node
  nodes_table=$(inspect_all \
    '<<.ID>> <<.Spec.Role>> <<.Spec.Availability>> <<or (index .Spec.Labels "hive.instance-id") "-">> <<.Status.Addr>>' \
    node $nodes_ids) || { printf '%s\n' "$nodes_table" && exit 1; }
  printf '%s\n' "$nodes_table" | while read -r node role availability label address; do
    case "$label/$role/$availability/$address" in
      "$1/"* | "-/worker/drain/${3:-none}") printf '%s\n' "$node" ;;
      *) [ "$node" != "$2" ] || printf '%s\n' "$node" ;;
    esac
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
  fail "$(engine_refused "$drain_answer" && echo drain || echo manager)" "node $1: $(engine_message "$drain_answer")"
}
