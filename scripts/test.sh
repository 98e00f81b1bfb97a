#!/usr/bin/env bash
# Every test of the workspace, through the real path: PostgreSQL, an SMTP server, the `orqestra` binary itself.
# `scripts/test.sh ARGUMENT...` hands its arguments to cargo test in place of --workspace.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

scripts/setup-test.sh

say "building"
# The end-to-end tests start the binary, which cargo test alone does not build for another crate. Built alone, it would
# have its dependencies with other features than the whole workspace, so all of it twice.
if [ $# -gt 0 ]; then
    cargo build --locked --package orqestra-cli --bin orqestra
else
    set -- --workspace
    cargo build --locked --workspace --bins --tests
fi
target=${CARGO_TARGET_DIR:-target}
ORQESTRA_BIN=$(realpath "$target/debug/orqestra")
export ORQESTRA_BIN
say "testing"
cargo test --locked "$@"
