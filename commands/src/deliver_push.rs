//! `DeliverPush`: see the method.

use orqestra_domain::notification::{DeliverPush, Notification, NotificationCommand, NotificationRefusal};
use orqestra_domain::{KeyId, NotificationId, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

impl Commands {
    /// Puts a push into the inbox: rendered, attempted and delivered by one append.
    ///
    /// `used_keys` are the data keys of what the command seals: if one is gone by then, nothing is appended.
    ///
    /// # Errors
    /// The notification's refusal, `RecipientForgotten` where a key is gone, or the log's failure.
    pub async fn deliver_push(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: DeliverPush,
        used_keys: &[KeyId],
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        self.on_notification(tenant, notification, NotificationCommand::DeliverPush(command), used_keys, ctx)
            .await
    }
}
