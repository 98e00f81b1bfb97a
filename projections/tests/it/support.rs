//! What these tests share: a log, a vault and the projections on a database of its own, and short ways to make
//! things happen. Events are those that the domain decides; contents are really sealed.
//!
//! The clock stands still unless a test moves it.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cqrs_es::{Aggregate, DomainEvent};
use orqestra_domain::notification::{
    Accepted, DeliverPush, DeliveryRendered, MarkRead, Notification, NotificationCommand,
    NotificationRefusal, PlanOutcome, PlannedChannel, SkipReason, StartAttempt, TemplateRef,
    TriggerNotification,
};
use orqestra_domain::recipient::{Recipient, RecipientEvent, RecipientForgotten};
use orqestra_domain::{
    AddressRef, Channel, DeliveryId, EventId, EventTypeName, Fingerprint, NotificationId, ProviderInstanceId,
    RecipientRef, StreamId, TemplateId, TenantId, TenantName, Timestamp, UserId,
};
use orqestra_event_log::source::{ManualClock, SystemIds};
use orqestra_event_log::{
    Append, Clock, EventLog, KeyDestruction, LogOptions, MIGRATOR, Metadata, NewEvent, Outcome, Position,
    RecordedEvent, Subscriber, SubscriptionOptions, SubscriptionState, Ticket, run_subscription,
};
use orqestra_projections::inbox::{HistoryPage, InboxItem};
use orqestra_projections::{DeliveryStatus, Inbox, Projection};
use orqestra_tests::postgres::TestDatabase;
use orqestra_vault::{DataKey, FieldContext, IndexKey, KeyScope, MasterKey, NewKey, SeededEntropy, Vault};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The longest that anything awaited here may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The provider of these tests' attempts.
const INSTANCE: ProviderInstanceId = ProviderInstanceId::from_uuid(Uuid::from_u128(25));

pub(crate) struct World {
    pool: PgPool,
    pub(crate) log: EventLog,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) inbox: Inbox,
    pub(crate) deliveries: DeliveryStatus,
    index_keys: Mutex<HashMap<TenantId, IndexKey>>,
    keys: Mutex<HashMap<RecipientRef, DataKey>>,
    events: AtomicU32,
    token: CancellationToken,
}

/// A notification as a test follows it.
pub(crate) struct Told {
    pub(crate) tenant: TenantId,
    pub(crate) id: NotificationId,
    pub(crate) recipient: RecipientRef,
    pub(crate) state: Notification,
    pub(crate) version: i64,
    /// The events of the last command.
    pub(crate) last: Vec<Arc<RecordedEvent>>,
    key: DataKey,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        Self::over(database.pool().clone()).await
    }

    /// A world whose engine connects through this pool.
    pub(crate) async fn over(pool: PgPool) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-24T12:00:00Z".parse().unwrap()));
        let token = CancellationToken::new();
        let options = LogOptions::new(Arc::clone(&clock) as _, Arc::new(SystemIds));
        let log = EventLog::open(pool.clone(), options, token.child_token()).await.unwrap();
        let entropy = Arc::new(SeededEntropy::new(1));
        let vault = Vault::new(pool.clone(), MasterKey::generate(&*entropy), entropy);
        Self {
            inbox: Inbox::new(pool.clone(), vault.clone(), log.clone()),
            deliveries: DeliveryStatus::new(pool.clone()),
            pool,
            log,
            vault,
            clock,
            index_keys: Mutex::default(),
            keys: Mutex::default(),
            events: AtomicU32::new(0),
            token,
        }
    }

    /// The log as a process has it that has just begun.
    pub(crate) async fn another_log(&self) -> EventLog {
        let options = LogOptions::new(Arc::clone(&self.clock) as _, Arc::new(SystemIds));
        EventLog::open(self.pool.clone(), options, self.token.child_token()).await.unwrap()
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn recipient(&self, tenant: TenantId, user: &str) -> RecipientRef {
        let mut keys = self.index_keys.lock().unwrap();
        let key = keys
            .entry(tenant)
            .or_insert_with(|| IndexKey::new(self.vault.new_key(tenant, KeyScope::Index).1).unwrap());
        key.recipient_ref(&UserId::parse(user).unwrap())
    }

    /// The recipient's data key, and the form in which it travels if no append has stored it yet.
    fn data_key(&self, tenant: TenantId, recipient: RecipientRef) -> (DataKey, Vec<NewKey>) {
        let mut keys = self.keys.lock().unwrap();
        if let Some(key) = keys.get(&recipient) {
            return (key.clone(), Vec::new());
        }
        let scope = KeyScope::Recipient { recipient, month: self.now().month() };
        let (new, key) = self.vault.new_key(tenant, scope);
        keys.insert(recipient, key.clone());
        (key, vec![new])
    }

    /// Accepts an event for a user, planned on these channels.
    pub(crate) async fn trigger(&self, tenant: TenantId, user: &str, planned: &[Channel]) -> Told {
        self.trigger_to(tenant, user, user, planned).await
    }

    /// Accepts an event for a user at somebody's addresses.
    pub(crate) async fn trigger_to(
        &self,
        tenant: TenantId,
        user: &str,
        at: &str,
        planned: &[Channel],
    ) -> Told {
        let number = self.events.fetch_add(1, Ordering::Relaxed);
        let event_id = EventId::parse(&format!("evt-{number}")).unwrap();
        let id = NotificationId::of_event(tenant, &event_id);
        let recipient = self.recipient(tenant, user);
        let (key, new_keys) = self.data_key(tenant, recipient);
        let stream = StreamId::notification(tenant, id);
        let place = FieldContext { tenant, aggregate_id: stream.as_str(), field: "recipient" };
        let event_type = EventTypeName::parse("order.confirmed").unwrap();
        let planned: BTreeSet<Channel> = planned.iter().copied().collect();
        let line = |channel| PlannedChannel {
            channel,
            delivery_id: DeliveryId::of(id, channel),
            outcome: if planned.contains(&channel) {
                let template_id = TemplateId::of(tenant, &event_type, channel);
                PlanOutcome::Planned { template: TemplateRef { tenant_id: tenant, template_id, version: 1 } }
            } else {
                PlanOutcome::Skipped { reason: SkipReason::NotRequested }
            },
            address_ref: (channel != Channel::Push).then(|| address(at, channel)),
            expires_at: None,
        };
        let accepted = Arc::new(Accepted {
            testing: false,
            event_id: None,
            tenant_name: TenantName::parse("Shop").unwrap(),
            recipient_ref: recipient,
            fingerprint: Fingerprint::from_bytes([7; 32]),
            accepted_at: self.now(),
            recipient: self.vault.seal(&key, &place, br#"{"userId":"u"}"#),
            variables: None,
            plan: Channel::ALL.into_iter().map(line).collect(),
            event_type,
        });
        let mut told =
            Told { tenant, id, recipient, state: Notification::default(), version: 0, last: Vec::new(), key };
        let ticket = Ticket { new_keys, ..Ticket::default() };
        let command = NotificationCommand::Trigger(TriggerNotification { accepted });
        self.decide(&mut told, command, ticket).await.unwrap();
        told
    }

    /// Lets the domain decide, and appends what it says.
    pub(crate) async fn act(
        &self,
        told: &mut Told,
        command: NotificationCommand,
    ) -> Result<(), NotificationRefusal> {
        self.decide(told, command, Ticket::default()).await
    }

    async fn decide(
        &self,
        told: &mut Told,
        command: NotificationCommand,
        ticket: Ticket,
    ) -> Result<(), NotificationRefusal> {
        let events = told.state.decide(command)?;
        let stream = StreamId::notification(told.tenant, told.id);
        told.last = if events.is_empty() {
            Vec::new()
        } else {
            self.append(Notification::TYPE, &stream, told.version, &events, ticket).await
        };
        told.version += i64::try_from(events.len()).unwrap();
        told.state = events.iter().fold(std::mem::take(&mut told.state), Notification::evolve);
        Ok(())
    }

    pub(crate) async fn append<E: DomainEvent>(
        &self,
        aggregate_type: &str,
        stream: &StreamId,
        expected: i64,
        events: &[E],
        ticket: Ticket,
    ) -> Vec<Arc<RecordedEvent>> {
        let event = |event: &E| NewEvent {
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: serde_json::to_value(event).unwrap(),
            metadata: Metadata::default(),
        };
        self.append_raw(aggregate_type, stream, expected, events.iter().map(event).collect(), ticket).await
    }

    pub(crate) async fn append_raw(
        &self,
        aggregate_type: &str,
        stream: &StreamId,
        expected: i64,
        events: Vec<NewEvent>,
        ticket: Ticket,
    ) -> Vec<Arc<RecordedEvent>> {
        let append = Append {
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id: stream.as_str().to_owned(),
            expected,
            events,
            ticket,
        };
        match self.log.append(append).await {
            Outcome::Recorded(recorded) => recorded.events,
            other => panic!("expected the append to be recorded, got {other:?}"),
        }
    }

    /// Rendered content, sealed in its place.
    pub(crate) fn rendered(&self, told: &Told, channel: Channel, title: &str) -> DeliveryRendered {
        let stream = StreamId::notification(told.tenant, told.id);
        let field = format!("content:{channel}");
        let place = FieldContext { tenant: told.tenant, aggregate_id: stream.as_str(), field: &field };
        let content = serde_json::json!({"title": title, "body": format!("body of {title}")}).to_string();
        DeliveryRendered {
            channel,
            content: self.vault.seal(&told.key, &place, content.as_bytes()),
            missing: vec!["order.total".to_owned()],
            category: (channel == Channel::Push).then(|| "orders".to_owned()),
            at: self.now(),
        }
    }

    pub(crate) async fn push(&self, told: &mut Told, title: &str) -> Result<(), NotificationRefusal> {
        let rendered = self.rendered(told, Channel::Push, title);
        self.act(told, NotificationCommand::DeliverPush(DeliverPush { rendered, at: self.now() })).await
    }

    /// An accepted event whose push has arrived.
    pub(crate) async fn pushed(&self, tenant: TenantId, user: &str, title: &str) -> Told {
        let mut told = self.trigger(tenant, user, &[Channel::Push]).await;
        self.push(&mut told, title).await.unwrap();
        told
    }

    pub(crate) async fn start(&self, told: &mut Told, channel: Channel) -> Result<u32, NotificationRefusal> {
        let attempt = told.state.delivery(channel).unwrap().next_attempt();
        let start = StartAttempt {
            channel,
            attempt,
            provider: "smtp".to_owned(),
            instance: INSTANCE,
            dedup: None,
            expires_at: self.now().plus(Duration::from_secs(30)),
            rendered: Some(self.rendered(told, channel, "a mail")),
            at: self.now(),
        };
        self.act(told, NotificationCommand::StartAttempt(start)).await.map(|()| attempt)
    }

    pub(crate) async fn mark_read(&self, told: &mut Told) -> Result<(), NotificationRefusal> {
        let read = MarkRead { recipient: told.recipient, at: self.now() };
        self.act(told, NotificationCommand::MarkRead(read)).await
    }

    pub(crate) async fn apply_now(&self, told: &Told) {
        self.inbox.apply_now(told.tenant, told.id, told.version, &told.last).await.unwrap();
    }

    pub(crate) async fn forget(&self, tenant: TenantId, user: &str) {
        let recipient = self.recipient(tenant, user);
        let stream = StreamId::recipient(tenant, recipient);
        let version = self.log.load(Recipient::TYPE, &stream).await.unwrap().len();
        let event = RecipientEvent::RecipientForgotten(RecipientForgotten {
            recipient_ref: recipient,
            at: self.now(),
        });
        let destroys = Some(KeyDestruction::Recipient { tenant, recipient });
        let ticket = Ticket { destroys, ..Ticket::default() };
        self.append(Recipient::TYPE, &stream, i64::try_from(version).unwrap(), &[event], ticket).await;
        self.keys.lock().unwrap().remove(&recipient);
        self.vault.forget_recipient(tenant, recipient);
    }

    /// Runs a subscription until it has handled the whole log.
    pub(crate) async fn project(&self, projection: Projection) {
        self.project_by(projection, 500).await;
    }

    pub(crate) async fn project_by(&self, projection: Projection, batch: usize) {
        let head = self.log.fetch_head().await.unwrap();
        let token = self.token.child_token();
        let options = SubscriptionOptions {
            batch,
            tries: 1,
            first_pause: Duration::from_millis(1),
            ..SubscriptionOptions::default()
        };
        let running = tokio::spawn(run_subscription(
            self.log.clone(),
            self.pool().clone(),
            projection,
            options,
            token.clone(),
        ));
        let mut progress = self.log.progress(projection.name());
        let reached = progress.wait_for(|progress| progress.position() >= head);
        tokio::time::timeout(DEADLINE, reached)
            .await
            .expect("the projection reaches the head in time")
            .unwrap();
        token.cancel();
        running.await.unwrap().unwrap();
    }

    /// Runs a subscription until it leaves an event to a newer program.
    pub(crate) async fn outdated(&self, projection: Projection, at: Position) {
        let token = self.token.child_token();
        let running = tokio::spawn(run_subscription(
            self.log.clone(),
            self.pool().clone(),
            projection,
            SubscriptionOptions { tries: 1, ..SubscriptionOptions::default() },
            token.clone(),
        ));
        orqestra_tests::wait::until_now("a projection that is outdated", DEADLINE, || {
            (self.log.subscription(projection.name()) == SubscriptionState::Outdated(at)).then_some(())
        })
        .await;
        token.cancel();
        running.await.unwrap().unwrap();
    }

    pub(crate) async fn project_all(&self) {
        for projection in Projection::ALL {
            self.project(projection).await;
        }
    }

    /// Hands events to a projection once more, outside its subscription.
    pub(crate) async fn redeliver(&self, projection: Projection, events: &[Arc<RecordedEvent>]) {
        let mut projection = projection;
        let mut tx = self.pool().begin().await.unwrap();
        projection.handle(&mut tx, events).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn whole_log(&self) -> Vec<Arc<RecordedEvent>> {
        let mut events: Vec<Arc<RecordedEvent>> = Vec::new();
        loop {
            let at = events.last().map_or(Position::ZERO, |event| event.position);
            let page = self.log.read_after(at, 100_000).await.unwrap();
            if page.is_empty() {
                return events;
            }
            events.extend(page);
        }
    }

    /// All rows of a projection's tables as text.
    pub(crate) async fn rows(&self, projection: Projection) -> Vec<String> {
        let mut rows = Vec::new();
        for table in projection.tables() {
            let statement = format!("select '{0}' || t::text from {0} t order by 1", table.name);
            let found: Vec<String> = sqlx::query_scalar(&statement).fetch_all(self.pool()).await.unwrap();
            rows.extend(found);
        }
        rows
    }

    pub(crate) async fn history(&self, tenant: TenantId, user: &str) -> Vec<InboxItem> {
        let recipient = self.recipient(tenant, user);
        let page = self.inbox.history(tenant, &recipient, 100, HistoryPage::Offset(0)).await.unwrap();
        assert_eq!(page.next, None, "all fits on one page");
        page.items
    }

    /// Titles and states of a user's history.
    pub(crate) async fn shown(&self, tenant: TenantId, user: &str) -> Vec<(String, &'static str)> {
        let items = self.history(tenant, user).await;
        items.into_iter().map(|item| (item.title, item.status.as_str())).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

pub(crate) fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

/// The look-up form of a user's address on a channel.
pub(crate) fn address(user: &str, channel: Channel) -> AddressRef {
    let mut bytes = [channel as u8; 32];
    bytes[..user.len()].copy_from_slice(user.as_bytes());
    AddressRef::from_bytes(bytes)
}
