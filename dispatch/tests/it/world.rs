//! An engine without its API: log, vault, directory, commands, and dispatch as often as a test wants it.
//!
//! The clock stands still unless a test moves it. Nothing waits for time: everything waits for the log to move, up to
//! a deadline.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::directory::DefaultProvider;
use orqestra_commands::{
    Commands, Context, Directory, ListedProvider, ProviderInput, RecipientInput, RegisterTenant, SmtpInput,
    TenantEntry, TenantPatch, Trigger, Variables,
};
use orqestra_dispatch::sandbox::{self, Asked, SandboxMessage};
use orqestra_dispatch::{
    Dispatch, DispatchDeps, DispatchError, DispatchSettings, MakeProvider, PrivateHosts, ProviderTester,
    SUBSCRIPTION, rebuild_due,
};
use orqestra_domain::notification::{Delivery, DeliveryState, Story};
use orqestra_domain::provider::{Host, Sender, TlsMode};
use orqestra_domain::template::TemplateContent;
use orqestra_domain::tenant::{Limits, Standing};
use orqestra_domain::{
    ApiKeyKind, Channel, EventId, EventTypeName, ExpiresIn, NotificationId, PhoneNumber, StreamId, TenantId,
    TenantName, Timestamp, UserId,
};
use orqestra_event_log::source::{ManualClock, SystemClock, SystemIds};
use orqestra_event_log::{
    Append, Clock, DatabaseClock, EventLog, LogOptions, MIGRATOR, Metadata, NewEvent, Outcome, Position,
    Ticket,
};
use orqestra_tests::postgres::TestDatabase;
use orqestra_vault::{Entropy, MasterKey, OsEntropy, SeededEntropy, Vault};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgPool};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::candidates::OfTheLog;
use crate::script::{Cast, Script};

/// The longest that anything awaited here may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A process of the engine.
pub(crate) struct World {
    pub(crate) database: Arc<TestDatabase>,
    pub(crate) commands: Commands,
    pub(crate) clock: Arc<ManualClock>,
    token: CancellationToken,
}

/// Dispatch at work.
pub(crate) struct Running {
    /// Sends tests by the same providers.
    pub(crate) tester: ProviderTester,
    token: CancellationToken,
    task: JoinHandle<Result<(), DispatchError>>,
}

impl Running {
    /// Tells it to stop and waits until it has.
    pub(crate) async fn stop(self) {
        self.token.cancel();
        tokio::time::timeout(DEADLINE, self.task).await.expect("dispatch stops in time").unwrap().unwrap();
    }

    /// Ends it as a crash would: what it holds leases on stays so.
    pub(crate) async fn die(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Quick to notice, and strict: two attempts, a minute apart.
pub(crate) fn settings() -> DispatchSettings {
    DispatchSettings {
        poll: Duration::from_millis(20),
        retry_delays: vec![Duration::from_mins(1)],
        stop_within: Duration::from_millis(300),
        private_hosts: PrivateHosts::Allowed,
        ..DispatchSettings::default()
    }
}

pub(crate) fn ctx() -> Context {
    Context::engine("test")
}

pub(crate) fn smtp(port: u16) -> ProviderInput {
    ProviderInput::Smtp(SmtpInput {
        host: Host::parse("127.0.0.1").unwrap(),
        port,
        tls: TlsMode::None,
        from: Some(Sender::parse("Shop <shop@example.org>").unwrap()),
        username: None,
        password: None,
    })
}

pub(crate) fn text(channel: Channel, body: &str) -> TemplateContent {
    let heading = |of| (channel == of).then(|| "Order {{ number }}".to_owned());
    TemplateContent {
        subject: heading(Channel::Email),
        title: heading(Channel::Push),
        body: body.to_owned(),
        category: None,
        expires_in: None,
    }
}

pub(crate) const EVENT_TYPE: &str = "order.confirmed";

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(Arc::new(TestDatabase::migrated(&MIGRATOR).await)).await
    }

    /// One on this database.
    pub(crate) async fn on(database: Arc<TestDatabase>) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-24T12:00:00Z".parse().unwrap()));
        Self::open(database, Arc::clone(&clock) as _, None, clock).await
    }

    /// One that goes by the database's clock, as the program does; the clock that a test moves is the machine's.
    pub(crate) async fn by_the_databases_clock() -> Self {
        let database = Arc::new(TestDatabase::migrated(&MIGRATOR).await);
        Self::with_machine_clock(database, SystemClock.now()).await
    }

    /// The same, on a database whose clock a test moves by [`World::set_the_databases_clock`].
    pub(crate) async fn by_a_databases_clock_that_moves() -> Self {
        let database = Arc::new(TestDatabase::migrated(&MIGRATOR).await);
        // What the path finds before the catalog's goes first. Connections from before do not have the path.
        let moved = format!(
            "create schema moved;
             create table moved.clock (ahead interval not null);
             insert into moved.clock values ('0');
             create function moved.clock_timestamp() returns timestamptz language sql volatile as
                 'select pg_catalog.clock_timestamp() + ahead from moved.clock';
             alter database {} set search_path = moved, pg_catalog, public;
             select pg_terminate_backend(pid) from pg_stat_activity
              where datname = current_database() and pid <> pg_backend_pid();",
            database.name()
        );
        let mut owner = database.options().connect().await.unwrap();
        owner.execute(sqlx::raw_sql(&moved)).await.unwrap();
        owner.close().await.unwrap();
        Self::with_machine_clock(database, SystemClock.now()).await
    }

    /// Moves the database's clock, by seconds from the right time, and waits until this process has seen it.
    pub(crate) async fn set_the_databases_clock(&self, ahead: i64) {
        sqlx::query("update moved.clock set ahead = make_interval(secs => $1)")
            .bind(f64::from(i32::try_from(ahead).unwrap()))
            .execute(self.pool())
            .await
            .unwrap();
        self.commands.log().fetch_head().await.unwrap();
    }

    /// One more such process on the same database, whose machine's clock shows another time.
    pub(crate) async fn another_at(&self, time: Timestamp) -> Self {
        Self::with_machine_clock(Arc::clone(&self.database), time).await
    }

    async fn with_machine_clock(database: Arc<TestDatabase>, time: Timestamp) -> Self {
        let machine = Arc::new(ManualClock::at(time));
        let clock = Arc::new(DatabaseClock::new(Arc::clone(&machine) as _));
        Self::open(database, Arc::clone(&clock) as _, Some(clock), machine).await
    }

    /// One more process on the same database, with the same clock.
    pub(crate) async fn another(&self) -> Self {
        Self::open(Arc::clone(&self.database), Arc::clone(&self.clock) as _, None, Arc::clone(&self.clock))
            .await
    }

    async fn open(
        database: Arc<TestDatabase>,
        time: Arc<dyn Clock>,
        database_clock: Option<Arc<DatabaseClock>>,
        clock: Arc<ManualClock>,
    ) -> Self {
        let token = CancellationToken::new();
        let pool = database.pool().clone();
        let options =
            LogOptions { database_clock, ..LogOptions::new(Arc::clone(&time), Arc::new(SystemIds)) };
        let log = EventLog::open(pool.clone(), options, token.child_token()).await.unwrap();
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let vault = Vault::new(pool, MasterKey::generate(&SeededEntropy::new(7)), Arc::clone(&entropy));
        let directory =
            Directory::open(log.clone(), vault.clone(), DefaultProvider::Sandbox, token.child_token())
                .await
                .unwrap();
        let commands = Commands::new(log, vault, directory, time, Arc::new(SystemIds), entropy);
        Self { database, commands, clock, token }
    }

    pub(crate) fn now(&self) -> orqestra_domain::Timestamp {
        self.clock.now()
    }

    pub(crate) fn pool(&self) -> &PgPool {
        self.database.pool()
    }

    /// A tenant with one template for each of these channels.
    pub(crate) async fn tenant(&self, name: &str, templates: &[(Channel, &str)]) -> Arc<TenantEntry> {
        let input = RegisterTenant {
            id: None,
            name: TenantName::parse(name).unwrap(),
            api_key: None,
            webhook_secret: None,
            limits: Limits::default(),
            delivery_channels: None,
            sender_email: None,
        };
        let registered = self.commands.register_tenant(input, &ctx()).await.unwrap();
        for (channel, body) in templates {
            self.template(registered.tenant_id, *channel, text(*channel, body)).await;
        }
        self.entry(registered.tenant_id)
    }

    pub(crate) fn entry(&self, tenant: TenantId) -> Arc<TenantEntry> {
        self.commands.directory().tenant(tenant).expect("the tenant is known here")
    }

    /// Activates or deactivates a tenant.
    pub(crate) async fn switch(&self, tenant: TenantId, standing: Standing) {
        let patch = TenantPatch { standing: Some(standing), ..TenantPatch::default() };
        self.commands.change_tenant(tenant, patch, &ctx()).await.unwrap();
    }

    pub(crate) async fn template(&self, tenant: TenantId, channel: Channel, content: TemplateContent) {
        let event_type = EventTypeName::parse(EVENT_TYPE).unwrap();
        self.commands.put_template(tenant, event_type, channel, content, true, &ctx()).await.unwrap();
    }

    pub(crate) async fn providers(
        &self,
        tenant: TenantId,
        channel: Channel,
        providers: Vec<impl Into<ListedProvider>>,
    ) {
        self.commands.set_providers(tenant, channel, providers, &ctx()).await.unwrap();
    }

    /// Accepts an event for one user with everything that could be wanted.
    pub(crate) async fn trigger(&self, tenant: &Arc<TenantEntry>, event: &str) -> NotificationId {
        self.trigger_for(tenant, event, "u-1", json!({"number": "A-1", "amount": 3})).await
    }

    pub(crate) async fn trigger_for(
        &self,
        tenant: &Arc<TenantEntry>,
        event: &str,
        user: &str,
        variables: Value,
    ) -> NotificationId {
        self.accept(tenant, event, (user, "user@example.com"), variables, None).await
    }

    pub(crate) async fn trigger_to(
        &self,
        tenant: &Arc<TenantEntry>,
        event: &str,
        email: &str,
    ) -> NotificationId {
        self.accept(tenant, event, ("u-1", email), json!({}), None).await
    }

    /// Accepts an event that is of use for so many seconds.
    pub(crate) async fn trigger_for_seconds(
        &self,
        tenant: &Arc<TenantEntry>,
        event: &str,
        seconds: u64,
    ) -> NotificationId {
        let expires_in = ExpiresIn::from_seconds(seconds);
        self.accept(tenant, event, ("u-1", "user@example.com"), json!({}), expires_in).await
    }

    async fn accept(
        &self,
        tenant: &Arc<TenantEntry>,
        event: &str,
        (user, email): (&str, &str),
        variables: Value,
        expires_in: Option<ExpiresIn>,
    ) -> NotificationId {
        let body = json!({"eventId": event, "variables": variables});
        let trigger = Trigger {
            event_type: EventTypeName::parse(EVENT_TYPE).unwrap(),
            event_id: Some(EventId::parse(event).unwrap()),
            channels: None::<BTreeSet<Channel>>,
            recipient: RecipientInput {
                user_id: UserId::parse(user).unwrap(),
                // As it is stored: an earlier rule may have taken it.
                email: serde_json::from_value(json!(email)).unwrap(),
                phone: Some(PhoneNumber::parse("+254712345678").unwrap()),
            },
            variables: Some(Variables::of_body(body.to_string().as_bytes()).unwrap()),
            body,
            expires_in,
            idempotency_key: None,
            kind: ApiKeyKind::Live,
        };
        self.commands.trigger(tenant, trigger, &ctx()).await.unwrap().notification
    }

    /// Appends an event to a stream that no program knows, and says where it stands.
    pub(crate) async fn vanish(&self, aggregate_type: &str, stream: &StreamId) -> Position {
        self.append_raw(aggregate_type, stream, "Vanished", "1.0.0", json!({})).await
    }

    /// Appends an event to a notification that is nothing but the name of a known one, and says where it stands.
    pub(crate) async fn spoil(&self, stream: &StreamId) -> Position {
        self.append_raw("Notification", stream, "AttemptFailed", "1.0.0", json!({})).await
    }

    /// Sets a channel's list as another version of the program stores it.
    pub(crate) async fn providers_as_stored(&self, tenant: TenantId, channel: Channel, providers: Value) {
        let fields = json!({"channel": channel, "providers": providers, "at": self.now()});
        let stream = StreamId::tenant(tenant);
        let at = self.append_raw("Tenant", &stream, "ProvidersSet", "1.1.0", fields).await;
        self.commands.directory().wait_for(at).await.unwrap();
    }

    async fn append_raw(
        &self,
        aggregate_type: &str,
        stream: &StreamId,
        event_type: &str,
        event_version: &str,
        fields: Value,
    ) -> Position {
        let before = self.commands.log().load(aggregate_type, stream).await.unwrap().len();
        let event = NewEvent {
            event_type: event_type.to_owned(),
            event_version: event_version.to_owned(),
            payload: json!({event_type: fields}),
            metadata: Metadata::default(),
        };
        let append = Append {
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id: stream.as_str().to_owned(),
            expected: i64::try_from(before).unwrap(),
            events: vec![event],
            ticket: Ticket::default(),
        };
        let outcome = self.commands.log().append(append).await;
        let Outcome::Recorded(recorded) = outcome else { panic!("it is stored: {outcome:?}") };
        recorded.first
    }

    /// Starts dispatch with the real providers.
    pub(crate) fn dispatch(&self, settings: DispatchSettings) -> Running {
        self.start(None, settings)
    }

    /// Starts dispatch with scripted providers.
    pub(crate) fn play(&self, script: &Arc<Script>, settings: DispatchSettings) -> Running {
        self.start(Some(Arc::new(Cast(Arc::clone(script)))), settings)
    }

    fn start(&self, providers: Option<Arc<dyn MakeProvider>>, settings: DispatchSettings) -> Running {
        let token = self.token.child_token();
        let dispatch = self.opened(providers, settings);
        let tester = dispatch.tester();
        let task = tokio::spawn(dispatch.run(token.clone()));
        Running { tester, token, task }
    }

    /// Sends tests by the real providers, without dispatch.
    pub(crate) fn tester(&self, settings: DispatchSettings) -> ProviderTester {
        self.opened(None, settings).tester()
    }

    fn opened(&self, providers: Option<Arc<dyn MakeProvider>>, settings: DispatchSettings) -> Dispatch {
        let deps = DispatchDeps {
            commands: self.commands.clone(),
            pool: self.pool().clone(),
            candidates: Arc::new(OfTheLog(self.commands.clone())),
            entropy: Arc::new(SeededEntropy::new(3)),
            providers,
            topic: None,
            providers_end: self.token.child_token(),
        };
        Dispatch::new(deps, settings).unwrap()
    }

    pub(crate) async fn story(&self, tenant: &TenantEntry, notification: NotificationId) -> Story {
        self.commands.story(tenant.id, notification).await.unwrap().expect("it was accepted")
    }

    /// Waits until a delivery is as wanted.
    pub(crate) async fn delivery(
        &self,
        tenant: &TenantEntry,
        notification: NotificationId,
        channel: Channel,
        wanted: impl Fn(&Delivery) -> bool,
    ) -> Delivery {
        let mut head = self.commands.log().head();
        let found = tokio::time::timeout(DEADLINE, async {
            loop {
                head.borrow_and_update();
                let delivery = self.story(tenant, notification).await.deliveries.remove(&channel).unwrap();
                if wanted(&delivery) {
                    return delivery;
                }
                head.changed().await.unwrap();
            }
        });
        if let Ok(delivery) = found.await {
            return delivery;
        }
        panic!("it never came to that: {:?}", self.story(tenant, notification).await.deliveries)
    }

    /// The newest messages in the sandbox.
    pub(crate) async fn kept(
        &self,
        tenant: &TenantEntry,
        channel: Option<Channel>,
        limit: u32,
    ) -> Vec<SandboxMessage> {
        let asked = Asked { channel, limit, after: None };
        let page = sandbox::messages(self.pool(), self.commands.vault(), tenant.id, asked).await.unwrap();
        page.unwrap().messages
    }

    /// Waits until nothing more happens to a delivery by itself.
    pub(crate) async fn settled(
        &self,
        tenant: &TenantEntry,
        notification: NotificationId,
        channel: Channel,
    ) -> Delivery {
        self.delivery(tenant, notification, channel, |delivery| delivery.state.is_settled()).await
    }

    /// Waits until an email waits for its next attempt.
    pub(crate) async fn waiting(&self, tenant: &TenantEntry, notification: NotificationId) -> Delivery {
        self.waiting_on(tenant, notification, Channel::Email).await
    }

    /// Waits until a delivery waits for its next attempt.
    pub(crate) async fn waiting_on(
        &self,
        tenant: &TenantEntry,
        notification: NotificationId,
        channel: Channel,
    ) -> Delivery {
        let is_waiting = |delivery: &Delivery| matches!(delivery.state, DeliveryState::Waiting { .. });
        self.delivery(tenant, notification, channel, is_waiting).await
    }

    /// Waits until dispatch has read the whole log.
    pub(crate) async fn read_up(&self) {
        let head = self.commands.log().fetch_head().await.unwrap();
        let mut progress = self.commands.log().progress(SUBSCRIPTION);
        let wait = progress.wait_for(|progress| progress.position() >= head);
        tokio::time::timeout(DEADLINE, wait).await.expect("dispatch keeps up").unwrap();
    }

    /// The due table's kinds and attempts, in the order of their deliveries.
    pub(crate) async fn due(&self) -> Vec<(String, String, i32)> {
        sqlx::query_as(
            "select channel, kind, attempt from dispatch_due order by tenant_id, notification_id, channel",
        )
        .fetch_all(self.pool())
        .await
        .unwrap()
    }

    /// Fails unless the due table is what the log calls for.
    pub(crate) async fn due_table_is_right(&self) {
        let report = rebuild_due(self.commands.log(), self.pool(), &settings()).await.unwrap();
        assert_eq!(report.differences, 0, "the due table differs from the log");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.token.cancel();
    }
}
