//! Where time and ids come from: injected, so that a test holds both in its hand.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use orqestra_domain::Timestamp;
use orqestra_vault::{Entropy, OsEntropy};
use time::OffsetDateTime;
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in UTC, by microseconds.
    fn now(&self) -> Timestamp;

    /// The moment that a statement goes by; `None` where this clock follows the database's, so that the statement asks
    /// that one itself.
    fn for_statement(&self) -> Option<Timestamp> {
        Some(self.now())
    }

    /// How long this process has counted, by a clock that is never set: spans are measured by it, whatever the date does.
    fn steady(&self) -> Duration {
        static BEGAN: OnceLock<Instant> = OnceLock::new();
        BEGAN.get_or_init(Instant::now).elapsed()
    }

    /// Whether nothing hints at a wrong time. Where false, a look at the log's head puts it right.
    fn is_proved(&self) -> bool {
        true
    }

    /// How long this process has seen the time run evenly; `None` where it need not be watched.
    fn steady_for(&self) -> Option<Duration> {
        None
    }

    /// The last jump of the time that this process has seen.
    fn last_step(&self) -> Option<ClockStep> {
        None
    }
}

/// A jump of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// How far, in milliseconds; below 0 it went back.
    pub by_millis: i64,
    /// How long ago.
    pub ago: Duration,
}

/// Makes ids.
pub trait Ids: Send + Sync {
    /// A new version 7 UUID that sorts by this moment.
    fn uuid_v7(&self, now: Timestamp) -> Uuid;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the real clock that is handed in elsewhere")]
    fn now(&self) -> Timestamp {
        Timestamp::new(OffsetDateTime::now_utc())
    }
}

/// Ids with random bits of a generator that the operating system seeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.unix_micros() / 1_000).unwrap_or(0);
        let mut tail = [0; 10];
        OsEntropy.fill(&mut tail);
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    steady: AtomicU64,
}

impl ManualClock {
    /// A clock that shows this moment.
    pub fn at(moment: Timestamp) -> Self {
        Self { now: AtomicI64::new(moment.unix_micros()), steady: AtomicU64::new(0) }
    }

    /// Shows another moment, as where somebody sets it: no time passes.
    pub fn set(&self, moment: Timestamp) {
        self.now.store(moment.unix_micros(), Ordering::SeqCst);
    }

    /// Moves forward, by microseconds.
    pub fn advance(&self, by: Duration) {
        self.now.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
        self.steady.fetch_add(u64::try_from(by.as_micros()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.now.load(Ordering::SeqCst))
    }

    fn steady(&self) -> Duration {
        Duration::from_micros(self.steady.load(Ordering::SeqCst))
    }
}

/// Ids that count up, for tests that show them.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl Ids for CountingIds {
    fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.unix_micros() / 1_000).unwrap_or(0);
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}
