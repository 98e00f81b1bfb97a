//! Large bodies: parsing, sealing and hashing one costs milliseconds, so few are at work at a time and none on the threads
//! that serve connections.
//!
//! Tenants take turns by bytes. One tenant's waiting bodies are bounded: beyond that its own requests are told to come
//! again, and no other's. A small body passes without a look at any of this.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orqestra_domain::TenantId;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::error::ApiError;

/// A body with more bytes than this is large.
const LARGE: usize = 16 * 1024;
/// Bytes of large bodies at work, but always one body.
const AT_WORK: usize = 768 * 1024;
/// Bytes of large bodies that wait: those of one tenant take at most as much as they leave free.
const MOST_WAITING: usize = 48 * 1024 * 1024;
/// Bytes that a turn is worth.
const TURN: usize = 64 * 1024;
/// How long a body waits for its turn.
const WITHIN: Duration = Duration::from_secs(5);
/// Seconds after which it is worth another try.
const RETRY_AFTER: u64 = 1;

/// The large bodies of this process.
#[derive(Clone, Default)]
pub(crate) struct LargeBodies(Arc<Mutex<Crowd>>);

#[derive(Default)]
struct Crowd {
    at_work: usize,
    waiting: usize,
    tenants: HashMap<TenantId, Waiting>,
    /// Those with a body that waits, the next one first.
    turns: VecDeque<TenantId>,
}

#[derive(Default)]
struct Waiting {
    bodies: VecDeque<(usize, oneshot::Sender<Place>)>,
    bytes: usize,
    /// Bytes that its turns were worth and that it has not used.
    credit: usize,
}

/// A large body's place at work, until it is dropped.
pub(crate) struct Place {
    bodies: LargeBodies,
    bytes: usize,
}

impl LargeBodies {
    /// Waits until a tenant's body may be worked on. Nothing where it is small.
    ///
    /// # Errors
    /// `Overloaded` where too much of this tenant waits, or no turn comes in time.
    pub(crate) async fn place(&self, tenant: TenantId, bytes: usize) -> Result<Option<Place>, ApiError> {
        if bytes <= LARGE {
            return Ok(None);
        }
        let turn = {
            let mut crowd = self.crowd();
            if crowd.turns.is_empty() && crowd.has_room_for(bytes) {
                crowd.at_work += bytes;
                return Ok(Some(Place { bodies: self.clone(), bytes }));
            }
            crowd.wait(tenant, bytes).ok_or(ApiError::Overloaded(RETRY_AFTER))?
        };
        match tokio::time::timeout(WITHIN, turn).await {
            Ok(Ok(place)) => Ok(Some(place)),
            Ok(Err(_)) | Err(_) => Err(ApiError::Overloaded(RETRY_AFTER)),
        }
    }

    fn leave(&self, bytes: usize) {
        let mut crowd = self.crowd();
        crowd.at_work -= bytes;
        while let Some((bytes, turn)) = crowd.next() {
            let place = Place { bodies: self.clone(), bytes };
            if let Err(mut place) = turn.send(place) {
                // Its caller is gone. A drop in here must not take this very lock.
                crowd.at_work -= place.bytes;
                place.bytes = 0;
            }
        }
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Crowd {
    fn has_room_for(&self, bytes: usize) -> bool {
        self.at_work == 0 || self.at_work + bytes <= AT_WORK
    }

    fn wait(&mut self, tenant: TenantId, bytes: usize) -> Option<oneshot::Receiver<Place>> {
        let own = self.tenants.get(&tenant).map_or(0, |waiting| waiting.bytes) + bytes;
        if own + self.waiting + bytes > MOST_WAITING {
            return None;
        }
        self.waiting += bytes;
        let waiting = self.tenants.entry(tenant).or_default();
        let (turn, told) = oneshot::channel();
        if waiting.bodies.is_empty() {
            self.turns.push_back(tenant);
        }
        waiting.bodies.push_back((bytes, turn));
        waiting.bytes += bytes;
        Some(told)
    }

    /// Takes out the body whose turn it is, if there is room for it.
    fn next(&mut self) -> Option<(usize, oneshot::Sender<Place>)> {
        loop {
            let tenant = *self.turns.front()?;
            let Some(waiting) = self.tenants.get_mut(&tenant) else {
                self.turns.pop_front();
                continue;
            };
            let bytes = waiting.bodies.front().map_or(0, |(bytes, _)| *bytes);
            if waiting.credit < bytes {
                waiting.credit += TURN;
                self.turns.rotate_left(1);
                continue;
            }
            if self.at_work > 0 && self.at_work + bytes > AT_WORK {
                return None;
            }
            let body = waiting.bodies.pop_front();
            waiting.credit -= bytes;
            waiting.bytes -= bytes;
            self.waiting -= bytes;
            self.at_work += bytes;
            if waiting.bodies.is_empty() {
                self.tenants.remove(&tenant);
                self.turns.pop_front();
            }
            return body;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.bodies.leave(self.bytes);
        }
    }
}

/// The thread that a request's work runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thread {
    /// One that serves connections: the work ends where its client hangs up.
    Shared,
    /// One of its own, to the end.
    Own,
}

/// Does a request's work: of a large body on a thread of its own, where it keeps its place to the end, whether or not its
/// client waits.
pub(crate) async fn at_its_place<T, W>(
    place: Option<Place>,
    work: impl FnOnce(Thread) -> W,
) -> Result<T, ApiError>
where
    T: Send + 'static,
    W: Future<Output = T> + Send + 'static,
{
    let Some(place) = place else { return Ok(work(Thread::Shared).await) };
    let (runtime, work) = (tokio::runtime::Handle::current(), work(Thread::Own).in_current_span());
    let done = tokio::task::spawn_blocking(move || {
        let done = runtime.block_on(work);
        drop(place);
        done
    });
    Ok(done.await?)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use uuid::Uuid;

    use super::*;

    const BODY: usize = 250 * 1024;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number))
    }

    /// As many bodies of tenant 1 as are at work at a time.
    fn filled(bodies: &LargeBodies) -> Vec<Place> {
        let now = || bodies.place(tenant(1), BODY).now_or_never().unwrap().unwrap().unwrap();
        std::iter::repeat_with(now).take(AT_WORK / BODY).collect()
    }

    #[tokio::test]
    async fn a_small_body_needs_no_place_whatever_is_at_work() {
        let bodies = LargeBodies::default();
        let _held = filled(&bodies);
        assert!(matches!(bodies.place(tenant(1), LARGE).now_or_never(), Some(Ok(None))));
    }

    #[tokio::test]
    async fn tenants_take_turns_by_bytes_and_not_by_requests() {
        let bodies = LargeBodies::default();
        let mut at_work = filled(&bodies);
        let mut waiting: VecDeque<_> = (0..40)
            .map(|_| {
                (
                    1,
                    tokio::spawn({
                        let bodies = bodies.clone();
                        async move { bodies.place(tenant(1), BODY).await }
                    }),
                )
            })
            .collect();
        tokio::task::yield_now().await;
        for _ in 0..40 {
            let bodies = bodies.clone();
            waiting.push_back((2, tokio::spawn(async move { bodies.place(tenant(2), BODY / 5).await })));
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        // Each place that is left goes to whose turn it is.
        let mut bytes = HashMap::new();
        while bytes.get(&2).copied().unwrap_or(0) < 4 * BODY {
            drop(at_work.remove(0));
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            for _ in 0..waiting.len() {
                let (whose, turn) = waiting.pop_front().unwrap();
                if turn.is_finished() {
                    let place = turn.await.unwrap().unwrap().unwrap();
                    *bytes.entry(whose).or_insert(0) += place.bytes;
                    at_work.push(place);
                } else {
                    waiting.push_back((whose, turn));
                }
            }
        }
        let of_the_large = bytes.get(&1).copied().unwrap_or(0);
        assert!((2 * BODY..=6 * BODY).contains(&of_the_large), "{bytes:?}");
    }

    #[tokio::test]
    async fn one_tenants_waiting_bodies_are_bounded_and_another_tenant_is_let_in() {
        let bodies = LargeBodies::default();
        let _at_work = filled(&bodies);
        let mut waiting = Vec::new();
        let refused = loop {
            let mut turn = Box::pin(bodies.place(tenant(1), BODY));
            match turn.as_mut().now_or_never() {
                None => waiting.push(turn),
                Some(answer) => break answer,
            }
        };
        assert!(matches!(refused, Err(ApiError::Overloaded(RETRY_AFTER))));
        assert_eq!(waiting.len(), MOST_WAITING / 2 / BODY);
        assert!(bodies.place(tenant(2), BODY).now_or_never().is_none(), "it waits and is not refused");
    }

    #[tokio::test]
    async fn a_place_whose_caller_is_gone_goes_to_the_next() {
        let bodies = LargeBodies::default();
        let mut at_work = filled(&bodies);
        let mut gone = Box::pin(bodies.place(tenant(1), BODY));
        assert!(gone.as_mut().now_or_never().is_none());
        let mut waits = Box::pin(bodies.place(tenant(2), BODY));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(gone);
        at_work.pop();
        assert!(waits.await.unwrap().is_some());
        drop(at_work);
        let crowd = bodies.crowd();
        assert_eq!((crowd.at_work, crowd.waiting), (0, 0));
        assert!(crowd.tenants.is_empty() && crowd.turns.is_empty());
    }
}
