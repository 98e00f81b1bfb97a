//! `MarkOutcomeUnknown`: see the method.

use orqestra_domain::notification::{
    MarkOutcomeUnknown, Notification, NotificationCommand, NotificationRefusal,
};
use orqestra_domain::{KeyId, NotificationId, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

impl Commands {
    /// Records that nobody knows whether the provider took the message.
    ///
    /// `used_keys` are the data keys of what the command seals: if one is gone by then, nothing is appended.
    ///
    /// # Errors
    /// The notification's refusal, `RecipientForgotten` where a key is gone, or the log's failure.
    pub async fn mark_outcome_unknown(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: MarkOutcomeUnknown,
        used_keys: &[KeyId],
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        self.on_notification(
            tenant,
            notification,
            NotificationCommand::MarkOutcomeUnknown(command),
            used_keys,
            ctx,
        )
        .await
    }
}
