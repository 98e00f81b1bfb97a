//! The private PostgreSQL of `orqestra up`: found, made, started, adopted and stopped here.
//!
//! Invariants: one engine a data folder (a lock on a file, gone with the process); at most one server a data folder,
//! so one that a killed engine left running is adopted, never started twice; the server is out of reach for other
//! local users and for the network; `fsync` is on. This module creates roles and the database, never a table.

mod binaries;
mod place;
mod settings;
#[cfg(test)]
mod tests;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use rustix::process::{Pid, Signal};
use sqlx::{Connection as _, PgConnection};
use tokio::process::Child;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use self::binaries::Binaries;
use self::place::Place;

/// The role that owns the database and runs migrations.
const OWNER: &str = "orqestra_owner";
/// The role that the engine works as.
const APP: &str = "orqestra_app";
const DATABASE: &str = "orqestra";
const SUPERUSER: &str = "postgres";
/// The folder of a database that is being made, beside its final one; the process id follows.
const UNFINISHED: &str = "data.unfinished";
/// Only part of the socket's name: nothing listens on a port.
const PORT: u16 = 5432;

/// Crash recovery replays at most what `max_wal_size` lets pile up, which takes well under this.
const READY_WITHIN: Duration = Duration::from_mins(2);
/// How long the server always has for its end, however late it is told.
pub(crate) const STOP_WITHIN_AT_LEAST: Duration = Duration::from_millis(2_500);
/// How long of that its processes have to be gone, where it could not end with a checkpoint.
const GONE_WITHIN: Duration = Duration::from_secs(1);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(25);
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How long making the roles and the database may take.
const PROVISION_WITHIN: Duration = Duration::from_secs(30);
const TOLD_TO_END: &str = "told to end while postgresql was starting";
/// A server whose predecessor's processes are still leaving refuses to start; they are gone in moments.
const MOST_STARTS: u32 = 5;

/// A running private cluster. Dropping it leaves the server running for the next engine to adopt.
#[derive(Debug)]
pub(crate) struct Cluster {
    socket_folder: PathBuf,
    home: PathBuf,
    postmaster: Pid,
    /// Where this process started the server; kept so that its end is collected.
    child: Option<Child>,
    _lock: Lock,
}

/// Starts the private cluster of `data_dir`, making it first where there is none, or adopts the one that runs.
///
/// Answers once the server accepts connections and the roles and the database exist. Fails where another engine holds
/// `data_dir`, where no PostgreSQL is installed, where the server does not come up, or once `told` to end. A server that
/// was started and is of no use then is ended.
pub(crate) async fn start_or_adopt(data_dir: &Path, told: &CancellationToken) -> anyhow::Result<Cluster> {
    std::fs::create_dir_all(data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
    let data_dir =
        data_dir.canonicalize().with_context(|| format!("cannot look into {}", data_dir.display()))?;
    let lock = lock(&data_dir)?;
    let place = Place::settle(&data_dir)?;
    let (postmaster, child) = match adopt(&place, told).await? {
        Some(pid) => (pid, None),
        None => start(&place, told).await?,
    };
    let adopted = child.is_none();
    let cluster = Cluster {
        socket_folder: place.socket_folder().to_owned(),
        home: place.home().to_owned(),
        postmaster,
        child,
        _lock: lock,
    };
    let provisioned = timeout(PROVISION_WITHIN, settings::provision(place.socket_folder())).await;
    let provisioned = provisioned.unwrap_or_else(|_| Err(anyhow!("it does not answer")));
    if let Err(error) = provisioned {
        drop(cluster.stop(Instant::now() + STOP_WITHIN_AT_LEAST).await);
        return Err(error).context("cannot make the roles and the database");
    }
    tracing::info!(path = %place.home().display(), pid = postmaster.as_raw_nonzero().get(), adopted, "postgresql is ready");
    Ok(cluster)
}

/// The folder of the server's programs on this machine.
///
/// Fails where none of a version that the engine works with is installed.
pub(crate) async fn programs() -> anyhow::Result<PathBuf> {
    let program = Binaries::find(None).await?.program("postgres");
    Ok(program.parent().unwrap_or(&program).to_owned())
}

impl Cluster {
    /// The folder that holds the cluster's data and logs.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Whether the server ran already, left by an engine that was killed.
    pub(crate) const fn adopted(&self) -> bool {
        self.child.is_none()
    }

    /// The connection URL of the role that owns the schema and runs migrations.
    pub(crate) fn owner_url(&self) -> String {
        self.url(OWNER)
    }

    /// The connection URL of the role that the engine works as.
    pub(crate) fn app_url(&self) -> String {
        self.url(APP)
    }

    /// Ends the server: open transactions are rolled back, everything committed is kept. One that would not be done
    /// `by` then, for a slow disk's or an archive's sake, ends without a checkpoint, which the next start makes up for.
    ///
    /// Fails where even so it is still ending, which harms nothing.
    pub(crate) async fn stop(mut self, by: Instant) -> anyhow::Result<()> {
        let by = by.max(Instant::now() + STOP_WITHIN_AT_LEAST);
        // PostgreSQL's fast shutdown, then its immediate one.
        for (signal, until) in [(Signal::INT, by - GONE_WITHIN), (Signal::QUIT, by)] {
            // A server that is gone already is what was asked for.
            if rustix::process::kill_process(self.postmaster, signal).is_err()
                || timeout_at(until, self.gone()).await.is_ok()
            {
                return Ok(());
            }
            tracing::warn!(?signal, "postgresql is still ending");
        }
        bail!("postgresql (pid {}) is still ending", self.postmaster.as_raw_nonzero())
    }

    async fn gone(&mut self) {
        match self.child.as_mut() {
            Some(child) => drop(child.wait().await),
            None => {
                left(self.postmaster, &self.home.join("data")).await;
            }
        }
    }

    fn url(&self, role: &str) -> String {
        // The folder's path is of plain characters only, see `place`.
        format!(
            "postgres://{role}@localhost:{PORT}/{DATABASE}?host={}&sslmode=disable",
            self.socket_folder.display()
        )
    }
}

/// Held while this engine works on its data folder.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    /// Let go of by name: closing would leave it with a child that is being started and has not closed its copy yet.
    fn drop(&mut self) {
        drop(self.0.unlock());
    }
}

/// One engine a data folder; the kernel lets go of the lock when the process ends, however it ends.
fn lock(data_dir: &Path) -> anyhow::Result<Lock> {
    let path = data_dir.join("engine.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => bail!("another engine already runs on {}", data_dir.display()),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// The server that runs already, once it accepts connections; nothing where there is none, or where it was ending.
async fn adopt(place: &Place, told: &CancellationToken) -> anyhow::Result<Option<Pid>> {
    let Some(pid) = running(place) else { return Ok(None) };
    match wait_until_ready(place, told, || Ok(running(place) != Some(pid))).await {
        Ok(pid) => Ok(Some(pid)),
        Err(_) if running(place).is_none() && !told.is_cancelled() => Ok(None),
        Err(error) => {
            // It was left by an engine that was killed, and is of no use to this one either.
            if rustix::process::kill_process(pid, Signal::INT).is_ok() {
                timeout(STOP_WITHIN_AT_LEAST, left(pid, &place.data())).await.ok();
            }
            Err(error)
        }
    }
}

/// Waits for the end of a server that is not a child of this process.
async fn left(pid: Pid, data: &Path) {
    while works_in(pid, data) {
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
}

async fn start(place: &Place, told: &CancellationToken) -> anyhow::Result<(Pid, Option<Child>)> {
    let data = place.data();
    let pinned =
        std::fs::read_to_string(data.join("PG_VERSION")).ok().and_then(|text| text.trim().parse().ok());
    let binaries = Binaries::find(pinned).await?;
    if !data.exists() {
        make(place, &binaries, told).await?;
    }
    place.write(&data.join("orqestra.conf"), &settings::server(place.socket_folder())).await?;
    for file in [data.join("postmaster.pid"), place.socket_folder().join(format!(".s.PGSQL.{PORT}.lock"))] {
        remove_if_foreign(&file);
    }
    let mut starts = 1;
    loop {
        let mut child = spawn(place, &binaries)?;
        let ready = wait_until_ready(place, told, || Ok(child.try_wait()?.is_some())).await;
        let ended = child.try_wait()?.is_some();
        match ready {
            Ok(pid) => return Ok((pid, Some(child))),
            Err(error) if starts == MOST_STARTS || !ended => {
                end_at_once(&mut child).await;
                return Err(error);
            }
            Err(_) => starts += 1,
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER * 8).await;
    }
}

/// Ends a server that did not come up: nothing was committed in it yet.
async fn end_at_once(child: &mut Child) {
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if pid.is_some_and(|pid| rustix::process::kill_process(pid, Signal::QUIT).is_ok())
        && timeout(GONE_WITHIN, child.wait()).await.is_err()
    {
        tracing::warn!("postgresql is still ending");
    }
}

/// PostgreSQL clears away the lock files of a server that is gone, but not where the process id in them now belongs
/// to somebody else, which `running` has told.
fn remove_if_foreign(file: &Path) {
    if first_line_pid(file).is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok()) {
        drop(std::fs::remove_file(file));
    }
}

/// `initdb` into a folder beside, renamed when complete: a crash in between leaves nothing that looks like data.
async fn make(place: &Place, binaries: &Binaries, told: &CancellationToken) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(place.home())?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            // A killed engine's `initdb` may still be at it: it fails then, and clears away what is left.
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
    let unfinished = place.home().join(format!("{UNFINISHED}.{}", std::process::id()));
    let mut initdb = place.command(&binaries.program("initdb"));
    let making = initdb
        .arg("--pgdata")
        .arg(&unfinished)
        .args(["--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C"])
        .args(["--data-checksums", "--auth-local", "trust", "--auth-host", "reject"])
        .kill_on_drop(true)
        .output();
    let output = tokio::select! {
        output = making => output.context("cannot run initdb")?,
        () = told.cancelled() => {
            // What is left of it is cleared away by the next start too, which may have to wait for its last process.
            drop(std::fs::remove_dir_all(&unfinished));
            bail!(TOLD_TO_END)
        }
    };
    ensure!(
        output.status.success(),
        "initdb failed ({}): {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    place.write(&unfinished.join("pg_hba.conf"), settings::ACCESS).await?;
    let main = unfinished.join("postgresql.conf");
    let mut text = std::fs::read_to_string(&main)?;
    text.push_str("\ninclude 'orqestra.conf'\ninclude_if_exists 'local.conf'\n");
    place.write(&main, &text).await?;
    std::fs::rename(&unfinished, place.data())?;
    File::open(place.home())?.sync_all()?;
    Ok(())
}

fn spawn(place: &Place, binaries: &Binaries) -> anyhow::Result<Child> {
    let path = place.start_log();
    let log = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    place
        .command(&binaries.program("postgres"))
        .arg("-D")
        .arg(place.data())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start postgresql")
}

/// Waits until the server accepts connections; gives up when it has `ended`, when `told` to or after [`READY_WITHIN`].
async fn wait_until_ready(
    place: &Place,
    told: &CancellationToken,
    mut ended: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Pid> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        if told.is_cancelled() {
            bail!(TOLD_TO_END);
        }
        let over = ended()? || Instant::now() >= deadline;
        let failure = match connects(place).await {
            Ok(()) => match running(place) {
                Some(pid) => return Ok(pid),
                None => anyhow!("the server that answers is not of {}", place.data().display()),
            },
            Err(error) => error,
        };
        if over {
            let said = std::fs::read_to_string(place.start_log()).unwrap_or_default();
            return Err(failure).with_context(|| {
                format!(
                    "postgresql does not come up; it said: {}; more in {}",
                    said.trim(),
                    place.data().join("log").display()
                )
            });
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
}

async fn connects(place: &Place) -> anyhow::Result<()> {
    let options = settings::superuser(place.socket_folder(), "postgres");
    let connection = tokio::time::timeout(CONNECT_WITHIN, PgConnection::connect_with(&options)).await??;
    drop(connection.close().await);
    Ok(())
}

/// The live server of this data folder, if there is one.
fn running(place: &Place) -> Option<Pid> {
    first_line_pid(&place.data().join("postmaster.pid")).filter(|&pid| works_in(pid, &place.data()))
}

/// A process id alone proves nothing, since it may have been given to somebody else: a server works in its data
/// folder. A process that has ended works nowhere, even before its parent has looked.
fn works_in(pid: Pid, data: &Path) -> bool {
    let folder = std::fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero()));
    folder.is_ok_and(|folder| data.canonicalize().is_ok_and(|data| folder == data))
}

fn first_line_pid(file: &Path) -> Option<Pid> {
    Pid::from_raw(std::fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()?)
}
