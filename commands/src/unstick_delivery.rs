//! `Unstick`: see the method.

use orqestra_domain::notification::{Notification, NotificationCommand, NotificationRefusal, Unstick};
use orqestra_domain::{NotificationId, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

impl Commands {
    /// Makes a stuck delivery go on.
    ///
    /// # Errors
    /// `NotStuck`; the log's failure.
    pub async fn unstick_delivery(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: Unstick,
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        self.on_notification(tenant, notification, NotificationCommand::Unstick(command), &[], ctx).await
    }
}
