//! `SuppressAddress`: nothing is sent to an address any more. And the question whether it is suppressed.
//!
//! The question rests on the address's stream. The directory only spares it where no such stream is known.

use std::sync::Arc;

use orqestra_domain::suppression::{
    AddressSuppressed, Suppression, SuppressionCommand, SuppressionReason, SuppressionRefusal,
};
use orqestra_domain::{
    AddressRef, AnyEvent, Channel, EmailAddress, NotificationId, PhoneNumber, StreamId, SuppressionId,
    TenantId, Timestamp,
};
use orqestra_event_log::{RecordedEvent, Ticket};
use orqestra_vault::IndexKey;

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, NotRecorded};

/// An address to suppress, with the reason.
#[derive(Clone, Debug)]
pub struct Suppress {
    /// The channel that the address is of.
    pub channel: Channel,
    /// The address's look-up form, as a delivery has it.
    pub address_ref: AddressRef,
    /// Why.
    pub reason: SuppressionReason,
    /// The notification on which it was seen.
    pub notification: Option<NotificationId>,
    /// A stable code of the cause.
    pub cause: Option<String>,
    /// When a provider saw the reason, where it may tell it again: a reason from before a lift suppresses nothing.
    pub seen_at: Option<Timestamp>,
}

/// An address in the form that deliveries are looked up by.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// Of an email.
    Email(EmailAddress),
    /// Of a text message.
    Sms(PhoneNumber),
}

impl Address {
    /// The channel that it is of.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Email,
            Self::Sms(_) => Channel::Sms,
        }
    }

    /// Its look-up form under a tenant's key.
    pub fn look_up(&self, index: &IndexKey) -> AddressRef {
        match self {
            Self::Email(email) => index.address_ref(&email.normalised()),
            Self::Sms(phone) => index.address_ref(phone.as_str()),
        }
    }
}

type Result<T> = std::result::Result<T, CommandError<SuppressionRefusal>>;

impl Commands {
    /// Suppresses an address of a tenant; a suppressed one stays as it is. It holds in this process when this returns, in
    /// others within a second.
    ///
    /// # Errors
    /// `UnknownTenant`; `NoAddress` for a push; `OtherAddress` where the address is known as another channel's; the log's
    /// failure.
    pub async fn suppress(
        &self,
        tenant: TenantId,
        suppress: Suppress,
        ctx: &Context,
    ) -> Result<AddressSuppressed> {
        self.directory().tenant(tenant).ok_or(CommandError::UnknownTenant)?;
        let Suppress { channel, address_ref, reason, notification, cause, seen_at } = suppress;
        let (by, at) = (ctx.actor.to_string(), self.now());
        let suppressed = AddressSuppressed { channel, address_ref, reason, notification, cause, by, at };
        // Before the append, so that the process never misses a stored suppression.
        self.directory().ask_of_suppression(tenant, SuppressionId::of(tenant, &address_ref));
        let command = SuppressionCommand::Suppress { suppressed: suppressed.clone(), seen_at };
        let (state, is_new) = self.on_suppression(tenant, &address_ref, command, ctx).await?;
        if is_new {
            let (channel, reason) = (channel.as_str(), reason.as_str());
            metrics::counter!("orqestra_suppressed_total", "channel" => channel, "reason" => reason)
                .increment(1);
            tracing::info!(tenant.id = %tenant, channel, reason, cause = suppressed.cause.as_deref(),
                notification.id = notification.map(tracing::field::display), "an address is suppressed");
        }
        Ok(state.current().cloned().unwrap_or(suppressed))
    }

    /// Why and since when an address is suppressed; `None` where it is not. Asks the log only where the address was suppressed
    /// at some time, as far as this process knows.
    ///
    /// # Errors
    /// The log's failure.
    pub async fn suppression(
        &self,
        tenant: TenantId,
        address: &AddressRef,
    ) -> Result<Option<AddressSuppressed>> {
        if !self.directory().may_be_suppressed(tenant, SuppressionId::of(tenant, address)) {
            return Ok(None);
        }
        let events = self.log().load("Suppression", &StreamId::suppression(tenant, address)).await?;
        let mut state = Suppression::default();
        for event in &events {
            state = state.evolve(suppression_event(event)?);
        }
        Ok(state.current().cloned())
    }

    /// Runs a command on a suppression. Tells the state after it and whether anything was stored.
    pub(crate) async fn on_suppression(
        &self,
        tenant: TenantId,
        address: &AddressRef,
        command: SuppressionCommand,
        ctx: &Context,
    ) -> Result<(Suppression, bool)> {
        let stream = StreamId::suppression(tenant, address);
        let tried = self.on_stream::<Suppression>(&stream, command, &Ticket::default(), (ctx, None)).await?;
        match tried {
            Ok(committed) => Ok((committed.aggregate, committed.position.is_some())),
            Err(
                NotRecorded::Conflict
                | NotRecorded::KeyTaken(_)
                | NotRecorded::KeyRaced(_)
                | NotRecorded::KeyDead
                | NotRecorded::Reconfigured,
            ) => Err(CommandError::Contended),
        }
    }
}

fn suppression_event(event: &Arc<RecordedEvent>) -> Result<&orqestra_domain::suppression::SuppressionEvent> {
    match event.event() {
        Ok(AnyEvent::Suppression(event)) => Ok(event),
        Ok(_) => Err(CommandError::Corrupt(format!("no event of a suppression at {}", event.position))),
        Err(error) if error.is_newer() => Err(CommandError::Newer(format!("{error} at {}", event.position))),
        Err(error) => Err(CommandError::Corrupt(format!("{error} at {}", event.position))),
    }
}

/// Lets the series begin at zero.
pub(crate) fn begin_metrics() {
    for channel in [Channel::Email, Channel::Sms] {
        for reason in SuppressionReason::ALL {
            let (channel, reason) = (channel.as_str(), reason.as_str());
            metrics::counter!("orqestra_suppressed_total", "channel" => channel, "reason" => reason)
                .increment(0);
        }
    }
}
