//! How long a page may take: the usual time, and longer where one event alone does not come within it.
//!
//! A page of many events that does not come in time is asked for again with fewer. One event cannot be halved: it is given
//! twice the time after each failure, up to a minute. Only what was late is given more, and only on a link that has just
//! answered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::read::LIMIT;

/// The longest that one event may take.
const LONGEST: Duration = Duration::from_mins(1);
/// Most places remembered; beyond it all are forgotten, and begin with the usual time.
const MOST: usize = 256;

/// Where a page begins: the stream's type and id, and the sequence it is read after; of the whole log, the position alone.
pub(crate) type Place = (String, String, i64);

/// How often in a row a page that begins at a place did not come in time.
#[derive(Debug, Default)]
pub(crate) struct Patience(Mutex<HashMap<Place, u32>>);

impl Patience {
    /// How long a page from here may take if it has one event; `None`: the last one came in time.
    pub(crate) fn with_one(&self, place: &Place) -> Option<Duration> {
        let late = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(place).copied()?;
        Some((LIMIT * 2_u32.saturating_pow(late.min(8))).min(LONGEST))
    }

    pub(crate) fn late(&self, place: Place) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MOST && !places.contains_key(&place) {
            places.clear();
        }
        *places.entry(place).or_default() += 1;
    }

    pub(crate) fn in_time(&self, place: &Place) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Most often there is none, and nothing is looked up.
        if !places.is_empty() {
            places.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_time_of_its_place_up_to_a_minute_and_a_success_ends_that() {
        let patience = Patience::default();
        let (here, there) = ((String::new(), String::new(), 7), (String::new(), String::new(), 8));
        assert_eq!(patience.with_one(&here), None);
        for seconds in [10, 20, 40, 60, 60] {
            patience.late(here.clone());
            assert_eq!(patience.with_one(&here), Some(Duration::from_secs(seconds)));
        }
        assert_eq!(patience.with_one(&there), None);
        patience.in_time(&there);
        assert_eq!(patience.with_one(&here), Some(LONGEST));
        patience.in_time(&here);
        assert_eq!(patience.with_one(&here), None);
    }

    #[test]
    fn a_bounded_number_of_places_is_remembered() {
        let patience = Patience::default();
        for position in 0..10_000 {
            patience.late((String::new(), String::new(), position));
        }
        assert!(patience.0.lock().unwrap().len() <= MOST);
    }
}
