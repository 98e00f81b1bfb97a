//! `HoldDelivery`: see the method.

use orqestra_domain::notification::{HoldDelivery, Notification, NotificationCommand, NotificationRefusal};
use orqestra_domain::{NotificationId, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

impl Commands {
    /// Leaves a resend to an operator, with a coded cause.
    ///
    /// # Errors
    /// The notification's refusal or the log's failure.
    pub async fn hold_delivery(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: HoldDelivery,
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        self.on_notification(tenant, notification, NotificationCommand::Hold(command), &[], ctx).await
    }
}
