#!/usr/bin/env bash
# What the tests need beyond setup.sh: a real SMTP server (aiosmtpd on the system's Python). Idempotent.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

scripts/setup.sh
# The system's own Python, since apt's packages are for it and another one may come first in PATH.
if ! /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null; then
    apt_install python3 python3-aiosmtpd
    /usr/bin/python3 -c 'import aiosmtpd' || die "python3-aiosmtpd is installed, but /usr/bin/python3 cannot import it"
fi
