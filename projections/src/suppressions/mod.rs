//! The suppressions: which addresses a tenant sends nothing to, for operators who look through them.
//!
//! A row holds the address's look-up form and nothing personal, so it outlives a person's forgetting unchanged. A lifted one
//! stays, marked, so that handling an event again changes nothing. Whether an address is suppressed is decided by its stream.

mod query;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use orqestra_domain::suppression::{AddressSuppressed, SuppressionEvent};
use orqestra_domain::{AddressRef, TenantId};
use orqestra_event_log::{Position, RecordedEvent};
use sqlx::{PgConnection, PgPool};

use crate::error::ApplyError;
use crate::fact::Fact;
use crate::generation::Generation;

pub use query::SuppressedAddress;

/// The suppressions' queries.
#[derive(Clone, Debug)]
pub struct Suppressions {
    pool: PgPool,
}

impl Suppressions {
    /// Reads the suppressions in this database.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

/// What some events make of an address.
#[derive(Default)]
struct Change<'a> {
    /// The last suppression among them, and where it stands.
    suppressed: Option<(&'a AddressSuppressed, Position)>,
    /// Whether the last of them lifts it.
    lifted: bool,
    /// Of the last of them.
    sequence: i64,
}

type Changes<'a> = BTreeMap<(TenantId, AddressRef), Change<'a>>;

/// Handles events in log order, in the connection's transaction.
pub(crate) async fn apply(
    conn: &mut PgConnection,
    generation: Generation,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ApplyError> {
    let mut changes = Changes::new();
    for recorded in events {
        let Fact::Suppression(event) = Fact::of(recorded)? else { continue };
        let address = match event {
            SuppressionEvent::AddressSuppressed(event) => event.address_ref,
            SuppressionEvent::SuppressionLifted(event) => event.address_ref,
        };
        let change = changes.entry((recorded.tenant, address)).or_default();
        change.sequence = recorded.sequence;
        match event {
            SuppressionEvent::AddressSuppressed(event) => {
                change.suppressed = Some((event, recorded.position));
                change.lifted = false;
            }
            SuppressionEvent::SuppressionLifted(_) => change.lifted = true,
        }
    }
    Ok(write::write(conn, generation, &changes).await?)
}
