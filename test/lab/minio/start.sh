#!/usr/bin/env bash
# Starts a MinIO with an empty store on 127.0.0.1 whose token service trusts one issuer, and waits until it answers.
# The first start builds it from the Go module proxy. What to set is in ../README.md.
#   start.sh PORT ISSUER POLICY     prints MINIO_URL=…, MINIO_ROLE=…, MINIO_PID=…, MINIO_LOG=… on standard output
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${LAB_MINIO_VERSION:-v0.0.0-20260212201848-7aac2a2c5b7c}
port=$1 issuer=$2 policy=$3
patience=${LAB_MINIO_WAIT_SECONDS:-60}
cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/h2o-ai-cloud-lab}
program=$cache/minio-$version/minio
run=$cache/run/minio-$port
url=http://127.0.0.1:$port
mkdir -p "$run"

say() { printf 'minio: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Becomes a command that goes on running alone: it keeps no lock and no pipe of whoever started this script.
detached() {
  local descriptor
  for descriptor in /proc/self/fd/*; do
    descriptor=${descriptor##*/}
    if ((descriptor > 2)); then eval "exec $descriptor>&-"; fi
  done
  exec setsid nohup "$@" </dev/null
}

build() {
  command -v go >/dev/null || fail 'Go 1.24 or later is missing (https://go.dev/dl)'
  local began=$SECONDS unpacked
  unpacked=$(mktemp -d "$cache/build.XXXXXX")
  say "builds MinIO $version once"
  GOBIN=$unpacked GOFLAGS=-trimpath go install "github.com/minio/minio@$version" >"$run/build.log" 2>&1 || { tail -n 5 "$run/build.log" >&2; fail 'it could not be built'; }
  mkdir -p "$(dirname "$program")"
  mv "$unpacked/minio" "$program"
  rm -rf "$unpacked"
  say "built after $((SECONDS - began)) s"
}

exec 9>"$cache/minio.lock"
flock -w 900 9 || fail 'another build has not ended'
[[ -x $program ]] || build
flock -u 9
if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then fail "port $port is taken by another program"; fi

"$here/stop.sh" "$port"
rm -rf "$run/data"
mkdir -p "$run/data"
export MINIO_ROOT_USER=lab MINIO_ROOT_PASSWORD=lab-lab-lab MINIO_BROWSER=off MINIO_API_STALE_UPLOADS_EXPIRY=1h
# A token is accepted when its audience is "mlops".
export MINIO_IDENTITY_OPENID_CONFIG_URL=$issuer/.well-known/openid-configuration
export MINIO_IDENTITY_OPENID_CLIENT_ID=mlops MINIO_IDENTITY_OPENID_ROLE_POLICY=$policy
unset MINIO_VOLUMES MINIO_OPTS MINIO_CONFIG_ENV_FILE
detached "$program" server "$run/data" --address "127.0.0.1:$port" >"$run/log" 2>&1 &
pid=$!
echo "$pid" >"$run/pid"

# A test run that is killed stops nothing itself.
if [[ -n ${LAB_OWNER_PID:-} ]]; then
  detached sh -c "while kill -0 $LAB_OWNER_PID && kill -0 $pid; do sleep 2; done; kill $pid; rm -rf '$run/data'" >/dev/null 2>&1 &
fi

began=$SECONDS
until curl -fsS -m 2 -o /dev/null "$url/minio/health/ready" 2>/dev/null && grep -q 'arn:minio:iam:' "$run/log"; do
  kill -0 "$pid" 2>/dev/null || { tail -n 10 "$run/log" >&2; fail "it ended; the end of $run/log is above"; }
  ((SECONDS - began < patience)) || { "$here/stop.sh" "$port"; fail "not ready after $patience s, see $run/log"; }
  sleep 0.2
done
printf 'MINIO_URL=%s\nMINIO_ROLE=%s\nMINIO_PID=%s\nMINIO_LOG=%s\n' "$url" "$(grep -o 'arn:minio:iam:[^ ]*' "$run/log" | head -1)" "$pid" "$run/log"
