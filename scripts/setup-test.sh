#!/usr/bin/env bash
# What the tests need beyond setup.sh: a real SMTP server (aiosmtpd on the system's Python), the official realtime
# clients for JavaScript and Python, a browser for the demo page with what drives it, a validator and generators for the
# API's description, a checker of metrics, Apache Kafka with Java and a client (kcat), and Redis. Idempotent.
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

# beside WHERE FOLDER WHAT: installs the npm and Python packages that the lock files in tests/FOLDER pin into .cache/WHERE,
# unless what is there is of these files. A folder may lack the lock file of npm.
beside() {
    local where=$PWD/.cache/$1 from=tests/$2 what=$3 locks=("tests/$2/requirements.txt") wanted
    if [ -e "$from/package-lock.json" ]; then
        locks=("$from/package-lock.json" "${locks[@]}")
    fi
    wanted=$(cat "${locks[@]}" | sha256sum)
    if [ "$(cat "$where/of" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    /usr/bin/python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
    say "installing $what"
    rm -rf "$where"
    mkdir -p "$where"
    if [ -e "$from/package-lock.json" ]; then
        if ! have npm || [ "$(node --version | sed 's/^v\([0-9]*\).*/\1/')" -lt 18 ]; then
            apt_install nodejs npm
        fi
        cp "$from/package.json" "$from/package-lock.json" "$where"
        (cd "$where" && npm ci --ignore-scripts --no-audit --no-fund --silent) \
            || die "the npm packages of $from/package-lock.json cannot be had"
    fi
    /usr/bin/python3 -m pip install --quiet --root-user-action ignore --target "$where/python" --only-binary :all: \
        --require-hashes -r "$from/requirements.txt" \
        || die "the Python packages of $from/requirements.txt cannot be had"
    printf '%s\n' "$wanted" >"$where/of"
}

# The official realtime clients and the browser's driver; what validates the API's description and makes clients of it.
beside clients clients "the realtime clients"
beside description description "the tools for descriptions of an API"

# A Kafka client that shares no code with the engine's.
beside stream stream "a consumer's Kafka client"

# Prometheus's own checker of metrics and rules, out of Debian's package: nothing of it is installed, and no server starts.
if ! have promtool && [ ! -x .cache/promtool/promtool ]; then
    say "getting promtool"
    have apt-get && have dpkg-deb || die "missing: promtool. There is no apt-get here: put it into PATH"
    rm -rf .cache/promtool
    mkdir -p .cache/promtool
    (
        cd .cache/promtool
        apt-get download -q prometheus || { as_root prometheus apt-get update -q && apt-get download -q prometheus; } \
            || die "missing: promtool. apt-get, whose words stand above, cannot get the package prometheus"
        dpkg-deb -x prometheus_*.deb unpacked
        mv unpacked/usr/bin/promtool .
        rm -rf unpacked prometheus_*.deb
    )
fi

# Kafka's broker: the jars that tests/kafka/pom.xml pins, of which it runs on Java 17 or newer.
have_java_17() {
    have java && [ "$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')" -ge 17 ] 2>/dev/null
}
if ! have_java_17; then
    apt_install default-jre-headless
    have_java_17 || die "Kafka needs Java 17 or newer, but java in PATH is another: $(java -version 2>&1 | head -n 1)"
fi
kafka=$PWD/.cache/kafka
wanted=$(sha256sum tests/kafka/pom.xml | cut -d ' ' -f 1)
if [ "$(cat "$kafka/of" 2>/dev/null)" != "$wanted" ]; then
    have mvn || apt_install maven
    say "getting Kafka"
    rm -rf "$kafka"
    mvn -q -B -f tests/kafka/pom.xml dependency:copy-dependencies "-DoutputDirectory=$kafka/libs" \
        || die "the jars of tests/kafka/pom.xml cannot be had"
    printf '%s\n' "$wanted" >"$kafka/of"
fi
have kcat || apt_install kcat

# Redis' server. Debian's redis-server would start one; its program is in redis-tools, where its name decides what it does.
if ! have redis-server && [ ! -x .cache/redis/redis-server ]; then
    have redis-check-rdb || apt_install redis-tools
    mkdir -p .cache/redis
    ln -sf "$(command -v redis-check-rdb)" .cache/redis/redis-server
fi
