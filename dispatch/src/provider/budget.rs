//! Budget of retries for a provider: a bucket that retries draw from and successes fill.
//!
//! Failures of the provider that come now and then among successes open no breaker, and retries of them would come on top of
//! the usual load. A retry takes a token and gets it back unless it meets such a failure too; first tries add a part of one. So
//! retries cost a healthy provider nothing, and a failing one gets few. It reads no clock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use orqestra_domain::Timestamp;

/// Parts of a token, so that a success and a short time can add a fraction: one each microsecond, so that a provider without other
/// traffic is retried too.
const TOKEN: u64 = 1_000_000;
/// Most tokens, and as many at the start.
const MOST: u64 = 100 * TOKEN;
/// Parts that an answered first try adds: retries may be a fifth of the load.
const FIRST_TRY: u64 = TOKEN / 5;

#[derive(Debug)]
struct State {
    parts: u64,
    /// Up to when time was added.
    filled: Option<Timestamp>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct RetryBudget(Mutex<State>);

/// Kind of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Try {
    /// The provider's first of this delivery.
    First,
    /// Another one of the same delivery.
    Again,
}

impl RetryBudget {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State { parts: MOST, filled: None }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a token for a retry; false where there is none.
    pub(crate) fn take(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        let gained = state.filled.map_or(0, |filled| now.since(filled).as_micros());
        state.filled = Some(now);
        let gained = u64::try_from(gained).unwrap_or(MOST);
        state.parts = state.parts.saturating_add(gained).min(MOST);
        let is_there = state.parts >= TOKEN;
        if is_there {
            state.parts -= TOKEN;
        }
        is_there
    }

    /// The provider answered, or the message alone was at fault: a retry gives its token back, a first try adds to them.
    pub(crate) fn answered(&self, which: Try) {
        let mut state = self.state();
        let gained = match which {
            Try::First => FIRST_TRY,
            Try::Again => TOKEN,
        };
        state.parts = (state.parts + gained).min(MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_micros(millis * 1_000)
    }

    /// How many of so many retries at one moment are let through.
    fn taken(budget: &RetryBudget, now: Timestamp) -> usize {
        (0..1_000).filter(|_| budget.take(now)).count()
    }

    #[test]
    fn retries_that_are_answered_are_never_held_back() {
        let budget = RetryBudget::new();
        for _ in 0..1_000 {
            assert!(budget.take(at(0)));
            budget.answered(Try::Again);
        }
    }

    #[test]
    fn retries_that_fail_use_it_up_and_time_gives_one_a_second() {
        let budget = RetryBudget::new();
        assert_eq!(taken(&budget, at(0)), 100);
        assert_eq!(taken(&budget, at(999)), 0);
        assert_eq!(taken(&budget, at(3_999)), 3);
        assert_eq!(taken(&budget, at(1_000_000)), 100);
    }

    #[test]
    fn a_fifth_of_the_first_tries_can_be_retried() {
        let budget = RetryBudget::new();
        taken(&budget, at(0));
        for _ in 0..50 {
            budget.answered(Try::First);
        }
        assert_eq!(taken(&budget, at(0)), 10);
    }

    #[test]
    fn a_clock_that_is_set_back_takes_no_token_away_and_goes_on_from_there() {
        let budget = RetryBudget::new();
        taken(&budget, at(3_600_000));
        budget.answered(Try::Again);
        assert_eq!((taken(&budget, at(0)), taken(&budget, at(5_000))), (1, 5));
    }
}
