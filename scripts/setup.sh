#!/usr/bin/env bash
# What building and running needs: a Rust toolchain (checked), C and C++ compilers, make, OpenSSL's headers, PostgreSQL's
# server programs.
# Idempotent: with everything there it does nothing and asks nobody. `setup.sh up` leaves PostgreSQL out where the engine
# is given a database elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

have cargo || die "Rust is missing: install rustup (rust-toolchain.toml then picks the version) and run this again"
pinned=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)
found=$(rustc --version 2>&1) || die "rustc does not run; rust-toolchain.toml asks for $pinned: $found"
case $found in
    "rustc $pinned "*) ;;
    *) printf 'note: %s, while this is tested with %s\n' "$found" "$pinned" ;;
esac

have cc || apt_install gcc libc6-dev
# librdkafka, which comes as source and has no TLS but OpenSSL's.
have make && have c++ || apt_install make g++
have pkg-config && pkg-config --exists openssl || apt_install pkg-config libssl-dev

if [ "${1:-}" = up ] && [ -n "${ORQESTRA_DATABASE_URL:-}" ]; then
    exit 0
fi
if ! have_postgres; then
    otherwise="; or set ORQESTRA_PG_BIN to a folder with initdb and postgres of version 15 or newer; or, to run the engine
on a server elsewhere, set ORQESTRA_DATABASE_URL (README.md, Settings)"
    # Debian's package would make and start a cluster on port 5432; the engine keeps a private one instead.
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        apt_install postgresql-common
        as_root postgresql sed -i 's/^#\?\s*create_main_cluster.*/create_main_cluster = false/' \
            /etc/postgresql-common/createcluster.conf
    fi
    apt_install postgresql
    have_postgres || die "postgresql is installed, but its initdb is not in /usr/lib/postgresql: set ORQESTRA_PG_BIN"
fi
