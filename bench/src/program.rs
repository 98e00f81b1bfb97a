//! Programs that are measured, each a process of its own: started, awaited, ended by its own id.
//!
//! The kernel ends them where this program dies first.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, interval};

use crate::load::Connection;
use crate::machine;

const READY_WITHIN: Duration = Duration::from_mins(1);
const END_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running one.
pub(crate) struct Program {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Program {
    /// Starts `program` with these arguments and nothing but this environment; its output goes to a file of `folder`.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        environment: &[(&str, String)],
        address: SocketAddr,
        folder: &Path,
    ) -> Result<Self> {
        let log = folder.join("program.log");
        let out = File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program).args(arguments);
        command.env_clear().env("PATH", "/usr/bin:/bin").envs(environment.iter().map(|(k, v)| (k, v)));
        command.current_dir(folder).stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child = command.spawn().context("starting setpriv (util-linux)")?;
        Ok(Self { child, address, log })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it answers 200 on `path`.
    pub(crate) async fn ready(&mut self, path: &str) -> Result<()> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let deadline = Instant::now() + READY_WITHIN;
        let mut look = interval(LOOK_EVERY);
        while Instant::now() < deadline {
            look.tick().await;
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}: {}", self.last_words());
            }
            let Ok(mut connection) = Connection::open(self.address).await else { continue };
            if connection.ask(request.as_bytes()).await.is_ok_and(|status| status == 200) {
                return Ok(());
            }
        }
        bail!("it was not ready in time: {}", self.last_words())
    }

    /// The most memory it has held, in KB.
    pub(crate) fn peak_memory(&self) -> u64 {
        machine::peak_memory(self.pid()).unwrap_or(0)
    }

    /// Ends it in order; the most memory it held, in KB.
    pub(crate) async fn end(mut self) -> Result<u64> {
        let peak = self.peak_memory();
        if let Some(status) = self.child.try_wait()? {
            bail!("it had ended before with {status}: {}", self.last_words());
        }
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let deadline = Instant::now() + END_WITHIN;
        let mut look = interval(LOOK_EVERY);
        loop {
            look.tick().await;
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "it ended with {status}: {}", self.last_words());
                return Ok(peak);
            }
            ensure!(Instant::now() < deadline, "it did not end in time: {}", self.last_words());
        }
    }

    fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// An address on this machine that nobody listens on.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
