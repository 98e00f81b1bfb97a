#!/usr/bin/env bash
# Builds engine and benchmarks as they ship, then runs them; arguments go to the benchmark program.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

scripts/setup-test.sh
say "building"
cargo build --release --locked --package orqestra-cli --package orqestra-bench
release=$(realpath "${CARGO_TARGET_DIR:-target}/release")
export ORQESTRA_BIN="$release/orqestra"
exec "$release/orqestra-bench" "$@"
