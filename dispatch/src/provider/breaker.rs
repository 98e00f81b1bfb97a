//! A provider's circuit breaker: after enough failures of the provider as a whole it is left alone for a while.
//!
//! Open, it lets nothing through; after the pause one call may try, and its outcome closes it or opens it again.
//! It reads no clock.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orqestra_domain::Timestamp;

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Nothing passes before; set again when a trial passes.
    open_until: Option<Timestamp>,
}

/// How many calls may go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allows {
    None,
    One,
    All,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Breaker {
    failures_to_open: u32,
    pause: Duration,
    state: Mutex<State>,
}

impl Breaker {
    pub(crate) fn new(failures_to_open: u32, pause: Duration) -> Self {
        Self { failures_to_open: failures_to_open.max(1), pause, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many calls may go through now.
    pub(crate) fn allows(&self, now: Timestamp) -> Allows {
        match self.state().open_until {
            None => Allows::All,
            Some(until) if until <= now => Allows::One,
            Some(_) => Allows::None,
        }
    }

    /// Whether a call may go through now. A trial call keeps the others out until it is back or the pause is over.
    pub(crate) fn pass(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        match state.open_until {
            None => true,
            Some(until) if until <= now => {
                state.open_until = Some(now.plus(self.pause));
                true
            }
            Some(_) => false,
        }
    }

    /// The provider answered, whatever it said. True if that closed the breaker.
    pub(crate) fn answered(&self) -> bool {
        let mut state = self.state();
        state.failures = 0;
        state.open_until.take().is_some()
    }

    /// The provider as a whole failed. True if that opened the breaker.
    pub(crate) fn failed(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures < self.failures_to_open {
            return false;
        }
        state.open_until.replace(now.plus(self.pause)).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    fn breaker() -> Breaker {
        Breaker::new(2, Duration::from_secs(30))
    }

    #[test]
    fn it_opens_after_that_many_failures_in_a_row() {
        let breaker = breaker();
        assert!(!breaker.failed(at(0)));
        breaker.answered();
        assert!(!breaker.failed(at(0)));
        assert_eq!(breaker.allows(at(0)), Allows::All);
        assert!(breaker.failed(at(0)));
        assert_eq!((breaker.allows(at(29)), breaker.pass(at(29))), (Allows::None, false));
    }

    #[test]
    fn after_the_pause_one_call_tries_and_closes_it() {
        let breaker = breaker();
        breaker.failed(at(0));
        breaker.failed(at(0));
        assert_eq!(breaker.allows(at(30)), Allows::One);
        assert!(breaker.pass(at(30)) && !breaker.pass(at(30)));
        assert!(breaker.answered());
        assert_eq!(breaker.allows(at(31)), Allows::All);
    }

    #[test]
    fn a_trial_that_fails_opens_it_for_another_pause() {
        let breaker = breaker();
        breaker.failed(at(0));
        breaker.failed(at(0));
        assert!(breaker.pass(at(30)));
        assert!(!breaker.failed(at(31)));
        assert_eq!((breaker.allows(at(60)), breaker.allows(at(61))), (Allows::None, Allows::One));
    }
}
