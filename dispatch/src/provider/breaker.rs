//! A provider's circuit breaker: after enough failures of the provider as a whole it is left alone for a while, and a
//! throttled one for as long as it asks.
//!
//! Open, it lets nothing through; after the pause one call may try, and its outcome closes it or opens it again.
//! It reads no clock. An end further off than any pause lasts was set by a clock that was wrong, and is over.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orqestra_domain::Timestamp;

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Nothing passes before; set again when a trial passes.
    open_until: Option<Timestamp>,
    /// A trial passed, and its outcome is not known yet.
    on_trial: bool,
    /// The provider asked to be left alone until then, which is not a failure.
    paused_until: Option<Timestamp>,
    /// Pauses in a row for which the provider named no time.
    pauses: u32,
}

/// The first pause of a throttled provider that names no time; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

impl State {
    fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| !is_over(until, now, LONGEST_PAUSE))
    }
}

/// Whether an end that was at most `longest` away when it was set lies behind.
fn is_over(until: Timestamp, now: Timestamp, longest: Duration) -> bool {
    until <= now || until > now.plus(longest)
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

    /// Whether the provider is used as usual: neither open, nor on trial, nor paused.
    pub(crate) fn is_closed(&self, now: Timestamp) -> bool {
        let state = self.state();
        state.open_until.is_none() && !state.is_paused(now)
    }

    /// The provider is throttled: leaves it alone for as long as it asks. Says until when.
    pub(crate) fn throttled(&self, now: Timestamp, asked: Option<Duration>) -> Timestamp {
        let mut state = self.state();
        // Calls that were under way together are throttled together.
        let until = if let Some(until) = state.paused_until.filter(|_| state.is_paused(now)) {
            let asked = asked.map_or(until, |asked| now.plus(asked.min(LONGEST_PAUSE)));
            until.max(asked)
        } else {
            let grown = FIRST_PAUSE.saturating_mul(1 << state.pauses.min(10));
            state.pauses = state.pauses.saturating_add(1);
            now.plus(asked.unwrap_or(grown).min(LONGEST_PAUSE))
        };
        state.paused_until = Some(until);
        // A trial that was throttled proved nothing: the next one waits for what the provider asked, not for another pause.
        if std::mem::take(&mut state.on_trial) {
            state.open_until = Some(until);
        }
        until
    }

    /// How many calls may go through now.
    pub(crate) fn allows(&self, now: Timestamp) -> Allows {
        let state = self.state();
        match state.open_until {
            _ if state.is_paused(now) => Allows::None,
            None => Allows::All,
            Some(until) if is_over(until, now, self.pause) => Allows::One,
            Some(_) => Allows::None,
        }
    }

    /// Whether a call may go through now. A trial call keeps the others out until it is back or the pause is over.
    pub(crate) fn pass(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        match state.open_until {
            _ if state.is_paused(now) => false,
            None => true,
            Some(until) if is_over(until, now, self.pause) => {
                state.open_until = Some(now.plus(self.pause));
                state.on_trial = true;
                true
            }
            Some(_) => false,
        }
    }

    /// The provider answered, whatever it said. True if that closed the breaker.
    pub(crate) fn answered(&self) -> bool {
        let mut state = self.state();
        state.failures = 0;
        state.pauses = 0;
        state.on_trial = false;
        state.open_until.take().is_some()
    }

    /// The provider as a whole failed. Returns the end of the pause if that opened the breaker; `None` also where a trial
    /// prolongs the pause of an open one.
    pub(crate) fn failed(&self, now: Timestamp) -> Option<Timestamp> {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        state.on_trial = false;
        if state.failures < self.failures_to_open {
            return None;
        }
        let until = now.plus(self.pause);
        state.open_until.replace(until).is_none().then_some(until)
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
        assert_eq!(breaker.failed(at(0)), None);
        breaker.answered();
        assert_eq!(breaker.failed(at(0)), None);
        assert_eq!(breaker.allows(at(0)), Allows::All);
        assert_eq!(breaker.failed(at(0)), Some(at(30)), "and tells until when");
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
    fn a_throttled_provider_is_left_alone_for_as_long_as_it_asks_and_is_not_blamed() {
        let breaker = breaker();
        assert_eq!(breaker.throttled(at(0), Some(Duration::from_secs(7))), at(7));
        assert_eq!(
            (breaker.allows(at(6)), breaker.pass(at(6)), breaker.is_closed(at(6))),
            (Allows::None, false, false)
        );
        assert_eq!(
            (breaker.allows(at(7)), breaker.pass(at(7)), breaker.is_closed(at(7))),
            (Allows::All, true, true)
        );
        assert_eq!(breaker.failed(at(7)), None, "the throttled answer counted as a failure");
    }

    #[test]
    fn a_trial_that_is_throttled_is_followed_by_another_as_soon_as_the_provider_allows() {
        let breaker = breaker();
        breaker.failed(at(0));
        breaker.failed(at(0));
        assert!(breaker.pass(at(30)));
        assert_eq!(breaker.throttled(at(30), Some(Duration::from_secs(2))), at(32));
        assert_eq!((breaker.allows(at(31)), breaker.allows(at(32))), (Allows::None, Allows::One));
        assert!(breaker.pass(at(32)) && !breaker.pass(at(32)));
        assert!(breaker.answered());
        assert_eq!(breaker.allows(at(33)), Allows::All);
        // An answer to a call from before it opened shortens nothing, and a longer wait than its own pause is kept.
        breaker.failed(at(40));
        breaker.failed(at(40));
        breaker.throttled(at(41), Some(Duration::from_secs(2)));
        assert_eq!(breaker.allows(at(69)), Allows::None);
        assert!(breaker.pass(at(70)));
        breaker.throttled(at(70), Some(Duration::from_mins(2)));
        assert_eq!((breaker.allows(at(189)), breaker.allows(at(190))), (Allows::None, Allows::One));
    }

    #[test]
    fn pauses_grow_while_the_provider_names_no_time_and_calls_under_way_together_count_once() {
        let breaker = breaker();
        assert_eq!([0, 1, 2].map(|second| breaker.throttled(at(second), None)), [at(30); 3]);
        assert_eq!(breaker.throttled(at(30), None), at(90));
        breaker.answered();
        assert_eq!(breaker.throttled(at(90), None), at(120));
        assert_eq!(breaker.throttled(at(200), Some(Duration::from_hours(9))), at(1_100));
    }

    #[test]
    fn a_clock_that_was_an_hour_ahead_leaves_no_provider_alone_for_an_hour() {
        let breaker = breaker();
        for _ in 0..2 {
            breaker.failed(at(3_600));
        }
        assert_eq!((breaker.allows(at(3_601)), breaker.allows(at(1))), (Allows::None, Allows::One));
        assert!(breaker.pass(at(1)) && breaker.answered());
        breaker.throttled(at(3_600), None);
        assert_eq!((breaker.allows(at(3_601)), breaker.allows(at(1))), (Allows::None, Allows::All));
        assert_eq!(breaker.throttled(at(1), Some(Duration::from_secs(5))), at(6));
    }

    #[test]
    fn a_trial_that_fails_opens_it_for_another_pause() {
        let breaker = breaker();
        breaker.failed(at(0));
        breaker.failed(at(0));
        assert!(breaker.pass(at(30)));
        assert_eq!(breaker.failed(at(31)), None, "it was open");
        assert_eq!((breaker.allows(at(60)), breaker.allows(at(61))), (Allows::None, Allows::One));
    }
}
