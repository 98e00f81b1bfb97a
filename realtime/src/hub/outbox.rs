//! What waits to be sent to one connection: bounded in bytes, and over for good once the bound is passed or the hub
//! ends it.
//!
//! Whoever publishes never waits. A client that takes less than it is sent is told apart from one that is only a
//! moment behind by this bound alone.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::Notify;

use crate::protocol::Disconnect;

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
    over: Option<Disconnect>,
}

impl Outbox {
    /// Adds a line. Once too much waits, all of it is dropped, and nothing is taken in any more.
    pub(crate) fn push(&self, line: Utf8Bytes) {
        let mut queue = self.queue();
        if queue.over.is_some() {
            return;
        }
        queue.bytes += line.len() + ENTRY;
        queue.lines.push_back(line);
        if queue.bytes > MAX_BYTES {
            *queue = Queue { over: Some(Disconnect::SLOW), ..Queue::default() };
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Drops what waits and lets the connection end.
    pub(crate) fn end(&self, why: Disconnect) {
        let mut queue = self.queue();
        let over = queue.over.or(Some(why));
        *queue = Queue { over, ..Queue::default() };
        drop(queue);
        self.changed.notify_one();
    }

    /// Waits for lines and takes all of them, in order.
    pub(crate) async fn take(&self) -> Result<VecDeque<Utf8Bytes>, Disconnect> {
        loop {
            {
                let mut queue = self.queue();
                if let Some(why) = queue.over {
                    return Err(why);
                }
                if !queue.lines.is_empty() {
                    queue.bytes = 0;
                    return Ok(std::mem::take(&mut queue.lines));
                }
            }
            self.changed.notified().await;
        }
    }

    /// Waits until it is over, and says why.
    pub(crate) async fn over(&self) -> Disconnect {
        loop {
            let over = self.queue().over;
            match over {
                Some(why) => return why,
                None => self.changed.notified().await,
            }
        }
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
            assert!(outbox.over().now_or_never().is_none());
            outbox.push(large.clone());
        }
        assert_eq!(outbox.over().await, Disconnect::SLOW);
        assert_eq!(outbox.take().await.unwrap_err(), Disconnect::SLOW);
        outbox.push("b".into());
        assert_eq!(outbox.take().await.unwrap_err(), Disconnect::SLOW, "it is over for good");
    }

    #[tokio::test]
    async fn one_that_is_ended_gives_nothing_more_and_says_why() {
        let outbox = Outbox::default();
        outbox.push("a".into());
        outbox.end(Disconnect::PERMISSION_DENIED);
        outbox.push("b".into());
        assert_eq!(outbox.take().await.unwrap_err(), Disconnect::PERMISSION_DENIED);
        assert_eq!(outbox.over().await, Disconnect::PERMISSION_DENIED);
    }

    #[test]
    fn many_small_lines_are_bounded_too() {
        let outbox = Outbox::default();
        for _ in 0..=MAX_BYTES / ENTRY {
            outbox.push("".into());
        }
        assert_eq!(outbox.over().now_or_never(), Some(Disconnect::SLOW));
    }
}
