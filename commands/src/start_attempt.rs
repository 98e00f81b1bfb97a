//! `StartAttempt`: see the method.

use orqestra_domain::notification::{Notification, NotificationCommand, NotificationRefusal, StartAttempt};
use orqestra_domain::{KeyId, NotificationId, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

impl Commands {
    /// Claims the next attempt of a delivery; the loser of a race is refused `AttemptTaken` and stops.
    ///
    /// `used_keys` are the data keys of what the command seals: if one is gone by then, nothing is appended.
    ///
    /// # Errors
    /// The notification's refusal, `RecipientForgotten` where a key is gone, or the log's failure.
    pub async fn start_attempt(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: StartAttempt,
        used_keys: &[KeyId],
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        self.on_notification(tenant, notification, NotificationCommand::StartAttempt(command), used_keys, ctx)
            .await
    }
}
