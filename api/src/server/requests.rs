//! How a connection stands: which of its requests are under way, whether an answer is still being taken, whether the bytes of
//! a request are still to come, and since when nothing has happened.
//!
//! Shared by its stream, its service and the table of places. What a request costs here is a few atomic operations.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::ApiError;

/// What all connections of a server share.
pub(super) struct Crowd {
    /// How many wait for a place.
    pub(super) waiting: AtomicUsize,
    /// Told, while one waits, of each place that is left and of each connection that becomes idle.
    pub(super) changed: Notify,
    began: Instant,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { waiting: AtomicUsize::new(0), changed: Notify::new(), began: Instant::now() }
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
    /// Whether bytes of a request are still to come, as far as it has been read.
    unread: AtomicBool,
    /// Whether the connection ends with the answer that is due.
    last: AtomicBool,
    /// Whether something other than HTTP follows.
    upgraded: AtomicBool,
    /// What is told instead of hyper's own refusal.
    refusal: Mutex<Option<ApiError>>,
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
        self.0.crowd.tell();
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
        self.0.crowd.tell();
    }

    /// Says whether bytes of a request are still to come.
    pub(super) fn set_unread(&self, unread: bool) {
        self.0.unread.store(unread, Ordering::SeqCst);
    }

    /// Whether bytes of a request are still to come: an answer now ends the connection.
    pub(super) fn unread(&self) -> bool {
        self.0.unread.load(Ordering::SeqCst)
    }

    /// Says that no other request is to be read.
    pub(super) fn end_after_this(&self) {
        self.0.last.store(true, Ordering::SeqCst);
    }

    /// Whether the connection ends with the answer that is due.
    pub(super) fn ends(&self) -> bool {
        self.unread() || self.0.last.load(Ordering::SeqCst)
    }

    /// Says that something other than HTTP follows.
    pub(super) fn upgrade(&self) {
        self.0.upgraded.store(true, Ordering::SeqCst);
    }

    pub(super) fn upgraded(&self) -> bool {
        self.0.upgraded.load(Ordering::SeqCst)
    }

    /// Says that its answer is written and what its client still sends is thrown away: it is the first to give way.
    pub(super) fn linger(&self) {
        self.0.touched.store(0, Ordering::Relaxed);
        self.0.crowd.tell();
    }

    /// Says why the request is refused whose head hyper is kept from reading.
    pub(super) fn refuse(&self, error: ApiError) {
        *self.0.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// Why it is, if it is.
    pub(super) fn refusal(&self) -> Option<ApiError> {
        self.0.refusal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Crowd {
    /// Tells all that wait to look again.
    pub(super) fn tell(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.changed.notify_waiters();
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Self(requests) = self;
        requests.touch();
        requests.0.ended.fetch_add(1, Ordering::SeqCst);
        requests.0.crowd.tell();
    }
}
