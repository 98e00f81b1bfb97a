//! An engine in one process behind its router. The clock stands still unless a test moves it.
//!
//! Nothing waits for time: whatever is waited for is a position in the log, up to a deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use futures::future::BoxFuture;
use hmac::{Hmac, Mac};
use http_body_util::BodyExt;
use orqestra_api::limits::Limits;
use orqestra_api::{
    AdminToken, AllowedOrigins, App, AppParts, Degraded, DemoPage, Metrics, OfDeliveries, ProbesAt, Process,
    ProcessParts, PublicUrl, Readiness, ReadinessReport, TrustedProxies, router,
};
use orqestra_commands::directory::DefaultProvider;
use orqestra_commands::{AdminName, Commands, Directory};
use orqestra_dispatch::callback::Receipts;
use orqestra_dispatch::redrive::RedriveReader;
use orqestra_dispatch::{Dispatch, DispatchDeps, DispatchSettings, PrivateHosts, SUBSCRIPTION, sandbox};
use orqestra_event_log::source::{ManualClock, SystemIds};
use orqestra_event_log::{Clock, EventLog, LogOptions, MIGRATOR, SubscriptionOptions, run_subscription};
use orqestra_projections::{DeliveryStatus, EventLookup, Inbox, Projection, Suppressions};
use orqestra_realtime::{Hub, RealtimeTokens};
use orqestra_tests::described::{self, Told};
use orqestra_tests::postgres::{HeldAppends, PgPool, TestDatabase};
use orqestra_vault::{Entropy, MasterKey, OsEntropy, SeededEntropy, Vault};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The longest that anything awaited here may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
pub(crate) const ADMIN_TOKEN: &str = "admin-token";
pub(crate) const REALTIME_SECRET: &str = "realtime-secret";

/// A process of the engine.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) commands: Commands,
    pub(crate) ready: Arc<Switch>,
    app: App,
    router: Router,
    database: TestDatabase,
    public_url: Option<PublicUrl>,
    token: CancellationToken,
}

/// A tenant as its backend knows it.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) tenant: String,
    pub(crate) key: String,
    pub(crate) secret: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and body, as snapshots show them.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.body)
    }
}

/// Says that the process is ready until it is switched.
#[derive(Default)]
pub(crate) struct Switch(AtomicBool);

impl Switch {
    pub(crate) fn off(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Tells nothing.
struct NoMetrics;

impl Metrics for NoMetrics {
    fn text(&self) -> String {
        String::new()
    }
}

impl Readiness for Switch {
    fn report(&self) -> BoxFuture<'_, ReadinessReport> {
        let off = self.0.load(Ordering::SeqCst);
        let degraded =
            off.then(|| Degraded { part: "log", reason: "the database does not answer".to_owned() });
        let degraded = degraded.into_iter().collect();
        Box::pin(async move {
            ReadinessReport { ready: !off, roles: vec!["api"], degraded, ..Default::default() }
        })
    }
}

fn dispatch_deps(commands: &Commands, pool: &PgPool, token: &CancellationToken) -> DispatchDeps {
    DispatchDeps {
        candidates: Arc::new(OfDeliveries(DeliveryStatus::new(pool.clone()))),
        commands: commands.clone(),
        pool: pool.clone(),
        entropy: Arc::new(SeededEntropy::new(3)),
        providers: None,
        topic: None,
        providers_end: token.child_token(),
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// One whose log has other sizes.
    pub(crate) async fn with(sizes: impl FnOnce(&mut LogOptions)) -> Self {
        Self::built(sizes, DemoPage::Absent, PrivateHosts::Allowed, None).await
    }

    /// One with the demo page.
    pub(crate) async fn with_demo() -> Self {
        Self::built(|_| {}, DemoPage::Served, PrivateHosts::Allowed, None).await
    }

    /// One that takes no private hosts.
    pub(crate) async fn of_the_web() -> Self {
        Self::built(|_| {}, DemoPage::Absent, PrivateHosts::Refused, None).await
    }

    /// One that the world reaches by this address.
    pub(crate) async fn at(public_url: &str) -> Self {
        let public_url = PublicUrl::parse(public_url).unwrap();
        Self::built(|_| {}, DemoPage::Absent, PrivateHosts::Allowed, Some(public_url)).await
    }

    async fn built(
        sizes: impl FnOnce(&mut LogOptions),
        demo: DemoPage,
        private_hosts: PrivateHosts,
        public_url: Option<PublicUrl>,
    ) -> Self {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        let clock = Arc::new(ManualClock::at("2026-11-24T12:00:00Z".parse().unwrap()));
        let token = CancellationToken::new();
        let pool = database.pool().clone();
        let mut options = LogOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(SystemIds));
        sizes(&mut options);
        let log = EventLog::open(pool.clone(), options, token.child_token()).await.unwrap();
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let master = MasterKey::generate(&SeededEntropy::new(7));
        let vault = Vault::new(pool.clone(), master, Arc::clone(&entropy));
        let directory =
            Directory::open(log.clone(), vault.clone(), DefaultProvider::Sandbox, token.child_token());
        let commands = Commands::new(
            log.clone(),
            vault.clone(),
            directory.await.unwrap(),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(SystemIds),
            entropy,
        );
        let ready = Arc::new(Switch::default());
        let kept = (pool.clone(), vault.clone());
        let process = Process::new(ProcessParts {
            readiness: Arc::clone(&ready) as Arc<dyn Readiness>,
            metrics: Arc::new(NoMetrics),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::new(SystemIds),
        });
        let deps = dispatch_deps(&commands, &pool, &token);
        let settings = DispatchSettings { private_hosts, ..DispatchSettings::default() };
        let parts = AppParts {
            commands: commands.clone(),
            inbox: Inbox::new(pool.clone(), vault, log),
            receipts: Receipts::new(commands.clone(), pool.clone()),
            redrives: RedriveReader::new(pool.clone()),
            deliveries: DeliveryStatus::new(pool.clone()),
            event_lookup: EventLookup::new(pool.clone()),
            suppressions: Suppressions::new(pool),
            sandbox: Arc::new(move |tenant, asked| {
                let (pool, vault) = kept.clone();
                Box::pin(async move { sandbox::messages(&pool, &vault, tenant, asked).await })
            }),
            provider_tests: Dispatch::new(deps, settings).unwrap().tester(),
            tokens: Arc::new(RealtimeTokens::new(REALTIME_SECRET).unwrap()),
            hub: Hub::new(),
            allowed_origins: AllowedOrigins::default(),
            limits: Limits::default(),
            admin_token: Some(AdminToken::new(ADMIN_TOKEN)),
            admin_name: AdminName::default(),
            demo,
            private_hosts,
            trusted_proxies: TrustedProxies::default(),
            probes: ProbesAt::Here,
            public_url: public_url.clone(),
            process,
            body_timeout: Duration::from_millis(500),
        };
        let app = App::new(parts);
        Self { router: router(app.clone()), app, clock, commands, ready, database, public_url, token }
    }

    /// What the routes work with, to be served.
    pub(crate) fn app(&self) -> App {
        self.app.clone()
    }

    /// Lets no append get on until it is released.
    pub(crate) async fn hold_appends(&self) -> HeldAppends {
        HeldAppends::on(self.database.pool()).await
    }

    /// Starts dispatch and the projections.
    pub(crate) fn start(&self) {
        self.dispatch();
        self.project();
    }

    /// Starts dispatch alone.
    pub(crate) fn dispatch(&self) {
        let deps = dispatch_deps(&self.commands, self.database.pool(), &self.token);
        let settings = DispatchSettings {
            poll: Duration::from_millis(20),
            private_hosts: PrivateHosts::Allowed,
            public_url: self.public_url.as_ref().map(|url| url.as_str().into()),
            ..DispatchSettings::default()
        };
        tokio::spawn(Dispatch::new(deps, settings).unwrap().run(self.token.child_token()));
    }

    /// Starts the projections alone.
    pub(crate) fn project(&self) {
        for projection in Projection::ALL {
            let (log, pool) = (self.commands.log().clone(), self.database.pool().clone());
            let options = SubscriptionOptions::default();
            tokio::spawn(run_subscription(log, pool, projection, options, self.token.child_token()));
        }
    }

    /// Waits until everything accepted has come to its end and every read model shows it.
    pub(crate) async fn drain(&self, caller: &Caller, events: &[&str]) {
        let mut head = self.commands.log().head();
        let settled = tokio::time::timeout(DEADLINE, async {
            loop {
                head.borrow_and_update();
                if self.all_settled(caller, events).await {
                    return;
                }
                head.changed().await.unwrap();
            }
        });
        settled.await.expect("every delivery comes to its end");
        self.follows(SUBSCRIPTION).await;
        self.projected().await;
    }

    /// Waits until every read model shows what the log holds.
    pub(crate) async fn projected(&self) {
        for projection in Projection::ALL {
            self.follows(projection.name()).await;
        }
    }

    async fn follows(&self, subscription: &str) {
        let head = self.commands.log().fetch_head().await.unwrap();
        let mut progress = self.commands.log().progress(subscription);
        let wait = progress.wait_for(|progress| progress.position() >= head);
        tokio::time::timeout(DEADLINE, wait).await.expect("subscriptions keep up").unwrap();
    }

    /// Waits until this channel of an event is told to be sent.
    pub(crate) async fn sent(&self, caller: &Caller, path: &str, channel: &str) {
        let mut head = self.commands.log().head();
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("x-api-key", caller.key.as_str()), ("authorization", bearer.as_str())];
        let told = tokio::time::timeout(DEADLINE, async {
            loop {
                head.borrow_and_update();
                let state = self.call(Method::GET, path, &headers, None).await.json();
                let channels = state["data"]["channels"].as_array().unwrap();
                if channels.iter().any(|told| told["channel"] == channel && told["status"] == "SENT") {
                    return;
                }
                head.changed().await.unwrap();
            }
        });
        told.await.expect("the channel is sent");
    }

    async fn all_settled(&self, caller: &Caller, events: &[&str]) -> bool {
        for event in events {
            let state = self.get(caller, &format!("/api/v1/events/{event}")).await.json();
            let channels = state["data"]["channels"].as_array().unwrap();
            let open = ["PLANNED", "SENDING", "RETRYING"];
            if channels.iter().any(|channel| open.contains(&channel["status"].as_str().unwrap())) {
                return false;
            }
        }
        true
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.ask(request).await.0
    }

    /// Sends a request, and holds what comes back to its description.
    pub(crate) async fn ask(&self, request: Request<Body>) -> (Answer, Option<Told>) {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answered = self.router.clone().oneshot(request);
        let response = tokio::time::timeout(DEADLINE, answered).await.expect("an answer in time").unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let (status, headers) = (parts.status, parts.headers);
        let told = described::check(method.as_str(), &path, status.as_u16(), &headers, body.as_bytes());
        (Answer { status, headers, body }, told)
    }

    /// Sends a JSON body, or none, with these headers beside the request's id.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if headers.iter().all(|(name, _)| *name != "x-request-id") {
            request = request.header("x-request-id", "req-1");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(json) => {
                request = request.header("content-type", "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, caller: &Caller, path: &str) -> Answer {
        self.call(Method::GET, path, &[("x-api-key", &caller.key)], None).await
    }

    pub(crate) async fn put(&self, caller: &Caller, path: &str) -> Answer {
        self.call(Method::PUT, path, &[("x-api-key", &caller.key)], None).await
    }

    /// Triggers, signed if the tenant has a secret.
    pub(crate) async fn trigger(&self, caller: &Caller, headers: &[(&str, &str)], body: &Value) -> Answer {
        let signature = caller.secret.as_ref().map(|secret| sign(secret, &body.to_string()));
        let mut all = vec![("x-api-key", caller.key.as_str())];
        all.extend(signature.as_deref().map(|signature| ("x-orqestra-signature", signature)));
        all.extend_from_slice(headers);
        self.call(Method::POST, "/api/v1/events/trigger", &all, Some(body)).await
    }

    /// Asks as an operator.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.operator(method, path, &[], body).await
    }

    /// The same with these headers.
    pub(crate) async fn operator(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        self.call(method, path, &all, body).await
    }

    /// Registers a tenant.
    pub(crate) async fn tenant(&self, settings: &Value) -> Caller {
        let registered = self.admin(Method::POST, "/admin/v1/tenants", Some(settings)).await;
        assert_eq!(registered.status, StatusCode::CREATED, "{registered:?}");
        let body = registered.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        let secret = settings["webhookSecret"].as_str().map(str::to_owned);
        Caller { tenant: text("tenantId"), key: text("apiKey"), secret }
    }

    /// Registers a tenant with a template on every channel for `order.confirmed`.
    pub(crate) async fn shop(&self) -> Caller {
        let shop = self.tenant(&json!({"name": "Shop"})).await;
        for (channel, template) in [
            ("EMAIL", json!({"subject": "Order {{ number }}", "body": "<p>Thanks for {{ number }}</p>"})),
            ("SMS", json!({"body": "Order {{ number }}"})),
            ("PUSH", json!({"title": "Order {{ number }}", "body": "Confirmed, {{ name }}"})),
        ] {
            self.template(&shop, channel, &template).await;
        }
        shop
    }

    /// Saves a template for `order.confirmed`.
    pub(crate) async fn template(&self, of: &Caller, channel: &str, template: &Value) {
        let path = format!("/admin/v1/tenants/{}/templates/order.confirmed/{channel}", of.tenant);
        let saved = self.admin(Method::PUT, &path, Some(template)).await;
        assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

/// The signature of a body.
pub(crate) fn sign(secret: &str, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// A trigger for every channel.
pub(crate) fn order(event: &str) -> Value {
    json!({
        "eventType": "order.confirmed",
        "eventId": event,
        "payload": {"userId": "u-1", "recipientEmail": "user@example.com", "recipientPhone": "+254712345678"},
        "variables": {"number": "A-1", "name": "Ada"},
    })
}
