//! How this process counts now, and how many triggers it has under way.
//!
//! While the gate is closed nothing is let through, so that what is under way comes to an end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::link::Link;
use super::takes::Takes;

/// A generation that this process counts in.
pub(super) struct Generation {
    pub(super) name: String,
    pub(super) link: Link,
    pub(super) takes: Takes,
}

/// How triggers are counted.
#[derive(Clone)]
pub(super) enum Counting {
    /// By Redis.
    Shared(Arc<Generation>),
    /// By this process's part, after so many generations: what a tenant has used is read anew after each.
    Apart(u64),
}

struct State {
    /// `None`: closed.
    counting: Option<Counting>,
    under_way: u64,
    /// How many generations it has counted in.
    generations: u64,
    /// Something was let through apart, or may have been taken without an answer, since it last counted in a generation.
    unclean: bool,
}

struct Shared {
    state: Mutex<State>,
    /// Changes with the gate, and when the last one under way is settled.
    changed: watch::Sender<()>,
}

/// The gate of one process.
#[derive(Clone)]
pub(super) struct Gate(Arc<Shared>);

/// One trigger under way, until it is dropped.
pub(super) struct Pass(Arc<Shared>);

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    /// Closed, with nothing under way.
    pub(super) fn closed() -> Self {
        let state = Mutex::new(State { counting: None, under_way: 0, generations: 0, unclean: false });
        Self(Arc::new(Shared { state, changed: watch::Sender::new(()) }))
    }

    /// Waits until the gate is open. `None`: it was closed for too long.
    pub(super) async fn pass(&self, within: Duration) -> Option<(Pass, Counting)> {
        let until = Instant::now() + within;
        let mut changed = self.0.changed.subscribe();
        loop {
            {
                let mut state = self.0.state();
                if let Some(counting) = state.counting.clone() {
                    state.under_way += 1;
                    state.unclean |= matches!(counting, Counting::Apart(_));
                    return Some((Pass(Arc::clone(&self.0)), counting));
                }
            }
            // Its sender lives as long as this gate.
            timeout_at(until, changed.changed()).await.ok()?.ok()?;
        }
    }

    /// Lets triggers through that Redis counts.
    pub(super) fn open_shared(&self, generation: Arc<Generation>) {
        let mut state = self.0.state();
        state.unclean = false;
        state.generations += 1;
        state.counting = Some(Counting::Shared(generation));
        drop(state);
        self.0.changed.send_replace(());
    }

    /// Lets this process's part through.
    pub(super) fn open_apart(&self) {
        let mut state = self.0.state();
        state.counting = Some(Counting::Apart(state.generations));
        drop(state);
        self.0.changed.send_replace(());
    }

    pub(super) fn close(&self) {
        self.0.state().counting = None;
    }

    /// Redis may have counted what this process does not know of.
    pub(super) fn soil(&self) {
        self.0.state().unclean = true;
    }

    /// Whether nothing was let through that a generation may lack.
    pub(super) fn is_clean(&self) -> bool {
        !self.0.state().unclean
    }

    /// How triggers are counted now; `None` while it is closed.
    pub(super) fn counting(&self) -> Option<Counting> {
        self.0.state().counting.clone()
    }

    /// Waits until nothing is under way. False: it takes longer.
    pub(super) async fn drained(&self, within: Duration) -> bool {
        let until = Instant::now() + within;
        let mut changed = self.0.changed.subscribe();
        loop {
            if self.0.state().under_way == 0 {
                return true;
            }
            if !matches!(timeout_at(until, changed.changed()).await, Ok(Ok(()))) {
                return false;
            }
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way -= 1;
        // Someone waits for the last one only while the gate is closed.
        let last = state.under_way == 0 && state.counting.is_none();
        drop(state);
        if last {
            self.0.changed.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(10);
    const LONG: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_closed_gate_lets_nothing_through_and_is_drained_once_the_last_one_is_settled() {
        let gate = Gate::closed();
        assert!(gate.pass(SHORT).await.is_none());
        gate.open_apart();
        let (first, _) = gate.pass(LONG).await.unwrap();
        gate.close();
        assert!(!gate.drained(SHORT).await);
        let (drained, ()) = tokio::join!(gate.drained(LONG), async { drop(first) });
        assert!(drained && gate.counting().is_none());
    }

    #[tokio::test]
    async fn what_was_let_through_apart_is_remembered() {
        let gate = Gate::closed();
        gate.open_apart();
        assert!(gate.is_clean(), "nothing was let through");
        drop(gate.pass(LONG).await.unwrap());
        assert!(!gate.is_clean());
    }

    #[tokio::test]
    async fn those_who_wait_pass_when_it_opens() {
        let gate = Gate::closed();
        let (passed, ()) = tokio::join!(gate.pass(LONG), async { gate.open_apart() });
        assert!(passed.is_some());
    }
}
