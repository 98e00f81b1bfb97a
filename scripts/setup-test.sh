#!/usr/bin/env bash
# What the tests need beyond setup.sh: a real SMTP server (aiosmtpd on the system's Python), the official realtime
# clients for JavaScript and Python, and a browser for the demo page with what drives it. Idempotent.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

scripts/setup.sh
# The system's own Python, since apt's packages are for it and another one may come first in PATH.
if ! /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null; then
    apt_install python3 python3-aiosmtpd
    /usr/bin/python3 -c 'import aiosmtpd' || die "python3-aiosmtpd is installed, but /usr/bin/python3 cannot import it"
fi

# The browser that opens the demo page.
have chromium || apt_install chromium

# The official realtime clients and the browser's driver, pinned by their lock files and kept beside the project.
clients=$PWD/.cache/clients
wanted=$(cat tests/clients/package-lock.json tests/clients/requirements.txt | sha256sum)
if [ "$(cat "$clients/of" 2>/dev/null)" != "$wanted" ]; then
    if ! have npm || [ "$(node --version | sed 's/^v\([0-9]*\).*/\1/')" -lt 18 ]; then
        apt_install nodejs npm
    fi
    /usr/bin/python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
    say "installing the realtime clients"
    rm -rf "$clients"
    mkdir -p "$clients"
    cp tests/clients/package.json tests/clients/package-lock.json "$clients"
    npm ci --prefix "$clients" --ignore-scripts --no-audit --no-fund --silent \
        || die "the npm packages of tests/clients/package-lock.json cannot be had"
    /usr/bin/python3 -m pip install --quiet --root-user-action ignore --target "$clients/python" --only-binary :all: \
        --require-hashes -r tests/clients/requirements.txt \
        || die "the Python packages of tests/clients/requirements.txt cannot be had"
    printf '%s\n' "$wanted" >"$clients/of"
fi
