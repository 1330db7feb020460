#!/usr/bin/env bash
# Stops the Keycloak that start.sh started on a port: that process, by its recorded id, and no other.
#   stop.sh [PORT]
set -euo pipefail
port=${1:-${LAB_KEYCLOAK_PORT:-8180}}
cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/h2o-ai-cloud-lab}
recorded=$cache/run/keycloak-$port/pid
if [[ ! -s $recorded ]]; then
  echo "keycloak: none was started on port $port" >&2
  exit 0
fi
pid=$(<"$recorded")
if { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF "$cache/keycloak-"; then
  kill "$pid" 2>/dev/null || true
  for _ in $(seq 60); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.25
  done
  if kill -0 "$pid" 2>/dev/null; then kill -9 "$pid"; fi
fi
rm -f "$recorded"
