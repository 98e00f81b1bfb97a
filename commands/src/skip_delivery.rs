//! `SkipDelivery`: see the method.

use orqestra_domain::notification::{Notification, NotificationCommand, NotificationRefusal, SkipDelivery};
use orqestra_domain::{KeyId, NotificationId, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

impl Commands {
    /// Ends a delivery without sending, with a coded reason.
    ///
    /// `used_keys` are the data keys of what the command seals: if one is gone by then, nothing is appended.
    ///
    /// # Errors
    /// The notification's refusal, `RecipientForgotten` where a key is gone, or the log's failure.
    pub async fn skip_delivery(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: SkipDelivery,
        used_keys: &[KeyId],
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        self.on_notification(tenant, notification, NotificationCommand::Skip(command), used_keys, ctx).await
    }
}
