//! A delivery's turn: its place in its lane for as long as it lasts, and a place at work except while it waits.
//!
//! Invariant: a delivery that waits, for a provider or for a thread that renders, holds no place at work. The places at
//! work are counted in units of content, so that a few large deliveries take as much as many small ones.

use std::sync::Arc;

use orqestra_domain::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::queue::Place;

/// See the module.
pub(crate) struct Turn {
    place: Place,
    at_work: Arc<Semaphore>,
    /// Units at work in all.
    most: usize,
    held: Option<OwnedSemaphorePermit>,
}

/// The places at work of a process.
#[derive(Clone)]
pub(crate) struct AtWork {
    units: Arc<Semaphore>,
    most: usize,
}

impl AtWork {
    /// So many units.
    pub(crate) fn new(most: usize) -> Self {
        Self { units: Arc::new(Semaphore::new(most)), most }
    }
}

impl Turn {
    /// Waits for a place at work.
    pub(crate) async fn begin(place: Place, at_work: AtWork) -> Self {
        let mut turn = Self { place, at_work: at_work.units, most: at_work.most, held: None };
        turn.resume().await;
        turn
    }

    /// Whose.
    pub(crate) const fn tenant(&self) -> TenantId {
        self.place.tenant()
    }

    /// Gives up the place at work, to wait for something.
    pub(crate) fn rest(&mut self) {
        self.held = None;
    }

    /// Waits for a place at work again, unless it has one.
    pub(crate) async fn resume(&mut self) {
        if self.held.is_none() {
            // Not more than there are, or it would wait for ever.
            let units = u32::try_from(self.place.units().min(self.most)).unwrap_or(u32::MAX);
            let held = Arc::clone(&self.at_work).acquire_many_owned(units).await;
            self.held = Some(held.expect("the semaphore is never closed"));
        }
    }

    /// Charges the delivery by so many bytes of content, and waits for as many places at work.
    pub(crate) async fn weigh(&mut self, bytes: usize) {
        let before = self.place.units();
        self.place.weigh(bytes);
        if self.place.units() > before && self.held.is_some() {
            // What it holds goes first: two that wait for more while they hold some could wait for each other.
            self.rest();
            self.resume().await;
        }
    }
}
