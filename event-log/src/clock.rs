//! The database's clock, read without asking the database each time.
//!
//! The log's looks at the head bring its time; between them the monotonic clock of this machine counts on. The machine's
//! own date and time play no part, however wrong they are and however they jump.
//!
//! The database's own clock can jump too: it is set, or another server takes over. The jump is followed at once, and
//! noted: what rests on a long time having passed asks for how long it ran evenly.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use orqestra_domain::Timestamp;
use tokio::time::Instant;

use crate::source::{Clock, ClockStep};

/// Older than this, an answer of the database proves nothing any more.
const PROOF_LASTS: Duration = Duration::from_secs(5);
/// Two clocks of one machine that measure a span further apart than this: one of them jumped.
const JUMP: Duration = Duration::from_secs(1);
/// The database's time is further than this from where it should be: it jumped.
const STEP: Duration = Duration::from_secs(1);
/// Two clocks that run evenly come apart by no more than one part in so many.
const DRIFT: u32 = 1_000;
/// Answers that are off by no more than their own uncertainty and this change nothing.
const NOISE: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, Debug)]
struct Sample {
    theirs: Timestamp,
    at: Instant,
    ours: Timestamp,
    /// How far off `theirs` may be.
    doubt: Duration,
    course: Course,
}

/// How evenly the database's time ran.
#[derive(Clone, Copy, Debug)]
struct Course {
    /// Evenly since then.
    since: Instant,
    /// How far it jumped then, in milliseconds; `None` at the first answer.
    step: Option<i64>,
}

impl Sample {
    fn at(&self, moment: Instant) -> Timestamp {
        self.theirs.plus(moment.saturating_duration_since(self.at))
    }
}

/// A clock that shows the time of the log's database. See the module.
pub struct DatabaseClock {
    local: Arc<dyn Clock>,
    sample: RwLock<Option<Sample>>,
}

impl DatabaseClock {
    /// A clock that shows the local time until a log that it is handed to has asked the database.
    pub fn new(local: Arc<dyn Clock>) -> Self {
        metrics::counter!("orqestra_database_clock_steps_total").increment(0);
        Self { local, sample: RwLock::new(None) }
    }

    /// The machine's own clock.
    pub(crate) fn local(&self) -> &dyn Clock {
        &*self.local
    }

    /// Takes in the database's time, asked for and answered at these moments.
    pub(crate) fn learn(&self, asked: Instant, answered: Instant, theirs: Timestamp) {
        let doubt = answered.saturating_duration_since(asked) / 2;
        let middle = asked + doubt;
        let ours = self.local.now();
        let mut sample = self.sample.write().unwrap_or_else(PoisonError::into_inner);
        let course = follow(sample.as_ref(), middle, doubt, theirs);
        // A step for each answer's delay would make time run unevenly.
        let kept = sample.map(|sample| (sample.at(middle), sample.doubt));
        let kept = kept.filter(|(shown, _)| apart(*shown, theirs) <= doubt + NOISE);
        let (theirs, doubt_left) =
            kept.map_or((theirs, doubt), |(shown, before)| (shown, before.min(doubt + apart(shown, theirs))));
        // The local clock was read just after the answer.
        *sample = Some(Sample { theirs, at: middle, ours: minus(ours, doubt), doubt: doubt_left, course });
    }

    fn course(&self) -> Option<Course> {
        self.sample().map(|sample| sample.course)
    }

    fn sample(&self) -> Option<Sample> {
        *self.sample.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self, moment: Instant) -> Timestamp {
        self.sample().map_or_else(|| self.local.now(), |sample| sample.at(moment))
    }

    fn is_proved_at(&self, moment: Instant) -> bool {
        let Some(sample) = self.sample() else { return false };
        let age = moment.saturating_duration_since(sample.at);
        age <= PROOF_LASTS && apart(self.local.now(), sample.ours.plus(age)) <= JUMP
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    /// Statements ask the database itself.
    fn for_statement(&self) -> Option<Timestamp> {
        None
    }

    fn steady(&self) -> Duration {
        self.local.steady()
    }

    /// Whether the database answered a moment ago, and this machine neither slept nor changed its clock since.
    fn is_proved(&self) -> bool {
        self.is_proved_at(Instant::now())
    }

    fn steady_for(&self) -> Option<Duration> {
        Some(self.course().map_or(Duration::ZERO, |course| course.since.elapsed()))
    }

    fn last_step(&self) -> Option<ClockStep> {
        let course = self.course()?;
        course.step.map(|by_millis| ClockStep { by_millis, ago: course.since.elapsed() })
    }
}

/// How evenly time runs with this answer. A jump away from what the last one lets expect is told.
fn follow(last: Option<&Sample>, middle: Instant, doubt: Duration, theirs: Timestamp) -> Course {
    let Some(last) = last else { return Course { since: middle, step: None } };
    let drift = middle.saturating_duration_since(last.at) / DRIFT;
    let expected = last.at(middle);
    if apart(expected, theirs) <= doubt + last.doubt + drift + STEP {
        return last.course;
    }
    let by_ms = (theirs.unix_micros() - expected.unix_micros()) / 1_000;
    metrics::counter!("orqestra_database_clock_steps_total").increment(1);
    tracing::warn!(by_ms, "the database's clock jumped, or this machine slept");
    Course { since: middle, step: Some(by_ms) }
}

fn apart(one: Timestamp, other: Timestamp) -> Duration {
    Duration::from_micros(one.unix_micros().abs_diff(other.unix_micros()))
}

fn minus(moment: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_unix_micros(moment.unix_micros() - i64::try_from(span.as_micros()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ManualClock;

    const HOURS: Duration = Duration::from_hours(3);

    fn second(number: i64) -> Timestamp {
        Timestamp::from_unix_micros(number * 1_000_000)
    }

    #[test]
    fn it_shows_the_databases_time_whatever_the_local_clock_does() {
        let local = Arc::new(ManualClock::at(second(500_000)));
        let clock = DatabaseClock::new(Arc::clone(&local) as _);
        let start = Instant::now();
        assert!(!clock.is_proved_at(start), "the database was not asked yet");
        clock.learn(start, start, second(1_000));
        assert_eq!(clock.at(start), second(1_000));
        let later = start + Duration::from_secs(2);
        local.advance(Duration::from_secs(2));
        assert!(clock.is_proved_at(later));
        for moment in [second(500_002).plus(HOURS), minus(second(500_002), HOURS)] {
            local.set(moment);
            assert_eq!(clock.at(later), second(1_002));
            assert!(!clock.is_proved_at(later), "something jumped: the database has to be asked");
            clock.learn(later, later, second(1_002));
            assert!(clock.is_proved_at(later));
        }
        local.advance(PROOF_LASTS * 2);
        assert!(!clock.is_proved_at(later + PROOF_LASTS * 2), "the database has not answered for long");
    }

    #[test]
    fn an_answers_delay_makes_no_step_and_a_true_difference_does() {
        let clock = DatabaseClock::new(Arc::new(ManualClock::at(second(0))));
        let start = Instant::now();
        clock.learn(start, start, second(1_000));
        let later = start + Duration::from_millis(100);
        clock.learn(start, later, second(1_000).plus(Duration::from_millis(95)));
        assert_eq!(clock.at(later), second(1_000).plus(Duration::from_millis(100)));
        clock.learn(later, later, second(900));
        assert_eq!(clock.at(later), second(900), "the database's clock was set back");
    }
    #[test]
    fn a_jump_of_the_databases_clock_is_followed_and_noted_and_its_drift_and_late_answers_are_not() {
        let clock = DatabaseClock::new(Arc::new(ManualClock::at(second(0))));
        assert_eq!(clock.steady_for(), Some(Duration::ZERO), "the database was not asked yet");
        let start = Instant::now();
        let (ms, s) = (Duration::from_millis, Duration::from_secs);
        clock.learn(start, start, second(1_000));
        let course = clock.course().unwrap();
        assert_eq!((course.since, course.step), (start, None));
        // Each: asked, answered, and how far the database's time has come.
        for (asked, answered, theirs) in [
            (s(1), s(1), ms(1_900)),
            (s(2), s(6), ms(2_900)),
            (s(7), s(7), ms(8_800)),
            (s(3_600), s(3_600), ms(3_605_000)),
        ] {
            clock.learn(start + asked, start + answered, second(1_000).plus(theirs));
            assert_eq!(clock.course().unwrap().since, start, "{asked:?} {theirs:?}");
        }
        let mut now = start + s(3_600);
        for (jumped, by_millis) in [
            (second(4_605).plus(s(101)), 101_000),
            (second(4_706).plus(ms(1_100)), 1_100),
            (second(2_000), -2_707_100),
            (second(2_000).plus(HOURS), 10_800_000),
            (second(500), -12_300_000),
        ] {
            clock.learn(now, now, jumped);
            let course = clock.course().unwrap();
            assert_eq!((course.since, course.step), (now, Some(by_millis)));
            assert_eq!(clock.at(now), jumped, "the time is the database's");
            // What follows evenly changes nothing of it.
            now += ms(100);
            clock.learn(now, now, jumped.plus(ms(100)));
            assert_eq!(clock.course().unwrap().since + ms(100), now);
            clock.learn(now, now, jumped);
        }
    }
}
