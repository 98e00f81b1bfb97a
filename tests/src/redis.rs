//! A real Redis server that a test may break: killed with what it had last saved, frozen, flushed, made a replica.
//!
//! On a free port of 127.0.0.1, without persistence of its own. `scripts/setup-test.sh` installs it.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::Signal;

use crate::folder::Folder;
use crate::kafka::command::free_port;
use crate::keeper::Keeper;
use crate::wait;

/// How long the server may take to start.
const WITHIN: Duration = Duration::from_secs(30);

/// The server's program, which `scripts/setup-test.sh` puts beside the project where PATH has none.
fn program() -> String {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.cache/redis/redis-server");
    if beside.exists() { beside.display().to_string() } else { "redis-server".to_owned() }
}

/// The server. It ends with the value, and with this process however that ends.
pub struct TestRedis {
    keeper: Mutex<Keeper>,
    folder: Folder,
    port: u16,
}

impl TestRedis {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// If `redis-server` is missing, or does not come up.
    pub async fn start() -> Result<Self> {
        let (folder, port) = (Folder::new("redis"), free_port()?);
        let arguments =
            ["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let mut command = vec![program()];
        command.extend(arguments.map(str::to_owned));
        command.extend(["--dir".to_owned(), folder.path().display().to_string()]);
        let keeper = Mutex::new(Keeper::start(folder.path(), &command)?);
        let redis = Self { keeper, folder, port };
        redis.restart().await?;
        Ok(redis)
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as a crash does.
    ///
    /// # Errors
    /// If the harness has lost it.
    pub fn kill(&self) -> Result<()> {
        self.keeper().end_broker()
    }

    /// Starts it again with what it had last saved, if anything, and waits until it answers.
    ///
    /// # Errors
    /// If it runs already, or does not come up.
    pub async fn restart(&self) -> Result<()> {
        self.keeper().start_broker()?;
        let up = wait::found(WITHIN, async || self.run(&["PING"]).await.ok()).await;
        up.with_context(|| {
            let said = std::fs::read_to_string(self.folder.path().join("out")).unwrap_or_default();
            format!("redis-server did not come up, which scripts/setup-test.sh installs: {said}")
        })
        .map(drop)
    }

    /// Stops its process where it is.
    ///
    /// # Errors
    /// If it does not run.
    pub fn freeze(&self) -> Result<()> {
        self.keeper().signal(Signal::STOP)
    }

    /// Lets a frozen one go on.
    ///
    /// # Errors
    /// If it was ended.
    pub fn thaw(&self) -> Result<()> {
        self.keeper().signal(Signal::CONT)
    }

    /// Runs a command, such as `FLUSHALL`, and returns its answer.
    ///
    /// # Errors
    /// If the server does not answer, or answers an error.
    pub async fn run(&self, command: &[&str]) -> Result<redis::Value> {
        let client = redis::Client::open(self.url())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let (name, arguments) = command.split_first().context("a command")?;
        Ok(redis::cmd(name).arg(arguments).query_async(&mut connection).await?)
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
