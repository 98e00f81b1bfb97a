//! The `orqestra` program as a child process: started, ended in each way, its log read.
//!
//! It is ended by its own process id, and the kernel ends it when the thread that started it is gone.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde_json::Value;

use crate::http::{Http, Request};
use crate::wait;

/// A debug build with a private cluster on a busy machine takes some seconds.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// How to start it.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Where it runs and where its output goes.
    pub folder: PathBuf,
    /// Its whole environment, `PATH` aside.
    pub settings: BTreeMap<String, String>,
}

impl Launch {
    /// The program with these settings and arguments, to end with this thread.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(binary()).args(arguments);
        command.current_dir(&self.folder).env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
        command.envs(&self.settings).stdin(Stdio::null());
        command
    }

    /// Runs another subcommand to its end.
    ///
    /// # Panics
    /// If it cannot be run.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("running the engine's program")
    }
}

/// A running engine.
pub struct Engine {
    child: Mutex<Child>,
    pid: Pid,
    address: SocketAddr,
    probes: SocketAddr,
    banner: String,
    log: PathBuf,
}

impl Engine {
    /// Starts `orqestra up` and waits until it is ready.
    ///
    /// # Panics
    /// If it does not come up; its log says why.
    pub async fn up(launch: &Launch, number: u32) -> Self {
        Self::start(launch, &["up"], number, |banner, _| {
            let told = |before: &str, after: &str| {
                let told = |line: &str| line.trim().strip_prefix(before)?.split(after).next()?.parse().ok();
                banner.lines().find_map(told)
            };
            let ends = banner.contains("Ctrl-C");
            let both = told("Orqestra runs at http://", "/").zip(told("health       http://", "/"));
            both.filter(|_| ends)
        })
        .await
    }

    /// Starts `orqestra serve` with these roles, separated by commas, and waits until it is ready.
    ///
    /// # Panics
    /// If it does not come up; its log says why.
    pub async fn serve(launch: &Launch, roles: &str, number: u32) -> Self {
        Self::start(launch, &["serve", "--role", roles], number, |_, log| {
            let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let mut serving = lines.filter(|line| line["message"] == "the engine serves");
            let told = |line: &Value, field: &str| line[field].as_str()?.parse().ok();
            let line = serving.next()?;
            let address = told(&line, "address")?;
            // Programs of before say nothing of it.
            Some((address, told(&line, "probes").unwrap_or(address)))
        })
        .await
    }

    /// Starts a process and waits until what it printed and its log tell that it runs, and where it listens.
    async fn start(
        launch: &Launch,
        arguments: &[&str],
        number: u32,
        runs: impl Fn(&str, &str) -> Option<(SocketAddr, SocketAddr)>,
    ) -> Self {
        let out = launch.folder.join(format!("run-{number}.out"));
        let log = launch.folder.join(format!("run-{number}.log"));
        let file = |path: &Path| File::create(path).expect("a file of the world's folder");
        let mut command = launch.command(arguments);
        let mut child =
            command.stdout(file(&out)).stderr(file(&log)).spawn().expect("starting setpriv (util-linux)");
        let pid = Pid::from_child(&child);
        let ((address, probes), banner) = wait::until_now("an engine that runs", READY_WITHIN, || {
            let [banner, logged] = [&out, &log].map(|file| std::fs::read_to_string(file).unwrap_or_default());
            let ended = child.try_wait().expect("asking for our own child");
            if let Some(addresses) = runs(&banner, &logged) {
                return Some((addresses, banner));
            }
            assert!(ended.is_none(), "the engine ended at once: {}", tail(&log));
            None
        })
        .await;
        let engine = Self { child: Mutex::new(child), pid, address, probes, banner, log };
        let http = Http::default();
        wait::until("a ready engine", READY_WITHIN, async || {
            assert!(engine.ended().is_none(), "the engine ended: {}", engine.log_tail());
            let ready = http.send(probes, Request::get("/readyz")).await.ok()?;
            ready.status.is_success().then_some(())
        })
        .await;
        engine
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it tells whether it is ready.
    pub fn probes(&self) -> SocketAddr {
        self.probes
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// The most memory that it ever had, in megabytes.
    ///
    /// # Panics
    /// If it has ended.
    pub fn peak_memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") / 1_024
    }

    /// What it printed at its start.
    pub fn banner(&self) -> &str {
        &self.banner
    }

    /// How it ended, if it did.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.child.lock().expect("no panic while locked").try_wait().expect("asking for our own child")
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        if self.ended().is_none() {
            // Not collected yet, so the id is still its own.
            rustix::process::kill_process(self.pid, signal).expect("a child of ours takes our signals");
        }
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// If it goes on.
    pub async fn end(&self, within: Duration) -> ExitStatus {
        wait::until_now("the engine's end", within, || self.ended()).await
    }

    /// Waits until it has ended, on a thread that may not wait on a runtime.
    pub fn end_blocking(&self, within: Duration) -> Option<ExitStatus> {
        wait::blocking(within, || self.ended())
    }

    /// Its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        tail(&self.log)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        self.end_blocking(Duration::from_secs(10));
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}

/// The engine's program: the one that `ORQESTRA_BIN` names, or the one built beside this test.
///
/// # Panics
/// If there is none.
pub fn binary() -> PathBuf {
    if let Some(given) = std::env::var_os("ORQESTRA_BIN") {
        let path = PathBuf::from(given);
        assert!(path.exists(), "ORQESTRA_BIN names {}, which does not exist", path.display());
        return path;
    }
    let test = std::env::current_exe().expect("a running test has a path");
    let built = test.ancestors().nth(2).map(|folder| folder.join("orqestra"));
    built.filter(|path| path.exists()).unwrap_or_else(|| {
        panic!(
            "no engine to test: run `cargo build -p orqestra-cli` first, or `make test`, or set ORQESTRA_BIN"
        )
    })
}
