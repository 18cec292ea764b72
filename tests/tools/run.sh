#!/usr/bin/env bash
# Runs tools that were made for Terraform's plans over plans of flowctl: tests/tools/run.sh [NAME…]
# Packages go to virtual environments and an npm folder below target/tools. See README.md.
# Exit code 3: the packages could not be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
made=target/tools

need() { command -v "$1" >/dev/null || { echo "error: this needs $2" >&2; exit 1; }; }
absent() { echo "skipped: $1 could not be installed" >&2; exit 3; }
need python3 "Python 3.11 or newer"
need npm "Node.js with npm"
mkdir -p "$made"

# environment NAME REQUIREMENTS
environment() {
  cmp -s "$2" "$made/$1.txt" && return
  rm -rf "${made:?}/$1"
  python3 -m venv "$made/$1"
  "$made/$1/bin/pip" install --quiet --disable-pip-version-check -r "$2" || absent "what $2 lists"
  cp "$2" "$made/$1.txt"
}
wanted() { [ "$#" -eq 1 ] || [[ " ${*:2} " == *" $1 "* ]]; }
environment python tests/tools/requirements.txt
# checkov and terraform-compliance do not agree on what they depend on.
if wanted checkov "$@"; then environment checkov tests/tools/checkov-requirements.txt; fi
if ! cmp -s tests/tools/package.json "$made/npm/package.json"; then
  mkdir -p "$made/npm"
  cp tests/tools/package.json "$made/npm/"
  (cd "$made/npm" && npm install --silent --no-audit --no-fund) || {
    rm "$made/npm/package.json"
    absent "what tests/tools/package.json lists"
  }
fi

if [ -z "${FLOWCTL-}" ]; then
  cargo build --quiet --locked --workspace --bin flowctl
  FLOWCTL=target/debug/flowctl
fi
FLOWCTL=$(realpath "$FLOWCTL") exec "$made/python/bin/python" tests/tools/check.py "$@"
