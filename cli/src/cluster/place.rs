//! Where the private cluster lives and whom it runs as.
//!
//! Normally `<data folder>/postgres`, as the user who starts the engine. PostgreSQL refuses to run as root, so for
//! root it is a folder under `/var/lib/orqestra` that belongs to `postgres` (or `nobody`), named in
//! `<data folder>/postgres.location`. Invariant: both the home and the socket folder are 0700 and belong to the
//! server's user, so no other local user (root apart) reaches data or socket.

use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

use crate::keep::LOCATION_FILE;

/// Home of the clusters that root's engines use.
const FOR_ROOT: &str = "/var/lib/orqestra";
/// A socket's path is bounded by the kernel (108 bytes), and the server appends `/.s.PGSQL.5432`.
const LONGEST_SOCKET_FOLDER: usize = 85;

/// The user that the server runs as, where it is not the one who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The cluster's folders and user.
#[derive(Debug, Clone)]
pub(super) struct Place {
    home: PathBuf,
    socket_folder: PathBuf,
    start_log: PathBuf,
    account: Option<Account>,
}

impl Place {
    /// Finds or makes the folders for `data_dir`, which must exist and be canonical.
    pub(super) fn settle(data_dir: &Path) -> anyhow::Result<Self> {
        let euid = rustix::process::geteuid().as_raw();
        let home = choose_home(data_dir, euid)?;
        if !home.exists() {
            if euid == 0 {
                make_passable(Path::new(FOR_ROOT))?;
            }
            make_private(&home)?;
            if euid == 0 {
                let account =
                    unprivileged(&passwd()?).context("neither `postgres` nor `nobody` is a user here")?;
                give(&home, account)?;
            }
        }
        let owner = std::fs::metadata(&home).with_context(|| format!("cannot look at {}", home.display()))?;
        let account = match (euid, owner.uid()) {
            (0, 0) => bail!(
                "{} belongs to root, and PostgreSQL refuses to run as root: give it to another user",
                home.display()
            ),
            (0, uid) => Some(Account { uid, gid: owner.gid() }),
            (me, uid) => {
                ensure!(me == uid, "the database in {} belongs to another user (uid {uid})", home.display());
                None
            }
        };
        std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot close {} to others", home.display()))?;
        let socket_folder = choose_socket_folder(&home, account)?;
        Ok(Self { home, socket_folder, start_log: data_dir.join("postgres.start.log"), account })
    }

    /// The folder that holds everything of the cluster.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// The server's data folder; complete once it exists.
    pub(super) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// The folder of the Unix socket, of plain characters only.
    pub(super) fn socket_folder(&self) -> &Path {
        &self.socket_folder
    }

    /// What the server says before its own log is open. It lies in the engine's folder, not in the server's.
    pub(super) fn start_log(&self) -> &Path {
        &self.start_log
    }

    /// Writes a file below the home, as the server's user: root follows no link that this user could have laid.
    pub(super) async fn write(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        let cannot = || format!("cannot write {}", path.display());
        if self.account.is_none() {
            return std::fs::write(path, text).with_context(cannot);
        }
        let mut writer = self
            .command(Path::new("/bin/sh"))
            .args(["-c", "cat >\"$1\"", "sh"])
            .arg(path)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .with_context(cannot)?;
        let mut stdin = writer.stdin.take().expect("it was asked for");
        stdin.write_all(text.as_bytes()).await.with_context(cannot)?;
        drop(stdin);
        ensure!(writer.wait().await?.success(), cannot());
        Ok(())
    }

    /// A command that runs as the server's user, in its home, with nothing of our environment, in a process group
    /// of its own: Ctrl-C in the terminal is for the engine, which then stops the server in order.
    pub(super) fn command(&self, program: &Path) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(program);
        command.current_dir(&self.home).env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin");
        command.stdin(std::process::Stdio::null()).process_group(0);
        if let Some(account) = self.account {
            // As root, setting the uid drops the supplementary groups too.
            command.gid(account.gid).uid(account.uid);
        }
        command
    }
}

fn choose_home(data_dir: &Path, euid: u32) -> anyhow::Result<PathBuf> {
    let location = data_dir.join(LOCATION_FILE);
    match std::fs::read_to_string(&location) {
        Ok(text) => return Ok(PathBuf::from(text.trim_end())),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", location.display())),
    }
    let inside = data_dir.join("postgres");
    if euid != 0 || inside.exists() {
        return Ok(inside);
    }
    // A data folder that was deleted and made anew must not meet its predecessor's data, whose keys are gone.
    let stem = short_name(data_dir);
    let first = Path::new(FOR_ROOT).join(&stem);
    if first.exists() {
        tracing::warn!(path = %first.display(), "an earlier data folder of this name left its database here");
    }
    let home = (2..1000)
        .map(|number| Path::new(FOR_ROOT).join(format!("{stem}-{number}")))
        .fold(first, |home, next| if home.exists() { next } else { home });
    // Written before the folder is made: a crash in between leaves a name that is simply used the next time.
    let fresh = data_dir.join(format!("{LOCATION_FILE}.new"));
    std::fs::write(&fresh, format!("{}\n", home.display()))
        .and_then(|()| std::fs::rename(&fresh, &location))
        .with_context(|| format!("cannot write {}", location.display()))?;
    Ok(home)
}

/// In the home where the path is short and plain, else in a short folder of the runtime directory or `/tmp`.
fn choose_socket_folder(home: &Path, account: Option<Account>) -> anyhow::Result<PathBuf> {
    if is_plain(home) && home.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
        return Ok(home.to_owned());
    }
    let runtime = if account.is_some() {
        Some(PathBuf::from("/run"))
    } else {
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)
    };
    let parent = runtime
        .filter(|folder| folder.is_dir() && is_plain(folder) && folder.as_os_str().len() <= 40)
        .unwrap_or_else(|| PathBuf::from("/tmp"));
    let folder = parent.join(format!("orqestra-{}", short_name(home)));
    match make_private(&folder) {
        Ok(()) => account.map_or(Ok(()), |account| give(&folder, account))?,
        Err(error) if !folder.exists() => return Err(error),
        Err(_) => {}
    }
    // Somebody else may have made it first, where everybody may write.
    let found = std::fs::symlink_metadata(&folder)?;
    let owner = account.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
    ensure!(
        found.is_dir() && found.uid() == owner && found.mode() & 0o777 == 0o700,
        "{} is not a private folder of the server's user: remove it",
        folder.display()
    );
    Ok(folder)
}

/// A folder that every user may walk through, whatever our umask says.
fn make_passable(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot make {}", folder.display()))
}

fn make_private(folder: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make {}", folder.display()))
}

fn give(path: &Path, account: Account) -> anyhow::Result<()> {
    std::os::unix::fs::chown(path, Some(account.uid), Some(account.gid))
        .with_context(|| format!("cannot give {} to uid {}", path.display(), account.uid))
}

/// Characters that need no quoting in the server's settings or in a URL.
fn is_plain(path: &Path) -> bool {
    path.as_os_str().as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(byte))
}

/// The same short name for the same path, on every run.
fn short_name(path: &Path) -> String {
    let mut name = Uuid::new_v5(&Uuid::NAMESPACE_URL, path.as_os_str().as_bytes()).simple().to_string();
    name.truncate(12);
    name
}

fn passwd() -> anyhow::Result<String> {
    std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")
}

/// `postgres` where it exists, else `nobody`.
fn unprivileged(passwd: &str) -> Option<Account> {
    let find = |name: &str| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let (found, _password) = (fields.next()?, fields.next()?);
            let account = Account { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? };
            (found == name).then_some(account)
        })
    };
    find("postgres").or_else(|| find("nobody"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Account, is_plain, short_name, unprivileged};

    #[test]
    fn the_server_runs_as_postgres_else_as_nobody() {
        let both =
            "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\npostgres:x:101:104::/:/bin/sh\n";
        assert_eq!(unprivileged(both), Some(Account { uid: 101, gid: 104 }));
        let one = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(unprivileged(one), Some(Account { uid: 65534, gid: 65533 }));
        assert_eq!(unprivileged("root:x:0:0::/root:/bin/sh\n"), None);
    }

    #[test]
    fn a_path_keeps_its_short_name() {
        assert_eq!(short_name(Path::new("/srv/orqestra")), short_name(Path::new("/srv/orqestra")));
        assert_ne!(short_name(Path::new("/srv/orqestra")), short_name(Path::new("/srv/orqestra2")));
        assert_eq!(short_name(Path::new("/srv/orqestra")).len(), 12);
    }

    #[test]
    fn a_path_with_a_quote_or_a_space_holds_no_socket() {
        assert!(is_plain(Path::new("/var/lib/orqestra/0a-2")));
        assert!(!is_plain(Path::new("/home/my data")));
        assert!(!is_plain(Path::new("/home/o'neil")));
    }
}
