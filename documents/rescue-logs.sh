#!/bin/bash
# Runs on the host: copies the ranges of log files that were not shipped to S3, found by device and inode (the name may be
# gone while the shipper still holds the file open). Prints one JSON line.
set -eu
: "${SSM_bucket:?agent too old}" "${SSM_prefix:?agent too old}" "${SSM_ranges:?agent too old}" "${SSM_logDirectories:?agent too old}"
. lib/json.sh
. lib/aws.sh

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

# Ranges come as DEVICE:INODE:OFFSET:SIZE.
rescued=0 bytes=0
for range in $SSM_ranges; do
  IFS=: read -r device inode offset size <<<"$range"
  file=$(find_file "$device" "$inode") || fail find "no file with device $device and inode $inode any more"
  key=$SSM_prefix/$device-$inode/$offset-$size
  # aws_signed hands the credentials over on standard input, so the body comes from a file.
  body=$(mktemp)
  tail -c "+$((offset + 1))" "$file" | head -c "$((size - offset))" >"$body"
  answer=$(aws_signed s3 "$aws_region" -m 600 -X PUT -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -T "$body" \
    "${AWS_ENDPOINT_URL:-https://s3.$aws_region.$aws_domain}/$SSM_bucket/$key") || {
    rm -f "$body"
    fail upload "s3 PUT $SSM_bucket/$key: $answer"
  }
  rm -f "$body"
  rescued=$((rescued + 1)) bytes=$((bytes + size - offset))
done
printf '{"rescued":%d,"bytes":%d}\n' "$rescued" "$bytes"
