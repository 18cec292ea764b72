#!/usr/bin/env bash
# Plans as comments, rendered as the hosts render them and then looked at: tests/markdown/run.sh
# [FLOWCTL]. Without FLOWCTL, target/debug/flowctl is built and used. Python packages and what was made
# go to target/markdown. Prints `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/../.."
made=$PWD/target/markdown

skip() { echo "skipped: $*"; exit 0; }
python3 -c 'import venv, ensurepip' 2>/dev/null || skip "this needs Python with venv"
mkdir -p "$made"
if ! cmp -s tests/markdown/requirements.txt "$made/requirements.txt"; then
  rm -rf "$made/venv"
  python3 -m venv "$made/venv"
  "$made/venv/bin/pip" install --quiet --disable-pip-version-check -r tests/markdown/requirements.txt ||
    skip "the packages cannot be installed"
  cp tests/markdown/requirements.txt "$made/requirements.txt"
fi
if [ $# -eq 0 ]; then
  cargo build --quiet --locked -p flowctl
fi
flowctl=$(realpath "${1-target/debug/flowctl}")
trap 'kill "$(cat "$made/gallery/endpoint")" 2>/dev/null || true' EXIT
tests/gallery/make.sh "$flowctl" "$made/gallery"
# shellcheck disable=SC1091
. "$made/gallery/environment"
"$made/venv/bin/python" tests/markdown/render.py "$flowctl" "$made"
