//! Takes rows from the queue in its order and works on them, so many at one time outside of calls to providers.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::delivery::Deliverer;
use crate::delivery::turn::{AtWork, Turn};
use crate::queue::FairQueue;

pub(super) struct Pump {
    pub(super) queue: Arc<FairQueue>,
    pub(super) deliverer: Arc<Deliverer>,
    pub(super) at_work: AtWork,
    pub(super) tracker: TaskTracker,
    pub(super) give_up: CancellationToken,
}

impl Pump {
    pub(super) async fn run(self, token: CancellationToken) {
        loop {
            let (entry, place) = tokio::select! {
                biased;
                () = token.cancelled() => return,
                next = self.queue.next() => next,
            };
            let turn = tokio::select! {
                biased;
                () = token.cancelled() => {
                    self.queue.give_back(entry.row.key);
                    return;
                }
                turn = Turn::begin(place, self.at_work.clone()) => turn,
            };
            let (deliverer, give_up) = (Arc::clone(&self.deliverer), self.give_up.clone());
            self.tracker.spawn(async move {
                tokio::select! {
                    biased;
                    () = deliverer.act(entry, turn) => {}
                    () = give_up.cancelled() => {}
                }
            });
        }
    }
}
