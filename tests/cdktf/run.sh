#!/usr/bin/env bash
# Makes the JSON of stacks.py anew, with the CDK for Terraform and its bindings from PyPI. Without an
# argument it is compared with the copy in fixtures/; with `--write` it takes the copy's place.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
made="$root/target/cdktf"

skip() { echo "skipped: $*"; exit 0; }
command -v node >/dev/null || skip "the CDK for Terraform needs Node.js"
python3 -c 'import venv, ensurepip' 2>/dev/null || skip "this needs Python with venv"

mkdir -p "$made"
if ! cmp -s requirements.txt "$made/requirements.txt"; then
  rm -rf "$made/venv"
  python3 -m venv "$made/venv"
  "$made/venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt ||
    skip "the packages cannot be installed"
  cp requirements.txt "$made/requirements.txt"
fi
rm -rf "$made/out"
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1
"$made/venv/bin/python" stacks.py "$made/out"
for stack in profiles complete forms; do
  json="$made/out/stacks/$stack/cdk.tf.json"
  if [ "${1-}" = --write ]; then
    mkdir -p "fixtures/$stack"
    cp "$json" "fixtures/$stack/cdk.tf.json"
  else
    diff -u "fixtures/$stack/cdk.tf.json" "$json"
  fi
done
echo "the JSON of the stacks is as it was kept"
