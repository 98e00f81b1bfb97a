#!/usr/bin/env bash
# Everything that is checked without running the engine: format, licences and bans, unused dependencies, lints,
# documentation, the rooms' borders. Fastest first; stops at the first failure.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

scripts/setup.sh
scripts/setup-check.sh
export PATH="$PWD/.cache/tools/bin:$PATH"

say "format"
cargo fmt --all --check
say "bans, licences, sources"
cargo deny --locked check --allow unused-wrapper bans licenses sources
say "unused dependencies"
cargo machete --skip-target-dir
say "lints"
cargo clippy --locked --workspace --all-targets -- -D warnings
say "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items
say "borders of the rooms"
cargo test --locked --package orqestra-tests --test it architecture
