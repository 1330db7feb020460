#!/usr/bin/env bash
# Runs a scorer for an H2O-3 MOJO file until its standard input ends (Ctrl+D, or Ctrl+C).
#   start.sh java MOJO [PORT]               H2O's evaluation of MOJO files behind the Java contract (default port 10301)
#   start.sh python1|python2 BACKEND [PORT] the Python contract on pydantic 1 or 2, in front of a Java scorer's origin (10302)
#   start.sh check java|python ORIGIN [PORT] a proxy that writes what breaks the contract into the header sl-violations (10303)
# SHAPLEY=NONE|ORIGINAL|TRANSFORMED|ALL (tree models only), PASSPHRASE and ISSUER set what they say.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mode=${1:-}
json() { if [[ -n ${2:-} ]]; then printf ',"%s":"%s"' "$1" "$2"; fi; }
guard=$(json shapley "${SHAPLEY:-}")$(json passphrase "${PASSPHRASE:-}")$(json issuer "${ISSUER:-}")

case $mode in
  java)
    mojo=$(realpath "${2:?a MOJO file}") port=${3:-10301}
    folder=$("$here/install.sh" java)
    SCORERS="[{\"port\":$port,\"mojo\":\"$mojo\",\"id\":\"$(basename "$mojo" .zip)\"$guard}]"
    command=(java -Xmx512m -cp "$folder/scorer.jar:$folder/lib/*" scorer.ScorerApplication)
    ;;
  python1 | python2)
    port=${3:-10302}
    folder=$("$here/install.sh" "$mode")
    SCORERS="[{\"port\":$port,\"backend\":\"${2:?the origin of a Java scorer}\"$(json passphrase "${PASSPHRASE:-}")}]"
    command=("$folder/bin/python" -B "$here/python/app.py")
    ;;
  check)
    port=${4:-10303}
    folder=$("$here/install.sh" prism)
    export CHECKS="[{\"port\":$port,\"contract\":\"${2:?java or python}\",\"upstream\":\"${3:?the origin of a scorer}\"}]"
    command=(node "$here/contract/check.mjs" "$folder")
    ;;
  *) sed -n '2,6p' "$0" >&2; exit 2 ;;
esac
export SCORERS=${SCORERS:-}
printf 'http://127.0.0.1:%s/model/score\n' "$port" >&2
exec "${command[@]}"
