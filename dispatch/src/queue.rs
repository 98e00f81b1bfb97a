//! Leased rows that wait in this process for their turn: one from each tenant in the round.
//!
//! Invariants: a tenant's rows never stand before another tenant's turn, however many there are; a tenant and a lane
//! (a tenant's channel, or its sweeps) never have more at work than their limits; no more rows are held than set.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use orqestra_domain::{Channel, TenantId, Timestamp};
use tokio::sync::Notify;

use crate::due::{DueKey, DueKind, DueRow};

/// Sweeps of one tenant at work at one time.
const SWEEPS: usize = 16;

/// A row and until when it is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) row: DueRow,
    pub(crate) leased_until: Timestamp,
}

/// How many rows may be held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) queue: usize,
    pub(crate) tenant_queue: usize,
    pub(crate) tenant_in_flight: usize,
}

/// One stream of work of a tenant that its own limit bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Send(Channel),
    Sweep,
}

impl Lane {
    const COUNT: usize = 4;

    pub(crate) const fn of(row: &DueRow) -> Self {
        match row.due.kind {
            DueKind::Send => Self::Send(row.key.channel),
            DueKind::Sweep | DueKind::Held => Self::Sweep,
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Send(Channel::Email) => 0,
            Self::Send(Channel::Sms) => 1,
            Self::Send(Channel::Push) => 2,
            Self::Sweep => 3,
        }
    }

    const fn at(index: usize) -> Self {
        match index {
            0 => Self::Send(Channel::Email),
            1 => Self::Send(Channel::Sms),
            2 => Self::Send(Channel::Push),
            _ => Self::Sweep,
        }
    }
}

/// How many of a tenant's channel may be at work now; 0 while nothing can be sent there.
pub(crate) trait LaneLimit: Send + Sync {
    fn limit(&self, tenant: TenantId, channel: Channel) -> usize;
}

#[derive(Default)]
struct Tenant {
    waiting: [VecDeque<Entry>; Lane::COUNT],
    working: [usize; Lane::COUNT],
    next_lane: usize,
    in_round: bool,
}

impl Tenant {
    fn queued(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    fn at_work(&self) -> usize {
        self.working.iter().sum()
    }
}

#[derive(Default)]
struct Inner {
    tenants: HashMap<TenantId, Tenant>,
    round: VecDeque<TenantId>,
    queued: usize,
}

/// The queue.
pub(crate) struct FairQueue {
    inner: Mutex<Inner>,
    bounds: Bounds,
    changed: Notify,
    drained: Notify,
}

impl FairQueue {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { inner: Mutex::default(), bounds, changed: Notify::new(), drained: Notify::new() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // No code under the lock can panic between two writes that belong together.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more rows of a tenant may be held, when `pending` others are on their way in.
    pub(crate) fn room(&self, tenant: TenantId, pending: usize, pending_of_tenant: usize) -> bool {
        let inner = self.inner();
        let of_tenant = inner.tenants.get(&tenant).map_or(0, Tenant::queued);
        inner.queued + pending < self.bounds.queue && of_tenant + pending_of_tenant < self.bounds.tenant_queue
    }

    /// How many more rows may be held in all.
    pub(crate) fn free(&self) -> usize {
        self.bounds.queue.saturating_sub(self.inner().queued)
    }

    /// How many rows are held.
    pub(crate) fn len(&self) -> usize {
        self.inner().queued
    }

    /// Tenants of whom at least half of what may be held is held.
    pub(crate) fn well_supplied(&self) -> Vec<TenantId> {
        let half = self.bounds.tenant_queue.div_ceil(2);
        let inner = self.inner();
        inner.tenants.iter().filter(|(_, tenant)| tenant.queued() >= half).map(|(id, _)| *id).collect()
    }

    /// Lets rows wait for their turn.
    pub(crate) fn push(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut inner = self.inner();
        let Inner { tenants, round, queued } = &mut *inner;
        for entry in entries {
            let id = entry.row.key.tenant;
            let tenant = tenants.entry(id).or_default();
            tenant.waiting[Lane::of(&entry.row).index()].push_back(entry);
            *queued += 1;
            if !tenant.in_round {
                tenant.in_round = true;
                round.push_back(id);
            }
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// The next row whose turn it is and that may be worked on now. [`Self::done`] has to follow.
    pub(crate) fn pop(&self, limits: &dyn LaneLimit) -> Option<Entry> {
        let mut inner = self.inner();
        let Inner { tenants, round, queued } = &mut *inner;
        while let Some(id) = round.pop_front() {
            let Some(tenant) = tenants.get_mut(&id) else { continue };
            if let Some(entry) = tenant.next(id, self.bounds.tenant_in_flight, limits) {
                *queued -= 1;
                round.push_back(id);
                let low = tenant.queued() < self.bounds.tenant_queue.div_ceil(2);
                drop(inner);
                if low {
                    self.drained.notify_one();
                }
                return Some(entry);
            }
            // At its limits or empty: it comes back when something is done, pushed or let in again.
            tenant.in_round = false;
            if tenant.queued() == 0 && tenant.at_work() == 0 {
                tenants.remove(&id);
            }
        }
        None
    }

    /// Waits for the next row.
    pub(crate) async fn next(&self, limits: &dyn LaneLimit) -> Entry {
        loop {
            let changed = self.changed.notified();
            if let Some(entry) = self.pop(limits) {
                return entry;
            }
            changed.await;
        }
    }

    /// A row is worked on no more.
    pub(crate) fn done(&self, key: DueKey, lane: Lane) {
        let mut inner = self.inner();
        let Inner { tenants, round, .. } = &mut *inner;
        let Some(tenant) = tenants.get_mut(&key.tenant) else { return };
        let working = &mut tenant.working[lane.index()];
        *working = working.saturating_sub(1);
        if tenant.queued() > 0 && !tenant.in_round {
            tenant.in_round = true;
            round.push_back(key.tenant);
            drop(inner);
            self.changed.notify_one();
        } else if tenant.queued() == 0 && tenant.at_work() == 0 && !tenant.in_round {
            tenants.remove(&key.tenant);
        }
    }

    /// Lets everyone who has rows into the round again: limits may have changed.
    pub(crate) fn look_again(&self) {
        let mut inner = self.inner();
        let Inner { tenants, round, .. } = &mut *inner;
        for (id, tenant) in tenants.iter_mut().filter(|(_, tenant)| !tenant.in_round && tenant.queued() > 0) {
            tenant.in_round = true;
            round.push_back(*id);
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// Waits until a tenant has less than half of what may be held of it.
    pub(crate) async fn drained(&self) {
        self.drained.notified().await;
    }

    /// Takes out everything that waits.
    pub(crate) fn clear(&self) -> Vec<DueKey> {
        let mut inner = self.inner();
        inner.queued = 0;
        let waiting = inner.tenants.values_mut().flat_map(|tenant| tenant.waiting.iter_mut());
        waiting.flat_map(|lane| lane.drain(..)).map(|entry| entry.row.key).collect()
    }
}

impl Tenant {
    /// Takes the next row, the lanes in turn.
    fn next(&mut self, id: TenantId, most: usize, limits: &dyn LaneLimit) -> Option<Entry> {
        if self.at_work() >= most {
            return None;
        }
        for step in 0..Lane::COUNT {
            let index = (self.next_lane + step) % Lane::COUNT;
            if self.waiting[index].is_empty() {
                continue;
            }
            let limit = match Lane::at(index) {
                Lane::Send(channel) => limits.limit(id, channel),
                Lane::Sweep => SWEEPS,
            };
            if self.working[index] < limit {
                self.working[index] += 1;
                self.next_lane = index + 1;
                return self.waiting[index].pop_front();
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
