//! The subscription `dispatch-v1`: writes the due table and hands what is due now straight to this process's workers.
//!
//! Rows due now are stored already leased, as far as there is room for them in memory, so that the usual delivery
//! needs no look-up and no update. If the process dies, the lease ends and any process takes them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::notification::NotificationEvent;
use orqestra_domain::{AnyEvent, NotificationId, RedriveId, StreamId, TenantId};
use orqestra_event_log::{
    Clock, Frontier, Interest, LogError, OnPoison, Position, RecordedEvent, Subscriber, SubscriberError,
    Unreadable, checkpoint, checkpoint_in,
};
use sqlx::{PgPool, PgTransaction};
use tokio::time::Instant;
use uuid::Uuid;

use super::expiry;
use super::fold::Fold;
use super::store::{self, Lease};
use super::{DueKind, DueRow};
use crate::callback::known::Known;
use crate::queue::{Entry, FairQueue, Lane, Room};
use crate::redrive;

/// The subscription's name.
pub(crate) const NAME: &str = "dispatch-v1";
/// The only aggregate that leaves anything due.
const NOTIFICATION: &str = "Notification";

/// How often [`reaches`] reads the checkpoint.
const LOOK: Duration = Duration::from_millis(100);

/// Returns how far the subscription has read.
pub(crate) async fn reached(pool: &PgPool) -> Result<Frontier, LogError> {
    Ok(checkpoint(pool, NAME).await?.unwrap_or(Frontier::whole(Position::ZERO)))
}

/// Waits for the subscription to read the whole log up to a position; false if it does not within that time.
pub(crate) async fn reaches(pool: &PgPool, position: Position, within: Duration) -> Result<bool, LogError> {
    let until = Instant::now() + within;
    while reached(pool).await?.least() < position {
        if Instant::now() >= until {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(true)
}

/// See the module.
pub(crate) struct DueSubscriber {
    pub(crate) queue: Arc<FairQueue>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) owner: Uuid,
    pub(crate) lease: Duration,
    pub(crate) sweep_after: Duration,
    handed_over: Vec<Entry>,
}

impl DueSubscriber {
    pub(crate) fn new(
        queue: Arc<FairQueue>,
        clock: Arc<dyn Clock>,
        owner: Uuid,
        lease: Duration,
        sweep_after: Duration,
    ) -> Self {
        Self { queue, clock, owner, lease, sweep_after, handed_over: Vec::new() }
    }
}

/// The events that leave something due, or end it. An event of a name that this program does not know is met.
pub(crate) const INTEREST: Interest =
    Interest::of(&[NOTIFICATION]).except(&["DeliveryRendered", "NotificationRead"]);

/// An event that cannot be read, and why.
#[derive(Debug, thiserror::Error)]
#[error("{why} at position {position}")]
pub(crate) struct UnreadableDue {
    position: Position,
    why: String,
    newer: bool,
}

impl UnreadableDue {
    /// An event that this program cannot read.
    pub(crate) fn of(event: &RecordedEvent, error: &Unreadable) -> Self {
        Self { position: event.position, why: error.to_string(), newer: error.is_newer() }
    }

    /// An event of another aggregate than its reader asks for.
    pub(crate) fn stranger(event: &RecordedEvent, why: &str) -> Self {
        Self { position: event.position, why: why.to_owned(), newer: false }
    }
}

impl From<UnreadableDue> for SubscriberError {
    fn from(unreadable: UnreadableDue) -> Self {
        if unreadable.newer { Self::newer(unreadable) } else { Self::event(unreadable) }
    }
}

/// Folds the events of notifications into the due rows and the keys that receipts are matched by.
///
/// # Errors
/// With the event that cannot be read.
pub(crate) fn fold_in(
    fold: &mut Fold,
    known: &mut Known,
    batch: &[Arc<RecordedEvent>],
) -> Result<(), UnreadableDue> {
    for event in batch {
        let (tenant, notification, event) = read(event)?;
        fold.apply(tenant, notification, event);
        known.apply(tenant, notification, event);
    }
    Ok(())
}

/// Reads an event of a notification.
///
/// # Errors
/// If it cannot be read, or is not an event of a notification.
pub(crate) fn read(
    event: &RecordedEvent,
) -> Result<(TenantId, NotificationId, &NotificationEvent), UnreadableDue> {
    let read = event.event().map_err(|error| UnreadableDue::of(event, error))?;
    let (AnyEvent::Notification(read), Some((tenant, id))) = (read, StreamId::split(&event.aggregate_id))
    else {
        return Err(UnreadableDue::stranger(event, "no event of a notification"));
    };
    Ok((tenant, NotificationId::from_uuid(id), read))
}

/// Counts what each redrive has requeued.
fn requeued(batch: &[Arc<RecordedEvent>]) -> BTreeMap<(TenantId, RedriveId), i64> {
    let mut requeued = BTreeMap::new();
    for recorded in batch {
        if let Ok(AnyEvent::Notification(NotificationEvent::DeliveryRequeued(event))) = recorded.event() {
            *requeued.entry((recorded.tenant, event.redrive)).or_default() += 1;
        }
    }
    requeued
}

/// Counts it in the tables. After a crash of the server the row of a request may be missing for a moment: it is waited for.
async fn count_requeued(
    tx: &mut PgTransaction<'_>,
    batch: &[Arc<RecordedEvent>],
) -> Result<(), SubscriberError> {
    let requeued = requeued(batch);
    if redrive::store::count(tx, &requeued).await? {
        return Ok(());
    }
    let read = checkpoint_in(&mut **tx, redrive::subscriber::NAME).await?;
    let read = read.map_or(Position::ZERO, |read| read.least());
    // The request of what is requeued stands before it in the log.
    if batch.last().is_some_and(|event| event.position > read) {
        return Err(SubscriberError::Unavailable("a redrive's request is not read yet".into()));
    }
    Ok(())
}

impl Subscriber for DueSubscriber {
    fn name(&self) -> &str {
        NAME
    }

    fn interest(&self) -> Interest {
        INTEREST
    }

    async fn handle(
        &mut self,
        tx: &mut PgTransaction<'_>,
        batch: &[Arc<RecordedEvent>],
    ) -> Result<(), SubscriberError> {
        let mut fold = Fold::new(self.sweep_after);
        let now = self.clock.now();
        let mut known = Known::at(now);
        fold_in(&mut fold, &mut known, batch)?;
        let until = now.plus(self.lease);
        // With a doubtful clock nothing counts as due: the poller asks the time and takes the rows.
        let proved = self.clock.is_proved();
        self.handed_over.clear();
        let mut of_lane: HashMap<(TenantId, Lane), usize> = HashMap::new();
        let mut rows = Vec::new();
        for (key, due) in fold.standing() {
            let row = DueRow { key, due };
            let mut leased = false;
            if proved && due.kind == DueKind::Send && due.at <= now {
                let pending = of_lane.entry((key.tenant, Lane::of(&row))).or_default();
                leased = self.queue.room(&row, self.handed_over.len(), *pending) == Room::Yes;
                if leased {
                    *pending += 1;
                    self.handed_over.push(Entry { row, leased_until: until });
                }
            }
            rows.push((row, leased));
        }
        store::apply(tx, fold.settled(), &rows, Lease { owner: self.owner, until }).await?;
        expiry::mark(tx, fold.expiries()).await?;
        known.write(tx).await?;
        count_requeued(tx, batch).await
    }

    fn committed(&mut self, _batch: &[Arc<RecordedEvent>], _position: Position) {
        if !self.handed_over.is_empty() {
            self.queue.push(self.handed_over.drain(..));
        }
    }

    fn on_poison(&self) -> OnPoison {
        OnPoison::Park
    }
}
