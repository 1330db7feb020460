#!/usr/bin/env bash
# Starts a Keycloak with the realms of realms.mjs on 127.0.0.1 and waits until it answers; one that runs already is kept.
# The first start gets the distribution from Maven Central. What to set is in ../README.md.
#   start.sh [PORT]     prints KEYCLOAK_URL=…, KEYCLOAK_ISSUER=…, … on standard output, and what it does on standard error
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${LAB_KEYCLOAK_VERSION:-26.4.0}
port=${1:-${LAB_KEYCLOAK_PORT:-8180}}
patience=${LAB_KEYCLOAK_WAIT_SECONDS:-240}
cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/h2o-ai-cloud-lab}
home=$cache/keycloak-$version
run=$cache/run/keycloak-$port
url=http://127.0.0.1:$port
mkdir -p "$run"

say() { printf 'keycloak: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

answers() {
  local realm
  for realm in hac hac-norotate; do
    curl -fsS -m 5 -o /dev/null "$url/realms/$realm/.well-known/openid-configuration" 2>/dev/null || return 1
  done
}
is_ours() { [[ -s $run/pid ]] && { tr '\0' ' ' <"/proc/$(<"$run/pid")/cmdline"; } 2>/dev/null | grep -qF "$home"; }
report() {
  printf 'KEYCLOAK_URL=%s\nKEYCLOAK_ISSUER=%s\nKEYCLOAK_ISSUER_NO_ROTATE=%s\nKEYCLOAK_PID=%s\nKEYCLOAK_LOG=%s\n' \
    "$url" "$url/realms/hac" "$url/realms/hac-norotate" "$(<"$run/pid")" "$run/log"
  exit 0
}

# Becomes a command that goes on running alone: it keeps no lock and no pipe of whoever started this script.
detached() {
  local descriptor
  for descriptor in /proc/self/fd/*; do
    descriptor=${descriptor##*/}
    if ((descriptor > 2)); then eval "exec $descriptor>&-"; fi
  done
  exec setsid nohup "$@" </dev/null
}

find_java() {
  local candidate release
  for candidate in "${LAB_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/* "$(dirname "$(dirname "$(readlink -f "$(command -v java || echo /none)")")")"; do
    [[ -n $candidate && -x $candidate/bin/java ]] || continue
    release=$("$candidate/bin/java" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.specification.version = //p')
    if [[ $release =~ ^[0-9]+$ ]] && ((release >= 17)); then
      printf '%s' "$candidate"
      return
    fi
  done
}

install_keycloak() {
  local artifact=org.keycloak:keycloak-quarkus-dist:$version:zip unpacked
  local zip=$HOME/.m2/repository/org/keycloak/keycloak-quarkus-dist/$version/keycloak-quarkus-dist-$version.zip
  if [[ ! -f $zip ]]; then
    command -v mvn >/dev/null || fail 'mvn is missing (Debian: apt-get install maven)'
    say "getting Keycloak $version with mvn (160 MB)"
    mvn -q -B dependency:get -Dtransitive=false "-Dartifact=$artifact" >&2
    mvn -q -B dependency:copy "-Dartifact=$artifact" "-DoutputDirectory=$cache/download" >&2
    zip=$cache/download/keycloak-quarkus-dist-$version.zip
  fi
  unpacked=$(mktemp -d "$cache/unpack.XXXXXX")
  (cd "$unpacked" && { unzip -q "$zip" 2>/dev/null || "$JAVA_HOME/bin/jar" xf "$zip" || python3 -m zipfile -e "$zip" .; })
  chmod +x "$unpacked"/*/bin/*.sh
  rm -rf "$home"
  mv "$unpacked/keycloak-$version" "$home"
  rm -rf "$unpacked" "$cache/download"
  touch "$home/.installed"
}

# One start at a time: start-dev writes into the distribution, and the realm files are there.
exec 9>"$cache/keycloak.lock"
flock -w "$patience" 9 || fail 'another start has not ended'
if is_ours && answers; then say "runs already on $url"; report; fi
if is_ours; then say 'one that does not answer is stopped first'; "$here/stop.sh" "$port"; fi
if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then fail "port $port is taken by another program"; fi

JAVA_HOME=$(find_java)
[[ -n $JAVA_HOME ]] || fail 'Java 17 or later is missing (Debian: apt-get install openjdk-17-jre-headless)'
export JAVA_HOME
[[ -f $home/.installed ]] || install_keycloak
rm -rf "$home/data/import"
node "$here/realms.mjs" "$home/data/import"

# The database is in memory, so that every start is a clean one.
export KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD=admin
export LAB_ACCESS_TOKEN_SECONDS=${LAB_ACCESS_TOKEN_SECONDS:-300} LAB_SESSION_IDLE_SECONDS=${LAB_SESSION_IDLE_SECONDS:-1800} LAB_SESSION_SECONDS=${LAB_SESSION_SECONDS:-36000}
export JAVA_OPTS='-Xms64m -Xmx384m -XX:MaxMetaspaceSize=256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError -Djava.security.egd=file:/dev/urandom'
unset KC_HTTP_PORT KC_DB KC_HOSTNAME
began=$SECONDS
say "starts on $url"
cd "$home"
detached sh "$home/bin/kc.sh" start-dev --import-realm --db=dev-mem --http-host=127.0.0.1 --http-port="$port" >"$run/log" 2>&1 &
pid=$!
echo "$pid" >"$run/pid"

# A test run that is killed stops nothing itself.
if [[ -n ${LAB_OWNER_PID:-} ]]; then
  detached sh -c "while kill -0 $LAB_OWNER_PID && kill -0 $pid; do sleep 2; done; kill $pid" >/dev/null 2>&1 &
fi

until answers; do
  kill -0 "$pid" 2>/dev/null || { tail -n 20 "$run/log" >&2; fail "it ended; the end of $run/log is above"; }
  ((SECONDS - began < patience)) || { "$here/stop.sh" "$port"; fail "not ready after $patience s, see $run/log"; }
  sleep 0.5
done
say "ready after $((SECONDS - began)) s"
report
