//! Recording receipts that were verified: whose each is, its words sealed, and the command.
//!
//! A receipt that names no notification, or one of another delivery, is not an error: a provider that is told so would only
//! repeat it.

use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{Address, CommandError, Commands, Context, Suppress, receipt_field};
use orqestra_domain::notification::{NotificationRefusal, RecordReceipt};
use orqestra_domain::suppression::SuppressionRefusal;
use orqestra_domain::{
    AddressRef, DeliveryId, KeyId, NotificationId, ProviderInstanceId, ReceiptRef, Sealed, StreamId, TenantId,
};
use orqestra_vault::FieldContext;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use super::Receipt;
use super::known::KIND;
use super::look::Matching;
use super::verify::Unopened;
use super::waiting::{self, Waiting, WaitingKey};
use crate::due::store::DueError;

type Error = CommandError<NotificationRefusal>;

/// The entries that verified a receipt.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The tenant of the entries.
    pub tenant: TenantId,
    /// The entries, at least one; several where they share an account's secret.
    pub instances: Vec<ProviderInstanceId>,
    /// Its kind.
    pub kind: &'static str,
}

/// What became of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is in the log, or was before, or says nothing new, and the address is suppressed where it says so.
    Recorded,
    /// Its message is not known yet: it waits for a day.
    Waits,
    /// It names no delivery of the tenant's.
    Unmatched,
}

/// Why a receipt was not taken: the provider is to repeat it.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The log does not take it now.
    #[error(transparent)]
    Command(#[from] CommandError<NotificationRefusal>),
    /// The address cannot be suppressed now.
    #[error(transparent)]
    Suppression(#[from] CommandError<SuppressionRefusal>),
    /// Too many of the tenant's receipts wait for their messages.
    #[error("too many receipts of the tenant wait for their messages")]
    TooManyWait,
    /// The tables of what waits cannot be used now.
    #[error(transparent)]
    Waiting(#[from] DueError),
}

/// Verifies and records receipts. Cheap to clone.
#[derive(Clone)]
pub struct Receipts {
    pub(super) commands: Commands,
    pub(super) pool: PgPool,
    pub(super) unopened: Arc<Unopened>,
}

impl Receipts {
    /// With the tables of this pool.
    pub fn new(commands: Commands, pool: PgPool) -> Self {
        Self { commands, pool, unopened: Arc::default() }
    }

    /// Looks for the messages of receipts that wait, where an attempt may be open for so long.
    pub fn matching(&self, open_at_most: Duration) -> Matching {
        Matching::new(self.clone(), open_at_most)
    }

    /// Records a receipt. Of several entries the delivery tells which one carried the message.
    ///
    /// # Errors
    /// If it is not stored now: the provider is to repeat it.
    pub async fn record(
        &self,
        verified: Verified,
        receipt: Receipt,
        context: &Context,
    ) -> Result<Taken, NotTaken> {
        let notification = match (receipt.notification, &receipt.provider_message_id) {
            (None, Some(message)) if verified.kind == KIND => {
                let found = self.notification(&verified, message).await?;
                if found.is_none() {
                    return self.wait(&verified, &receipt, message).await;
                }
                found
            }
            (notification, _) => notification,
        };
        let Some(notification) = notification else { return Ok(Taken::Unmatched) };
        let event_ref = event_ref(verified.kind, &receipt.event_ref);
        let expected = DeliveryId::of(notification, receipt.channel);
        if receipt.delivery.is_some_and(|delivery| delivery != expected) {
            return Ok(Taken::Unmatched);
        }
        let answer = self.seal(verified.tenant, notification, &receipt, event_ref).await?;
        let command = RecordReceipt {
            channel: receipt.channel,
            provider: verified.kind.to_owned(),
            instances: verified.instances,
            says: receipt.says,
            event_ref,
            cause: receipt.cause.map(String::from),
            provider_message_id: receipt.provider_message_id,
            answer,
            occurred_at: receipt.occurred_at,
            at: self.commands.now(),
        };
        self.append(verified.tenant, notification, command, context).await
    }

    pub(super) async fn append(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: RecordReceipt,
        context: &Context,
    ) -> Result<Taken, NotTaken> {
        let used: Vec<KeyId> = command.answer.iter().map(|sealed| sealed.key_id).collect();
        let sealed = !used.is_empty();
        let tried = self.commands.record_receipt(tenant, notification, command.clone(), &used, context).await;
        let done = match tried {
            // The words cannot be kept any more: the receipt is what counts.
            Err(CommandError::RecipientForgotten | CommandError::TooLarge) if sealed => {
                let command = RecordReceipt { answer: None, ..command };
                self.commands.record_receipt(tenant, notification, command, &[], context).await
            }
            tried => tried,
        };
        match done {
            Ok(taken) => {
                if let Some(suppress) = taken.suppress {
                    self.suppress(tenant, suppress, context).await?;
                }
                Ok(Taken::Recorded)
            }
            Err(CommandError::Refused(_)) => Ok(Taken::Unmatched),
            Err(error) => Err(error.into()),
        }
    }

    async fn suppress(
        &self,
        tenant: TenantId,
        suppress: Suppress,
        context: &Context,
    ) -> Result<(), NotTaken> {
        let channel = suppress.channel;
        match self.commands.suppress(tenant, suppress, context).await {
            Ok(_) => Ok(()),
            Err(CommandError::Refused(refusal)) => {
                tracing::warn!(tenant.id = %tenant, channel = %channel, error = %refusal,
                    "the address of a receipt is not suppressed");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The notification of a message that one of the entries carried, where it is known.
    async fn notification(
        &self,
        verified: &Verified,
        message: &str,
    ) -> Result<Option<NotificationId>, NotTaken> {
        for instance in &verified.instances {
            let found = waiting::notification(&self.pool, verified.tenant, *instance, message).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Lets a receipt wait for its message, as a receipt of the first of its entries.
    async fn wait(&self, verified: &Verified, receipt: &Receipt, message: &str) -> Result<Taken, NotTaken> {
        let (tenant, event_ref) = (verified.tenant, event_ref(verified.kind, &receipt.event_ref));
        // For one entry alone: waiting for several, one receipt could prove a message of each.
        let Some(instance) = verified.instances.first().copied() else { return Ok(Taken::Unmatched) };
        let waiting = Waiting {
            key: WaitingKey { tenant, instance, message: message.to_owned(), event_ref },
            channel: receipt.channel,
            says: receipt.says,
            cause: receipt.cause.map(String::from),
            occurred_at: receipt.occurred_at,
            address: self.address(tenant, receipt),
        };
        if waiting::wait(&self.pool, &waiting, self.commands.now()).await? {
            Ok(Taken::Waits)
        } else {
            Err(NotTaken::TooManyWait)
        }
    }

    /// The look-up form of the number that a receipt names.
    fn address(&self, tenant: TenantId, receipt: &Receipt) -> Option<AddressRef> {
        let entry = self.commands.directory().tenant(tenant)?;
        Some(Address::Sms(receipt.phone.clone()?).look_up(&entry.index))
    }

    /// The provider's words, sealed for the recipient; none once the recipient was forgotten.
    async fn seal(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        receipt: &Receipt,
        event_ref: ReceiptRef,
    ) -> Result<Option<Sealed>, Error> {
        let Some(words) = &receipt.words else { return Ok(None) };
        // The key is of the acceptance, which never changes.
        let Some(story) = self.commands.recent_story(tenant, notification).await? else { return Ok(None) };
        let key = match self.commands.sealing_key(&story).await {
            Ok(key) => key,
            Err(CommandError::RecipientForgotten) => return Ok(None),
            Err(error) => return Err(error),
        };
        let stream = StreamId::notification(tenant, notification);
        let field = receipt_field(receipt.channel, event_ref);
        let place = FieldContext { tenant, aggregate_id: stream.as_str(), field: &field };
        Ok(Some(self.commands.vault().seal(&key, &place, words.as_bytes())))
    }
}

/// What tells a repeat, in a form that says nothing of what the provider calls it by.
fn event_ref(kind: &str, reference: &str) -> ReceiptRef {
    ReceiptRef::from_bytes(Sha256::digest(format!("{kind}|{reference}")).into())
}
