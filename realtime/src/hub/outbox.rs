//! What waits to be sent to one connection: bounded in bytes, and over for good once the bound is passed.
//!
//! Whoever publishes never waits. A client that takes less than it is sent is told apart from one that is only a
//! moment behind by this bound alone.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::Notify;

/// Most bytes that wait.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;
/// What an entry costs beside its text, so that many small ones are bounded too.
const ENTRY: usize = 64;

/// The outbox of one connection.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Utf8Bytes>,
    bytes: usize,
    overflown: bool,
}

/// The client takes less than it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slow;

impl Outbox {
    /// Adds a line. Once too much waits, all of it is dropped, and nothing is taken in any more.
    pub(crate) fn push(&self, line: Utf8Bytes) {
        let mut queue = self.queue();
        if queue.overflown {
            return;
        }
        queue.bytes += line.len() + ENTRY;
        queue.lines.push_back(line);
        if queue.bytes > MAX_BYTES {
            *queue = Queue { overflown: true, ..Queue::default() };
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Waits for lines and takes all of them, in order.
    pub(crate) async fn take(&self) -> Result<VecDeque<Utf8Bytes>, Slow> {
        loop {
            {
                let mut queue = self.queue();
                if queue.overflown {
                    return Err(Slow);
                }
                if !queue.lines.is_empty() {
                    queue.bytes = 0;
                    return Ok(std::mem::take(&mut queue.lines));
                }
            }
            self.changed.notified().await;
        }
    }

    /// Waits until too much waits.
    pub(crate) async fn overflown(&self) -> Slow {
        while !self.queue().overflown {
            self.changed.notified().await;
        }
        Slow
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn lines_come_out_in_order_and_all_at_once() {
        let outbox = Outbox::default();
        assert!(outbox.take().now_or_never().is_none());
        for line in ["a", "b", "c"] {
            outbox.push(line.into());
        }
        assert_eq!(outbox.take().await.unwrap(), ["a", "b", "c"]);
        assert!(outbox.take().now_or_never().is_none());
    }

    #[tokio::test]
    async fn whoever_waits_is_told_of_a_line_and_of_too_many() {
        let outbox = std::sync::Arc::new(Outbox::default());
        let taking = tokio::spawn({
            let outbox = std::sync::Arc::clone(&outbox);
            async move { outbox.take().await }
        });
        tokio::task::yield_now().await;
        outbox.push("a".into());
        assert_eq!(taking.await.unwrap().unwrap(), ["a"]);
        let large: Utf8Bytes = "x".repeat(MAX_BYTES / 4).into();
        for _ in 0..4 {
            assert!(outbox.overflown().now_or_never().is_none());
            outbox.push(large.clone());
        }
        assert_eq!(outbox.overflown().await, Slow);
        assert_eq!(outbox.take().await.unwrap_err(), Slow);
        outbox.push("b".into());
        assert_eq!(outbox.take().await.unwrap_err(), Slow, "it is over for good");
    }

    #[test]
    fn many_small_lines_are_bounded_too() {
        let outbox = Outbox::default();
        for _ in 0..=MAX_BYTES / ENTRY {
            outbox.push("".into());
        }
        assert_eq!(outbox.overflown().now_or_never(), Some(Slow));
    }
}
