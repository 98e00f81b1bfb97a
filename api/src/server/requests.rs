//! How a connection stands: which of its requests are under way, whether an answer is still being taken, and since when
//! nothing has happened.
//!
//! Shared by its stream, its service and the table of places. What a request costs here is a few atomic operations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// What all connections of a server share.
pub(super) struct Crowd {
    /// Whether somebody waits for a place.
    pub(super) waits: AtomicBool,
    /// Told of each place that is left, and while somebody waits of each connection that becomes idle.
    pub(super) changed: Notify,
    began: Instant,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { waits: AtomicBool::new(false), changed: Notify::new(), began: Instant::now() }
    }
}

/// A connection's requests.
#[derive(Clone, Default)]
pub(crate) struct Requests(Arc<Counts>);

#[derive(Default)]
struct Counts {
    crowd: Arc<Crowd>,
    begun: AtomicUsize,
    ended: AtomicUsize,
    /// Whether its client has not taken all of an answer yet.
    answering: AtomicBool,
    /// When something last happened, in microseconds of the crowd.
    touched: AtomicU64,
    /// Whether it was asked to leave and has not refused.
    leaving: AtomicBool,
    asked: Notify,
}

/// A request under way, until it is dropped.
pub(crate) struct UnderWay(Requests);

impl Requests {
    /// Those of a new connection.
    pub(super) fn of(crowd: Arc<Crowd>) -> Self {
        let requests = Self(Arc::new(Counts { crowd, ..Counts::default() }));
        requests.touch();
        requests
    }

    /// Says that a request's headers are there.
    pub(crate) fn begin(&self) -> UnderWay {
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        UnderWay(self.clone())
    }

    pub(super) fn begun(&self) -> usize {
        self.0.begun.load(Ordering::SeqCst)
    }

    pub(super) fn under_way(&self) -> bool {
        self.begun() != self.0.ended.load(Ordering::SeqCst)
    }

    /// Whether it may be closed without taking anything from its client: no request is complete, and no answer is left.
    pub(super) fn idle(&self) -> bool {
        !self.under_way() && !self.0.answering.load(Ordering::SeqCst)
    }

    /// Says that something happens: who does so is not the one that has been idle longest.
    pub(super) fn touch(&self) {
        let now = u64::try_from(self.0.crowd.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.touched.store(now, Ordering::Relaxed);
    }

    pub(super) fn touched(&self) -> u64 {
        self.0.touched.load(Ordering::Relaxed)
    }

    /// For how long nothing has happened.
    pub(super) fn untouched_for(&self) -> Duration {
        self.0.crowd.began.elapsed().saturating_sub(Duration::from_micros(self.touched()))
    }

    /// Says that the client does not take an answer as fast as it is written.
    pub(super) fn answer_waits(&self) {
        self.0.answering.store(true, Ordering::SeqCst);
    }

    /// Says that it has taken what waited.
    pub(super) fn answer_taken(&self) {
        self.touch();
        self.0.answering.store(false, Ordering::SeqCst);
        self.changed();
    }

    pub(super) fn ask_to_leave(&self) {
        self.0.leaving.store(true, Ordering::SeqCst);
        self.0.asked.notify_one();
    }

    pub(super) fn leaving(&self) -> bool {
        self.0.leaving.load(Ordering::SeqCst)
    }

    pub(super) async fn asked_to_leave(&self) {
        self.0.asked.notified().await;
    }

    /// Refuses to leave: a request has come meanwhile.
    pub(super) fn stay(&self) {
        self.0.leaving.store(false, Ordering::SeqCst);
        self.0.crowd.changed.notify_one();
    }

    fn changed(&self) {
        if self.0.crowd.waits.load(Ordering::SeqCst) {
            self.0.crowd.changed.notify_one();
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Self(requests) = self;
        requests.touch();
        requests.0.ended.fetch_add(1, Ordering::SeqCst);
        requests.changed();
    }
}
