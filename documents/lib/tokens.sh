#!/bin/bash
# The join tokens, from this manager's engine into Parameter Store with the instance's own role. They are printed nowhere and stand
# in no argument.
# shellcheck disable=SC2154 # SSM_… come from the agent

# Takes tokens out of a text that is to be printed, in case it quotes one.
without_tokens() { printf '%s' "$1" | sed -E 's/SWMTKN-[A-Za-z0-9-]*/(token)/g'; }

# token_of ROLE: from the swarm's description in $swarm, which is one line.
token_of() { printf '%s' "$swarm" | sed -nE 's/.*"JoinTokens":\{[^}]*"'"$1"'":"(SWMTKN-[A-Za-z0-9-]+)".*/\1/p' | head -n 1; }

read_swarm() {
  swarm=$(engine GET /swarm --max-time 25) || true
  case $swarm in
    *$'\n200') ;;
    *) fail tokens "GET /swarm: $(without_tokens "$(engine_message "${swarm:-no answer within 25 s}")")" ;;
  esac
  worker_token=$(token_of Worker) manager_token=$(token_of Manager)
  { [ -n "$worker_token" ] && [ -n "$manager_token" ]; } || fail tokens "GET /swarm holds no join tokens: is this host a manager?"
}

put_token() {
  answer=$(aws_json_secret ssm ssm "$aws_region" AmazonSSM.PutParameter \
    "{\"Name\":\"$1\",\"Value\":\"$2\",\"Type\":\"SecureString\",\"Overwrite\":true}") ||
    fail store "ssm PutParameter $1: $(without_tokens "$answer")"
}

# Stores both, and once more when they were rotated meanwhile: what is stored last is what holds.
store_tokens() {
  aws_credentials || fail store "no credentials of the instance's role at the metadata address; is a role attached?"
  read_swarm
  for _ in 1 2 3; do
    stored=$worker_token/$manager_token
    put_token "$SSM_workerTokenParameter" "$worker_token"
    put_token "$SSM_managerTokenParameter" "$manager_token"
    read_swarm
    [ "$stored" != "$worker_token/$manager_token" ] || return 0
  done
  fail store "the tokens were rotated again and again while they were stored"
}
