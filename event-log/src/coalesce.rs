//! Many callers' reads in one statement: whatever asks while a statement is in flight shares the next one.
//!
//! No delay is added: a lone caller's read starts at once. The queue is bounded. A caller that goes away does not stop
//! the others' read. A statement may answer the first ones alone, where what all ask for is too much for it; the others
//! are in the next one.

use std::future::Future;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::LogError;

/// Most callers that wait.
const QUEUE: usize = 4_096;

type Waiting<K, V> = (K, oneshot::Sender<Result<V, LogError>>);

/// The door to one coalesced read.
#[derive(Debug)]
pub(crate) struct Coalesced<K, V>(mpsc::Sender<Waiting<K, V>>);

impl<K, V> Clone for Coalesced<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Clone + Send + 'static, V: Send + 'static> Coalesced<K, V> {
    /// Starts the task that reads. `fetch` answers the first of the keys that it is given, in their order, and at least
    /// one of them.
    pub(crate) fn spawn<F, R>(tasks: &TaskTracker, stop: CancellationToken, most: usize, fetch: F) -> Self
    where
        F: Fn(Vec<K>) -> R + Send + 'static,
        R: Future<Output = Result<Vec<V>, LogError>> + Send,
    {
        let (sender, mut receiver) = mpsc::channel::<Waiting<K, V>>(QUEUE);
        tasks.spawn(async move {
            let mut waiting = Vec::with_capacity(most);
            loop {
                if waiting.is_empty() {
                    let received = tokio::select! {
                        received = receiver.recv_many(&mut waiting, most) => received,
                        () = stop.cancelled() => 0,
                    };
                    if received == 0 {
                        return;
                    }
                } else if stop.is_cancelled() {
                    return;
                }
                while waiting.len() < most
                    && let Ok(more) = receiver.try_recv()
                {
                    waiting.push(more);
                }
                waiting.retain(|(_, answer): &Waiting<K, V>| !answer.is_closed());
                if waiting.is_empty() {
                    continue;
                }
                let keys = waiting.iter().map(|(key, _)| key.clone()).collect();
                match fetch(keys).await {
                    Ok(values) if !values.is_empty() => {
                        let answered = values.len().min(waiting.len());
                        for ((_, answer), value) in waiting.drain(..answered).zip(values) {
                            answer.send(Ok(value)).ok();
                        }
                    }
                    Ok(_) => waiting.clear(),
                    Err(error) => {
                        for (_, answer) in waiting.drain(..) {
                            answer.send(Err(error.clone())).ok();
                        }
                    }
                }
            }
        });
        Self(sender)
    }

    /// Reads one key.
    pub(crate) async fn get(&self, key: K) -> Result<V, LogError> {
        let (sender, receiver) = oneshot::channel();
        self.0.try_send((key, sender)).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => LogError::Full,
            mpsc::error::TrySendError::Closed(_) => LogError::Closed,
        })?;
        receiver.await.unwrap_or(Err(LogError::Closed))
    }
}
