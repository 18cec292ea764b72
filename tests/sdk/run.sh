#!/bin/sh
# Runs boto3_client.py against a stand-alone endpoint: tests/sdk/run.sh [COMMAND THAT SERVES ONE]
# The command prints "listening on URL"; without one, flowctl is built and used. Python packages go
# to a virtual environment below target/.
set -eu
cd "$(dirname "$0")/../.."
environment=target/sdk-test

skip() {
    echo "skipped: $1"
    exit 0
}

command -v python3 >/dev/null || skip "python3 is not installed"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || skip "python3 is older than 3.11"
if ! cmp -s tests/sdk/requirements.txt "$environment/requirements.txt"; then
    rm -rf "$environment"
    python3 -m venv "$environment" || skip "python3 cannot make virtual environments"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --retries 1 \
        -r tests/sdk/requirements.txt || skip "boto3 cannot be installed: PyPI was not reached"
    cp tests/sdk/requirements.txt "$environment/"
fi

if [ $# -eq 0 ]; then
    cargo build --quiet --locked -p flowctl
    set -- target/debug/flowctl emulator --listen 127.0.0.1:0
fi
log=$(mktemp)
"$@" >"$log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -f "$log"' EXIT
url=
for _ in $(seq 100); do
    url=$(sed -n 's/^listening on //p' "$log")
    [ -z "$url" ] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
[ -n "$url" ] || { echo "error: the endpoint did not start" >&2; exit 1; }
"$environment/bin/python" tests/sdk/boto3_client.py "$url"
