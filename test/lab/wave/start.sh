#!/usr/bin/env bash
# Starts a real Wave server on 127.0.0.1 and waits until it answers. The first start gets it from PyPI, inside the wheel of h2o-wave.
#   start.sh PORT [waved flag ...]     prints WAVED_PID=… and WAVED_LOG=… on standard output, and what it does on standard error
set -euo pipefail
version=${LAB_WAVE_VERSION:-1.8.16}
port=${1:?port}
shift
cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/h2o-ai-cloud-lab}
home=$cache/waved-$version
run=$cache/run/waved-$port
mkdir -p "$run"

say() { printf 'waved: %s\n' "$*" >&2; }

install_waved() {
  local made
  made=$(mktemp -d "$cache/unpack.XXXXXX")
  say "getting waved $version from PyPI"
  python3 -m venv "$made/venv"
  # The wheel holds the server and its pages; what its Python side depends on is not needed.
  "$made/venv/bin/pip" install -q --no-deps "h2o-wave==$version" >&2
  mkdir -p "$made/home"
  mv "$made/venv/waved" "$made/venv/www" "$made/home/"
  chmod +x "$made/home/waved"
  rm -rf "$home"
  mv "$made/home" "$home"
  rm -rf "$made"
}

exec 9>"$cache/waved.lock"
flock -w 300 9
[[ -x $home/waved ]] || install_waved
flock -u 9
exec 9>&-

cd "$run"
# Settings of whoever starts this must not reach it.
for name in $(compgen -e | grep '^H2O_WAVE_' || true); do unset "$name"; done
setsid nohup "$home/waved" -listen "127.0.0.1:$port" -web-dir "$home/www" -data-dir "$run/data" -no-store -conf "$run/none.env" \
  -access-keychain "$run/keychain" "$@" >"$run/log" 2>&1 </dev/null &
pid=$!

# A test run that is killed stops nothing itself.
if [[ -n ${LAB_OWNER_PID:-} ]]; then
  setsid nohup sh -c "while kill -0 $LAB_OWNER_PID && kill -0 $pid; do sleep 2; done; kill $pid" >/dev/null 2>&1 </dev/null &
fi

for _ in $(seq 100); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    printf 'WAVED_PID=%s\nWAVED_LOG=%s\n' "$pid" "$run/log"
    exit 0
  fi
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.1
done
tail -n 20 "$run/log" >&2
say "it did not start; the end of $run/log is above"
exit 1
