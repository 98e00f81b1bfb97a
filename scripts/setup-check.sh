#!/usr/bin/env bash
# The pinned tools of `make check`, built from source into .cache/tools (about four minutes on two cores, once).
# Idempotent. A tool of the pinned version that is in PATH already is used as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 \
    || die "rustfmt or clippy is missing: rustup component add rustfmt clippy"

# tool NAME VERSION [INSTALL OPTION]...
tool() {
    local name=$1 version=$2
    shift 2
    if PATH="$PWD/.cache/tools/bin:$PATH" "$name" --version 2>/dev/null | grep -qwF "$version"; then
        return
    fi
    say "building $name $version"
    # Its build goes beside the workspace's, and away afterwards: none of it is shared.
    CARGO_TARGET_DIR="$PWD/.cache/tools/build" cargo install --locked --root .cache/tools "$name" --version "$version" "$@" \
        || die "$name $version cannot be had from the registry"
}

# Without its default features cargo-deny needs no C library for git; only crates.io is a source here.
tool cargo-deny 0.20.2 --no-default-features
tool cargo-machete 0.9.2
rm -rf .cache/tools/build
