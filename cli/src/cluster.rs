//! The private PostgreSQL of `orqestra up`: found, made, started, adopted and stopped here.
//!
//! Invariants: one engine a data folder (a lock on a file, gone with the process); at most one server a data folder,
//! so one that a killed engine left running is adopted, never started twice; the server is out of reach for other
//! local users and for the network, and asks for a password of the data folder's; `fsync` is on. This module
//! creates roles and the database, never a table.

mod access;
mod account;
mod binaries;
mod place;
mod settings;
#[cfg(test)]
mod tests;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use orqestra_vault::OsEntropy;
use rustix::process::{Pid, Signal};
use sqlx::{Connection as _, PgConnection};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Child;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use self::access::Passwords;
use self::binaries::Binaries;
use self::place::Place;
use crate::keep::DataDir;
use crate::trust;

/// The role that owns the database and runs migrations.
const OWNER: &str = "orqestra_owner";
/// The role that the engine works as.
const APP: &str = "orqestra_app";
const DATABASE: &str = "orqestra";
const SUPERUSER: &str = "postgres";
/// The folder of a database that is being made, beside its final one; the process id follows.
const UNFINISHED: &str = "data.unfinished";
/// The verifier that the superuser's password was last set to, beside the server's files.
const SEALED: &str = "orqestra.scram";
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
/// How long setting a password in a server that does not run may take, crash recovery aside.
const SEALED_WITHIN: Duration = READY_WITHIN;
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
    passwords: Passwords,
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
    let data = DataDir::open(data_dir)?;
    let lock = lock(&data)?;
    let passwords = Passwords::of(data.passwords(|| Passwords::make(&OsEntropy))?)?;
    let place = Place::settle(&data)?;
    let (postmaster, child) = match adopt(&place, &passwords, told).await? {
        Some(pid) => (pid, None),
        None => start(&place, &passwords, told).await?,
    };
    let adopted = child.is_none();
    let cluster = Cluster {
        socket_folder: place.socket_folder().to_owned(),
        home: place.home().to_owned(),
        passwords,
        postmaster,
        child,
        _lock: lock,
    };
    let provisioning = settings::provision(place.socket_folder(), &cluster.passwords);
    let provisioned = timeout(PROVISION_WITHIN, provisioning).await;
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
            "postgres://{role}:{}@localhost:{PORT}/{DATABASE}?host={}&sslmode=disable",
            self.passwords.of_role(role),
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
fn lock(data: &DataDir) -> anyhow::Result<Lock> {
    let file = data.lock_file()?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => bail!("another engine already runs on {}", data.path().display()),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", data.path().display()))
        }
    }
}

/// The server that runs already, once it accepts connections; nothing where there is none, or where it was ending.
async fn adopt(
    place: &Place,
    passwords: &Passwords,
    told: &CancellationToken,
) -> anyhow::Result<Option<Pid>> {
    let Some(pid) = running(place) else { return Ok(None) };
    if !is_sealed(place, passwords) {
        // A server of an earlier version asked for no password, and a change of rules ends no session: it starts anew.
        tracing::info!("postgresql asked for no password: it is ended and started again");
        end(place, pid).await;
        ensure!(running(place).is_none(), "the server that an earlier version left running does not end");
        return Ok(None);
    }
    match wait_until_ready(place, passwords, told, || Ok(running(place) != Some(pid))).await {
        Ok(pid) => Ok(Some(pid)),
        Err(_) if running(place).is_none() && !told.is_cancelled() => Ok(None),
        Err(error) => {
            // It was left by an engine that was killed, and is of no use to this one either.
            end(place, pid).await;
            Err(error)
        }
    }
}

/// Ends a server that is not a child of this process: in order, and if that takes too long without a checkpoint.
async fn end(place: &Place, pid: Pid) {
    for signal in [Signal::INT, Signal::QUIT] {
        if rustix::process::kill_process(pid, signal).is_err()
            || timeout(STOP_WITHIN_AT_LEAST, left(pid, &place.data())).await.is_ok()
        {
            return;
        }
    }
}

/// Waits for the end of a server that is not a child of this process.
async fn left(pid: Pid, data: &Path) {
    while works_in(pid, data) {
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
}

async fn start(
    place: &Place,
    passwords: &Passwords,
    told: &CancellationToken,
) -> anyhow::Result<(Pid, Option<Child>)> {
    let data = place.data();
    let pinned = trust::read_plain(&data.join("PG_VERSION")).ok().and_then(|text| text.trim().parse().ok());
    let binaries = Binaries::find(pinned).await?;
    if !data.exists() {
        make(place, &binaries, passwords, told).await?;
    }
    place.write(&data.join("orqestra.conf"), &settings::server(place.socket_folder())).await?;
    place.write(&data.join("pg_hba.conf"), access::RULES).await?;
    for file in [data.join("postmaster.pid"), place.socket_folder().join(format!(".s.PGSQL.{PORT}.lock"))] {
        remove_if_foreign(&file);
    }
    if !is_sealed(place, passwords) {
        seal(place, &binaries, passwords, told).await?;
    }
    let mut starts = 1;
    loop {
        let mut child = spawn(place, &binaries)?;
        let ready = wait_until_ready(place, passwords, told, || Ok(child.try_wait()?.is_some())).await;
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

/// Whether the superuser's password in the server is the data folder's.
fn is_sealed(place: &Place, passwords: &Passwords) -> bool {
    let told = trust::read_plain(&place.data().join(SEALED));
    told.is_ok_and(|told| told.trim_end() == passwords.verifier(SUPERUSER))
}

/// Sets the superuser's password in a server that does not run, so that it never runs without one.
async fn seal(
    place: &Place,
    binaries: &Binaries,
    passwords: &Passwords,
    told: &CancellationToken,
) -> anyhow::Result<()> {
    let verifier = passwords.verifier(SUPERUSER);
    let mut single = place.named_command(&binaries.program("postgres")).await?;
    single.arg("--single").arg("-D").arg(place.data());
    single.args(["-c", "exit_on_error=on", "-c", "log_statement=none", "template1"]);
    single.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut single = single.spawn().context("cannot start postgresql for a single user")?;
    let mut stdin = single.stdin.take().expect("it was asked for");
    let setting = async {
        stdin.write_all(format!("ALTER ROLE {SUPERUSER} PASSWORD '{verifier}'\n").as_bytes()).await?;
        drop(stdin);
        single.wait_with_output().await
    };
    let output = tokio::select! {
        output = timeout(SEALED_WITHIN, setting) => output.context("postgresql takes no password in time")?,
        () = told.cancelled() => bail!(TOLD_TO_END),
    };
    let output = output.context("cannot set the password of the private database")?;
    ensure!(
        output.status.success(),
        "cannot set the password of the private database ({}): {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    place.write(&place.data().join(SEALED), &format!("{verifier}\n")).await
}

/// Ends a server that did not come up: nothing was committed in it yet.
async fn end_at_once(child: &mut Child) {
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if pid.is_some_and(|pid| rustix::process::kill_process(pid, Signal::QUIT).is_ok())
        && timeout(GONE_WITHIN, child.wait()).await.is_err()
    {
        // It was told so early in its start that it has not listened. Its own processes end with it.
        child.start_kill().ok();
        if timeout(GONE_WITHIN, child.wait()).await.is_err() {
            tracing::warn!("postgresql is still ending");
        }
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
async fn make(
    place: &Place,
    binaries: &Binaries,
    passwords: &Passwords,
    told: &CancellationToken,
) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(place.home())?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            // A killed engine's `initdb` may still be at it: it fails then, and clears away what is left.
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
    let unfinished = place.home().join(format!("{UNFINISHED}.{}", std::process::id()));
    let verifier = format!("{}\n", passwords.verifier(SUPERUSER));
    let sealed = place.home().join(SEALED);
    place.write(&sealed, &verifier).await?;
    let mut initdb = place.named_command(&binaries.program("initdb")).await?;
    let making = initdb
        .arg("--pgdata")
        .arg(&unfinished)
        .args(["--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C"])
        .args(["--data-checksums", "--auth-local", "scram-sha-256", "--auth-host", "reject", "--pwfile"])
        .arg(&sealed)
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
    let ours = "\ninclude 'orqestra.conf'\ninclude_if_exists 'local.conf'\n";
    place.append(&unfinished.join("postgresql.conf"), ours).await?;
    place.write(&unfinished.join(SEALED), &verifier).await?;
    std::fs::rename(&unfinished, place.data())?;
    File::open(place.home())?.sync_all()?;
    // It stands beside the data now; another one left here would be written over by the next `initdb`.
    drop(std::fs::remove_file(sealed));
    Ok(())
}

fn spawn(place: &Place, binaries: &Binaries) -> anyhow::Result<Child> {
    let log = place.start_log()?;
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
    passwords: &Passwords,
    told: &CancellationToken,
    mut ended: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Pid> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        if told.is_cancelled() {
            bail!(TOLD_TO_END);
        }
        let mut over = ended()? || Instant::now() >= deadline;
        let failure = match connects(place, passwords).await {
            Ok(()) => match running(place) {
                Some(pid) => return Ok(pid),
                None => anyhow!("the server that answers is not of {}", place.data().display()),
            },
            Err(error) if refuses_password(&error) => {
                over = true;
                // The next start sets it anew.
                drop(std::fs::remove_file(place.data().join(SEALED)));
                error.context("the private database has another password than the data folder; start again, which sets it anew")
            }
            Err(error) => error,
        };
        if over {
            let said = place.said_at_start();
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

/// Whether the server runs and knows another password (`invalid_password`).
fn refuses_password(error: &anyhow::Error) -> bool {
    let said = error.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error);
    said.is_some_and(|said| said.code().as_deref() == Some("28P01"))
}

async fn connects(place: &Place, passwords: &Passwords) -> anyhow::Result<()> {
    let options = settings::superuser(place.socket_folder(), passwords);
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
    Pid::from_raw(trust::read_plain(file).ok()?.lines().next()?.trim().parse().ok()?)
}
