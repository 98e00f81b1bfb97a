//! State that all clones of the log and its tasks share: the known head, recent events, how subscriptions stand.
//!
//! The head moves by the results of this process's own commits and by what the database answers, never by a notice.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::clock::DatabaseClock;
use crate::epochs::Epochs;
use crate::error::LogError;
use crate::hindrance::Appends;
use crate::intact::{Identity, Intact, Known, LogChange};
use crate::log::LogOptions;
use crate::partition::{Partition, PartitionKeys, Progress};
use crate::plain_keys::PlainKeys;
use crate::position::Position;
use crate::read::Reader;
use crate::ring::Ring;
use crate::room::Room;
use crate::rush::Rush;
use crate::sessions::Sessions;
use crate::source::{Clock, Ids};
use crate::subscription::{Owner, SubscriptionState};
use crate::upcast::Upcasters;

/// Longest that another process's news waits for our own batch.
const OWN_BATCH: Duration = Duration::from_millis(50);

/// Stands for a group in place of a partition's number, which is lower.
const GROUP: u16 = u16::MAX;

/// See the module.
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
    pub(crate) intact: Intact,
    pub(crate) epochs: Epochs,
    pub(crate) appends: Appends,
    pub(crate) plain_keys: PlainKeys,
    pub(crate) sessions: Sessions,
    database_clock: Option<Arc<DatabaseClock>>,
    instance: Uuid,
    pub(crate) head: watch::Sender<Position>,
    pub(crate) confirmed: watch::Sender<Instant>,
    skew_micros: AtomicI64,
    pub(crate) partition_keys: PartitionKeys,
    progress: Mutex<HashMap<String, watch::Sender<Progress>>>,
    /// By partition, how each subscription stands.
    subscriptions: Mutex<HashMap<String, BTreeMap<u16, SubscriptionState>>>,
}

impl Shared {
    pub(crate) fn new(
        instance: Uuid,
        (identity, epochs): (Identity, Epochs),
        reader: Reader,
        options: &LogOptions,
    ) -> Self {
        Self {
            reader,
            ring: Ring::default(),
            clock: Arc::clone(&options.clock),
            ids: Arc::clone(&options.ids),
            upcasters: options.upcasters.clone(),
            room: Room::default(),
            present: AtomicBool::new(false),
            flushing: AtomicBool::new(false),
            flushed: watch::Sender::new(0),
            rush: Arc::default(),
            intact: Intact::new(identity),
            epochs,
            appends: Appends::default(),
            plain_keys: PlainKeys::default(),
            sessions: options.sessions.clone(),
            database_clock: options.database_clock.clone(),
            instance,
            head: watch::Sender::new(Position::ZERO),
            confirmed: watch::Sender::new(Instant::now()),
            skew_micros: AtomicI64::new(0),
            partition_keys: PartitionKeys::default(),
            progress: Mutex::default(),
            subscriptions: Mutex::default(),
        }
    }

    /// Moves the head forward to an event that is stored in the log known; what is behind it already changes nothing.
    pub(crate) fn advance(&self, to: Known) {
        if self.intact.learn(to) {
            self.head.send_if_modified(|head| {
                let forward = to.position > *head;
                if forward {
                    *head = to.position;
                }
                forward
            });
        }
    }

    /// Notes that the database holds another log, and drops what was remembered of the one known.
    pub(crate) fn forget(&self, change: LogChange) -> LogError {
        let error = self.intact.note(change);
        self.ring.clear();
        error
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

    /// Reads the head, verifies that the log is the one known, and learns by the way what time the database has.
    pub(crate) async fn confirm_head(&self) -> Result<Position, LogError> {
        self.intact.check()?;
        let known = self.intact.known();
        let local = self.database_clock.as_ref().map_or(&*self.clock, |clock| clock.local());
        let asked_at = Instant::now();
        let before = local.now();
        let (found, theirs) = self.reader.head(known.position).await?;
        let after = local.now();
        self.sessions.answered();
        if let Some(clock) = &self.database_clock {
            clock.learn(asked_at, Instant::now(), theirs);
        }
        let ours = before.unix_micros().midpoint(after.unix_micros());
        self.skew_micros.store(ours - theirs.unix_micros(), Ordering::Relaxed);
        if let Err(error) = self.intact.verify(known, &found) {
            self.ring.clear();
            return Err(error);
        }
        // The head first: a reader that sees the look counted also sees its answer.
        self.advance(found.head);
        self.confirmed.send_modify(|confirmed| *confirmed = (*confirmed).max(asked_at));
        Ok(found.head.position)
    }

    /// How far this machine's clock is off the database's.
    pub(crate) fn clock_skew(&self) -> Duration {
        Duration::from_micros(self.skew_micros.load(Ordering::Relaxed).unsigned_abs())
    }

    /// How far a subscription of this process has come.
    pub(crate) fn progress(&self, subscription: &str) -> watch::Sender<Progress> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress
            .entry(subscription.to_owned())
            .or_insert_with(|| watch::Sender::new(Progress::default()))
            .clone()
    }

    /// How a subscription stands in this process: as the partition that is worst off does.
    pub(crate) fn subscription(&self, name: &str) -> SubscriptionState {
        let states = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        states.get(name).and_then(worst).unwrap_or_default()
    }

    /// All that have said how they stand.
    pub(crate) fn subscriptions(&self) -> Vec<(String, SubscriptionState)> {
        let states = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        states.iter().filter_map(|(name, states)| Some((name.clone(), worst(states)?))).collect()
    }

    /// Notes how a subscription that reads a topic stands where this process reads none of its partitions.
    pub(crate) fn set_group(&self, name: &str, state: SubscriptionState) {
        let mut states = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        states.entry(name.to_owned()).or_default().insert(GROUP, state);
    }

    /// Notes how a partition of a subscription stands in this process.
    pub(crate) fn set_subscription(&self, name: &str, partition: Partition, state: SubscriptionState) {
        let mut states = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        states.entry(name.to_owned()).or_default().insert(partition.number(), state);
    }

    /// Forgets a partition that another process may follow from now on.
    pub(crate) fn leave(&self, name: &str, partition: Partition) {
        if partition.is_whole() {
            return;
        }
        let mut states = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(states) = states.get_mut(name) {
            states.remove(&partition.number());
        }
        drop(states);
        self.progress(name).send_modify(|progress| progress.leave(partition));
    }
}

fn worst(states: &BTreeMap<u16, SubscriptionState>) -> Option<SubscriptionState> {
    states.values().copied().max_by_key(|state| state.severity())
}
