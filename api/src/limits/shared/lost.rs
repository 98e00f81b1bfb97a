//! That a request found the generation over, or Redis not answering: told to the keeper once.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::link::Trouble;

/// What was found; the first that is told counts.
#[derive(Default)]
pub(super) struct Lost {
    /// `Some(None)`: the generation is over.
    found: Mutex<Option<Option<Trouble>>>,
    told: Notify,
}

impl Lost {
    /// Tells that another generation has begun, or none.
    pub(super) fn generation(&self) {
        self.tell(None);
    }

    /// Tells that Redis cannot be counted on.
    pub(super) fn trouble(&self, trouble: Trouble) {
        self.tell(Some(trouble));
    }

    fn tell(&self, what: Option<Trouble>) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
        self.told.notify_one();
    }

    /// Forgets what was told of a generation before.
    pub(super) fn clear(&self) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Waits until something is told. `None`: the generation is over.
    pub(super) async fn happens(&self) -> Option<Trouble> {
        loop {
            if let Some(found) = self.found.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return found;
            }
            self.told.notified().await;
        }
    }
}
