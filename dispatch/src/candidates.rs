//! The read model in which the reactors look for deliveries that may be stuck, and for dead letters to requeue.
//!
//! A read model lives in another room and may be behind. It only names candidates: each delivery's own stream decides.

use futures::future::BoxFuture;
use orqestra_domain::redrive::DeadLetterFilter;
use orqestra_domain::{Channel, DeliveryId, NotificationId, TenantId, Timestamp};
use orqestra_event_log::Position;

use crate::due::DueKey;

/// The read model cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CandidatesError(pub String);

/// Selects deliveries accepted between `from` and `to` whose next step was due before `due_before`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsettled {
    /// Accepted at or after this.
    pub from: Timestamp,
    /// Accepted before this.
    pub to: Timestamp,
    /// Due before this.
    pub due_before: Timestamp,
    /// The last one of the page before.
    pub after: Option<(Timestamp, DueKey)>,
    /// Most deliveries.
    pub most: usize,
}

/// Selects a page of dead letters.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetters<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// Those that it selects.
    pub filter: &'a DeadLetterFilter,
    /// The last one of the page before.
    pub after: Option<EndedAt>,
    /// Most deliveries.
    pub most: usize,
}

/// A dead letter's place among those of its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedAt {
    /// When it ended.
    pub at: Timestamp,
    /// Of which notification.
    pub notification: NotificationId,
    /// On which channel.
    pub channel: Channel,
}

type Found<'a, T> = BoxFuture<'a, Result<T, CandidatesError>>;

/// The read model that is asked.
pub trait Candidates: Send + Sync {
    /// The position of the log up to which it has read.
    fn read_up_to(&self) -> Found<'_, Position>;

    /// Deliveries that may be stuck, with the times of their acceptance, in the order of these.
    fn unsettled(&self, which: Unsettled) -> Found<'_, Vec<(Timestamp, DueKey)>>;

    /// Deliveries of all tenants whose outcome is unknown, with the time since which each is held: at most `most`, oldest first, after
    /// the given place.
    fn held(&self, after: Option<(Timestamp, DueKey)>, most: usize) -> Found<'_, Vec<(Timestamp, DueKey)>>;

    /// Dead letters, in the order of their ends; and where the next page begins, `None` at the end of the list. A page may hold none
    /// although more follow.
    fn dead_letters<'a>(&'a self, which: DeadLetters<'a>) -> Found<'a, (Vec<EndedAt>, Option<EndedAt>)>;

    /// Finds the tenant, notification and channel of a delivery; `None` where the read model does not have it.
    fn delivery(&self, delivery: DeliveryId) -> Found<'_, Option<DueKey>>;
}
