#!/bin/bash
# Runs on the host: copies the ranges of log files that were not shipped to S3, found by device and inode (the name may be
# gone while the shipper still holds the file open). Prints one JSON line.
set -eu
: "${SSM_bucket:?agent too old}" "${SSM_prefix:?agent too old}" "${SSM_ranges:?agent too old}" "${SSM_logDirectories:?agent too old}"
. lib/json.sh
. lib/aws.sh
. lib/bucket.sh

aws_credentials || fail credentials "no credentials of the instance's role at the metadata address; is a role attached?"

# find_file DEVICE INODE: a path to open it by.
find_file() {
  # shellcheck disable=SC2086 # several directories
  find $SSM_logDirectories -type f -inum "$2" -exec stat -c '%d %n' {} + 2>/dev/null |
    while read -r device path; do
      [ "$device" != "$1" ] || { printf '%s\n' "$path" && break; }
    done | grep . && return 0
  for open in $(pidof filebeat | tr ' ' '\n' | sed 's,.*,/proc/&/fd/*,'); do
    # shellcheck disable=SC2086 # the glob is meant
    for descriptor in $open; do
      [ "$(stat -L -c '%d %i' "$descriptor" 2>/dev/null)" != "$1 $2" ] || { printf '%s\n' "$descriptor" && return 0; }
    done
  done
  return 1
}

# Ranges come as DEVICE:INODE:OFFSET:SIZE. In parts, so that a large one needs little room on a disk that may be full.
part_bytes=$((64 * 1024 * 1024))
rescued=0 bytes=0 missing=''
part=$(mktemp -p /var/tmp)
trap 'rm -f "$part"' EXIT
for range in $SSM_ranges; do
  IFS=: read -r device inode offset size <<<"$range"
  if ! file=$(find_file "$device" "$inode"); then
    missing="$missing $range"
    continue
  fi
  while [ "$offset" -lt "$size" ]; do
    end=$((offset + part_bytes < size ? offset + part_bytes : size))
    tail -c "+$((offset + 1))" "$file" | head -c "$((end - offset))" >"$part"
    if [ "$(stat -c %s "$part")" -ne $((end - offset)) ]; then
      missing="$missing $device:$inode:$offset:$size"
      break
    fi
    s3_put "$SSM_bucket" "$SSM_prefix/$device-$inode/$offset-$end" "$part"
    bytes=$((bytes + end - offset)) offset=$end
  done
  rescued=$((rescued + 1))
done
printf '{"rescued":%d,"bytes":%d,"missing":%s}\n' "$rescued" "$bytes" "$(json_string "${missing# }")"
