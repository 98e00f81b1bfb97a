//! A PostgreSQL that a test may break: crashed and started again while an engine works on it.
//!
//! The shared cluster of `postgres` is for everything else. The server ends when the thread that started it is gone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgPool};

use crate::folder::Folder;
use crate::postgres::{Account, programs};
use crate::wait;

const UP_WITHIN: Duration = Duration::from_mins(1);

/// The role that engines work as, made once a cluster, and the URL of a database for it.
///
/// # Panics
/// If the role cannot be made.
pub async fn app_role(owner: &PgConnectOptions, owner_url: &str) -> String {
    let mut connection = owner.clone().connect().await.expect("connecting to the test server");
    let make = "do $$ begin create role orqestra_app login; \
                exception when duplicate_object or unique_violation then null; end $$";
    connection.execute(make).await.expect("making the app role");
    connection.close().await.expect("closing a connection");
    owner_url.replacen("postgres@", "orqestra_app@", 1)
}

/// The server.
pub struct Server {
    binaries: PathBuf,
    account: Account,
    folder: Folder,
    child: Mutex<Option<Child>>,
}

impl Server {
    /// Makes a cluster and starts it.
    ///
    /// # Panics
    /// If it does not come up.
    pub async fn start() -> Self {
        let binaries = programs("postgres").expect("a server to start");
        let account = Account::for_server().expect("whom the server runs as");
        let folder = Folder::new("server");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("our own folder");
        account.own(folder.path()).expect("root gives a folder away");
        let server = Self { binaries, account, folder, child: Mutex::new(None) };
        let mut initdb = server.command("initdb", None);
        initdb.args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username=postgres"]);
        let made = initdb.arg("-D").arg(server.data()).output().expect("running initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.resume().await;
        server
    }

    /// Connection options of the owner.
    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new().socket(self.folder.path()).username("postgres").database("postgres")
    }

    /// A pool of the owner's connections.
    pub fn pool(&self) -> PgPool {
        PgPoolOptions::new().max_connections(2).connect_lazy_with(self.options())
    }

    /// The URL of the owner.
    pub fn url(&self) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{folder}/postgres")
    }

    /// Ends the server as a power cut would: no checkpoint, every connection cut.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn crash(&self) {
        let mut child = self.child.lock().expect("no panic while locked").take().expect("the server runs");
        rustix::process::kill_process(Pid::from_child(&child), Signal::QUIT).expect("a child of ours");
        wait::until_now("the server's end", UP_WITHIN, || child.try_wait().expect("our own child")).await;
    }

    /// Copies its files as they are now, with the server ended meanwhile, for [`Self::put_back`].
    ///
    /// # Panics
    /// If they cannot be copied.
    pub async fn copy_files(&self) {
        self.crash().await;
        self.copy("data", "data.kept");
        self.resume().await;
    }

    /// Puts the copied files in the place of today's, as the restore of a snapshot does, and starts the server on them.
    ///
    /// # Panics
    /// If there is no copy.
    pub async fn put_back(&self) {
        self.crash().await;
        fs::remove_dir_all(self.data()).expect("the server's own files");
        self.copy("data.kept", "data");
        self.resume().await;
    }

    fn copy(&self, from: &str, to: &str) {
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(self.folder.path().join(from)).arg(self.folder.path().join(to));
        assert!(copy.status().expect("running cp").success(), "the files are copied");
        // What a server that is gone leaves behind tells the next one nothing.
        fs::remove_file(self.folder.path().join(to).join("postmaster.pid")).ok();
    }

    /// Tells the server to end once nobody is connected; from then on it lets nobody in.
    ///
    /// # Panics
    /// If it does not run.
    pub fn begin_to_end(&self) {
        let child = self.child.lock().expect("no panic while locked");
        let pid = Pid::from_child(child.as_ref().expect("the server runs"));
        rustix::process::kill_process(pid, Signal::TERM).expect("a child of ours");
    }

    /// Starts it again and waits until it takes connections.
    ///
    /// # Panics
    /// If it does not come up.
    pub async fn resume(&self) {
        wait::until("a server that takes connections", UP_WITHIN, async || {
            self.ensure_started();
            let connection = self.options().connect().await.ok()?;
            connection.close().await.ok()
        })
        .await;
    }

    /// Stops all of its processes where they are: the kernel still takes connections for it, and nobody answers.
    ///
    /// # Panics
    /// If it does not run.
    pub fn freeze(&self) {
        assert!(self.signal(Signal::STOP), "the server runs");
    }

    /// Lets a frozen one go on; any other does so anyway.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Signals the postmaster, which then makes no more of them, and after it its children. False: none runs.
    fn signal(&self, signal: Signal) -> bool {
        let child = self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(postmaster) = child.as_ref().map(Pid::from_child) else { return false };
        rustix::process::kill_process(postmaster, signal).ok();
        for child in children(postmaster) {
            // One that has ended meanwhile needs no signal.
            rustix::process::kill_process(child, signal).ok();
        }
        true
    }

    /// A server whose predecessor's processes are still leaving ends at once, so it may take more than one start.
    fn ensure_started(&self) {
        let mut child = self.child.lock().expect("no panic while locked");
        if child.as_mut().is_some_and(|child| child.try_wait().expect("our own child").is_none()) {
            return;
        }
        let mut command = self.command("postgres", Some("INT"));
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        // What was committed without waiting for the disk stays in memory for long, so that a crash takes it back.
        command.args(["-c", "listen_addresses=", "-c", "fsync=on", "-c", "wal_writer_delay=10s"]);
        let log = fs::File::create(self.folder.path().join("log")).expect("a file of our own folder");
        *child = Some(command.stdout(Stdio::null()).stderr(log).spawn().expect("starting the server"));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str, end_with: Option<&str>) -> Command {
        let mut command = Command::new("setpriv");
        if let Some((uid, gid)) = self.account.other {
            command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups");
        }
        if let Some(signal) = end_with {
            command.args(["--pdeathsig", signal]);
        }
        command.arg("--").arg(self.binaries.join(program)).current_dir("/").stdin(Stdio::null());
        command
    }
}

/// The processes that have this parent.
fn children(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").expect("a system with /proc").flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |id: &i32| {
        // Its name, in parentheses, may hold anything; state and parent follow it.
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields.split_ascii_whitespace());
        fields.and_then(|mut fields| fields.nth(1)?.parse().ok()) == Some(parent.as_raw_nonzero().get())
    };
    ids.filter(is_child).filter_map(Pid::from_raw).collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.thaw();
        let child = self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(mut child) = child {
            rustix::process::kill_process(Pid::from_child(&child), Signal::INT).ok();
            child.wait().ok();
        }
    }
}
