#!/usr/bin/env bash
# Makes sure that there is a redis-server, by Debian's packages where it is missing, and prints its path.
set -euo pipefail

if ! command -v redis-server >/dev/null; then
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo 'redis: there is no redis-server. Install it (Debian: apt-get install redis-server) and run this again.' >&2
    exit 1
  fi
  echo 'redis: installing redis-server' >&2
  export DEBIAN_FRONTEND=noninteractive
  # Only the program is wanted: a policy of 101 keeps the package from starting a service.
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  { apt-get install -y --no-install-recommends redis-server || { apt-get update && apt-get install -y --no-install-recommends redis-server; }; } >&2
fi
command -v redis-server
