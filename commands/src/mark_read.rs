//! `MarkRead`: the recipient read a notification in the inbox.

use std::sync::Arc;

use orqestra_domain::notification::{MarkRead, Notification, NotificationCommand, NotificationRefusal};
use orqestra_domain::{NotificationId, UserId};
use orqestra_event_log::FailPoint;

use crate::context::Context;
use crate::directory::TenantEntry;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

impl Commands {
    /// Marks a notification read. Reading it again changes nothing and is no error.
    ///
    /// # Errors
    /// `NotInInbox` or `NotAccepted` where this user's inbox does not hold it.
    pub async fn mark_read(
        &self,
        tenant: &Arc<TenantEntry>,
        user: &UserId,
        notification: NotificationId,
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        let recipient = tenant.index.recipient_ref(user);
        let command = NotificationCommand::MarkRead(MarkRead { recipient, at: self.now() });
        let committed = self.on_notification(tenant.id, notification, command, &[], ctx).await?;
        FailPoint::MarkReadAfterAppend.hit();
        Ok(committed)
    }
}
