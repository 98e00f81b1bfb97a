//! The handle on the log: opening, appending, reading, following.
//!
//! A handle is cheap to clone; one writer, one listener and a few readers serve all clones. When the last one is
//! dropped, or the token is cancelled, what was accepted is still stored.

use std::sync::Arc;
use std::time::Duration;

use cqrs_es::Aggregate;
use orqestra_domain::{AnyEvent, NotificationId, StreamId, TenantId, Timestamp};
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::append::{Append, IdempotencyClaim, Outcome, Ticket};
use crate::canonical::InexactNumber;
use crate::claim::claim_all;
use crate::clock::DatabaseClock;
use crate::coalesce::Coalesced;
use crate::error::LogError;
use crate::hindrance::Hindrance;
use crate::interest::Interest;
use crate::page::Page;
use crate::partition::{Partition, Progress};
use crate::plain_keys;
use crate::position::Position;
use crate::read::{Line, Reader, StreamKey, limited};
use crate::recorded::RecordedEvent;
use crate::repository::LogRepository;
use crate::rush::Caller;
use crate::sessions::Sessions;
use crate::shared::Shared;
use crate::source::{Clock, Ids};
use crate::store::LogStore;
use crate::subscription::SubscriptionState;
use crate::tail::Notices;
use crate::upcast::Upcasters;
use crate::writer::{INEXACT, Queued, Unplaced, Writer};

/// Most streams or keys that one read serves.
const READ_TOGETHER: usize = 256;
/// Without proof of the head for this long its place is unknown.
const HEAD_LASTS: Duration = Duration::from_secs(2);
/// A clock further off the database's than this is wrong.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_secs(1);

/// How the log is opened.
#[derive(Clone)]
pub struct LogOptions {
    /// Most commands in one batch.
    pub max_batch: usize,
    /// Most commands that wait; one more is told [`Outcome::Full`].
    pub queue: usize,
    /// How often the head is asked for beside NOTIFY.
    pub poll: Duration,
    /// Tells `recorded_at`.
    pub clock: Arc<dyn Clock>,
    /// The clock that is told the database's time with each look at the head, if there is one. It compares with its own
    /// local clock.
    pub database_clock: Option<Arc<DatabaseClock>>,
    /// Makes event ids.
    pub ids: Arc<dyn Ids>,
    /// What brings old events to today's shape.
    pub upcasters: Upcasters,
    /// What is known of the database's sessions; the same as of the process's other pools.
    pub sessions: Sessions,
    /// How long appends may be idle before it is looked whether one would be stored; `None` where nothing is appended.
    pub look: Option<Duration>,
}

impl LogOptions {
    /// The usual sizes with this clock and these ids.
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            max_batch: 256,
            queue: 4_096,
            poll: Duration::from_millis(100),
            clock,
            database_clock: None,
            ids,
            upcasters: Upcasters::current(),
            sessions: Sessions::default(),
            look: None,
        }
    }
}

struct Handle {
    shared: Arc<Shared>,
    writer: mpsc::Sender<Queued>,
    streams: Coalesced<StreamKey, Vec<Arc<RecordedEvent>>>,
    keys: Coalesced<(TenantId, String), Option<NotificationId>>,
    claims: Coalesced<IdempotencyClaim, IdempotencyClaim>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

/// The log.
#[derive(Clone)]
pub struct EventLog(Arc<Handle>);

impl EventLog {
    /// Opens the log of a migrated database and starts its tasks, which end when the token is cancelled and what was
    /// accepted is stored.
    ///
    /// Takes only the connect options of the pool: the log has connections of its own, at most ten.
    ///
    /// # Errors
    /// If the database cannot be read, or would lose acknowledged events in a crash.
    pub async fn open(pool: PgPool, options: LogOptions, token: CancellationToken) -> Result<Self, LogError> {
        let connect = pool.connect_options();
        let reader = Reader::new(&connect, options.upcasters.clone(), &options.sessions);
        let identity = reader.identity().await?;
        let epochs = reader.epochs().await?;
        let instance = options.ids.uuid_v7(options.clock.now());
        let shared = Arc::new(Shared::new(instance, (identity, epochs), reader.clone(), &options));
        shared.confirm_head().await?;
        plain_keys::look(&shared).await?;

        crate::writer::begin_metrics();
        let tasks = TaskTracker::new();
        let closing = token.child_token();
        let writer_gone = CancellationToken::new();
        let (writer, queue) = mpsc::channel(options.queue);
        let writing = Writer::new(Arc::clone(&shared), (*connect).clone(), options.max_batch, options.look);
        tasks.spawn({
            let (closing, writer_gone) = (closing.clone(), writer_gone.clone().drop_guard());
            async move {
                writing.run(queue, closing).await;
                drop(writer_gone);
            }
        });
        let told = Arc::<Notices>::default();
        tasks.spawn(crate::tail::listen(
            Arc::clone(&shared),
            (*connect).clone(),
            Arc::clone(&told),
            writer_gone.clone(),
        ));
        tasks.spawn(plain_keys::watch(Arc::clone(&shared), writer_gone.clone()));
        tasks.spawn(crate::tail::poll(Arc::clone(&shared), options.poll, told, writer_gone.clone()));
        let streams = Coalesced::spawn(&tasks, writer_gone.clone(), READ_TOGETHER, {
            let reader = reader.clone();
            move |keys| {
                let reader = reader.clone();
                async move { reader.streams(keys).await }
            }
        });
        let keys = Coalesced::spawn(&tasks, writer_gone.clone(), READ_TOGETHER, {
            let (reader, clock) = (reader.clone(), Arc::clone(&options.clock));
            move |keys| {
                let (reader, now) = (reader.clone(), clock.now());
                async move { reader.idempotency_keys(keys, now).await }
            }
        });
        let claims = Coalesced::spawn(&tasks, writer_gone, READ_TOGETHER, {
            let clock = options.clock;
            move |claims| {
                let (reader, now) = (reader.clone(), clock.now());
                async move { claim_all(reader.pool(), claims, now).await }
            }
        });
        Ok(Self(Arc::new(Handle { shared, writer, streams, keys, claims, tasks, closing })))
    }

    /// The store that cqrs-es drives, for one command.
    pub fn event_store<A>(&self, ticket: Ticket) -> LogStore<A>
    where
        A: Aggregate<Event: Into<AnyEvent>>,
    {
        LogStore::new(self.clone(), ticket)
    }

    /// The log as a repository of serialized events, for one command.
    pub fn repository(&self, ticket: Ticket) -> LogRepository {
        LogRepository::new(self.clone(), ticket)
    }

    /// Whether many callers wait.
    pub fn in_a_rush(&self) -> bool {
        self.0.shared.rush.is_on(Instant::now())
    }

    /// Says that a caller waits, for as long as what is returned lives. While many do, the engine's own work steps back.
    pub fn caller(&self) -> Caller {
        self.0.shared.rush.enter(Instant::now())
    }

    /// Tells metrics how things stand now: how many commands wait to be stored, and how far each subscription that this
    /// process runs is behind. What is not known now is told as NaN, which stands for nothing.
    #[expect(clippy::cast_precision_loss, reason = "queues and lags are far below 2^52")]
    pub fn tell_metrics(&self) {
        let shared = &self.0.shared;
        metrics::gauge!("orqestra_append_queue_depth").set(shared.room.commands() as f64);
        let head = (self.head_age() < HEAD_LASTS).then(|| shared.head.borrow().get());
        for (name, state) in shared.subscriptions() {
            let runs_here = match state {
                SubscriptionState::Follows | SubscriptionState::Halted(_) => true,
                SubscriptionState::Starting
                | SubscriptionState::StandsBy
                | SubscriptionState::Interrupted
                | SubscriptionState::Outdated(_) => false,
            };
            let stands = shared.progress(&name).borrow().position().get();
            let lag = head.filter(|_| runs_here).map_or(f64::NAN, |head| (head - stands).max(0) as f64);
            metrics::gauge!("orqestra_subscription_lag", "subscription" => name).set(lag);
        }
    }

    /// Stores one command's events, all or none. Once this was polled the command goes on, whether or not anybody
    /// waits for its outcome.
    pub async fn append(&self, append: Append) -> Outcome {
        match append.try_into() {
            Ok(append) => self.store(append).await,
            Err(InexactNumber) => Outcome::Malformed(INEXACT),
        }
    }

    pub(crate) async fn store(&self, append: Unplaced) -> Outcome {
        if self.0.shared.intact.check().is_err() {
            return Outcome::Unavailable;
        }
        let (answer, outcome) = oneshot::channel();
        let queued = match Queued::prepare(append, &self.0.shared, answer) {
            Ok(queued) => queued,
            Err(outcome) => return outcome,
        };
        let (tenant, bytes) = (queued.tenant(), queued.bytes());
        let room = &self.0.shared.room;
        if !room.take(tenant, bytes) {
            return Outcome::Full;
        }
        if let Err(refused) = self.0.writer.try_send(queued) {
            room.leave(tenant, bytes);
            return match refused {
                mpsc::error::TrySendError::Full(_) => Outcome::Full,
                mpsc::error::TrySendError::Closed(_) => Outcome::Unavailable,
            };
        }
        outcome.await.unwrap_or(Outcome::Lost)
    }

    /// Reads a whole stream; an unknown one is empty. Reads that wait share one statement.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn load(
        &self,
        aggregate_type: &str,
        stream: &StreamId,
    ) -> Result<Vec<Arc<RecordedEvent>>, LogError> {
        self.load_stored(aggregate_type, stream.as_str()).await
    }

    pub(crate) async fn load_stored(
        &self,
        aggregate_type: &str,
        id: &str,
    ) -> Result<Vec<Arc<RecordedEvent>>, LogError> {
        self.intact()?;
        self.0.streams.get((aggregate_type.to_owned(), id.to_owned())).await
    }

    /// Reads the next events after a position, in order and without a gap, from memory where possible: at most `limit`,
    /// and fewer where more bytes would come than a statement brings. None: there are none.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn read_after(
        &self,
        position: Position,
        limit: usize,
    ) -> Result<Vec<Arc<RecordedEvent>>, LogError> {
        Ok(self.read_page(position, limit, &Interest::ALL).await?.events)
    }

    /// Reads the next events after a position that a reader asks for, in order, and tells how far that is. Looks at
    /// `most` events, or at fewer where more bytes would come than a statement brings.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn read_page(
        &self,
        position: Position,
        most: usize,
        interest: &Interest,
    ) -> Result<Page, LogError> {
        self.intact()?;
        if let Some(page) = self.0.shared.ring.after(position, most, interest) {
            return Ok(page);
        }
        // What it reads beyond the head moves nothing: that the log is still the same is verified with the head.
        self.0.shared.reader.page(Line::Pages, position, most, interest).await
    }

    /// The same of these aggregates, notifications not among them, up to the head that is known: over the directory's own
    /// connection, which no large page of others occupies, and by an index that holds no notifications.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn read_page_for_directory(
        &self,
        position: Position,
        most: usize,
        aggregate_types: &'static [&'static str],
    ) -> Result<Page, LogError> {
        self.intact()?;
        if let Some(page) = self.0.shared.ring.after(position, most, &Interest::of(aggregate_types)) {
            return Ok(page);
        }
        let head = *self.0.shared.head.borrow();
        self.0.shared.reader.directory_page((position, head), most, aggregate_types).await
    }

    /// The notification that an unexpired idempotency key stands for: by what is stored for it, or in clear where there
    /// are still claims of a version before. Reads that wait share one statement.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn idempotency_key(
        &self,
        tenant: TenantId,
        key: &str,
        plain: Option<&str>,
    ) -> Result<Option<NotificationId>, LogError> {
        self.intact()?;
        let found = self.0.keys.get((tenant, key.to_owned())).await?;
        match plain {
            Some(plain) if found.is_none() && self.0.shared.plain_keys.are_asked_for() => {
                self.0.keys.get((tenant, plain.to_owned())).await
            }
            Some(_) | None => Ok(found),
        }
    }

    /// Deletes up to `limit` idempotency keys that have expired, and says how many.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn purge_idempotency_keys(&self, limit: i64) -> Result<u64, LogError> {
        let deleted = limited(
            sqlx::query(
                "delete from idempotency_keys where (tenant_id, key) in
                        (select tenant_id, key from idempotency_keys
                          where expires_at <= coalesce($1, clock_timestamp()) order by expires_at limit $2
                            for update skip locked)",
            )
            .bind(self.0.shared.clock.for_statement().map(Timestamp::as_datetime))
            .bind(limit)
            .execute(self.0.shared.reader.pool()),
        )
        .await?;
        Ok(deleted.rows_affected())
    }

    /// Deletes up to `limit` keys of months whose keys have expired, and says how many. Takes no turn of the appends.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn destroy_expired_keys(&self, limit: i32) -> Result<i32, LogError> {
        let destroying = sqlx::query_scalar("select destroy_expired_keys($1)").bind(limit);
        limited(destroying.fetch_one(self.0.shared.reader.pool())).await
    }

    /// Whether the database still holds the log that this process knows. Once it does not, nothing is read or stored
    /// any more.
    ///
    /// # Errors
    /// `Changed`, for ever.
    pub fn intact(&self) -> Result<(), LogError> {
        self.0.shared.intact.check()
    }

    /// Waits until the database holds another log than the one known, and says how it differs.
    pub async fn changed(&self) -> LogError {
        self.0.shared.intact.changed().await
    }

    /// Follows the head: the last position known to be stored.
    pub fn head(&self) -> watch::Receiver<Position> {
        self.0.shared.head.subscribe()
    }

    /// Asks the database for the head.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn fetch_head(&self) -> Result<Position, LogError> {
        self.0.shared.confirm_head().await
    }

    /// How long ago the database was last asked for the head and answered.
    pub fn head_age(&self) -> Duration {
        self.0.shared.confirmed.borrow().elapsed()
    }

    /// Waits for the word that the log gets from the database anyway: that it was asked for the head, not longer ago than
    /// so, and answered. Costs the database nothing.
    pub async fn head_confirmed(&self, within: Duration) {
        let mut confirmed = self.0.shared.confirmed.subscribe();
        confirmed.wait_for(|asked_at| asked_at.elapsed() <= within).await.ok();
    }

    /// Why nothing can be stored now, where that is so: by what the last appends met, or while there are none by a look
    /// whether one would be stored.
    pub fn hindrance(&self) -> Option<Hindrance> {
        self.0.shared.appends.hindrance()
    }

    /// What is known of this process's sessions, for pools of its own.
    pub fn sessions(&self) -> &Sessions {
        &self.0.shared.sessions
    }

    /// How far this process's clock is off the database's, if that is too far to be ready.
    pub fn clock_skew(&self) -> Option<Duration> {
        let skew = self.0.shared.clock_skew();
        (skew > MAX_CLOCK_SKEW).then_some(skew)
    }

    /// The log's id, made with its database.
    pub fn log_id(&self) -> Uuid {
        self.0.shared.intact.identity().log_id
    }

    /// Grows when the log is restored from a backup.
    pub fn epoch(&self) -> i64 {
        self.0.shared.intact.identity().epoch
    }

    /// Returns the first position that was appended in the log's epoch.
    pub fn epoch_position(&self) -> Position {
        self.0.shared.epochs.first_position(self.epoch())
    }

    /// Returns the position from which on what was said of the log in an earlier epoch is void; `None` where all of it holds.
    pub fn void_from(&self, epoch: i64) -> Option<Position> {
        self.0.shared.epochs.void_from(epoch)
    }

    /// The clock that tells `recorded_at`.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.shared.clock
    }

    /// The source of event ids.
    pub fn ids(&self) -> &Arc<dyn Ids> {
        &self.0.shared.ids
    }

    /// Follows a subscription of this process by name: how far it has handled and stored the partitions that it follows
    /// here.
    pub fn progress(&self, subscription: &str) -> watch::Receiver<Progress> {
        self.0.shared.progress(subscription).subscribe()
    }

    /// Notes how far a reader of the log has come that is not a subscription: it runs in this process alone.
    pub fn reads_up_to(&self, reader: &str, position: Position) {
        let shared = &self.0.shared;
        shared.progress(reader).send_modify(|progress| progress.set(Partition::WHOLE, position));
        shared.set_subscription(reader, Partition::WHOLE, SubscriptionState::Follows);
    }

    /// How a subscription stands in this process.
    pub fn subscription(&self, name: &str) -> SubscriptionState {
        self.0.shared.subscription(name)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    pub(crate) fn claims(&self) -> &Coalesced<IdempotencyClaim, IdempotencyClaim> {
        &self.0.claims
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Takes no more, stores what waits, and ends all tasks.
    pub async fn close(self) {
        self.0.closing.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.shared.reader.close().await;
    }
}
