#!/usr/bin/env bash
# Stops the MinIO of a port and removes what it stores. One that does not run is no error.
#   stop.sh PORT
set -euo pipefail
cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/h2o-ai-cloud-lab}
run=$cache/run/minio-$1
if [[ -s $run/pid ]]; then
  pid=$(<"$run/pid")
  # Another program may have the number by now.
  if { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF "$run/data"; then
    kill "$pid"
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  fi
  rm -f "$run/pid"
fi
rm -rf "$run/data"
