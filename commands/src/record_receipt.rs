//! `RecordReceipt`: see the method.

use orqestra_domain::notification::{
    Notification, NotificationCommand, NotificationRefusal, ReceiptSays, RecordReceipt,
};
use orqestra_domain::{AddressRef, Channel, KeyId, NotificationId, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, Committed};

/// A receipt that is in the log, or says nothing new.
#[derive(Debug)]
pub struct ReceiptTaken {
    /// The notification after it.
    pub committed: Committed<Notification>,
    /// The address that nothing is to be sent to any more, where the receipt says so. It is told of a repeat too: a
    /// provider that got no answer repeats the receipt, and the first one may not have come this far.
    pub suppress: Option<Suppress>,
}

/// An address that is to get no more messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppress {
    /// The channel.
    pub channel: Channel,
    /// The look-up form of the address.
    pub address: AddressRef,
    /// Why.
    pub says: ReceiptSays,
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
        let (channel, says) = (command.channel, command.says);
        let command = NotificationCommand::RecordReceipt(command);
        let committed = self.on_notification(tenant, notification, command, used_keys, ctx).await?;
        let address = committed.aggregate.delivery(channel).and_then(|delivery| delivery.address_ref);
        let address = address.filter(|_| says.suppresses());
        let suppress = address.map(|address| Suppress { channel, address, says });
        Ok(ReceiptTaken { committed, suppress })
    }
}
