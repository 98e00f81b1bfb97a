//! Read-your-writes: brings one row up to what its caller has just appended, or is about to be told, before the caller
//! is answered.

use std::sync::Arc;

use cqrs_es::Aggregate;
use orqestra_domain::notification::Notification;
use orqestra_domain::{NotificationId, StreamId, TenantId};
use orqestra_event_log::RecordedEvent;

use super::fold::Changes;
use super::{Inbox, write};
use crate::error::{ApplyError, ReadModelError, limited};
use crate::generation::Generation;

impl Inbox {
    /// Brings a notification's row at least to `version` of its stream. `events` are those just appended, where they
    /// are at hand; what they leave out is read from the log.
    ///
    /// # Errors
    /// If the database does not answer in time; the subscription then brings the row up a little later.
    pub async fn apply_now(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        version: i64,
        events: &[Arc<RecordedEvent>],
    ) -> Result<(), ReadModelError> {
        if limited(self.apply_next(tenant, notification, version, events)).await? {
            return Ok(());
        }
        let stream = self.log.load(Notification::TYPE, &StreamId::notification(tenant, notification)).await?;
        limited(self.apply_stream(&stream)).await
    }

    /// Brings the row of a push that was delivered to where the history shows it, so that a caller that is told of the
    /// delivery finds the push. Does nothing where the row is there, or the recipient was forgotten.
    ///
    /// # Errors
    /// If the database does not answer in time; nothing may be told of the delivery then.
    pub async fn show_delivered(
        &self,
        tenant: TenantId,
        notification: NotificationId,
    ) -> Result<(), ReadModelError> {
        let shown = sqlx::query_scalar(
            "select rendered_at is not null from inbox where tenant_id = $1 and notification_id = $2",
        )
        .bind(tenant.as_uuid())
        .bind(notification.as_uuid())
        .fetch_optional(&self.pool);
        if limited(shown).await? == Some(true) {
            return Ok(());
        }
        let stream = self.log.load(Notification::TYPE, &StreamId::notification(tenant, notification)).await?;
        limited(self.apply_stream(&stream)).await
    }

    /// False: the row is missing, or there is a gap between it and the events.
    async fn apply_next(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        version: i64,
        events: &[Arc<RecordedEvent>],
    ) -> Result<bool, ApplyError> {
        let mut tx = self.pool.begin().await?;
        let row: Option<i64> = sqlx::query_scalar(
            "select sequence from inbox where tenant_id = $1 and notification_id = $2 for update",
        )
        .bind(tenant.as_uuid())
        .bind(notification.as_uuid())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(sequence) = row else { return Ok(false) };
        if sequence >= version {
            return Ok(true);
        }
        let stream = StreamId::notification(tenant, notification);
        let covered = events.iter().all(|event| event.aggregate_id == stream.as_str())
            && events.first().is_some_and(|first| first.sequence <= sequence + 1)
            && events.last().is_some_and(|last| last.sequence >= version);
        if covered {
            write::write(&mut tx, Generation::Live, &Changes::of(events)?).await?;
            tx.commit().await?;
        }
        Ok(covered)
    }

    /// Writes the row that the whole stream amounts to, unless the one there is further or its person was forgotten.
    async fn apply_stream(&self, stream: &[Arc<RecordedEvent>]) -> Result<(), ApplyError> {
        let changes = Changes::of(stream)?;
        if changes.rows.values().all(|row| row.accepted.is_none()) {
            return Ok(());
        }
        let mut tx = self.pool.begin().await?;
        // Before the row is touched, as the subscription does it: the other order could deadlock with it.
        write::keep_from_forgetting(&mut tx).await?;
        write::write(&mut tx, Generation::Live, &changes).await?;
        Ok(tx.commit().await?)
    }
}
