//! `RecordReceipt`: see the method.

use orqestra_domain::notification::{Notification, NotificationCommand, NotificationRefusal, RecordReceipt};
use orqestra_domain::{KeyId, NotificationId, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};
use crate::suppress_address::Suppress;

/// A receipt that is in the log, or says nothing new.
#[derive(Debug)]
pub struct ReceiptTaken {
    /// The notification after it.
    pub committed: Committed<Notification>,
    /// The address that nothing is to be sent to any more, where the receipt says so. It is told of a repeat too: a
    /// provider that got no answer repeats the receipt, and the first one may not have come this far.
    pub suppress: Option<Suppress>,
}

impl Commands {
    /// Records what a provider called back with.
    ///
    /// `used_keys` are the data keys of what the command seals: if one is gone by then, nothing is appended.
    ///
    /// # Errors
    /// The notification's refusal, `RecipientForgotten` where a key is gone, or the log's failure.
    pub async fn record_receipt(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: RecordReceipt,
        used_keys: &[KeyId],
        ctx: &Context,
    ) -> Result<ReceiptTaken, CommandError<NotificationRefusal>> {
        let (channel, reason) = (command.channel, command.says.suppresses());
        let (cause, instances, event_ref) =
            (command.cause.clone(), command.instances.clone(), command.event_ref);
        let command = NotificationCommand::RecordReceipt(command);
        let committed = self.on_notification(tenant, notification, command, used_keys, ctx).await?;
        let suppress = committed.aggregate.delivery(channel).and_then(|delivery| {
            let mut recorded = delivery.receipts.iter();
            // A repeat names the time of the first: an operator may have lifted the suppression since.
            let first =
                recorded.find(|known| instances.contains(&known.instance) && known.event_ref == event_ref)?;
            let (address_ref, reason) = (delivery.address_ref?, reason?);
            let (notification, seen_at) = (Some(notification), Some(first.occurred_at));
            Some(Suppress { channel, address_ref, reason, notification, cause, seen_at })
        });
        Ok(ReceiptTaken { committed, suppress })
    }
}
