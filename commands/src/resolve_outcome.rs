//! `Resolve`: see the method.

use orqestra_domain::notification::{Notification, NotificationCommand, NotificationRefusal, Resolve};
use orqestra_domain::{KeyId, NotificationId, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

impl Commands {
    /// Decides on an outcome that is held as unknown.
    ///
    /// `used_keys` are the data keys of what the command seals: if one is gone by then, nothing is appended.
    ///
    /// # Errors
    /// The notification's refusal, `RecipientForgotten` where a key is gone, or the log's failure.
    pub async fn resolve_outcome(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: Resolve,
        used_keys: &[KeyId],
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        self.on_notification(tenant, notification, NotificationCommand::Resolve(command), used_keys, ctx)
            .await
    }
}
