# Shared by the set-up scripts: words, and apt with or without sudo. Sourced, never run.

say() { printf '\n== %s\n' "$*"; }
die() { printf '\nerror: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Debian's server programs are not in PATH.
have_postgres() {
    [ -n "${ORQESTRA_PG_BIN:-}" ] && [ -x "$ORQESTRA_PG_BIN/initdb" ] && return 0
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || have initdb
}

# Another way than apt to what is being installed, told where apt cannot help. Set by who installs.
otherwise=

# Runs a command as root: as it is, or through sudo. The words it needs come first, for when neither works.
as_root() {
    local wanted=$1
    shift
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "missing: $wanted. Not root, and there is no sudo: run as root: apt-get install $wanted$otherwise"
    fi
}

apt_updated=
# apt_install PACKAGE...: installs what is missing of them, and says so.
apt_install() {
    have apt-get || die "missing: $*. There is no apt-get here: install them with this system's own packages$otherwise"
    say "installing $*"
    if [ -z "$apt_updated" ]; then
        # Without a network the lists of earlier may be enough.
        as_root "$*" apt-get update -q || printf 'note: apt-get update failed; trying with the lists that are here\n' >&2
        apt_updated=yes
    fi
    as_root "$*" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" \
        || die "missing: $*. apt-get, whose words stand above, cannot install them$otherwise"
}
