//! `RecordFailure`: see the method.

use orqestra_domain::notification::{Notification, NotificationCommand, NotificationRefusal, RecordFailure};
use orqestra_domain::suppression::SuppressionReason;
use orqestra_domain::{Cause, Channel, KeyId, NotificationId, TenantId, Timestamp};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};
use crate::suppress_address::Suppress;

type Error = CommandError<NotificationRefusal>;

impl Commands {
    /// Records that a provider did not take the message; plans the next attempt or gives up. Where that is refused, a receipt say
    /// was there before, and the cause is the recipient's wish, the address is suppressed all the same.
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
    ) -> Result<Committed<Notification>, Error> {
        let wish = Cause::is_opt_out(&command.cause).then(|| (command.cause.clone(), command.at));
        let channel = command.channel;
        let command = NotificationCommand::RecordFailure(command);
        let recorded = self.on_notification(tenant, notification, command, used_keys, ctx).await;
        if let (Err(CommandError::Refused(_)), Some((cause, seen_at))) = (&recorded, wish) {
            self.suppress_opted_out((tenant, notification, channel), cause, seen_at, ctx).await?;
        }
        recorded
    }

    async fn suppress_opted_out(
        &self,
        (tenant, notification, channel): (TenantId, NotificationId, Channel),
        cause: String,
        seen_at: Timestamp,
        ctx: &Context,
    ) -> Result<(), Error> {
        let story = self.recent_story(tenant, notification).await?;
        let delivery = story.as_ref().and_then(|story| story.deliveries.get(&channel));
        let Some(address_ref) = delivery.and_then(|delivery| delivery.address_ref) else { return Ok(()) };
        let suppress = Suppress {
            channel,
            address_ref,
            reason: SuppressionReason::OptedOut,
            notification: Some(notification),
            cause: Some(cause),
            seen_at: Some(seen_at),
        };
        let ctx = Context { actor: ctx.actor.clone(), trace: self.recent_trace(tenant, notification) };
        let Err(error) = self.suppress(tenant, suppress, &ctx).await else { return Ok(()) };
        match error.other() {
            Ok(refusal) => {
                tracing::warn!(tenant.id = %tenant, channel = %channel, error = %refusal,
                    "the address of a recipient that opted out is not suppressed");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
