#!/bin/bash
# Runs on the host: holds the images that tasks are about to need, by digest, creates what they mount, and takes away what no roll
# goes to or back to. Safe to run twice. Prints one JSON line.
set -eu
: "${SSM_registry:?agent too old}" "${SSM_registryRegion:?agent too old}" "${SSM_images?agent too old}"
: "${SSM_keep?agent too old}" "${SSM_prune?agent too old}" "${SSM_directories?agent too old}"
. lib/json.sh
. lib/docker.sh
. lib/engine.sh
. lib/aws.sh
. lib/images.sh
. lib/directories.sh

# Of a host in no swarm, or one that retires, nothing more is asked than that its daemon answers.
timeout 60 docker version >/dev/null 2>&1 || fail pull "the Docker daemon does not answer"

hold_images "$SSM_images"
make_directories "$SSM_directories"
prune_images "$SSM_prune" "$SSM_images $SSM_keep"
printf '{"held":%d,"pulled":%d,"pruned":%d,"disk":%s,"missing":%s}\n' "$held" "$pulled" "$pruned" "$(disk_percent)" "$(json_string "$missing")"
