//! Suppressed addresses: nothing is sent to them, and one whose owner opted out at a provider becomes one.
//!
//! Asked before each attempt, so that what was suppressed between two of them ends the delivery. A suppression that cannot be
//! recorded is logged and nothing more: the next message to the address meets the same answer, and the call is not repeated.

use orqestra_commands::{Context, Suppress};
use orqestra_domain::notification::{Notification, SkipReason, Story};
use orqestra_domain::suppression::SuppressionReason;

use super::prepare::Unsendable;
use super::{Deliverer, Later};
use crate::due::DueKey;

impl Deliverer {
    /// Why nothing is sent on this channel, if its address is suppressed.
    pub(super) async fn suppressed(&self, story: &Story, key: DueKey) -> Result<Option<Unsendable>, Later> {
        let delivery = story.deliveries.get(&key.channel);
        let Some(address) = delivery.and_then(|delivery| delivery.address_ref) else { return Ok(None) };
        let suppression = self.commands.suppression(key.tenant, &address).await;
        let suppression = suppression.map_err(|error| Later::Unavailable(error.to_string()))?;
        let of_channel = suppression.filter(|suppression| suppression.channel == key.channel);
        Ok(of_channel.map(|_| Unsendable::Skip(SkipReason::Suppressed)))
    }

    /// Suppresses the address of a delivery whose recipient opted out at a provider.
    pub(super) async fn suppress(&self, key: DueKey, state: &Notification, cause: String) {
        let DueKey { tenant, notification, channel } = key;
        let delivery = state.delivery(channel);
        let Some(address_ref) = delivery.and_then(|delivery| delivery.address_ref) else { return };
        let trace = self.commands.recent_trace(tenant, notification);
        let context = Context { actor: self.context.actor.clone(), trace };
        let suppress = Suppress {
            channel,
            address_ref,
            reason: SuppressionReason::OptedOut,
            notification: Some(notification),
            cause: Some(cause),
            seen_at: None,
        };
        if let Err(error) = self.commands.suppress(tenant, suppress, &context).await {
            tracing::warn!(tenant.id = %tenant, notification.id = %notification, channel = %channel, error = %error,
                "the address of a recipient that opted out cannot be suppressed now; the next message to it is sent");
        }
    }
}
