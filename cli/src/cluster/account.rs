//! The server's user where root starts it, and names for PostgreSQL's programs whose user has none.
//!
//! For root it is a user of the cluster's own, without a name, a password or another program: `postgres` or `nobody`
//! on this machine runs other programs too, and could read the files. `initdb` and the single-user server look up
//! the name of their user; where there is none they run in a user namespace that shows them another one's.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// Ids that are neither people's nor systemd's, and exist in containers too: <https://systemd.io/UIDS-GIDS>.
const OWN: std::ops::RangeInclusive<u32> = 60_578..=61_183;
const PASSWD: &str = "/etc/passwd";
/// Shows a name that a file gives, to programs that it is loaded into.
const WRAPPER: &str = "libnss_wrapper.so";

/// A user and a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// How a program that asks for its user's name gets one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// The user has one.
    Already,
    /// In a user namespace it is another's.
    Namespace(Account),
    /// A library tells it.
    Wrapper(PathBuf),
}

impl Account {
    /// A user for the cluster in `home`: one of its own, or where the system has no user namespaces `postgres`, else `nobody`.
    pub(super) fn for_cluster(home: &Path) -> anyhow::Result<Self> {
        let users = users()?;
        if let Some(uid) = unused(home) {
            let own = Self { uid, gid: uid };
            if shown(&users).is_some_and(|other| namespace_works(Some(own), other)) {
                return Ok(own);
            }
        }
        unprivileged(&users).context("neither `postgres` nor `nobody` is a user here")
    }
}

/// How programs of this user, where it is not ours, get its name.
pub(super) fn named(account: Option<Account>) -> anyhow::Result<Named> {
    let uid = account.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
    if has_name(uid) {
        return Ok(Named::Already);
    }
    let users = users().unwrap_or_default();
    if let Some(other) = shown(&users).filter(|other| namespace_works(account, *other)) {
        return Ok(Named::Namespace(other));
    }
    match wrapper() {
        Some(library) => Ok(Named::Wrapper(library)),
        None => bail!(
            "the user {uid} has no name here, which PostgreSQL's initdb asks for, and this system has no user \
             namespaces: add the user to {PASSWD}, install libnss-wrapper, or set ORQESTRA_DATABASE_URL"
        ),
    }
}

/// Whether the user has a name on this machine, and so may run other programs.
pub(super) fn has_name(uid: u32) -> bool {
    let listed = users().is_ok_and(|users| accounts(&users).any(|(_, account)| account.uid == uid));
    // Names may come from elsewhere than the file.
    listed || quiet("getent").args(["passwd", &uid.to_string()]).status().is_ok_and(|status| status.success())
}

fn users() -> anyhow::Result<String> {
    std::fs::read_to_string(PASSWD).with_context(|| format!("cannot read {PASSWD}"))
}

fn accounts(users: &str) -> impl Iterator<Item = (&str, Account)> {
    users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, _password) = (fields.next()?, fields.next()?);
        Some((name, Account { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? }))
    })
}

/// `postgres` where it exists, else `nobody`.
fn unprivileged(users: &str) -> Option<Account> {
    let find = |wanted: &str| accounts(users).find(|(name, _)| *name == wanted).map(|(_, account)| account);
    find("postgres").or_else(|| find("nobody"))
}

/// The user whose name a program without one is shown: not root, which PostgreSQL refuses.
fn shown(users: &str) -> Option<Account> {
    unprivileged(users)
        .or_else(|| accounts(users).map(|(_, account)| account).find(|account| account.uid != 0))
        .filter(|account| account.uid != 0)
}

/// An id that no user of this machine has, no process runs as and no other cluster's folder belongs to.
fn unused(home: &Path) -> Option<u32> {
    let folders = [home.parent().unwrap_or(home), Path::new("/proc"), Path::new("/run")];
    let taken: BTreeSet<u32> = folders
        .into_iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.metadata().ok()?.uid()))
        .collect();
    let count = OWN.end() - OWN.start() + 1;
    // Another one for each cluster, and the same one again, where it is free.
    let first = home.as_os_str().as_encoded_bytes().iter();
    let first = first.fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte))) % count;
    (0..count)
        .map(|step| OWN.start() + (first + step) % count)
        .find(|uid| !taken.contains(uid) && !has_name(*uid))
}

/// The arguments with which `unshare` shows a program that its user is another.
pub(super) fn namespace_of(other: Account) -> [String; 4] {
    ["--user".into(), format!("--map-user={}", other.uid), format!("--map-group={}", other.gid), "--".into()]
}

fn namespace_works(account: Option<Account>, other: Account) -> bool {
    let mut command = quiet("unshare");
    command.args(namespace_of(other)).arg("true");
    if let Some(account) = account {
        command.gid(account.gid).uid(account.uid);
    }
    command.status().is_ok_and(|status| status.success())
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn wrapper() -> Option<PathBuf> {
    let folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from);
    let below = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    folders.into_iter().chain(below).map(|folder| folder.join(WRAPPER)).find(|library| library.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &str =
        "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\npostgres:x:101:104::/:/bin/sh\n";

    #[test]
    fn where_there_is_no_user_of_its_own_it_is_postgres_else_nobody() {
        assert_eq!(unprivileged(BOTH), Some(Account { uid: 101, gid: 104 }));
        let one = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(unprivileged(one), Some(Account { uid: 65534, gid: 65533 }));
        assert_eq!(unprivileged("root:x:0:0::/root:/bin/sh\n"), None);
    }

    #[test]
    fn a_program_is_never_shown_that_it_is_roots() {
        assert_eq!(shown("root:x:0:0::/root:/bin/sh\n"), None);
        assert_eq!(shown("nobody:x:0:0::/:/bin/sh\n"), None);
        assert_eq!(shown("root:x:0:0::/:/x\nann:x:5:6::/:/x\n"), Some(Account { uid: 5, gid: 6 }));
    }

    #[test]
    fn a_cluster_of_roots_has_a_user_of_its_own() {
        let uid = unused(Path::new("/var/lib/orqestra/0123456789ab")).unwrap();
        assert!(OWN.contains(&uid) && !has_name(uid), "{uid}");
        assert!(has_name(0));
    }
}
