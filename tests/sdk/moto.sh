#!/bin/sh
# Reads secrets of Secrets Manager and Systems Manager, for which moto stands in, and makes
# credentials of them: tests/sdk/moto.sh [FLOWCTL]
# Without a binary, flowctl is built. Python packages go to a virtual environment below target/.
set -eu
cd "$(dirname "$0")/../.."
environment=target/moto-test
requirements=tests/sdk/moto-requirements.txt

skip() {
    echo "skipped: $1"
    exit 0
}

command -v python3 >/dev/null || skip "python3 is not installed"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || skip "python3 is older than 3.11"
if ! cmp -s "$requirements" "$environment/requirements.txt"; then
    rm -rf "$environment"
    python3 -m venv "$environment" || skip "python3 cannot make virtual environments"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --retries 1 \
        -r "$requirements" || skip "moto cannot be installed: PyPI was not reached"
    cp "$requirements" "$environment/requirements.txt"
fi

if [ $# -eq 0 ]; then
    cargo build --quiet --locked -p flowctl
    set -- target/debug/flowctl
fi
"$environment/bin/python" tests/sdk/moto_secrets.py "$1"
