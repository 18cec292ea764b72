#!/usr/bin/env bash
# Makes reports with the real binary and reads them in headless Chromium, as a person would: with the
# mouse, with the keyboard alone, on a phone, in the light and in the dark.
#
#   tests/html/run.sh [FLOWCTL]     without FLOWCTL, target/debug/flowctl is built and used
#
# Node packages, reports and screenshots go to target/html. Debian's chromium is installed where there
# is none. Prints `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/../.."
made=$PWD/target/html

skip() { echo "skipped: $*"; exit 0; }
command -v node >/dev/null && command -v npm >/dev/null || skip "this needs Node.js"
if [ ! -x /usr/bin/chromium ]; then
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    chromium fonts-dejavu-core fonts-noto-cjk fonts-noto-color-emoji; } >/dev/null 2>&1 ||
    skip "chromium is not installed and cannot be"
fi
mkdir -p "$made"
if ! cmp -s tests/html/package.json "$made/package.json"; then
  cp tests/html/package.json "$made/package.json"
  (cd "$made" && npm install --silent --no-audit --no-fund --ignore-scripts) || {
    rm "$made/package.json"
    skip "the Node packages cannot be installed"
  }
fi
if [ $# -eq 0 ]; then
  cargo build --quiet --locked -p flowctl
fi
flowctl=$(realpath "${1-target/debug/flowctl}")

trap 'kill "$(cat "$made/gallery/endpoint")" 2>/dev/null || true' EXIT
tests/gallery/make.sh "$flowctl" "$made/gallery"
# shellcheck disable=SC1091
. "$made/gallery/environment"
"$flowctl" -C "$made/gallery/plan" plan --format html --label gallery >"$made/gallery.html" 2>"$made/gallery.err"

# 1,000 resources that are created, and as many that depend on each other.
mkdir -p "$made/many"
cat >"$made/many/main.tf" <<'END'
resource "terraform_data" "first" {
  count = 500
  input = { name = "first-${count.index}", tags = { for n in range(10) : "tag-${n}" => "value ${n}" } }
}

resource "terraform_data" "second" {
  count = 500
  input = { name = "second-${count.index}", first = terraform_data.first[count.index].id }
}
END
"$flowctl" -C "$made/many" plan --format html >"$made/many.html"

cp tests/html/*.mjs "$made/"
node "$made/read.mjs" "$made"
