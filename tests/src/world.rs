//! A whole engine of a test's own: the real program, its database, its tenants, and what it said yes to.
//!
//! Every 200 is kept in a ledger. A world that ends well has no work left over, its engine ends with 0 on SIGTERM, and
//! no run of it logged an error or anything confidential: an address, a phone number, a variable, a key, a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::engine::{Engine, Launch};
use crate::folder::Folder;
use crate::http::{Http, segment};
use crate::postgres::TestDatabase;
use crate::server::{Server, app_role};
use crate::state::EventState;
use crate::tenant::Tenant;
use crate::wait;

/// The engine's own promise for an orderly end.
pub const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// How long a piece of accepted work may take to settle, and how long nothing may settle while some waits.
pub const SETTLES_WITHIN: Duration = Duration::from_secs(90);
/// How long all accepted work may take to settle.
pub const DRAINS_WITHIN: Duration = Duration::from_mins(20);
/// The route of the trigger.
pub const TRIGGER: &str = "/api/v1/events/trigger";

/// The shortest text that a log line holds only where it was written there.
const TELLING: usize = 6;
const MOST_CONFIDENTIAL: usize = 500;

/// What opens the admin side of every world's engine.
pub const ADMIN_TOKEN: &str = "the-admin-token-of-the-tests";

/// What an engine may log at the level of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Errors {
    Never,
    /// Requests that a database too slow for the load failed.
    OfSlowness,
    Any,
}

/// An event that was answered 200.
pub(crate) struct Accepted {
    /// What was asked for.
    pub(crate) body: Value,
    /// Whether it was seen settled.
    pub(crate) settled: bool,
}

/// A running engine with all that is around it.
pub struct World {
    engine: Mutex<Option<Arc<Engine>>>,
    launch: Mutex<Launch>,
    runs: AtomicU32,
    /// Another process of the API, which takes every second trigger.
    also: Mutex<Option<SocketAddr>>,
    turns: AtomicU32,
    pub(crate) http: Http,
    tenant: Tenant,
    /// Every event that was answered 200.
    pub(crate) accepted: Mutex<BTreeMap<(Uuid, String), Accepted>>,
    errors: Mutex<Errors>,
    confidential: Mutex<BTreeSet<String>>,
    pub(crate) pool: Option<PgPool>,
    folder: Folder,
}

impl World {
    /// A world on a database of its own in the tests' cluster.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same with other settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let database = TestDatabase::empty().await;
        let owner = database.url();
        let app = app_role(database.options(), &owner).await;
        let urls = urls(&app, &owner);
        let world = Self::down(Some(database.pool().clone()), &[&urls[..], settings].concat());
        world.begin().await;
        world
    }

    /// A world whose engine reaches its database by a port of this machine.
    pub async fn through(port: u16, database: TestDatabase) -> Self {
        let owner = format!("postgres://postgres@127.0.0.1:{port}/{}?sslmode=disable", database.name());
        let app = app_role(database.options(), &owner).await;
        let world = Self::down(Some(database.pool().clone()), &urls(&app, &owner));
        world.begin().await;
        world
    }

    /// A world on a server of the test's own.
    pub async fn on(server: &Server, settings: &[(&str, &str)]) -> Self {
        let owner = server.url();
        let app = app_role(&server.options(), &owner).await;
        let urls = urls(&app, &owner);
        let world = Self::down(Some(server.pool()), &[&urls[..], settings].concat());
        world.begin().await;
        world
    }

    /// A world on a database that an engine left behind, with that engine's master key.
    ///
    /// # Panics
    /// If the key cannot be put into the new engine's data folder.
    pub async fn over(database: &TestDatabase, master_key: &str, settings: &[(&str, &str)]) -> Self {
        let owner = database.url();
        let app = app_role(database.options(), &owner).await;
        let urls = urls(&app, &owner);
        let world = Self::down(Some(database.pool().clone()), &[&urls[..], settings].concat());
        let data = world.folder.path().join("data");
        DirBuilder::new().mode(0o700).create(&data).expect("a folder in our own");
        let mut file = OpenOptions::new();
        let mut file =
            file.write(true).create_new(true).mode(0o600).open(data.join("master.key")).expect("a file");
        file.write_all(master_key.as_bytes()).expect("a key to keep");
        world.begin().await;
        world
    }

    /// A world whose engine brings its own database.
    pub async fn private() -> Self {
        Self::private_with(&[]).await
    }

    /// The same with other settings; an empty one counts as not set.
    pub async fn private_with(settings: &[(&str, &str)]) -> Self {
        let world = Self::down(None, settings);
        world.begin().await;
        world
    }

    fn down(pool: Option<PgPool>, settings: &[(&str, &str)]) -> Self {
        let folder = Folder::new("world");
        let tenant = Tenant {
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, folder.path().as_os_str().as_encoded_bytes()),
            name: "YourTenantName".to_owned(),
            key: format!("key-of-the-tests-{}", folder.path().display()),
            secret: None,
        };
        let own = [
            ("ORQESTRA_LISTEN", "127.0.0.1:0".to_owned()),
            ("ORQESTRA_DATA_DIR", folder.path().join("data").display().to_string()),
            ("ORQESTRA_ADMIN_TOKEN", ADMIN_TOKEN.to_owned()),
            ("ORQESTRA_LOG_FORMAT", "json".to_owned()),
            ("ORQESTRA_BOOTSTRAP_TENANT_ID", tenant.id.to_string()),
            ("ORQESTRA_BOOTSTRAP_TENANT_NAME", tenant.name.clone()),
            ("ORQESTRA_BOOTSTRAP_API_KEY", tenant.key.clone()),
            ("ORQESTRA_BOOTSTRAP_RATE_PER_MINUTE", "1000000".to_owned()),
            // The tests' mail servers are on this machine.
            ("ORQESTRA_SMTP_PRIVATE_HOSTS", "on".to_owned()),
            ("ORQESTRA_CLAIM_SECONDS", "10".to_owned()),
            ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "10".to_owned()),
            ("ORQESTRA_RETRY_DELAYS", "100ms,200ms,400ms,800ms,1s,2s,2s,2s".to_owned()),
        ];
        let mut all: BTreeMap<String, String> =
            own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let confidential = BTreeSet::from([ADMIN_TOKEN.to_owned(), tenant.key.clone()]);
        Self {
            engine: Mutex::new(None),
            launch: Mutex::new(Launch { folder: folder.path().to_owned(), settings: all }),
            runs: AtomicU32::new(0),
            also: Mutex::default(),
            turns: AtomicU32::new(0),
            http: Http::default(),
            tenant,
            accepted: Mutex::default(),
            errors: Mutex::new(Errors::Never),
            confidential: Mutex::new(confidential),
            pool,
            folder,
        }
    }

    /// The tenant that the engine was started with.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The world's database, as its owner.
    ///
    /// # Panics
    /// If the engine brought it.
    pub fn pool(&self) -> &PgPool {
        self.pool.as_ref().expect("this world's engine has a private database")
    }

    /// The folder that the engine runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The running engine.
    ///
    /// # Panics
    /// If none runs.
    pub fn engine(&self) -> Arc<Engine> {
        self.running().expect("an engine runs")
    }

    pub(crate) fn running(&self) -> Option<Arc<Engine>> {
        self.engine.lock().expect("no panic while locked").clone()
    }

    /// How the engine is started; for other subcommands beside it.
    pub fn launch(&self) -> Launch {
        self.launch.lock().expect("no panic while locked").clone()
    }

    /// Changes a setting for the next start; `None` takes it away.
    pub fn set(&self, name: &str, value: Option<&str>) {
        let mut launch = self.launch.lock().expect("no panic while locked");
        match value {
            Some(value) => launch.settings.insert(name.to_owned(), value.to_owned()),
            None => launch.settings.remove(name),
        };
    }

    /// From now on the engine may log errors, since something around it is broken on purpose. It may not panic.
    pub fn expect_errors(&self) {
        *self.errors.lock().expect("no panic while locked") = Errors::Any;
    }

    /// From now on requests may fail with 500 and `unavailable`, since more is asked for than a machine may bear.
    pub(crate) fn expect_slowness(&self) {
        let mut errors = self.errors.lock().expect("no panic while locked");
        *errors = (*errors).max(Errors::OfSlowness);
    }

    /// Whether a request may fail since the machine bears no more.
    pub(crate) fn is_slow(&self) -> bool {
        *self.errors.lock().expect("no panic while locked") >= Errors::OfSlowness
    }

    /// From now on no line of the log may hold this text. What is too short or no word stands there by chance, and what
    /// comes after many others adds nothing.
    pub(crate) fn confide(&self, text: &str) {
        let mut confidential = self.confidential.lock().expect("no panic while locked");
        let telling = text.len() >= TELLING && text.contains(|c: char| c.is_alphabetic() || c == '+');
        if telling && confidential.len() < MOST_CONFIDENTIAL {
            confidential.insert(text.to_owned());
        }
    }

    /// Starts the engine, which does not run.
    pub async fn begin(&self) {
        assert!(self.running().is_none(), "an engine runs already");
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let engine = Engine::up(&self.launch(), number).await;
        *self.engine.lock().expect("no panic while locked") = Some(Arc::new(engine));
    }

    /// Starts the engine, which does not run, as a process with these roles of `orqestra serve`, `api` among them.
    pub async fn begin_as(&self, roles: &str) {
        assert!(self.running().is_none(), "an engine runs already");
        let engine = self.beside(roles).await;
        *self.engine.lock().expect("no panic while locked") = Some(Arc::new(engine));
    }

    /// Another process on the same database and data folder, with these roles of `orqestra serve`. The test ends it.
    pub async fn beside(&self, roles: &str) -> Engine {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        Engine::serve(&self.launch(), roles, number).await
    }

    /// A second engine on the same database, with a data folder of its own and the first one's keys.
    pub async fn second(&self) -> Engine {
        let mut launch = self.launch();
        launch.folder = self.folder.path().join("second");
        std::fs::create_dir(&launch.folder).expect("a folder in our own");
        let mut set =
            |name: &str, path: PathBuf| launch.settings.insert(name.to_owned(), path.display().to_string());
        set("ORQESTRA_MASTER_KEY_FILE", self.folder.path().join("data/master.key"));
        set("ORQESTRA_DATA_DIR", self.folder.path().join("second/data"));
        let secret = std::fs::read_to_string(self.folder.path().join("data/realtime.secret"));
        if let Ok(secret) = secret {
            launch.settings.entry("ORQESTRA_CENTRIFUGO_TOKEN_SECRET".to_owned()).or_insert(secret);
        }
        Engine::up(&launch, 0).await
    }

    fn take(&self) -> Arc<Engine> {
        self.engine.lock().expect("no panic while locked").take().expect("an engine runs")
    }

    /// Ends the engine in order, which must succeed in time.
    pub async fn sigterm(&self) {
        self.end_in_order(Signal::TERM).await;
    }

    /// The same as by Ctrl-C; its log.
    pub async fn ctrl_c(&self) -> String {
        self.end_in_order(Signal::INT).await
    }

    async fn end_in_order(&self, signal: Signal) -> String {
        let engine = self.take();
        engine.signal(signal);
        let status = engine.end(ENDS_WITHIN).await;
        assert!(status.success(), "the engine ended with {status}: {}", engine.log_tail());
        engine.log()
    }

    /// Sends every second trigger to another process of the API from now on, or all of them to the engine.
    pub fn trigger_also_at(&self, address: Option<SocketAddr>) {
        *self.also.lock().expect("no panic while locked") = address;
    }

    /// Where the next trigger goes.
    pub(crate) fn next_address(&self) -> Option<SocketAddr> {
        let engine = self.running().map(|engine| engine.address());
        let also = *self.also.lock().expect("no panic while locked");
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        if turn.is_multiple_of(2) { engine.or(also) } else { also.or(engine) }
    }

    /// Ends the engine as a power cut would.
    pub async fn kill9(&self) {
        let engine = self.take();
        engine.signal(Signal::KILL);
        engine.end(ENDS_WITHIN).await;
    }

    /// Waits until the engine has ended by itself, by a fail point.
    pub async fn aborted(&self, within: Duration) {
        let engine = self.engine();
        engine.end(within).await;
        drop(self.take());
    }

    /// Ends it in order and starts it again.
    pub async fn restart(&self) {
        self.sigterm().await;
        self.begin().await;
    }

    fn left_over(&self, engine: &Engine) -> Vec<String> {
        let accepted = self.accepted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let unseen = accepted.iter().filter(|(_, event)| !event.settled);
        let ends = |(tenant, event_id): &(Uuid, String)| {
            let path = format!("/admin/v1/tenants/{tenant}/events/{}", segment(event_id));
            match get_blocking(engine.address(), &path) {
                Ok(state) if state.is_settled() => None,
                Ok(state) => Some(format!("{event_id}: {}", state.ends())),
                Err(error) => Some(format!("{event_id}: {error:#}")),
            }
        };
        unseen.filter_map(|(event, _)| ends(event)).collect()
    }

    fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        let errors = *self.errors.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let confidential = self.confidential.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let runs = (0..self.runs.load(Ordering::Relaxed)).map(|number| format!("run-{number}.log"));
        for name in runs.chain(["second/run-0.log".to_owned()]) {
            let text = std::fs::read_to_string(self.folder.path().join(&name)).unwrap_or_default();
            let complaints = text.lines().filter(|line| is_complaint(line, errors, &confidential));
            found.extend(complaints.map(|line| format!("{name}: {line}")));
        }
        found
    }

    /// Where a private cluster is kept.
    fn private_home(&self) -> PathBuf {
        let data = self.folder.path().join("data");
        let home = std::fs::read_to_string(data.join("postgres.location"));
        home.map_or_else(|_| data.join("postgres"), |path| PathBuf::from(path.trim()))
    }

    /// The process of the private cluster's server, if there is one.
    pub fn private_server(&self) -> Option<Pid> {
        let file = std::fs::read_to_string(self.private_home().join("data/postmaster.pid")).ok()?;
        Pid::from_raw(file.lines().next()?.trim().parse().ok()?)
    }

    /// A private cluster that a killed engine left behind is ended with the world.
    fn end_private_cluster(&self) {
        let home = self.private_home();
        if let Some(pid) = self.private_server() {
            rustix::process::kill_process(pid, Signal::INT).ok();
            wait::blocking(ENDS_WITHIN, || rustix::process::test_kill_process(pid).err());
        }
        if home.starts_with("/var/lib/orqestra/") {
            std::fs::remove_dir_all(home).ok();
        }
    }
}

impl Drop for World {
    #[expect(clippy::print_stderr, reason = "a failed test shows what its engine said last")]
    fn drop(&mut self) {
        let engine = self.engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if std::thread::panicking() {
            if let Some(engine) = engine {
                eprintln!("the engine's log ({}): {}", self.folder.path().display(), engine.log_tail());
                engine.signal(Signal::TERM);
                engine.end_blocking(ENDS_WITHIN);
            }
            self.end_private_cluster();
            return;
        }
        let Some(engine) = engine else {
            panic!("the world ends without an engine to look for left-over work")
        };
        let left = self.left_over(&engine);
        engine.signal(Signal::TERM);
        let ended = engine.end_blocking(ENDS_WITHIN);
        self.end_private_cluster();
        let complaints = self.complaints();
        let ok = left.is_empty() && ended.is_some_and(|status| status.success()) && complaints.is_empty();
        self.folder.keep(!ok);
        assert!(left.is_empty(), "work is left over: {left:#?}");
        assert!(ended.is_some_and(|status| status.success()), "the engine ended with {ended:?}");
        assert!(complaints.is_empty(), "the engine complained: {complaints:#?}");
    }
}

/// Whether no engine may have logged this line.
fn is_complaint(line: &str, errors: Errors, confidential: &BTreeSet<String>) -> bool {
    let expected = match errors {
        Errors::Never => false,
        Errors::OfSlowness => {
            line.contains("\"message\":\"a request failed\"") && line.contains("\"code\":\"unavailable\"")
        }
        Errors::Any => true,
    };
    line.contains("panicked at")
        || line.contains("permission denied")
        || (!expected && line.contains("\"level\":\"ERROR\""))
        || confidential.iter().any(|text| line.contains(text.as_str()))
}

fn urls<'a>(app: &'a str, owner: &'a str) -> [(&'a str, &'a str); 2] {
    [("ORQESTRA_DATABASE_URL", app), ("ORQESTRA_MIGRATION_DATABASE_URL", owner)]
}

fn get_blocking(address: SocketAddr, path: &str) -> Result<EventState> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ENDS_WITHIN))?;
    let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    stream.write_all(format!("{head}authorization: Bearer {ADMIN_TOKEN}\r\n\r\n").as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (_, body) = text.split_once("\r\n\r\n").context("no body")?;
    let mut body: Value = serde_json::from_str(body)?;
    Ok(serde_json::from_value(body["data"].take())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_an_error_or_something_confidential_is_a_complaint() {
        let confidential = BTreeSet::from(["user@example.org".to_owned()]);
        let slow = r#"{"level":"ERROR","message":"a request failed","code":"unavailable"}"#;
        for (line, never, of_slowness, any) in [
            (r#"{"level":"INFO","message":"sent"}"#, false, false, false),
            (slow, true, false, false),
            (r#"{"level":"ERROR","message":"a request failed","code":"internal"}"#, true, true, false),
            (r#"{"level":"ERROR","message":"lost","code":"unavailable"}"#, true, true, false),
            (r#"{"level":"INFO","message":"sent to <user@example.org>"}"#, true, true, true),
            ("thread 'main' panicked at src/main.rs", true, true, true),
        ] {
            let complaints = [(Errors::Never, never), (Errors::OfSlowness, of_slowness), (Errors::Any, any)];
            for (errors, complaint) in complaints {
                assert_eq!(is_complaint(line, errors, &confidential), complaint, "{errors:?}: {line}");
            }
        }
    }
}
