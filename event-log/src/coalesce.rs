//! Many callers' reads in one statement: whatever asks while a statement is in flight shares the next one.
//!
//! No delay is added: a lone caller's read starts at once. The queue is bounded. A caller that goes away does not stop
//! the others' read.

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

impl<K: Send + 'static, V: Send + 'static> Coalesced<K, V> {
    /// Starts the task that reads. `fetch` answers as many values as it is given keys, in their order.
    pub(crate) fn spawn<F, R>(tasks: &TaskTracker, stop: CancellationToken, most: usize, fetch: F) -> Self
    where
        F: Fn(Vec<K>) -> R + Send + 'static,
        R: Future<Output = Result<Vec<V>, LogError>> + Send,
    {
        let (sender, mut receiver) = mpsc::channel::<Waiting<K, V>>(QUEUE);
        tasks.spawn(async move {
            let mut waiting = Vec::with_capacity(most);
            loop {
                let received = tokio::select! {
                    received = receiver.recv_many(&mut waiting, most) => received,
                    () = stop.cancelled() => 0,
                };
                if received == 0 {
                    return;
                }
                waiting.retain(|(_, answer)| !answer.is_closed());
                if waiting.is_empty() {
                    continue;
                }
                let (keys, answers): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
                match fetch(keys).await {
                    Ok(values) => {
                        for (answer, value) in answers.into_iter().zip(values) {
                            answer.send(Ok(value)).ok();
                        }
                    }
                    Err(error) => {
                        for answer in answers {
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
