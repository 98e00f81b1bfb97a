#!/usr/bin/env bash
# The long run: the benchmarks at full size, then the end-to-end tests that ORQESTRA_SOAK makes long, with the program as it
# ships. A test prints the seed of its choices before it begins; ORQESTRA_SEED=SEED repeats them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

scripts/setup-test.sh
say "building the tests"
cargo test --locked --package orqestra-tests --test it --no-run

scripts/bench.sh soak

# Every module that reads the variable has a test with a long form.
mapfile -t long < <(cd tests/tests/it && grep -l ORQESTRA_SOAK -- *.rs | sed 's/\.rs$/::/')
[ ${#long[@]} -gt 0 ] || die "no test reads ORQESTRA_SOAK"
ORQESTRA_BIN=$(realpath "${CARGO_TARGET_DIR:-target}/release/orqestra")
export ORQESTRA_BIN ORQESTRA_SOAK=1
say "testing at length: ${long[*]}"
# One at a time: each of them loads the machine.
cargo test --locked --package orqestra-tests --test it -- --nocapture --test-threads 1 "${long[@]}"
