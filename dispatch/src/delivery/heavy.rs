//! The threads on which large templates are rendered, given to tenants in turn.
//!
//! Invariant: no more renders run than there are threads, also while their callers are gone; a tenant with many waiting
//! renders delays another tenant's next one by one of its own at most. What waits is bounded by the places in lanes. The
//! threads have a low priority, so that renders take the processors' idle time and small work goes first.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orqestra_domain::TenantId;
use tokio::sync::oneshot;

/// How much less than others the threads get of a busy processor, as `nice` counts.
const NICE: i32 = 10;

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    free: usize,
    waiting: HashMap<TenantId, VecDeque<oneshot::Sender<Thread>>>,
    round: VecDeque<TenantId>,
}

/// See the module.
#[derive(Clone)]
pub(super) struct Threads {
    state: Arc<Mutex<State>>,
    work: Sender<Work>,
}

/// The right to one of the threads, until it is dropped.
struct Thread {
    of: Threads,
}

/// The work panicked.
#[derive(Debug)]
pub(super) struct Panicked;

impl Threads {
    /// Starts so many threads; they end with the last clone of this.
    pub(super) fn start(count: usize) -> Self {
        let (work, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..count {
            let queue = Arc::clone(&queue);
            let started =
                std::thread::Builder::new().name(format!("render-{number}")).spawn(move || run(&queue));
            started.expect("two threads more can be started where a runtime was");
        }
        Self { state: Arc::new(Mutex::new(State { free: count, ..State::default() })), work }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does work on one of the threads, in the tenant's turn.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        tenant: TenantId,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let thread = self.turn(tenant).await;
        let (sender, done) = oneshot::channel();
        // The work keeps its thread to its end, also when its caller has gone.
        let work = Box::new(move || {
            let worked = catch_unwind(AssertUnwindSafe(work));
            drop(thread);
            if let Ok(worked) = worked {
                sender.send(worked).ok();
            }
        });
        // A message that no thread takes is dropped, and with it the answer.
        self.work.send(work).ok();
        done.await.map_err(|_| Panicked)
    }

    /// Waits for a thread, in the tenant's turn.
    async fn turn(&self, tenant: TenantId) -> Thread {
        let answer = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Thread { of: self.clone() };
            }
            let (sender, answer) = oneshot::channel();
            let State { waiting, round, .. } = &mut *state;
            let of_tenant = waiting.entry(tenant).or_default();
            if of_tenant.is_empty() {
                round.push_back(tenant);
            }
            of_tenant.push_back(sender);
            answer
        };
        answer.await.expect("a waiting render is answered before its sender goes")
    }

    /// The next render that somebody still waits for; its thread is free if there is none.
    fn next(&self) -> Option<oneshot::Sender<Thread>> {
        let mut state = self.state();
        let State { free, waiting, round } = &mut *state;
        while let Some(tenant) = round.pop_front() {
            let Some(of_tenant) = waiting.get_mut(&tenant) else { continue };
            let next = of_tenant.pop_front();
            if of_tenant.is_empty() {
                waiting.remove(&tenant);
            } else {
                round.push_back(tenant);
            }
            if let Some(next) = next
                && !next.is_closed()
            {
                return Some(next);
            }
        }
        *free += 1;
        None
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(next) = self.of.next() {
            // If its caller has gone just now, the answer is dropped here and looks for the next one.
            drop(next.send(Self { of: self.of.clone() }));
        }
    }
}

/// Does work as it comes, until the last sender is dropped.
fn run(queue: &Mutex<Receiver<Work>>) {
    // On Linux this is the priority of the calling thread alone. Without it renders have that of the others.
    rustix::process::setpriority_process(None, NICE).ok();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        work();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use uuid::Uuid;

    use super::*;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn a_tenant_with_many_waiting_renders_delays_another_ones_by_one() {
        let threads = Threads::start(1);
        let running = threads.turn(tenant(1)).now_or_never().unwrap();
        let mut many: Vec<_> = (0..50).map(|_| Box::pin(threads.turn(tenant(1)))).collect();
        assert!(many.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
        let mut other = Box::pin(threads.turn(tenant(2)));
        assert!(other.as_mut().now_or_never().is_none());
        drop(running);
        let first = many[0].as_mut().now_or_never().expect("the first that waited");
        assert!(other.as_mut().now_or_never().is_none());
        drop(first);
        assert!(other.as_mut().now_or_never().is_some(), "the other tenant's turn comes after one");
    }

    #[tokio::test]
    async fn work_that_panics_frees_its_thread() {
        let threads = Threads::start(1);
        let panicked = threads.run(tenant(1), || assert!(std::hint::black_box(false), "on purpose")).await;
        assert!(panicked.is_err());
        assert_eq!(threads.run(tenant(1), || 7).await.unwrap(), 7);
    }

    #[test]
    fn a_render_whose_caller_is_gone_keeps_no_thread() {
        let threads = Threads::start(1);
        let running = threads.turn(tenant(1)).now_or_never().unwrap();
        let mut gone = Box::pin(threads.turn(tenant(1)));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        let mut answered = Box::pin(threads.turn(tenant(2)));
        assert!(answered.as_mut().now_or_never().is_none());
        drop(running);
        // Its thread was given to it, and it goes without having looked.
        drop(answered);
        assert!(threads.turn(tenant(3)).now_or_never().is_some());
        assert!(threads.state().waiting.is_empty() && threads.state().round.is_empty());
    }
}
