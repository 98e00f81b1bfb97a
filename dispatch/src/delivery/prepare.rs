//! May it still be sent, to whom, and what: everything before the claim. Nothing here has an effect.

use std::sync::Arc;

use orqestra_commands::{
    CommandError, DirectoryError, RECIPIENT_FIELD, RecipientContact, RenderedContent, VARIABLES_FIELD,
    content_field,
};
use orqestra_domain::notification::{Delivery, DeliveryRendered, SkipReason, Story};
use orqestra_domain::tenant::TenantRecord;
use orqestra_domain::{
    Cause, Channel, DedupKey, DeliveryId, EmailAddress, EventId, Sealed, StreamId, TenantId,
};
use orqestra_vault::{DataKey, FieldContext, Vault};
use serde::de::DeserializeOwned;

use super::compose::{Composed, NotComposed, with_routing};
use super::turn::Turn;
use super::{Deliverer, Later, address, unavailable};
use crate::due::{DueKey, DueRow};
use crate::provider::carriers::Carrier;
use crate::provider::smtp::letter::is_addressable;
use crate::template::Variables;
use crate::waiting::WaitReason;

/// Bytes of sealed variables up to which they are opened in place; more of them wait for a thread that renders.
const SMALL_SEALED: usize = 64 * 1024;

/// Everything that a claim and a call need.
pub(super) struct Prepared {
    pub(super) delivery: DeliveryId,
    pub(super) dedup_key: DedupKey,
    pub(super) key: DataKey,
    pub(super) to: String,
    pub(super) content: RenderedContent,
    /// What the claim records, where it was not rendered before.
    pub(super) rendered: Option<DeliveryRendered>,
    pub(super) carriers: Arc<[Arc<Carrier>]>,
    pub(super) sender: Option<EmailAddress>,
    pub(super) event_id: Option<EventId>,
}

/// Why it is not sent at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsendable {
    /// It is not allowed or not possible any more.
    Skip(SkipReason),
    /// There is nothing to send: a dead letter with a coded cause.
    DeadLetter(Cause),
    /// It goes on once an operator has mended what keeps it.
    Wait(WaitReason),
    /// Its deadline has come.
    Expired,
}

impl From<NotComposed> for Unsendable {
    fn from(why: NotComposed) -> Self {
        match why {
            NotComposed::TooLarge => Self::Skip(SkipReason::TooLarge),
            NotComposed::Failed(cause) => Self::DeadLetter(cause),
        }
    }
}

impl Deliverer {
    /// Prepares one attempt. The outer error is for later, the inner one for good.
    pub(super) async fn prepare(
        &self,
        story: &Story,
        row: &DueRow,
        turn: &mut Turn,
    ) -> Result<Result<Prepared, Unsendable>, Later> {
        let DueKey { tenant, channel, .. } = row.key;
        let directory = self.commands.directory();
        let unknown = |error: DirectoryError| Later::Unavailable(error.to_string());
        directory.fresh().await.map_err(unknown)?;
        // What was changed before the event was accepted, by whichever process, holds for its deliveries.
        directory.follow_up().await.map_err(unknown)?;
        directory.readable(tenant).map_err(|_| Later::TenantUnreadable)?;
        let is_bound = story.may_have_arrived(channel);
        let Some(entry) = directory.tenant(tenant).filter(|entry| entry.record.active) else {
            return Ok(Err(Unsendable::Wait(WaitReason::TenantInactive)));
        };
        if self.clock.now() >= self.deadline(story, row.key) {
            let kept_by = WaitReason::of(directory, &entry, channel, story.accepted.kind());
            return Ok(Err(kept_by.filter(|_| !is_bound).map_or(Unsendable::Expired, Unsendable::Wait)));
        }
        if let Some(unsendable) = self.suppressed(story, row.key).await? {
            return Ok(Err(unsendable));
        }
        let carriers = match channel {
            Channel::Email | Channel::Sms => {
                let carried = self.carriers.of(&entry, channel, story.accepted.kind());
                if carried.is_unread {
                    return Err(Later::ProviderUnread);
                }
                carried.carriers
            }
            Channel::Push => Arc::default(),
        };
        if channel != Channel::Push && carriers.is_empty() && !is_bound {
            return Ok(Err(Unsendable::Wait(WaitReason::NoProvider)));
        }
        let key = match self.commands.sealing_key(story).await {
            Ok(key) => key,
            Err(CommandError::RecipientForgotten) => {
                return Ok(Err(Unsendable::Skip(SkipReason::RecipientForgotten)));
            }
            Err(error) => return Err(unavailable(&error)),
        };
        let Some(delivery) = story.deliveries.get(&channel) else {
            return Ok(Err(Unsendable::DeadLetter(Cause::NotPlanned)));
        };
        let opened = self.open(row, &key, RECIPIENT_FIELD, &story.accepted.recipient);
        let Some(contact) = opened.and_then(|plain| read::<RecipientContact>(&plain)) else {
            return Ok(Err(Unsendable::DeadLetter(Cause::RecipientUnreadable)));
        };
        let Some(to) = address(&contact, channel) else {
            return Ok(Err(Unsendable::Skip(SkipReason::NoAddress)));
        };
        if channel == Channel::Email && !contact.email.as_ref().is_some_and(is_addressable) {
            return Ok(Err(Unsendable::Skip(SkipReason::Unaddressable)));
        }
        if let Some(template) = &delivery.template
            && directory.template_version(template).is_none()
        {
            directory.catch_up_now().await.map_err(unknown)?;
        }
        let content = match self.content(&entry.record, story, row, (delivery, &key, &contact), turn).await {
            Ok(content) => content,
            Err(unsendable) => return Ok(Err(unsendable)),
        };
        let (content, rendered) = content;
        let sender = entry.record.sender_email.clone();
        let (delivery, dedup_key, event_id) = (delivery.id, delivery.dedup_key, contact.event_id);
        Ok(Ok(Prepared { delivery, dedup_key, key, to, content, rendered, carriers, sender, event_id }))
    }

    /// What was rendered for an earlier attempt, or the render itself.
    async fn content(
        &self,
        record: &TenantRecord,
        story: &Story,
        row: &DueRow,
        (delivery, key, contact): (&Delivery, &DataKey, &RecipientContact),
        turn: &mut Turn,
    ) -> Result<(RenderedContent, Option<DeliveryRendered>), Unsendable> {
        let DueKey { tenant, notification, channel } = row.key;
        let field = content_field(channel);
        if let Some(sealed) = &delivery.content {
            turn.weigh(sealed.data.len()).await;
            let opened = self.open(row, key, field, sealed);
            let content = opened.and_then(|plain| read::<RenderedContent>(&plain));
            return content
                .map(|content| (content, None))
                .ok_or(Unsendable::DeadLetter(Cause::ContentUnreadable));
        }
        let template = delivery.template.ok_or(Unsendable::DeadLetter(Cause::NotPlanned))?;
        let variables = match &story.accepted.variables {
            None => Variables::default(),
            Some(sealed) => {
                turn.weigh(sealed.data.len()).await;
                let opened = if sealed.data.len() <= SMALL_SEALED {
                    self.open(row, key, VARIABLES_FIELD, sealed)
                        .and_then(|plain| Variables::read(&plain).ok())
                } else {
                    let (vault, accepted) = (self.commands.vault().clone(), Arc::clone(&story.accepted));
                    let (row, key) = (*row, key.clone());
                    let opening = move || {
                        let sealed = accepted.variables.as_ref()?;
                        let plain = open(&vault, &row, &key, VARIABLES_FIELD, sealed)?;
                        Variables::read(&plain).ok()
                    };
                    self.composer.heavily(turn, opening).await?
                };
                opened.ok_or(Unsendable::DeadLetter(Cause::VariablesUnreadable))?
            }
        };
        let variables = with_routing(variables, contact);
        let composed =
            self.composer.compose(record, &template, &story.accepted.event_type, variables, turn).await?;
        let Composed { content, missing, category } = composed;
        let plain = serde_json::to_vec(&content).expect("texts are always JSON");
        turn.weigh(plain.len()).await;
        let stream = StreamId::notification(tenant, notification);
        let place = FieldContext { tenant, aggregate_id: stream.as_str(), field };
        let sealed = self.commands.vault().seal(key, &place, &plain);
        let at = self.clock.now();
        Ok((content, Some(DeliveryRendered { channel, content: sealed, missing, category, at })))
    }

    fn open(&self, row: &DueRow, key: &DataKey, field: &str, sealed: &Sealed) -> Option<Vec<u8>> {
        open(self.commands.vault(), row, key, field, sealed)
    }
}

fn open(vault: &Vault, row: &DueRow, key: &DataKey, field: &str, sealed: &Sealed) -> Option<Vec<u8>> {
    let (tenant, notification): (TenantId, _) = (row.key.tenant, row.key.notification);
    let stream = StreamId::notification(tenant, notification);
    let place = FieldContext { tenant, aggregate_id: stream.as_str(), field };
    match vault.open(key, &place, sealed) {
        Ok(plain) => Some(plain),
        Err(error) => {
            tracing::error!(tenant.id = %tenant, notification.id = %notification, field, error = %error,
                    "a sealed field cannot be opened");
            None
        }
    }
}

fn read<T: DeserializeOwned>(plain: &[u8]) -> Option<T> {
    serde_json::from_slice(plain).ok()
}
