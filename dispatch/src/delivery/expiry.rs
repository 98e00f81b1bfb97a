//! Ends deliveries at their deadline.
//!
//! Where nothing was attempted it is skipped; after failed attempts it is a dead letter; an unknown outcome stays one, for an
//! operator to decide on.

use orqestra_domain::notification::{SkipReason, Story};
use orqestra_domain::{Cause, Timestamp};

use super::{Deliverer, Later};
use crate::due::{DueKey, DueRow, expiry};

impl Deliverer {
    /// When a delivery's message stops being of use.
    pub(super) fn deadline(&self, story: &Story, key: DueKey) -> Timestamp {
        story.deadline(key.channel, self.settings.lifetime)
    }

    /// Ends a delivery that came to its deadline.
    pub(super) async fn expire(&self, story: &Story, key: DueKey) -> Result<(), Later> {
        let Some(delivery) = story.deliveries.get(&key.channel) else { return Ok(()) };
        if story.may_have_arrived(key.channel) {
            self.hold(key, Cause::Expired).await
        } else if delivery.attempts.is_empty() {
            self.skip(key, SkipReason::Expired).await
        } else {
            self.abandon(key, Cause::Expired).await
        }
    }

    /// Ends the delivery of a row that nothing takes up, as while its providers are down, once its deadline has come.
    pub(crate) async fn expire_overdue(&self, row: &DueRow) -> Result<(), Later> {
        let now = self.proved_time().await?;
        let Some(story) = self.story_to_send(row).await? else { return Ok(()) };
        if now < self.deadline(&story, row.key) {
            let cleared = expiry::clear(&self.due, row).await;
            return cleared.map_err(|error| Later::Unavailable(error.to_string()));
        }
        self.expire(&story, row.key).await
    }
}
