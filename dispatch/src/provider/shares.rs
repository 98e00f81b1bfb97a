//! This process's part of what a provider allows, which holds for the installation: an equal part for each process that sends.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::time::{Instant, sleep_until};

/// See the module.
#[derive(Debug)]
pub(crate) struct Shares {
    /// Number of processes that send.
    processes: AtomicU32,
    /// When the others know of this one.
    known_from: Mutex<Option<Instant>>,
}

impl Default for Shares {
    fn default() -> Self {
        Self { processes: AtomicU32::new(1), known_from: Mutex::default() }
    }
}

impl Shares {
    /// Sets how many processes send, this one among them.
    pub(crate) fn among(&self, processes: u32) {
        self.processes.store(processes.max(1), Ordering::Relaxed);
    }

    /// Returns how many processes send.
    pub(crate) fn processes(&self) -> u32 {
        self.processes.load(Ordering::Relaxed)
    }

    /// Lets calls within limits wait until then, when the others know of this process.
    pub(crate) fn known_from(&self, moment: Instant) {
        *self.known_from.lock().unwrap_or_else(PoisonError::into_inner) = Some(moment);
    }

    /// Waits until the others know of this process.
    pub(crate) async fn known(&self) {
        let from = *self.known_from.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(from) = from {
            sleep_until(from).await;
        }
    }

    /// Returns this process's part of a number, at least one.
    pub(crate) fn of(&self, most: u32) -> u32 {
        (most / self.processes()).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_has_an_equal_part_and_at_least_one() {
        let shares = Shares::default();
        assert_eq!(shares.of(7), 7);
        shares.among(3);
        assert_eq!((shares.of(7), shares.of(2)), (2, 1));
        shares.among(0);
        assert_eq!(shares.of(7), 7);
    }
}
