//! Which provider carries an attempt: in each round of the schedule every usable one once, or after an unknown outcome the
//! one that may have the message already.
//!
//! Reads what the claims recorded, never a provider's name or today's settings. What left without an answer goes to its own
//! provider again or waits for an operator; no other provider gets it. A provider that has said that it cannot carry the
//! message is not asked again while there is another one.

use std::sync::Arc;

use orqestra_domain::notification::{
    AfterFailure, AttemptOutcome, AttemptState, Delivery, DeliveryState, UnknownPolicy,
};
use orqestra_domain::retry::{Jitter, RetrySchedule};
use orqestra_domain::{Cause, EmailAddress, Timestamp};

use super::Later;
use crate::provider::budget::Try;
use crate::provider::carriers::Carrier;

/// The decision on an attempt that is due.
pub(super) enum Choice {
    /// This provider carries it.
    Carrier(Arc<Carrier>),
    /// An operator decides, for this coded cause.
    Hold(Cause),
    /// No provider has a sender to send it from.
    NoSender,
}

/// The inputs of a choice beside the providers.
pub(super) struct Asking<'a> {
    pub(super) delivery: &'a Delivery,
    /// The tenant's policy for unknown outcomes of the channel.
    pub(super) policy: UnknownPolicy,
    /// The tenant's sender mailbox.
    pub(super) sender: Option<&'a EmailAddress>,
    pub(super) schedule: &'a RetrySchedule,
    pub(super) now: Timestamp,
}

/// Chooses for the next attempt.
pub(super) fn choose(carriers: &[Arc<Carrier>], asking: &Asking<'_>) -> Result<Choice, Later> {
    let open = |carrier: &&Arc<Carrier>| carrier.breaker.pass(asking.now);
    if let Some(own) = again(carriers, asking) {
        return match own {
            Ok(own) if !own.has_sender(asking.sender) => Ok(Choice::NoSender),
            Ok(own) => {
                Some(own).filter(open).map(|own| Choice::Carrier(Arc::clone(own))).ok_or(Later::ProvidersDown)
            }
            Err(cause) => Ok(Choice::Hold(cause)),
        };
    }
    let able: Vec<_> = carriers.iter().filter(|carrier| carrier.has_sender(asking.sender)).collect();
    if able.is_empty() {
        return Ok(Choice::NoSender);
    }
    let willing: Vec<_> = able.iter().copied().filter(|carrier| !refuses(carrier, asking.delivery)).collect();
    let asked = if willing.is_empty() { able } else { willing };
    let untried = asked.iter().copied().filter(|carrier| !was_tried(carrier, asking.delivery));
    let chosen = untried.into_iter().find(open).or_else(|| {
        // The provider that was to follow at once cannot be used any more: the schedule holds for the others.
        let may_begin = round_may_begin(asking);
        asked.iter().copied().filter(|_| may_begin).find(open)
    });
    chosen.map(|carrier| Choice::Carrier(Arc::clone(carrier))).ok_or(Later::ProvidersDown)
}

/// Whether the schedule's delay after the last attempt is over, so that providers tried in this round may be asked again.
fn round_may_begin(asking: &Asking<'_>) -> bool {
    let Some(AttemptState { outcome: AttemptOutcome::Failed { at, .. }, .. }) =
        asking.delivery.attempts.last()
    else {
        return true;
    };
    let delay = asking.schedule.delay_after(asking.delivery.round(), None, Jitter::NONE);
    at.plus(delay.unwrap_or_default()) <= asking.now
}

/// Whether the provider was given this delivery before.
pub(super) fn which_try(carrier: &Carrier, delivery: &Delivery) -> Try {
    if delivery.attempts.iter().any(|attempt| carried(carrier, attempt)) { Try::Again } else { Try::First }
}

fn carried(carrier: &Carrier, attempt: &AttemptState) -> bool {
    attempt.was_carried_by(carrier.provider.name(), carrier.instance())
}

fn was_tried(carrier: &Carrier, delivery: &Delivery) -> bool {
    delivery.tried_in_turn().iter().any(|attempt| carried(carrier, attempt))
}

fn refuses(carrier: &Carrier, delivery: &Delivery) -> bool {
    delivery.is_refused_by(carrier.provider.name(), carrier.instance())
}

/// The providers that could follow if this attempt fails.
pub(super) struct Others {
    /// Not asked yet since the delivery last waited.
    untried: Vec<Arc<Carrier>>,
    /// Whether any other provider may carry the message at all.
    exist: bool,
}

impl Others {
    /// The providers beside the chosen one. A message whose outcome is unknown has none.
    pub(super) fn beside(chosen: &Carrier, carriers: &[Arc<Carrier>], asking: &Asking<'_>) -> Self {
        let others: Vec<_> = carriers
            .iter()
            .filter(|_| asking.delivery.bound_to().is_none())
            .filter(|carrier| carrier.instance() != chosen.instance())
            .filter(|carrier| carrier.has_sender(asking.sender) && !refuses(carrier, asking.delivery))
            .cloned()
            .collect();
        let exist = !others.is_empty();
        let untried = others.into_iter().filter(|carrier| !was_tried(carrier, asking.delivery)).collect();
        Self { untried, exist }
    }

    /// Whether a provider that refuses the message is its last word.
    pub(super) fn exist(&self) -> bool {
        self.exist
    }

    /// Returns what follows a failure now: another provider at once where one is usable, else the schedule.
    pub(super) fn after_failure(&self, now: Timestamp) -> AfterFailure {
        if self.untried.iter().any(|carrier| carrier.breaker.is_closed(now)) {
            AfterFailure::OtherProvider
        } else {
            AfterFailure::Schedule
        }
    }
}

/// The provider of the attempt whose outcome is unknown, or the cause of a hold; `None` where no outcome is.
fn again<'a>(carriers: &'a [Arc<Carrier>], asking: &Asking<'_>) -> Option<Result<&'a Arc<Carrier>, Cause>> {
    let Asking { delivery, policy, now, .. } = asking;
    let unknown = delivery.bound_to()?;
    let mut own =
        carriers.iter().filter(|carrier| unknown.was_carried_by(carrier.provider.name(), carrier.instance()));
    let Some(carrier) = own.next() else { return Some(Err(Cause::ProviderRemoved)) };
    if unknown.instance.is_none() && own.next().is_some() {
        return Some(Err(Cause::ProviderAmbiguous));
    }
    // The resend was planned as one that the provider deduplicates.
    let unmarked = matches!(delivery.state, DeliveryState::Waiting { possible_duplicate: false, .. });
    let unknowns = delivery.attempts.iter().filter(|attempt| attempt.is_unknown()).count();
    let may_resend = *policy == UnknownPolicy::ResendOnce && unknowns == 1;
    if unmarked && delivery.may_repeat_at(*now) && !may_resend {
        return Some(Err(Cause::DedupWindowOver));
    }
    Some(Ok(carrier))
}
