//! What the result of a call tells of its provider, which is what its breaker is told.
//!
//! Invariant: only an answer of the provider closes its breaker. A call that was not made tells nothing.

use std::time::Duration;

use orqestra_domain::notification::{FailureClass, FailureScope};

use super::Deliverer;
use super::choose::Others;
use super::doubt::Doubt;
use super::outcome::Verdict;
use crate::due::{DueKey, DueRow};
use crate::provider::budget::Try;
use crate::provider::carriers::Carrier;
use crate::provider::{NotTaken, Reach, Scope, SendError, Sent};

/// What a call tells of its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Learned {
    /// Nothing: it was not asked.
    Nothing,
    /// It answers, whatever it said.
    Answers,
    /// It fails as a whole.
    Down,
    /// It is to be left alone, for as long as it asks.
    Throttled(Option<Duration>),
}

/// Reads the result of a call.
pub(super) fn learned(sent: &Result<Sent, SendError>) -> Learned {
    match sent {
        Ok(_) | Err(SendError::Refused { .. } | SendError::Unknown { says_the_same: true, .. }) => {
            Learned::Answers
        }
        Err(SendError::NotTaken(NotTaken { scope, retry_after, .. })) => match scope {
            Scope::Message => Learned::Answers,
            Scope::Provider => Learned::Down,
            Scope::Throttled => Learned::Throttled(*retry_after),
        },
        Err(SendError::Unknown { says_the_same: false, .. }) => Learned::Down,
        Err(SendError::NotAsked { .. }) => Learned::Nothing,
    }
}

impl Deliverer {
    /// Tells the breaker and the retry budget, which count what speaks of the provider alone, and gives a throttled answer the
    /// time that the carrier pauses for.
    pub(super) fn judge(
        &self,
        row: &DueRow,
        carrier: &Carrier,
        which: Try,
        mut sent: Result<Sent, SendError>,
    ) -> Result<Sent, SendError> {
        let name = carrier.provider.name();
        let (tenant, channel) = (row.key.tenant, row.key.channel);
        let now = self.clock.now();
        let learned = learned(&sent);
        if learned != Learned::Down {
            carrier.retries.answered(which);
        }
        match learned {
            Learned::Nothing => {}
            Learned::Throttled(asked) => {
                let until = carrier.breaker.throttled(now, asked);
                if let Err(SendError::NotTaken(not_taken)) = &mut sent {
                    not_taken.retry_after = Some(until.since(now));
                }
                metrics::counter!("orqestra_provider_throttled_total", "provider" => name).increment(1);
                tracing::info!(tenant.id = %tenant, channel = %channel, provider = name, until = %until,
                    "a provider is throttled and left alone");
            }
            Learned::Down => {
                if let Some(until) = carrier.breaker.failed(now) {
                    metrics::counter!("orqestra_breaker_opened_total", "provider" => name).increment(1);
                    tracing::warn!(tenant.id = %tenant, channel = %channel, provider = name, until = %until,
                        "a provider is left alone");
                }
            }
            Learned::Answers => {
                if carrier.breaker.answered() {
                    tracing::info!(tenant.id = %tenant, channel = %channel, provider = name, "a provider is used again");
                }
            }
        }
        sent
    }

    pub(super) fn verdict(
        &self,
        key: DueKey,
        carrier: &Carrier,
        sent: Result<Sent, SendError>,
        others: &Others,
    ) -> Verdict {
        match sent {
            Ok(sent) => Verdict::Sent(sent),
            Err(SendError::NotTaken(not_taken)) => Verdict::NotTaken(not_taken),
            Err(SendError::NotAsked { cause, class: FailureClass::Retryable }) => {
                Verdict::NotTaken(NotTaken { cause, retry_after: None, answer: None, scope: Scope::Message })
            }
            Err(SendError::NotAsked { cause, class: FailureClass::Permanent }) => {
                Verdict::Refused { cause, answer: None, scope: FailureScope::Message }
            }
            Err(SendError::Refused { cause, answer, reach: Reach::Everywhere }) => {
                Verdict::Refused { cause, answer, scope: FailureScope::Message }
            }
            Err(SendError::Refused { cause, answer, reach: Reach::OptedOut }) => {
                Verdict::OptedOut { cause, answer }
            }
            Err(SendError::Refused { cause, answer, reach: Reach::ThisProvider }) if others.exist() => {
                Verdict::PassedOn { cause, answer }
            }
            Err(SendError::Refused { cause, answer, reach: Reach::ThisProvider }) => {
                Verdict::Refused { cause, answer, scope: FailureScope::Pairing }
            }
            Err(SendError::Unknown { cause, says_the_same }) => {
                tracing::warn!(channel = %key.channel, provider = carrier.provider.name(), cause, "the outcome of a call is unknown");
                let doubt = Doubt { asks_again: !says_the_same, ..self.doubt(key, carrier) };
                Verdict::Unknown { doubt, cause }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_the_provider_closes_its_breaker() {
        let not_taken = |scope| {
            let (cause, retry_after) = ("busy".to_owned(), None);
            Err(SendError::NotTaken(NotTaken { cause, retry_after, answer: None, scope }))
        };
        let refused = |reach| Err(SendError::Refused { cause: "no".to_owned(), answer: None, reach });
        let not_asked = |class| Err(SendError::NotAsked { cause: "claim_expired".to_owned(), class });
        for (sent, expected) in [
            (Ok(Sent::default()), Learned::Answers),
            (not_taken(Scope::Message), Learned::Answers),
            (refused(Reach::Everywhere), Learned::Answers),
            (refused(Reach::ThisProvider), Learned::Answers),
            (not_taken(Scope::Provider), Learned::Down),
            (Err(SendError::unknown("silence")), Learned::Down),
            (Err(SendError::Unknown { cause: "http_409".to_owned(), says_the_same: true }), Learned::Answers),
            (not_taken(Scope::Throttled), Learned::Throttled(None)),
            (not_asked(FailureClass::Retryable), Learned::Nothing),
            (not_asked(FailureClass::Permanent), Learned::Nothing),
        ] {
            assert_eq!(learned(&sent), expected, "{sent:?}");
        }
    }
}
