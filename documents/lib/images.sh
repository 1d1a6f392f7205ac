#!/bin/bash
# Images on this host: by digest, with the host's own role, so that no task ever depends on a twelve-hour token.
# shellcheck disable=SC2034,SC2154 # such as the scripts share that include this file; SSM_… come from the agent

# The two below say what is wrong in $trouble_step and $trouble, and are false then.

registry_auth() {
  [ -z "${auth:-}" ] || return 0
  trouble_step=login
  curl_can_sign || {
    trouble="curl $(curl --version | awk '{ print $2; exit }') is too old to sign requests: 7.88 or newer is needed"
    return 1
  }
  aws_credentials || {
    trouble="no credentials of the instance's role at the metadata address; is a role attached?"
    return 1
  }
  answer=$(aws_json ecr api.ecr "$SSM_registryRegion" \
    AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken '{}') || {
    trouble="ecr GetAuthorizationToken in $SSM_registryRegion: $answer"
    return 1
  }
  password=$(printf '%s' "$answer" | json_member authorizationToken | base64 -d | cut -d: -f2-)
  auth=$(printf '{"username":"AWS","password":"%s","serveraddress":"%s"}' "$password" "$SSM_registry" |
    base64 -w0 | tr '+/' '-_')
}

# hold IMAGE: pulls it unless it is here. A tag may have moved since; only a digest says that what is here is what is wanted.
hold() {
  case $1 in *@sha256:*) ! docker image inspect "$1" >/dev/null 2>&1 || return 0 ;; esac
  case $1 in "$SSM_registry"/*) registry_auth || return 1 ;; esac
  name=$(printf '%s' "$1" | sed 's/%/%25/g; s/@/%40/g; s/:/%3A/g; s,/,%2F,g; s/+/%2B/g')
  trouble_step=pull
  answer=$(
    case $1 in
      "$SSM_registry"/*) printf 'header = "X-Registry-Auth: %s"\n' "$auth" ;;
    esac | engine POST "/images/create?fromImage=$name" -K - | tail -n 3
  ) || {
    trouble="the Engine API did not answer: $answer"
    return 1
  }
  case $answer in
    *errorDetail*) ;;
    *$'\n200' | 200)
      pulled=$((pulled + 1))
      return 0
      ;;
  esac
  trouble=$(engine_message "$answer")
  return 1
}

# hold_images IMAGES: counts in $held and $pulled. One that begins with + is a spare, wanted only for a way back or a way on:
# where it cannot be had, it stands in $missing; any other ends the script.
hold_images() {
  held=0 pulled=0 missing=''
  for word in $1; do
    image=${word#+}
    if hold "$image"; then
      held=$((held + 1))
    elif [ "$word" != "$image" ]; then
      missing="$missing $image"
    else
      [ "$trouble_step" = login ] || trouble="$image: $trouble"
      fail "$trouble_step" "$trouble"
    fi
  done
  missing=${missing# }
}

# How full the disk is that images lie on, in percent; `null` where that cannot be told, which is no reason to fail.
disk_percent() {
  percent=$(df --output=pcent "$(docker_format '<<.DockerRootDir>>' info 2>/dev/null)" 2>/dev/null | tail -n 1 | tr -cd 0-9) || true
  printf '%s' "${percent:-null}"
}

image_ids() {
  for word in "$@"; do docker_format '<<.Id>>' image inspect "${word#+}" 2>/dev/null || true; done
}

# prune_images REPOSITORY IMAGES: takes away what of this repository is none of IMAGES and is used by no container. Unforced, so
# that the daemon has the last word; counts in $pruned.
prune_images() {
  pruned=0
  [ -n "$1" ] || return 0
  # shellcheck disable=SC2086 # one word an image
  spared=$(image_ids $2)
  # shellcheck disable=SC2046 # one word a container
  set -- "$1" $(docker ps -aq)
  repository=$1
  shift
  [ $# -eq 0 ] || spared="$spared $(docker_format '<<.Image>>' inspect "$@" 2>/dev/null || true)"
  while read -r id tag digest; do
    case " $(printf '%s' "$spared" | tr '\n' ' ') " in *" $id "*) continue ;; esac
    case $tag in '<none>') name=$repository@$digest ;; *) name=$repository:$tag ;; esac
    ! docker image rm "$name" >/dev/null 2>&1 || pruned=$((pruned + 1))
  done <<LIST
$(docker_format '<<.ID>> <<.Tag>> <<.Digest>>' image ls --no-trunc --digests "$repository")
LIST
}
