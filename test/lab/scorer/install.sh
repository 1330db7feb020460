#!/usr/bin/env bash
# Installs a part of the scorer lab, if it is not there yet, and prints the folder that it is in.
#   install.sh java       the Java scorer, built with Maven from Maven Central (Java 17 or later, mvn)
#   install.sh python1    FastAPI with pydantic 1, from PyPI (Python 3.11)
#   install.sh python2    FastAPI with pydantic 2
#   install.sh prism      Prism, which checks messages against a contract, from npm
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/h2o-ai-cloud-lab}
part=${1:?java, python1, python2 or prism}

digest() { find "$1" -type f -print0 | sort -z | xargs -0 cat | sha256sum | cut -c1-12; }

build_java() {
  local build
  build=$(mktemp -d "$cache/scorer-build.XXXXXX")
  cp -r "$here/java/." "$build"
  (cd "$build" && mvn -q -B -ntp package)
  mkdir -p "$1"
  mv "$build/target/scorer.jar" "$build/target/lib" "$1"
  rm -rf "$build"
}

build_python() {
  local folder=$1
  shift
  python3 -m venv "$folder"
  "$folder/bin/pip" install -q --disable-pip-version-check httpx==0.28.1 "$@"
}

build_prism() {
  mkdir -p "$1"
  printf "{}" >"$1/package.json"
  (cd "$1" && npm install --no-audit --no-fund --no-package-lock --loglevel=error @stoplight/prism-cli@5.14.2)
}

case $part in
  java) folder=$cache/scorer-java-$(digest "$here/java") build=(build_java) ;;
  python1) folder=$cache/scorer-python1 build=(build_python fastapi==0.99.1 pydantic==1.10.24 uvicorn==0.30.6 python-multipart==0.0.20) ;;
  python2) folder=$cache/scorer-python2 build=(build_python fastapi==0.165.0 pydantic==2.14.3 uvicorn==0.54.0 python-multipart==0.0.34) ;;
  prism) folder=$cache/prism-5.14.2 build=(build_prism) ;;
  *) sed -n '2,6p' "$0" >&2; exit 2 ;;
esac

mkdir -p "$cache"
exec 9>"$cache/$part.lock"
flock -w 600 9
if [[ ! -e $folder/.installed ]]; then
  printf 'scorer lab: installing %s\n' "$part" >&2
  rm -rf "$folder"
  "${build[0]}" "$folder" "${build[@]:1}" >&2 9>&-
  touch "$folder/.installed"
fi
printf '%s\n' "$folder"
