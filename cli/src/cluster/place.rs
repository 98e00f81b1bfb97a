//! Where the private cluster lives and whom it runs as.
//!
//! Normally `<data folder>/postgres`, as the user who starts the engine. PostgreSQL refuses to run as root, so for
//! root it is a folder under `/var/lib/orqestra` that belongs to a user of its own (`account.rs`), named in
//! `<data folder>/postgres.location`. Invariant: both the home and the socket folder are 0700 and belong to the
//! server's user, everything in the home is theirs or root's, and no other user could have put it there.

use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use uuid::Uuid;

use super::account::{Account, Named, has_name, named, namespace_of};
use crate::keep::{DataDir, HOME, START_LOG_FILE};
use crate::trust;

/// Home of the clusters that root's engines use.
const FOR_ROOT: &str = "/var/lib/orqestra";
/// A socket's path is bounded by the kernel (108 bytes), and the server appends `/.s.PGSQL.5432`.
const LONGEST_SOCKET_FOLDER: usize = 85;

/// The cluster's folders and user.
#[derive(Debug, Clone)]
pub(super) struct Place {
    home: PathBuf,
    socket_folder: PathBuf,
    data: DataDir,
    account: Option<Account>,
}

impl Place {
    /// Finds or makes the folders for a data folder.
    pub(super) fn settle(data: &DataDir) -> anyhow::Result<Self> {
        let euid = rustix::process::geteuid().as_raw();
        let home = choose_home(data, euid)?;
        if home.symlink_metadata().is_err() {
            if euid == 0 {
                make_passable(Path::new(FOR_ROOT))?;
            }
            make_private(&home)?;
            if euid == 0 {
                give(&home, Account::for_cluster(&home)?)?;
            }
        }
        let (home, found) = trust::place_of(&home)?;
        let account = match (euid, found.st_uid) {
            (0, 0) => bail!(
                "{} belongs to root, and PostgreSQL refuses to run as root: give it to another user",
                home.display()
            ),
            (0, uid) => Some(Account { uid, gid: found.st_gid }),
            (me, uid) => {
                ensure!(me == uid, "the database in {} belongs to another user (uid {uid})", home.display());
                None
            }
        };
        std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot close {} to others", home.display()))?;
        trust::tree(&home, found.st_uid).context("the private database")?;
        if account.is_some_and(|account| has_name(account.uid)) {
            tracing::warn!(
                path = %home.display(),
                "the private database runs as a user of other programs too, which can read its files: end the \
                 engine and give the folder to an id without a name (docs/operations.md)"
            );
        }
        let socket_folder = choose_socket_folder(&home, account)?;
        Ok(Self { home, socket_folder, data: data.clone(), account })
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

    /// A new file for what the server says before its own log is open. It lies in the engine's folder, not in the server's.
    pub(super) fn start_log(&self) -> anyhow::Result<std::fs::File> {
        self.data.start_log()
    }

    /// The text that the server wrote there.
    pub(super) fn said_at_start(&self) -> String {
        trust::read_plain(&self.data.path().join(START_LOG_FILE)).unwrap_or_default()
    }

    /// Writes a file below the home anew, as the server's user: root follows no link that this user could have laid.
    pub(super) async fn write(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        if self.account.is_some() {
            let script = "umask 077; rm -f \"$1.new\" && cat >\"$1.new\" && mv -f \"$1.new\" \"$1\"";
            return self.fed(script, path, text).await;
        }
        let fresh = path.with_added_extension("new");
        drop(std::fs::remove_file(&fresh));
        let mut options = std::fs::OpenOptions::new();
        let opened = options.write(true).create_new(true).mode(0o600).open(&fresh);
        let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
        written
            .and_then(|()| std::fs::rename(&fresh, path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Adds to a file below the home, as the server's user.
    pub(super) async fn append(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        self.fed("cat >>\"$1\"", path, text).await
    }

    /// Runs a script of the shell for a path, with this text on its standard input.
    async fn fed(&self, script: &str, path: &Path, text: &str) -> anyhow::Result<()> {
        let cannot = || format!("cannot write {}", path.display());
        let mut writer = self
            .command(Path::new("/bin/sh"))
            .args(["-c", script, "sh"])
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
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.home).env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin");
        command.stdin(std::process::Stdio::null()).process_group(0);
        if let Some(account) = self.account {
            // As root, setting the uid drops the supplementary groups too.
            command.gid(account.gid).uid(account.uid);
        }
        command
    }

    /// The same for a program that asks for its user's name.
    pub(super) async fn named_command(&self, program: &Path) -> anyhow::Result<Command> {
        Ok(match named(self.account)? {
            Named::Already => self.command(program),
            Named::Namespace(other) => {
                let mut command = self.command(Path::new("unshare"));
                command.args(namespace_of(other)).arg(program);
                command
            }
            Named::Wrapper(library) => {
                let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
                let Account { uid, gid } = self.account.unwrap_or(Account { uid, gid });
                let users = self.home.join("users");
                self.write(&users, &format!("orqestra:x:{uid}:{gid}::/:/bin/false\n")).await?;
                let mut command = self.command(program);
                command.env("LD_PRELOAD", library).env("NSS_WRAPPER_PASSWD", users);
                command.env("NSS_WRAPPER_GROUP", "/dev/null");
                command
            }
        })
    }
}

fn choose_home(data: &DataDir, euid: u32) -> anyhow::Result<PathBuf> {
    if let Some(home) = data.location()? {
        return Ok(home);
    }
    let inside = data.path().join(HOME);
    if euid != 0 || inside.symlink_metadata().is_ok() {
        return Ok(inside);
    }
    // A data folder that was deleted and made anew must not meet its predecessor's data, whose keys are gone.
    let stem = short_name(data.path());
    let first = Path::new(FOR_ROOT).join(&stem);
    if first.exists() {
        tracing::warn!(path = %first.display(), "an earlier data folder of this name left its database here");
    }
    let home = (2..1000)
        .map(|number| Path::new(FOR_ROOT).join(format!("{stem}-{number}")))
        .fold(first, |home, next| if home.exists() { next } else { home });
    // Written before the folder is made: a crash in between leaves a name that is simply used the next time.
    data.remember_location(&home)?;
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
    let (folder, found) = trust::place_of(&folder)?;
    let owner = account.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
    ensure!(
        found.st_uid == owner && found.st_mode & 0o777 == 0o700 && is_plain(&folder),
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{is_plain, short_name};

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
