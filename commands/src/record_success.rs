//! `RecordSuccess`: see the method.

use orqestra_domain::notification::{Notification, NotificationCommand, NotificationRefusal, RecordSuccess};
use orqestra_domain::{KeyId, NotificationId, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

impl Commands {
    /// Records that a provider took the message.
    ///
    /// `used_keys` are the data keys of what the command seals: if one is gone by then, nothing is appended.
    ///
    /// # Errors
    /// The notification's refusal, `RecipientForgotten` where a key is gone, or the log's failure.
    pub async fn record_success(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: RecordSuccess,
        used_keys: &[KeyId],
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        self.on_notification(
            tenant,
            notification,
            NotificationCommand::RecordSuccess(command),
            used_keys,
            ctx,
        )
        .await
    }
}
