//! `Requeue`: a delivery that ended without being sent is due again.
//!
//! Beside the delivery's own rules it asks what the delivery cannot know: whether the recipient was forgotten, whether the address
//! is suppressed, and which template is active today.

use orqestra_domain::notification::{
    Notification, NotificationCommand, NotificationRefusal, Requeue, Story, TemplateChoice, TemplateRef,
};
use orqestra_domain::suppression::SuppressionRefusal;
use orqestra_domain::{Channel, KeyId, NotificationId, RedriveId, StreamId, TenantId, Timestamp};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

/// Turns an error of a suppression's command into one of a notification's.
fn other_error(error: CommandError<SuppressionRefusal>) -> CommandError<NotificationRefusal> {
    match error.other() {
        Err(other) => other,
        Ok(refusal) => CommandError::Corrupt(refusal.to_string()),
    }
}

/// A delivery to requeue, and the redrive that asks for it.
#[derive(Clone, Debug)]
pub struct RequeueDelivery {
    /// Of which notification.
    pub notification: NotificationId,
    /// On which channel.
    pub channel: Channel,
    /// The redrive.
    pub redrive: RedriveId,
    /// When the redrive was asked for.
    pub asked_at: Timestamp,
    /// Actor that asked for the redrive.
    pub by: String,
}

impl Commands {
    /// Makes a delivery due again; nothing new where the same redrive did so before.
    ///
    /// # Errors
    /// The refusal of the notification, `Suppressed` or `Forgotten`; the log's failure.
    pub async fn requeue_delivery(
        &self,
        tenant: TenantId,
        requeue: RequeueDelivery,
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        let notification = requeue.notification;
        let (command, key) = self.requeue_of(tenant, requeue).await?;
        let requeued = self.on_notification(tenant, notification, command, &[key], ctx).await;
        requeued.map_err(|error| match error {
            CommandError::RecipientForgotten => CommandError::Refused(NotificationRefusal::Forgotten),
            other => other,
        })
    }

    /// Tells whether [`Commands::requeue_delivery`] would make the delivery due again now, and changes nothing.
    ///
    /// # Errors
    /// As [`Commands::requeue_delivery`].
    pub async fn may_requeue_delivery(
        &self,
        tenant: TenantId,
        requeue: RequeueDelivery,
    ) -> Result<(), CommandError<NotificationRefusal>> {
        let stream = StreamId::notification(tenant, requeue.notification);
        let (command, _) = self.requeue_of(tenant, requeue).await?;
        let state = self.load_notification(&stream).await?.state;
        state.decide(command).map(drop).map_err(CommandError::Refused)
    }

    /// The command, and the key of the recipient.
    async fn requeue_of(
        &self,
        tenant: TenantId,
        requeue: RequeueDelivery,
    ) -> Result<(NotificationCommand, KeyId), CommandError<NotificationRefusal>> {
        let RequeueDelivery { notification, channel, redrive, asked_at, by } = requeue;
        let story = self.story(tenant, notification).await?;
        let story = story.ok_or(CommandError::Refused(NotificationRefusal::NotAccepted))?;
        let delivery = story.deliveries.get(&channel);
        let was_requeued =
            delivery.and_then(|delivery| delivery.requeued).is_some_and(|by| by.redrive == redrive);
        if let Some(address) = delivery.and_then(|delivery| delivery.address_ref).filter(|_| !was_requeued) {
            let suppressed = self.suppression(tenant, &address).await.map_err(other_error)?;
            if suppressed.is_some() {
                return Err(CommandError::Refused(NotificationRefusal::Suppressed));
            }
        }
        let template = self.template_of_today(tenant, &story, channel);
        let requeue = Requeue { channel, template, redrive, asked_at, by, at: self.now() };
        Ok((NotificationCommand::Requeue(requeue), self.key_of(&story).await?))
    }

    fn template_of_today(&self, tenant: TenantId, story: &Story, channel: Channel) -> Option<TemplateRef> {
        let choices = self.directory().templates(tenant, &story.accepted.event_type);
        let choice = Channel::ALL.into_iter().zip(choices).find(|(of, _)| *of == channel);
        match choice {
            Some((_, TemplateChoice::Use(template))) => Some(template),
            Some((_, TemplateChoice::Missing | TemplateChoice::Inactive)) | None => None,
        }
    }

    /// The key of a notification's recipient; a refusal where it was destroyed.
    async fn key_of(&self, story: &Story) -> Result<KeyId, CommandError<NotificationRefusal>> {
        match self.sealing_key(story).await {
            Ok(key) => Ok(key.id()),
            Err(CommandError::RecipientForgotten) => {
                Err(CommandError::Refused(NotificationRefusal::Forgotten))
            }
            Err(error) => Err(error),
        }
    }
}
