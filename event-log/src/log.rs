//! The handle on the log: opening, appending, reading, following.
//!
//! A handle is cheap to clone; one writer, one listener and a few readers serve all clones. When the last one is
//! dropped, or the token is cancelled, what was accepted is still stored.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cqrs_es::Aggregate;
use orqestra_domain::{AnyEvent, NotificationId, StreamId, TenantId};
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::append::{Append, IdempotencyClaim, Outcome, Ticket};
use crate::canonical::InexactNumber;
use crate::claim::claim_all;
use crate::coalesce::Coalesced;
use crate::error::LogError;
use crate::position::Position;
use crate::read::{Reader, StreamKey, limited};
use crate::recorded::RecordedEvent;
use crate::repository::LogRepository;
use crate::ring::Ring;
use crate::room::Room;
use crate::rush::{Caller, Rush};
use crate::source::{Clock, Ids};
use crate::store::LogStore;
use crate::subscription::{Owner, SubscriptionState};
use crate::upcast::Upcasters;
use crate::writer::{INEXACT, Queued, Unplaced, Writer};

/// Most streams or keys that one read serves.
const READ_TOGETHER: usize = 256;
/// A clock further off the database's than this is wrong.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_secs(1);

/// Longest that another process's news waits for our own batch.
const OWN_BATCH: Duration = Duration::from_millis(50);

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
    /// Makes event ids.
    pub ids: Arc<dyn Ids>,
    /// What brings old events to today's shape.
    pub upcasters: Upcasters,
}

impl LogOptions {
    /// The usual sizes with this clock and these ids.
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            max_batch: 256,
            queue: 4_096,
            poll: Duration::from_millis(100),
            clock,
            ids,
            upcasters: Upcasters::current(),
        }
    }
}

/// What all clones and tasks share.
pub(crate) struct Shared {
    pub(crate) reader: Reader,
    pub(crate) ring: Ring,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) upcasters: Upcasters,
    pub(crate) room: Room,
    pub(crate) present: AtomicBool,
    /// Whether the writer waits for the database, and how many batches it has behind it.
    pub(crate) flushing: AtomicBool,
    pub(crate) flushed: watch::Sender<u64>,
    pub(crate) rush: Arc<Rush>,
    instance: Uuid,
    head: watch::Sender<Position>,
    confirmed: watch::Sender<Instant>,
    skew_micros: AtomicI64,
    progress: Mutex<HashMap<String, watch::Sender<Position>>>,
    subscriptions: Mutex<HashMap<String, SubscriptionState>>,
}

impl Shared {
    /// Moves the head forward; what is behind it already changes nothing.
    pub(crate) fn advance(&self, to: Position) {
        self.head.send_if_modified(|head| {
            let forward = to > *head;
            if forward {
                *head = to;
            }
            forward
        });
    }

    /// Waits until the batch under way, if there is one, is in memory; not for long.
    pub(crate) async fn own_batch(&self) {
        let mut flushed = self.flushed.subscribe();
        let before = *flushed.borrow_and_update();
        if self.flushing.load(Ordering::Acquire) {
            timeout(OWN_BATCH, flushed.wait_for(|now| *now != before)).await.ok();
        }
    }

    /// Whether the head is known to be there or further.
    pub(crate) fn knows(&self, position: Position) -> bool {
        *self.head.borrow() >= position
    }

    /// The advisory lock that this process holds while it lives.
    pub(crate) fn presence_key(&self) -> i64 {
        self.instance.as_u64_pair().1.cast_signed()
    }

    /// This process as the owner of leases.
    pub(crate) fn owner(&self) -> Owner {
        let presence = if self.present.load(Ordering::Relaxed) { self.presence_key() } else { 0 };
        Owner { id: self.instance, presence }
    }

    /// Reads the head, and by the way how far the clocks are apart.
    pub(crate) async fn confirm_head(&self) -> Result<Position, LogError> {
        let asked_at = Instant::now();
        let before = self.clock.now();
        let (head, theirs) = self.reader.head().await?;
        let after = self.clock.now();
        let ours = before.unix_micros().midpoint(after.unix_micros());
        self.skew_micros.store(ours - theirs.unix_micros(), Ordering::Relaxed);
        // The head first: whoever sees that it was asked for sees what was answered.
        self.advance(head);
        self.confirmed.send_modify(|confirmed| *confirmed = (*confirmed).max(asked_at));
        Ok(head)
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
    log_id: Uuid,
    epoch: i64,
}

/// The log.
#[derive(Clone)]
pub struct EventLog(Arc<Handle>);

impl EventLog {
    /// Opens the log of a migrated database and starts its tasks, which end when the token is cancelled and what was
    /// accepted is stored.
    ///
    /// Takes only the connect options of the pool: the log has connections of its own, at most six.
    ///
    /// # Errors
    /// If the database cannot be read, or would lose acknowledged events in a crash.
    pub async fn open(pool: PgPool, options: LogOptions, token: CancellationToken) -> Result<Self, LogError> {
        let connect = pool.connect_options();
        let reader = Reader::new(&connect, options.upcasters.clone());
        let (log_id, epoch) = reader.identity().await?;
        let instance = options.ids.uuid_v7(options.clock.now());
        let shared = Arc::new(Shared {
            reader: reader.clone(),
            ring: Ring::default(),
            clock: Arc::clone(&options.clock),
            ids: options.ids,
            upcasters: options.upcasters,
            room: Room::default(),
            present: AtomicBool::new(false),
            flushing: AtomicBool::new(false),
            flushed: watch::Sender::new(0),
            rush: Arc::default(),
            instance,
            head: watch::Sender::new(Position::ZERO),
            confirmed: watch::Sender::new(Instant::now()),
            skew_micros: AtomicI64::new(0),
            progress: Mutex::default(),
            subscriptions: Mutex::default(),
        });
        shared.confirm_head().await?;

        let tasks = TaskTracker::new();
        let closing = token.child_token();
        let writer_gone = CancellationToken::new();
        let (writer, queue) = mpsc::channel(options.queue);
        let writing = Writer::new(Arc::clone(&shared), (*connect).clone(), options.max_batch);
        tasks.spawn({
            let (closing, writer_gone) = (closing.clone(), writer_gone.clone().drop_guard());
            async move {
                writing.run(queue, closing).await;
                drop(writer_gone);
            }
        });
        tasks.spawn(crate::tail::listen(Arc::clone(&shared), (*connect).clone(), writer_gone.clone()));
        tasks.spawn(crate::tail::poll(Arc::clone(&shared), options.poll, writer_gone.clone()));
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
        Ok(Self(Arc::new(Handle { shared, writer, streams, keys, claims, tasks, closing, log_id, epoch })))
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

    /// Stores one command's events, all or none. Once this was polled the command goes on, whether or not anybody
    /// waits for its outcome.
    pub async fn append(&self, append: Append) -> Outcome {
        match append.try_into() {
            Ok(append) => self.store(append).await,
            Err(InexactNumber) => Outcome::Malformed(INEXACT),
        }
    }

    pub(crate) async fn store(&self, append: Unplaced) -> Outcome {
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
        self.0.streams.get((aggregate_type.to_owned(), id.to_owned())).await
    }

    /// Reads up to `limit` events after a position, in order and without a gap, from memory where possible.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn read_after(
        &self,
        position: Position,
        limit: usize,
    ) -> Result<Vec<Arc<RecordedEvent>>, LogError> {
        if let Some(events) = self.0.shared.ring.after(position, limit) {
            return Ok(events);
        }
        let events = self.0.shared.reader.after(position, i64::try_from(limit).unwrap_or(i64::MAX)).await?;
        if let Some(last) = events.last() {
            self.0.shared.advance(last.position);
        }
        Ok(events)
    }

    /// The notification that an unexpired idempotency key stands for. Reads that wait share one statement.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn idempotency_key(
        &self,
        tenant: TenantId,
        key: &str,
    ) -> Result<Option<NotificationId>, LogError> {
        self.0.keys.get((tenant, key.to_owned())).await
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
                          where expires_at <= $1 order by expires_at limit $2
                            for update skip locked)",
            )
            .bind(self.0.shared.clock.now().as_datetime())
            .bind(limit)
            .execute(self.0.shared.reader.pool()),
        )
        .await?;
        Ok(deleted.rows_affected())
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

    /// How far this process's clock is off the database's, if that is too far to be ready.
    pub fn clock_skew(&self) -> Option<Duration> {
        let skew = Duration::from_micros(self.0.shared.skew_micros.load(Ordering::Relaxed).unsigned_abs());
        (skew > MAX_CLOCK_SKEW).then_some(skew)
    }

    /// The log's id, made with its database.
    pub fn log_id(&self) -> Uuid {
        self.0.log_id
    }

    /// Grows when the log is restored from a backup.
    pub fn epoch(&self) -> i64 {
        self.0.epoch
    }

    /// The clock that tells `recorded_at`.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.shared.clock
    }

    /// The source of event ids.
    pub fn ids(&self) -> &Arc<dyn Ids> {
        &self.0.shared.ids
    }

    /// Follows a subscription of this process by name: the last position it has handled and stored. Zero until it
    /// runs.
    pub fn progress(&self, subscription: &str) -> watch::Receiver<Position> {
        self.progress_sender(subscription).subscribe()
    }

    pub(crate) fn progress_sender(&self, subscription: &str) -> watch::Sender<Position> {
        let mut progress = self.0.shared.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.entry(subscription.to_owned()).or_insert_with(|| watch::Sender::new(Position::ZERO)).clone()
    }

    /// How a subscription stands in this process.
    pub fn subscription(&self, name: &str) -> SubscriptionState {
        let states = self.0.shared.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        states.get(name).copied().unwrap_or_default()
    }

    pub(crate) fn set_subscription(&self, name: &str, state: SubscriptionState) {
        let mut states = self.0.shared.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(name.to_owned(), state);
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
        self.0.shared.reader.pool().close().await;
    }
}
