//! A whole engine of a test's own: the real program, its database, its tenants, and what it said yes to.
//!
//! Every 200 is kept in a ledger. A world that ends well has no work left over, its engine ends with 0 on SIGTERM, and
//! no run of it logged an error.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use hmac::{Hmac, Mac as _};
use hyper::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::engine::{Engine, Launch};
use crate::http::{Answer, Http, Request, segment, unsegment};
use crate::postgres::TestDatabase;
use crate::server::app_role;
use crate::state::EventState;
use crate::wait;

/// The engine's own promise for an orderly end.
pub const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// How long all accepted work may take to settle.
pub const SETTLES_WITHIN: Duration = Duration::from_secs(90);
/// The route of the trigger.
pub const TRIGGER: &str = "/api/v1/events/trigger";

const ADMIN_TOKEN: &str = "the-admin-token-of-the-tests";

/// A tenant and how to speak for it.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// An API key of it.
    pub key: String,
    /// Its webhook secret.
    pub secret: Option<String>,
}

/// A running engine with all that is around it.
pub struct World {
    engine: Mutex<Option<Arc<Engine>>>,
    launch: Mutex<Launch>,
    runs: AtomicU32,
    http: Http,
    tenant: Tenant,
    /// Every event that was answered 200, and whether it was seen settled.
    accepted: Mutex<BTreeMap<(Uuid, String), bool>>,
    errors_expected: Mutex<bool>,
    database: Option<TestDatabase>,
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
        let app = app_role(database.options(), &database.url()).await;
        let urls =
            [("ORQESTRA_DATABASE_URL", app.as_str()), ("ORQESTRA_MIGRATION_DATABASE_URL", &database.url())];
        let world = Self::down(Some(&database), &[&urls, settings].concat());
        let world = Self { database: Some(database), ..world };
        world.begin().await;
        world
    }

    /// A world on a database elsewhere, or with the private cluster where the settings name none.
    pub async fn elsewhere(settings: &[(&str, &str)]) -> Self {
        let world = Self::down(None, settings);
        world.begin().await;
        world
    }

    fn down(database: Option<&TestDatabase>, settings: &[(&str, &str)]) -> Self {
        let folder = Folder::new(database.map_or("world", TestDatabase::name));
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
            ("ORQESTRA_CLAIM_SECONDS", "10".to_owned()),
            ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "10".to_owned()),
            ("ORQESTRA_RETRY_DELAYS", "100ms,200ms,400ms,800ms,1s,2s,2s,2s".to_owned()),
        ];
        let mut all: BTreeMap<String, String> =
            own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Self {
            engine: Mutex::new(None),
            launch: Mutex::new(Launch { folder: folder.path().to_owned(), settings: all }),
            runs: AtomicU32::new(0),
            http: Http::default(),
            tenant,
            accepted: Mutex::default(),
            errors_expected: Mutex::new(false),
            database: None,
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
    /// If it is not in the tests' cluster.
    pub fn database(&self) -> &TestDatabase {
        self.database.as_ref().expect("this world's database is elsewhere")
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

    fn running(&self) -> Option<Arc<Engine>> {
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
        *self.errors_expected.lock().expect("no panic while locked") = true;
    }

    /// Starts the engine, which does not run.
    pub async fn begin(&self) {
        assert!(self.running().is_none(), "an engine runs already");
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let engine = Engine::up(&self.launch(), number).await;
        *self.engine.lock().expect("no panic while locked") = Some(Arc::new(engine));
    }

    fn take(&self) -> Arc<Engine> {
        self.engine.lock().expect("no panic while locked").take().expect("an engine runs")
    }

    /// Ends the engine in order, which must succeed in time.
    pub async fn sigterm(&self) {
        let engine = self.take();
        engine.signal(Signal::TERM);
        let status = engine.end(ENDS_WITHIN).await;
        assert!(status.success(), "the engine ended with {status}: {}", engine.log_tail());
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

    /// Sends a request.
    ///
    /// # Errors
    /// If no engine runs or it does not answer.
    pub async fn send(&self, request: Request) -> Result<Answer> {
        let address = self.running().context("no engine runs")?.address();
        self.http.send(address, request).await
    }

    /// Sends a request that must be answered.
    ///
    /// # Panics
    /// If it is not.
    pub async fn call(&self, request: Request) -> Answer {
        self.send(request).await.expect("an answer")
    }

    /// Triggers an event for a tenant, signed where it has a secret, and keeps a 200 in the ledger.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn try_trigger(&self, tenant: &Tenant, body: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        let mut request = Request::post(TRIGGER).key(&tenant.key).text(body).headers(headers);
        if let Some(secret) = &tenant.secret {
            request = request.header("x-orqestra-signature", sign(secret, body.as_bytes()));
        }
        let answer = self.send(request).await?;
        if answer.status == 200 {
            let location = answer.header("location").context("a trigger's answer has a Location")?;
            let id = unsegment(location.trim_start_matches("/api/v1/events/"));
            self.accepted.lock().expect("no panic while locked").entry((tenant.id, id)).or_insert(false);
        }
        Ok(answer)
    }

    /// The same, where an answer must come.
    pub async fn trigger_with(&self, tenant: &Tenant, body: &Value, headers: &[(&str, &str)]) -> Answer {
        self.try_trigger(tenant, &body.to_string(), headers).await.expect("an answer")
    }

    /// The same without other headers.
    pub async fn trigger(&self, tenant: &Tenant, body: &Value) -> Answer {
        self.trigger_with(tenant, body, &[]).await
    }

    /// Triggers an event that must be accepted, and gives its id.
    pub async fn accept(&self, tenant: &Tenant, body: &Value) -> String {
        let answer =
            self.trigger_with(tenant, body, &[("prefer", "return=representation")]).await.expect(200);
        answer.json()["eventId"].as_str().expect("asked for").to_owned()
    }

    /// Every event that was answered 200.
    pub fn accepted(&self) -> BTreeSet<(Uuid, String)> {
        self.accepted.lock().expect("no panic while locked").keys().cloned().collect()
    }

    /// Does something as an operator.
    pub async fn admin(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.call(Request::new(method, path).bearer(ADMIN_TOKEN).json(body)).await
    }

    /// Looks at something as an operator.
    pub async fn admin_get(&self, path: &str) -> Answer {
        self.call(Request::get(path).bearer(ADMIN_TOKEN)).await
    }

    /// Registers a tenant; what is left out is wide open.
    pub async fn new_tenant(&self, mut fields: Value) -> Tenant {
        let defaults = json!({"name": "YourApp", "ratePerMinute": 1_000_000});
        for (name, value) in defaults.as_object().expect("an object") {
            fields.as_object_mut().expect("an object").entry(name.clone()).or_insert(value.clone());
        }
        let made = self.admin(Method::POST, "/admin/v1/tenants", &fields).await.expect(201).json();
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        Tenant {
            id: text("tenantId").parse().expect("a UUID"),
            name: text("name"),
            key: text("apiKey"),
            secret: fields["webhookSecret"].as_str().map(str::to_owned),
        }
    }

    /// Changes a tenant.
    pub async fn change(&self, tenant: &Tenant, fields: &Value) -> Value {
        self.admin(Method::PATCH, &format!("/admin/v1/tenants/{}", tenant.id), fields)
            .await
            .expect(200)
            .json()
    }

    /// Saves a template.
    pub async fn template(
        &self,
        tenant: &Tenant,
        event_type: &str,
        channel: &str,
        content: &Value,
    ) -> Answer {
        let path = format!("/admin/v1/tenants/{}/templates/{}/{channel}", tenant.id, segment(event_type));
        self.admin(Method::PUT, &path, content).await
    }

    /// Sets a channel's providers.
    pub async fn providers(&self, tenant: &Tenant, channel: &str, list: &Value) {
        let path = format!("/admin/v1/tenants/{}/providers/{channel}", tenant.id);
        drop(self.admin(Method::PUT, &path, list).await.expect(200));
    }

    /// What became of an event.
    pub async fn event(&self, tenant: &Tenant, event_id: &str) -> EventState {
        self.state(tenant.id, event_id).await.expect("an answer")
    }

    async fn state(&self, tenant: Uuid, event_id: &str) -> Result<EventState> {
        let path = format!("/admin/v1/tenants/{tenant}/events/{}", segment(event_id));
        let answer = self.send(Request::get(path).bearer(ADMIN_TOKEN)).await?;
        let mut body: Value = serde_json::from_slice(&answer.body)?;
        serde_json::from_value(body["data"].take()).with_context(|| format!("{event_id}: {}", answer.text()))
    }

    /// Waits until an event is settled on every channel, and tells how.
    pub async fn settled(&self, tenant: &Tenant, event_id: &str) -> EventState {
        self.event_when(tenant, event_id, EventState::is_settled).await
    }

    /// Waits until an event is in such a state.
    pub async fn event_when(
        &self,
        tenant: &Tenant,
        event_id: &str,
        is: impl Fn(&EventState) -> bool,
    ) -> EventState {
        let what = format!("the state of {event_id}");
        wait::until(&what, SETTLES_WITHIN, async || {
            let state = self.state(tenant.id, event_id).await.ok()?;
            is(&state).then_some(state)
        })
        .await
    }

    /// Waits until every accepted event is settled on every channel, and gives all of them.
    pub async fn drain(&self) -> BTreeMap<(Uuid, String), EventState> {
        use futures::stream::{StreamExt as _, iter};
        let mut waiting: Vec<_> = self.accepted().into_iter().collect();
        let mut settled = BTreeMap::new();
        let deadline = std::time::Instant::now() + SETTLES_WITHIN;
        while !waiting.is_empty() {
            let looks = waiting.drain(..).map(async |event: (Uuid, String)| {
                let state = self.state(event.0, &event.1).await;
                (event, state)
            });
            let looked: Vec<_> = iter(looks).buffer_unordered(8).collect().await;
            let mut last = String::new();
            for (event, state) in looked {
                match state {
                    Ok(state) if state.is_settled() => drop(settled.insert(event, state)),
                    other => {
                        last = other.map_or_else(|error| format!("{error:#}"), |state| state.ends());
                        waiting.push(event);
                    }
                }
            }
            let late = std::time::Instant::now() >= deadline;
            assert!(!late, "{} events do not settle; {:?}: {last}", waiting.len(), waiting.first());
        }
        for seen in self.accepted.lock().expect("no panic while locked").values_mut() {
            *seen = true;
        }
        settled
    }

    /// A user's whole history, newest first.
    pub async fn history(&self, tenant: &Tenant, user: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut next = Some(format!("/api/v1/notifications/{}/{}?limit=100", tenant.id, segment(user)));
        while let Some(path) = next {
            let answer = self.call(Request::get(path).key(&tenant.key)).await.expect(200);
            let body = answer.json();
            all.extend(body["data"].as_array().expect("a list").iter().cloned());
            let link = answer.header("link").and_then(|link| link.strip_prefix('<')?.split('>').next());
            next = link.map(str::to_owned);
        }
        all
    }

    /// What the sandbox kept for a tenant, newest first.
    pub async fn sandbox(&self, tenant: &Tenant, channel: &str) -> Vec<Value> {
        let path = format!("/admin/v1/sandbox/messages?tenantId={}&channel={channel}&limit=1000", tenant.id);
        let body = self.admin_get(&path).await.expect(200).json();
        body["data"].as_array().expect("a list").clone()
    }

    fn left_over(&self, engine: &Engine) -> Vec<String> {
        let accepted = self.accepted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let unseen = accepted.iter().filter(|(_, seen)| !**seen);
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
        let errors_expected = *self.errors_expected.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for number in 0..self.runs.load(Ordering::Relaxed) {
            let log = self.folder.path().join(format!("run-{number}.log"));
            let text = std::fs::read_to_string(log).unwrap_or_default();
            let wrong = |line: &&str| {
                line.contains("panicked at") || (!errors_expected && line.contains("\"level\":\"ERROR\""))
            };
            found.extend(text.lines().filter(wrong).map(|line| format!("run {number}: {line}")));
        }
        found
    }

    /// A private cluster that a killed engine left behind is ended with the world.
    fn end_private_cluster(&self) {
        let data = self.folder.path().join("data");
        let home =
            std::fs::read_to_string(data.join("postgres.location")).map(|path| PathBuf::from(path.trim()));
        let home = home.unwrap_or_else(|_| data.join("postgres"));
        let file = std::fs::read_to_string(home.join("data/postmaster.pid")).unwrap_or_default();
        let pid =
            file.lines().next().and_then(|line| rustix::process::Pid::from_raw(line.trim().parse().ok()?));
        if let Some(pid) = pid {
            rustix::process::kill_process(pid, Signal::INT).ok();
            wait::blocking(ENDS_WITHIN, || rustix::process::test_kill_process(pid).err());
        }
        if home.starts_with("/var/lib/orqestra/") {
            std::fs::remove_dir_all(home).ok();
        }
    }
}

impl Drop for World {
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

/// The signature of a body: HMAC-SHA256 in hex.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// A folder that goes away with the value, and stays where the test failed.
pub struct Folder {
    path: PathBuf,
    keep: std::sync::atomic::AtomicBool,
}

impl Folder {
    /// Makes one.
    ///
    /// # Panics
    /// If it cannot.
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("/tmp/orqestra-{name}-{}-{number}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        std::fs::create_dir(&path).expect("a folder in /tmp");
        Self { path, keep: std::sync::atomic::AtomicBool::new(false) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it stays.
    pub fn keep(&self, keep: bool) {
        self.keep.store(keep, Ordering::Relaxed);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.keep.load(Ordering::Relaxed) {
            std::fs::remove_dir_all(&self.path).ok();
        }
    }
}
