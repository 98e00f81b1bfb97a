//! Takes rows from the queue in its order and works on them, up to so many at one time.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::delivery::Deliverer;
use crate::due::DueKey;
use crate::provider::carriers::Carriers;
use crate::queue::{FairQueue, Lane};

pub(super) struct Pump {
    pub(super) queue: Arc<FairQueue>,
    pub(super) carriers: Arc<Carriers>,
    pub(super) deliverer: Arc<Deliverer>,
    pub(super) slots: Arc<Semaphore>,
    pub(super) tracker: TaskTracker,
    pub(super) give_up: CancellationToken,
}

/// Frees the row's place in its lane, however the work on it ends.
struct Place {
    queue: Arc<FairQueue>,
    key: DueKey,
    lane: Lane,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.done(self.key, self.lane);
    }
}

impl Pump {
    pub(super) async fn run(self, token: CancellationToken) {
        loop {
            let slot = tokio::select! {
                biased;
                () = token.cancelled() => return,
                slot = Arc::clone(&self.slots).acquire_owned() => slot.expect("the semaphore is never closed"),
            };
            let entry = tokio::select! {
                biased;
                () = token.cancelled() => return,
                entry = self.queue.next(&*self.carriers) => entry,
            };
            let place =
                Place { queue: Arc::clone(&self.queue), key: entry.row.key, lane: Lane::of(&entry.row) };
            let (deliverer, give_up) = (Arc::clone(&self.deliverer), self.give_up.clone());
            self.tracker.spawn(async move {
                let _held = (slot, place);
                tokio::select! {
                    biased;
                    () = deliverer.act(entry) => {}
                    () = give_up.cancelled() => {}
                }
            });
        }
    }
}
