//! The subscription `redrives-v1`: lets a redrive run that was asked for, and ends one that was stopped.
//!
//! It reads the log and not a topic, whose partitions bring the events of notifications: those requeued are counted by `dispatch-v1`.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::{AnyEvent, RedriveId, StreamId};
use orqestra_event_log::{
    Interest, OnPoison, RecordedEvent, Subscriber, SubscriberError, SubscriptionOptions,
};
use sqlx::PgTransaction;

use super::store;
use crate::due::subscriber::UnreadableDue;

/// The subscription's name.
pub(crate) const NAME: &str = "redrives-v1";
/// The aggregate whose events it reads.
const REDRIVE: &str = "Redrive";
/// How long it may be behind: the request that begins a redrive also writes its row.
const GATHER: Duration = Duration::from_millis(100);

/// How it runs.
pub(crate) fn options() -> SubscriptionOptions {
    let usual = SubscriptionOptions::default();
    // Of most batches nothing is for it.
    SubscriptionOptions { rushed_batch: usual.batch, gather: GATHER, ..usual }
}

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RedriveSubscriber;

impl Subscriber for RedriveSubscriber {
    fn name(&self) -> &str {
        NAME
    }

    fn interest(&self) -> Interest {
        const { Interest::of(&[REDRIVE]) }
    }

    async fn handle(
        &mut self,
        tx: &mut PgTransaction<'_>,
        batch: &[Arc<RecordedEvent>],
    ) -> Result<(), SubscriberError> {
        for recorded in batch {
            let event = recorded.event().map_err(|error| UnreadableDue::of(recorded, error))?;
            let (AnyEvent::Redrive(event), Some((tenant, id))) =
                (event, StreamId::split(&recorded.aggregate_id))
            else {
                return Err(UnreadableDue::stranger(recorded, "no event of a redrive").into());
            };
            store::apply(tx, (tenant, RedriveId::from_uuid(id)), recorded.position, event).await?;
        }
        Ok(())
    }

    fn on_poison(&self) -> OnPoison {
        OnPoison::Park
    }
}
