//! The one writer of a process: gathers commands while a batch is being stored, then stores those.
//!
//! A lone command is stored at once; beside other processes that append, a batch gathers for a moment. A batch has one
//! command of a stream, of an idempotency key and of a new data key; the others wait for the next one, or are refused as
//! soon as the first one's outcome decides them. Tenants take turns by bytes, so that one's large commands do not keep another's small ones. An accepted command
//! is stored also where its caller waits no longer. While a batch is held because the database cannot be reached, the
//! commands behind it are refused: they were never sent.

mod batch;
mod flush;
mod gather;
mod look;
mod pending;
mod queued;
mod statement;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::append::{Outcome, Recorded};
use crate::fail_point::FailPoint;
use crate::intact::Known;
use crate::position::Position;
use crate::shared::Shared;
use flush::{Flusher, UNSENT_PATIENCE, Verdict};
use gather::Gather;
pub use look::look_at_appends;
use pending::Pending;
pub(crate) use queued::{INEXACT, Queued, Unplaced, Written};

/// How often a batch that takes long is looked at.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How often it is looked whether appends are stored again.
const RECOVERED_WITHIN: Duration = Duration::from_millis(500);

/// See the module.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    flusher: Flusher,
    max_batch: usize,
    pending: Pending,
    share: batch::Share,
    gather: Gather,
    /// How long appends may be idle before a look.
    look: Option<Duration>,
    look_at: Instant,
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        options: PgConnectOptions,
        max_batch: usize,
        look: Option<Duration>,
    ) -> Self {
        let flusher = Flusher::new(options, shared.sessions.renewals());
        Self {
            shared,
            flusher,
            max_batch,
            pending: Pending::default(),
            share: batch::Share::default(),
            gather: Gather::new(Instant::now()),
            look,
            look_at: Instant::now(),
        }
    }

    /// Stores what comes until the queue's senders are gone, or until closed and empty.
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Queued>, closing: CancellationToken) {
        let mut arrived = Vec::with_capacity(self.max_batch);
        loop {
            if self.pending.is_empty() {
                tokio::select! {
                    biased;
                    received = queue.recv_many(&mut arrived, self.max_batch) => {
                        if received == 0 {
                            break;
                        }
                    }
                    // A closed queue still hands out what it holds, then says so by handing out nothing.
                    () = closing.cancelled(), if !queue.is_closed() => queue.close(),
                    () = sleep_until(self.look_at), if self.look.is_some() => {
                        self.look().await;
                        continue;
                    }
                }
            }
            while self.pending.len() + arrived.len() < 4 * self.max_batch {
                let Ok(queued) = queue.try_recv() else { break };
                arrived.push(queued);
            }
            for queued in arrived.drain(..) {
                self.pending.push(queued);
            }
            if let Some(until) = self.gather.until(self.pending.len(), Instant::now())
                && let Ok(Some(queued)) = timeout_at(until, queue.recv()).await
            {
                arrived.push(queued);
                continue;
            }
            let (most, own) = if self.shared.rush.is_on(Instant::now()) {
                // Beside other processes all that gathered go together: the database does not wait for this one meanwhile.
                let most = if self.gather.is_contended() { usize::MAX } else { self.shared.rush.half() };
                let most = most.min(self.max_batch);
                (most, self.share.of_next(self.pending.callers(), most))
            } else {
                (self.max_batch, self.max_batch)
            };
            let batch = self.pending.select(most, own);
            if !batch.is_empty() {
                self.store(batch, &mut queue).await;
            }
        }
        self.flusher.close().await;
    }

    /// Looks whether an append would be stored, while there is none.
    async fn look(&mut self) {
        let failed = self.shared.appends.failed();
        self.flusher.look(&self.shared).await;
        tell(&self.shared);
        self.plan_look(failed);
    }

    /// The next look: at once after the first failure, which it may take back.
    fn plan_look(&mut self, failed_before: bool) {
        let Some(idle) = self.look else { return };
        self.look_at = Instant::now()
            + match (self.shared.appends.failed(), failed_before) {
                (false, _) => idle,
                (true, false) => Duration::ZERO,
                (true, true) => RECOVERED_WITHIN.min(idle),
            };
    }

    /// Stores a batch. Where it takes long because the database cannot be reached, what waits behind it is told so
    /// meanwhile.
    async fn flush(&mut self, batch: &[Queued], queue: &mut mpsc::Receiver<Queued>) -> Vec<Verdict> {
        let unreachable = self.flusher.unreachable();
        let flush = self.flusher.flush(batch, self.shared.clock.now(), &self.shared);
        tokio::pin!(flush);
        loop {
            if let Ok(verdicts) = timeout(LOOK_AGAIN_AFTER, &mut flush).await {
                return verdicts;
            }
            tell(&self.shared);
            if unreachable.lasts().is_some_and(|lasts| lasts >= UNSENT_PATIENCE) {
                let arrived = std::iter::from_fn(|| queue.try_recv().ok());
                for queued in self.pending.drain().chain(arrived) {
                    refuse(&self.shared, queued, Outcome::Unavailable);
                }
            }
        }
    }

    async fn store(&mut self, batch: Vec<Queued>, queue: &mut mpsc::Receiver<Queued>) {
        metrics::histogram!("orqestra_append_batch_size").record(depth(batch.len()));
        let started = Instant::now();
        FailPoint::AppendBeforeFlush.hit();
        self.shared.flushing.store(true, Ordering::Release);
        let failed = self.shared.appends.failed();
        self.shared.appends.asked();
        let verdicts = self.flush(&batch, queue).await;
        self.shared.appends.answered();
        tell(&self.shared);
        self.plan_look(failed);
        FailPoint::AppendAfterFlush.hit();
        metrics::histogram!("orqestra_append_flush_seconds").record(started.elapsed().as_secs_f64());

        let decided = batch::Decided::new(&batch, &verdicts, !self.pending.is_empty());
        let came = batch.len();
        let mut answers = Vec::with_capacity(came);
        let mut recorded = Vec::with_capacity(batch.len());
        for (queued, verdict) in batch.into_iter().zip(verdicts) {
            self.shared.room.leave(queued.tenant(), queued.bytes());
            let (events, answer) = queued.into_parts();
            let outcome = match verdict {
                Verdict::Placed { first } => {
                    let placed = place(events, first);
                    recorded.extend(placed.events.iter().cloned());
                    Outcome::Recorded(placed)
                }
                Verdict::Refused(outcome) => outcome,
            };
            answers.push((answer, outcome));
        }
        // Readers of this process know the events before their writers do.
        if let Some(last) = recorded.last() {
            let known = Known { position: last.position, event_id: Some(last.event_id) };
            if let Some(first) = recorded.first() {
                self.gather.stored(first.position, last.position);
            }
            self.shared.ring.push(&recorded);
            self.shared.advance(known);
        }
        self.shared.flushing.store(false, Ordering::Release);
        self.shared.flushed.send_modify(|batches| *batches += 1);
        for (answer, outcome) in answers {
            count(&outcome);
            answer.send(outcome).ok();
        }
        for (queued, outcome) in decided.refuse(&mut self.pending) {
            refuse(&self.shared, queued, outcome);
        }
        // One batch takes no more.
        let expected = (came + self.pending.len() + queue.len()).min(self.max_batch);
        self.gather.answered(started.elapsed(), expected, Instant::now());
    }
}

/// Tells whether appends are stored now.
fn tell(shared: &Shared) {
    let works = shared.appends.hindrance().is_none();
    metrics::gauge!("orqestra_append_works").set(f64::from(u8::from(works)));
}

fn refuse(shared: &Shared, queued: Queued, outcome: Outcome) {
    shared.room.leave(queued.tenant(), queued.bytes());
    count(&outcome);
    queued.into_parts().1.send(outcome).ok();
}

fn place(events: Vec<crate::recorded::RecordedEvent>, first: Position) -> Recorded {
    let last = first.after(events.len() - 1);
    let events = events
        .into_iter()
        .enumerate()
        .map(|(index, mut event)| {
            event.position = first.after(index);
            Arc::new(event)
        })
        .collect();
    Recorded { first, last, events }
}

#[expect(clippy::cast_precision_loss, reason = "a queue is shorter than 2^52")]
fn depth(length: usize) -> f64 {
    length as f64
}

/// Why an append is not stored, as metrics name it.
const REFUSALS: [&str; 10] = [
    "conflict",
    "key_taken",
    "key_raced",
    "key_dead",
    "too_large",
    "malformed",
    "full",
    "unavailable",
    "failed",
    "lost",
];

/// Lets the series begin at zero.
pub(crate) fn begin_metrics() {
    metrics::counter!("orqestra_append_events_total").increment(0);
    for reason in REFUSALS {
        metrics::counter!("orqestra_append_refusals_total", "reason" => reason).increment(0);
    }
    drop(metrics::histogram!("orqestra_append_batch_size"));
    drop(metrics::histogram!("orqestra_append_flush_seconds"));
}

fn count(outcome: &Outcome) {
    let reason = match outcome {
        Outcome::Recorded(recorded) => {
            let events = u64::try_from(recorded.events.len()).unwrap_or(u64::MAX);
            metrics::counter!("orqestra_append_events_total").increment(events);
            return;
        }
        Outcome::Conflict { .. } => "conflict",
        Outcome::KeyTaken { .. } => "key_taken",
        Outcome::KeyRaced { .. } => "key_raced",
        Outcome::KeyDead { .. } => "key_dead",
        Outcome::Reconfigured => "reconfigured",
        Outcome::TooLarge { .. } => "too_large",
        Outcome::Malformed(_) => "malformed",
        Outcome::Full => "full",
        Outcome::Unavailable => "unavailable",
        Outcome::Failed(_) => "failed",
        Outcome::Lost => "lost",
    };
    metrics::counter!("orqestra_append_refusals_total", "reason" => reason).increment(1);
}
