#!/bin/sh
# Signed AWS calls with the instance's own role: curl, since one `aws` command costs a second of CPU. Secrets go in on
# standard input and never stand in an argument, where every user of the host could read them.

metadata() {
  if [ -z "${metadata_token:-}" ]; then
    metadata_token=$(curl -sf --noproxy '*' -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' \
      http://169.254.169.254/latest/api/token) || return 1
  fi
  curl -sf --noproxy '*' -m 2 -H "X-aws-ec2-metadata-token: $metadata_token" "http://169.254.169.254/latest/$1"
}

# The value of a string member in a flat JSON text on standard input.
json_member() {
  tr -d '\n' | sed -nE 's/.*"'"$1"'"[[:space:]]*:[[:space:]]*"([^"]*)".*/\1/p'
}

# curl signs every header of a request only from 7.88 on; before, the session token stays outside the signature.
curl_can_sign() {
  curl --version | awk 'NR == 1 { split($2, v, "."); exit !(v[1] > 7 || (v[1] == 7 && v[2] >= 88)) }'
}

# Reads the role's credentials once: aws_key, aws_secret, aws_token, aws_region.
aws_credentials() {
  [ -z "${aws_key:-}" ] || return 0
  # shellcheck disable=SC2034 # read by the scripts that include this file
  aws_region=$(metadata meta-data/placement/region) || return 1
  aws_domain=$(metadata meta-data/services/domain) || aws_domain=amazonaws.com
  aws_role=$(metadata meta-data/iam/security-credentials/) || return 1
  aws_answer=$(metadata "meta-data/iam/security-credentials/$aws_role") || return 1
  aws_key=$(printf '%s' "$aws_answer" | json_member AccessKeyId)
  aws_secret=$(printf '%s' "$aws_answer" | json_member SecretAccessKey)
  aws_token=$(printf '%s' "$aws_answer" | json_member Token)
  [ -n "$aws_key" ]
}

# aws_signed SERVICE REGION [curl options…]: one signed request, credentials through curl's config on standard input. One
# that was throttled, or not answered, is made again: when a hundred hosts boot together, each asks at the same moment.
aws_signed() {
  aws_service=$1
  aws_in=$2
  shift 2
  for aws_pause in 0.5 1 2 4 8 last; do
    aws_reply=$(
      curl -sS -m 30 --fail-with-body --aws-sigv4 "aws:amz:$aws_in:$aws_service" -K - "$@" <<CONFIG
user = "$aws_key:$aws_secret"
header = "X-Amz-Security-Token: $aws_token"
${aws_body:-}
CONFIG
    ) && aws_status=0 || aws_status=$?
    case $aws_status:$aws_reply in
      0:*) break ;;
      22:*Throttl* | 22:*TooManyRequests* | 22:*SlowDown* | 22:*InternalFailure* | 22:*InternalServerError* | 22:*ServiceUnavailable* | 22:5[0-9][0-9]) ;;
      22:*) break ;;
    esac
    [ "$aws_pause" = last ] || sleep "$aws_pause"
  done
  printf '%s\n' "$aws_reply"
  return "$aws_status"
}

# aws_json SERVICE HOST-PREFIX REGION TARGET BODY: one call of a JSON-protocol service.
aws_json() {
  aws_signed "$1" "$3" -H 'Content-Type: application/x-amz-json-1.1' -H "X-Amz-Target: $4" --data "$5" \
    "${AWS_ENDPOINT_URL:-https://$2.$3.$aws_domain}/"
}

# aws_json_secret SERVICE HOST-PREFIX REGION TARGET BODY: the same, with a body that must stand in no argument.
aws_json_secret() {
  aws_body=$(printf 'data = "%s"' "$(printf '%s' "$5" | sed 's/[\\"]/\\&/g')")
  aws_signed "$1" "$3" -H 'Content-Type: application/x-amz-json-1.1' -H "X-Amz-Target: $4" \
    "${AWS_ENDPOINT_URL:-https://$2.$3.$aws_domain}/" && aws_told=0 || aws_told=$?
  aws_body=''
  return "$aws_told"
}
