//! Which provider carries an attempt: the next one in turn, or after an unknown outcome the one that may have it already.
//!
//! Reads what the claims recorded, never a provider's name or today's settings. What left without an answer goes to its own
//! provider again or waits for an operator; no other provider gets it.

use std::sync::Arc;

use orqestra_domain::notification::{Delivery, DeliveryState};
use orqestra_domain::{Channel, Timestamp};

use super::Later;
use crate::provider::carriers::Carrier;

/// What becomes of an attempt that is due.
pub(super) enum Choice {
    /// This provider carries it.
    Carrier(Arc<Carrier>),
    /// An operator decides, for this coded cause.
    Hold(&'static str),
}

/// Chooses for the attempt of that number.
pub(super) fn choose(
    carriers: &[Arc<Carrier>],
    delivery: &Delivery,
    (channel, attempt): (Channel, u32),
    now: Timestamp,
) -> Result<Choice, Later> {
    let open = |carrier: &&Arc<Carrier>| carrier.breaker.pass(now);
    let chosen = match again(carriers, delivery, channel, now) {
        Some(Ok(own)) => Some(own).filter(open),
        Some(Err(cause)) => return Ok(Choice::Hold(cause)),
        None => in_turn(carriers, attempt).find(open),
    };
    chosen.map(|carrier| Choice::Carrier(Arc::clone(carrier))).ok_or(Later::ProvidersDown)
}

/// How many providers the next attempts can go to.
pub(super) fn usable(carriers: &[Arc<Carrier>], delivery: &Delivery) -> usize {
    if delivery.bound_to().is_some() { 1 } else { carriers.len() }
}

/// All providers, beginning with the one whose turn the attempt is.
fn in_turn(carriers: &[Arc<Carrier>], attempt: u32) -> impl Iterator<Item = &Arc<Carrier>> {
    let first = usize::try_from(attempt.saturating_sub(1)).unwrap_or(0);
    (0..carriers.len()).map(move |step| &carriers[(first + step) % carriers.len()])
}

/// The provider of the attempt whose outcome is unknown, or the cause of a hold; `None` where no outcome is.
fn again<'a>(
    carriers: &'a [Arc<Carrier>],
    delivery: &Delivery,
    channel: Channel,
    now: Timestamp,
) -> Option<Result<&'a Arc<Carrier>, &'static str>> {
    let unknown = delivery.bound_to()?;
    let mut own =
        carriers.iter().filter(|carrier| unknown.was_carried_by(carrier.provider.name(), carrier.instance()));
    let Some(carrier) = own.next() else { return Some(Err("provider_removed")) };
    if unknown.instance.is_none() && own.next().is_some() {
        return Some(Err("provider_ambiguous"));
    }
    // The resend was planned as one that the provider deduplicates.
    let unmarked = matches!(delivery.state, DeliveryState::Waiting { possible_duplicate: false, .. });
    let unknowns = delivery.attempts.iter().filter(|attempt| attempt.is_unknown()).count();
    if unmarked && delivery.may_repeat_at(now) && (channel != Channel::Email || unknowns > 1) {
        return Some(Err("dedup_window_over"));
    }
    Some(Ok(carrier))
}
