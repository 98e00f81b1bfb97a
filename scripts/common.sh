# Shared by the set-up scripts: words, and apt with or without sudo. Sourced, never run.

say() { printf '\n== %s\n' "$*"; }
die() { printf '\nerror: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Debian's server programs are not in PATH.
have_postgres() {
    [ -n "${ORQESTRA_PG_BIN:-}" ] && [ -x "$ORQESTRA_PG_BIN/initdb" ] && return 0
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || have initdb
}

# Runs a command as root: as it is, or through sudo. The words it needs come first, for when neither works.
as_root() {
    local wanted=$1
    shift
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "missing: $wanted. Not root, and there is no sudo: run as root: apt-get install $wanted"
    fi
}

apt_updated=
# apt_install PACKAGE...: installs what is missing of them, and says so.
apt_install() {
    have apt-get || die "missing: $*. There is no apt-get here: install them with this system's own packages"
    say "installing $*"
    if [ -z "$apt_updated" ]; then
        as_root "$*" apt-get update -q || die "apt-get update failed; still missing: $*"
        apt_updated=yes
    fi
    as_root "$*" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" \
        || die "apt-get cannot install: $*"
}
