//! A program that takes JSON lines on its standard input and tells JSON lines on its standard output.
//!
//! It ends with its standard input, and the kernel ends it when the thread that started it is gone.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::realtime::installed;

/// A running one.
pub(crate) struct Piped {
    child: Child,
    commands: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
}

impl Piped {
    /// Starts a script of `clients/` with the packages that `scripts/setup-test.sh` has installed.
    ///
    /// # Panics
    /// If it does not start: `make test` installs what it needs.
    pub(crate) fn start(program: &str, script: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(script);
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", program]).arg(script);
        command.env("ORQESTRA_TEST_CLIENTS", installed()).kill_on_drop(true);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starting setpriv (util-linux)");
        let commands = child.stdin.take().expect("it is piped");
        let told = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, commands, told }
    }

    /// Tells it to do something; fails if it is gone.
    pub(crate) async fn tell(&mut self, command: &Value) -> std::io::Result<()> {
        self.commands.write_all(format!("{command}\n").as_bytes()).await
    }

    /// The next line that it tells; none once it has ended.
    pub(crate) async fn next_line(&mut self, within: Duration) -> Result<Option<String>, Elapsed> {
        Ok(timeout(within, self.told.next_line()).await?.ok().flatten())
    }

    /// Its process id, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}
