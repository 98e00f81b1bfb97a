//! One database, and as many processes' worth of commands on it as a test asks for, each on a line that can be cut.

use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{
    Commands, Context, DefaultProvider, Directory, IdempotencyKey, RecipientInput, RegisterTenant,
    TenantEntry, Trigger, Variables,
};
use orqestra_domain::tenant::Limits;
use orqestra_domain::{ApiKeyKind, EmailAddress, EventId, EventTypeName, TenantName, Timestamp, UserId};
use orqestra_event_log::source::{ManualClock, SystemIds};
use orqestra_event_log::{Clock, EventLog, HASHED_KEY, LogOptions, MIGRATOR};
use orqestra_tests::postgres::{PgPool, TestCluster, TestDatabase};
use orqestra_vault::{Entropy, MasterKey, OsEntropy, Vault};
use serde_json::json;
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) clock: Arc<ManualClock>,
    master: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        Self {
            database: TestDatabase::migrated(&MIGRATOR).await,
            clock: Arc::new(ManualClock::at(now)),
            master: MasterKey::generate(&OsEntropy).to_base64().to_string(),
        }
    }

    /// Opens the rooms as a process does at its start.
    pub(crate) async fn process(&self) -> Commands {
        self.process_through(self.database.pool().clone()).await
    }

    /// The same over a line of its own.
    pub(crate) async fn process_on(&self, line: &Line) -> Commands {
        self.process_through(self.database.pool_over(line.port)).await
    }

    async fn process_through(&self, pool: PgPool) -> Commands {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let ids = Arc::new(SystemIds);
        let token = CancellationToken::new();
        let options = LogOptions::new(Arc::clone(&clock), ids.clone());
        let log = EventLog::open(pool.clone(), options, token.clone()).await.unwrap();
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let master = MasterKey::from_base64(&self.master).unwrap();
        let vault = Vault::new(pool, master, Arc::clone(&entropy));
        let directory =
            Directory::open(log.clone(), vault.clone(), DefaultProvider::Sandbox, token).await.unwrap();
        Commands::new(log, vault, directory, clock, ids, entropy)
    }
}

/// A way to the database.
pub(crate) struct Line {
    port: u16,
    cut: watch::Sender<bool>,
}

impl Line {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = watch::Sender::new(false);
        tokio::spawn(carry(listener, cut.subscribe()));
        Self { port, cut }
    }

    /// Ends all connections and takes no more.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(true);
    }

    pub(crate) fn mend(&self) {
        self.cut.send_replace(false);
    }
}

async fn carry(listener: TcpListener, cut: watch::Receiver<bool>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let mut cut = cut.clone();
        if *cut.borrow() {
            continue;
        }
        tokio::spawn(async move {
            let mut server = UnixStream::connect(TestCluster::shared().socket()).await.unwrap();
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                _ = cut.wait_for(|cut| *cut) => {}
            }
        });
    }
}

/// Waits for something with a deadline.
pub(crate) async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("in time")
}

pub(crate) fn ctx() -> Context {
    Context::engine("test")
}

pub(crate) fn shop() -> RegisterTenant {
    RegisterTenant {
        id: None,
        name: TenantName::parse("Shop").unwrap(),
        api_key: None,
        webhook_secret: Some("a secret".to_owned()),
        limits: Limits::default(),
        delivery_channels: None,
        sender_email: None,
    }
}

pub(crate) async fn tenant(commands: &Commands) -> Arc<TenantEntry> {
    let registered = commands.register_tenant(shop(), &ctx()).await.unwrap();
    commands.directory().tenant(registered.tenant_id).unwrap()
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

/// A trigger of `order.confirmed` whose body says all that it is made of.
pub(crate) fn trigger(event: Option<&str>, key: Option<&str>, user_id: &str, note: &str) -> Trigger {
    let body = json!({ "eventId": event, "userId": user_id, "variables": { "note": note } });
    Trigger {
        event_type: EventTypeName::parse("order.confirmed").unwrap(),
        event_id: event.map(|id| EventId::parse(id).unwrap()),
        channels: None,
        recipient: RecipientInput {
            user_id: user(user_id),
            email: Some(EmailAddress::parse("user@example.com").unwrap()),
            phone: None,
        },
        variables: Some(Variables::of_body(body.to_string().as_bytes()).unwrap()),
        expires_in: None,
        idempotency_key: key.map(|key| IdempotencyKey::parse(key).unwrap()),
        kind: ApiKeyKind::Live,
        body,
    }
}

/// What is stored for an idempotency key.
pub(crate) fn stored(tenant: &TenantEntry, key: &str) -> String {
    format!("{HASHED_KEY}{}", tenant.index.idempotency_ref(key))
}
