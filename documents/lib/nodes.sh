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

# write_retiring NODE [demote]: label hive.retiring and drain, as a worker, in one compare-and-swap write; a manager is refused unless it
# is to be demoted. Sets $written to the engine's answer.
write_retiring() {
  retiring_spec='{"Name":<<json .Spec.Name>>,"Role":"worker","Availability":"drain","Labels":{ '
  # shellcheck disable=SC2016 # Go template variables
  retiring_spec=$retiring_spec'<<range $key, $value := .Spec.Labels>><<if ne $key "hive.retiring">><<json $key>>:<<json $value>>,<<end>><<end>>"hive.retiring":"yes"} }'
  for _ in 1 2 3 4 5; do
    retiring_read=$(docker_format "<<.Version.Index>> <<.Spec.Role>>;$retiring_spec" node inspect "$1")
    retiring_head=${retiring_read%%;*}
    [ "${retiring_head#* }" = worker ] || [ "${2-}" = demote ] ||
      fail drain "node $1 is a manager: demote it first (docker node demote $1)"
    written=$(printf '%s' "${retiring_read#*;}" |
      engine POST "/nodes/$1/update?version=${retiring_head% *}" -H 'Content-Type: application/json' -d @-)
    case $written in *"out of sequence"*) ;; *) return 0 ;; esac
  done
}

# drain_node NODE: the mark and the drain of a worker.
drain_node() {
  write_retiring "$1"
  case $written in
    *200) ;;
    *) fail "$(engine_refused "$written" && echo drain || echo manager)" "node $1: $(engine_message "$written")" ;;
  esac
}
