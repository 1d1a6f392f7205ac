#!/bin/sh
# Objects in S3, each by one signed call with the instance's own role. (After json.sh and aws.sh.)

s3_url() { printf '%s/%s/%s' "${AWS_ENDPOINT_URL:-https://s3.$aws_region.$aws_domain}" "$1" "$2"; }

# s3_put BUCKET KEY FILE: proved by its answer: a redirect to another region is no upload.
s3_put() {
  s3_status=$(aws_signed s3 "$aws_region" -m 600 -o /dev/null -w '%{http_code}' -X PUT \
    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -T "$3" "$(s3_url "$1" "$2")") || true
  [ "$s3_status" = 200 ] || fail upload "s3 PUT $1/$2: HTTP ${s3_status:-no answer}"
}

# s3_get BUCKET KEY FILE
s3_get() {
  s3_status=$(aws_signed s3 "$aws_region" -m 600 -o "$3" -w '%{http_code}' \
    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$(s3_url "$1" "$2")") || true
  case $s3_status in
    200) ;;
    403) fail download "s3 GET $1/$2: HTTP 403: the key is mistyped, or this host's role may not read it: docs/backup.md says how to let it, for the time of the restore" ;;
    *) fail download "s3 GET $1/$2: HTTP ${s3_status:-no answer}" ;;
  esac
}
