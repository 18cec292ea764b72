#!/usr/bin/env bash
# make.sh FLOWCTL DIRECTORY: a directory of which a plan shows every action and every kind of value.
#
# What before/ says is applied, outside/ is done to the same account behind its back, and after/ is
# left there to be planned. Plan it with `AWS_ENDPOINT_URL_APPFLOW` and the other variables that
# DIRECTORY/environment holds; the endpoint ends with the process whose id is in DIRECTORY/endpoint.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
flowctl=$(realpath "$1")
made=$2

rm -rf "$made"
mkdir -p "$made/plan" "$made/outside"
made=$(cd "$made" && pwd)
: >"$made/log"
"$flowctl" emulator --listen 127.0.0.1:0 >"$made/log" 2>&1 &
echo $! >"$made/endpoint"
url=
for _ in $(seq 100); do
  url=$(sed -n 's/^listening on //p' "$made/log")
  [ -z "$url" ] || break
  sleep 0.1
done
[ -n "$url" ] || { echo "error: the endpoint did not start" >&2; exit 1; }
cat >"$made/environment" <<END
export AWS_ENDPOINT_URL_APPFLOW=$url AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
END
# shellcheck disable=SC1091
. "$made/environment"

cp "$here"/before/*.tf "$made/plan/"
"$flowctl" -C "$made/plan" apply -auto-approve >"$made/apply.txt"
cp "$here"/outside/*.tf "$made/outside/"
"$flowctl" -C "$made/outside" apply -auto-approve >>"$made/apply.txt"
cp "$here"/after/*.tf "$made/plan/"
