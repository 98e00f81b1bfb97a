//! `RecordFailure`: see the method.

use orqestra_domain::notification::{Notification, NotificationCommand, NotificationRefusal, RecordFailure};
use orqestra_domain::{KeyId, NotificationId, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

impl Commands {
    /// Records that a provider did not take the message; plans the next attempt or gives up.
    ///
    /// `used_keys` are the data keys of what the command seals: if one is gone by then, nothing is appended.
    ///
    /// # Errors
    /// The notification's refusal, `RecipientForgotten` where a key is gone, or the log's failure.
    pub async fn record_failure(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: RecordFailure,
        used_keys: &[KeyId],
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        self.on_notification(
            tenant,
            notification,
            NotificationCommand::RecordFailure(command),
            used_keys,
            ctx,
        )
        .await
    }
}
