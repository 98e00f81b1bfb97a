//! What the result of a call tells of its provider, which is what its breaker is told.
//!
//! Invariant: only an answer of the provider closes its breaker. A call that was not made tells nothing.

use std::time::Duration;

use crate::provider::{NotTaken, Scope, SendError, Sent};

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
        Ok(_) | Err(SendError::Refused { .. }) => Learned::Answers,
        Err(SendError::NotTaken(NotTaken { scope, retry_after, .. })) => match scope {
            Scope::Message => Learned::Answers,
            Scope::Provider => Learned::Down,
            Scope::Throttled => Learned::Throttled(*retry_after),
        },
        Err(SendError::Unknown { .. }) => Learned::Down,
        Err(SendError::NotAsked { .. }) => Learned::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use orqestra_domain::notification::FailureClass;

    use super::*;
    use crate::provider::Reach;

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
            (Err(SendError::Unknown { cause: "silence".to_owned() }), Learned::Down),
            (not_taken(Scope::Throttled), Learned::Throttled(None)),
            (not_asked(FailureClass::Retryable), Learned::Nothing),
            (not_asked(FailureClass::Permanent), Learned::Nothing),
        ] {
            assert_eq!(learned(&sent), expected, "{sent:?}");
        }
    }
}
