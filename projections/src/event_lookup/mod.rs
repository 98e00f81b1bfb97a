//! The look-up of events: which events a person, an email address or a phone number has, for operators who are asked why
//! something did not arrive.
//!
//! A row holds look-up forms and nothing personal, in clear or sealed, and goes when its recipient is forgotten: what a person
//! was known by finds none of their events then. What became of an event is told by the delivery status.

mod query;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use orqestra_domain::notification::{Accepted, NotificationEvent};
use orqestra_domain::{NotificationId, TenantId};
use orqestra_event_log::{Position, RecordedEvent};
use sqlx::{PgConnection, PgPool};

use crate::error::ApplyError;
use crate::fact::{Fact, UnreadableFact};
use crate::forgotten::Forgotten;
use crate::generation::Generation;

pub use query::{FoundEvent, LookupKey, LookupPage};

/// The look-up's queries.
#[derive(Clone, Debug)]
pub struct EventLookup {
    pool: PgPool,
}

impl EventLookup {
    /// Reads the look-up in this database.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

/// The changes of a batch.
#[derive(Default)]
struct Changes<'a> {
    accepted: BTreeMap<(TenantId, NotificationId), (&'a Accepted, Position)>,
    /// The people whose rows from before the position go, and never come back.
    forgotten: Forgotten,
}

impl<'a> Changes<'a> {
    /// Folds events that stand in log order.
    fn of(events: &'a [Arc<RecordedEvent>]) -> Result<Self, UnreadableFact> {
        let mut changes = Self::default();
        for recorded in events {
            match Fact::of(recorded)? {
                Fact::Notification(id, NotificationEvent::NotificationAccepted(accepted)) => {
                    changes.accepted.insert((recorded.tenant, id), (accepted, recorded.position));
                }
                Fact::Forgotten(forgotten) => {
                    changes.forgotten.insert((recorded.tenant, forgotten.recipient_ref), recorded.position);
                }
                Fact::Notification(..) | Fact::Suppression(_) | Fact::Other => {}
            }
        }
        Ok(changes)
    }
}

/// Handles events in log order, in the connection's transaction.
pub(crate) async fn apply(
    conn: &mut PgConnection,
    generation: Generation,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ApplyError> {
    let changes = Changes::of(events)?;
    Ok(write::write(conn, generation, &changes).await?)
}
