//! Whether something works: a failure that lasts is told once when it begins and once when it is over.
//!
//! Who tries says how it went; what is logged is the caller's. A success that follows a failure ends it, so a part
//! whose tries go now this way and now that tells of each change.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// One part's way of working. It works until it is told otherwise.
#[derive(Debug, Default)]
pub struct Outage(Mutex<Option<Instant>>);

impl Outage {
    /// Notes a failure. True: the first one since it last worked, which deserves a warning.
    pub fn begins(&self) -> bool {
        self.began(Instant::now())
    }

    /// The same of a failure that was there from an earlier moment on.
    pub(crate) fn began(&self, at: Instant) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = since.is_none();
        since.get_or_insert(at);
        first
    }

    /// How long it has not worked, if it does not.
    pub(crate) fn lasts(&self) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).map(|since| since.elapsed())
    }

    /// Notes a success. For how many milliseconds it did not work, where this ends an outage.
    pub fn ends(&self) -> Option<u64> {
        let since = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_begins_once_and_ends_once() {
        let outage = Outage::default();
        assert_eq!(outage.ends(), None, "what works has no outage to end");
        assert!(outage.begins());
        assert!(!outage.begins(), "it lasts");
        assert!(outage.ends().is_some_and(|milliseconds| milliseconds < 60_000));
        assert_eq!(outage.ends(), None);
        assert!(outage.begins(), "the next one is another");
    }
}
