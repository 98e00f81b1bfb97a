//! Leased rows that wait in this process for their turn: one from each tenant in the round, its lanes in turn.
//!
//! Invariants: a lane (a tenant's channel, or its sweeps) takes rows in memory and units of work only as far as other lanes
//! keep their share, so that a lane without any always finds room; lanes that wait for providers share no units with lanes
//! that do not; a closed lane holds no rows; a row whose lease is over is dropped.

mod held;
mod lane;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use orqestra_domain::{TenantId, Timestamp};
use orqestra_event_log::Clock;
use tokio::sync::Notify;

use self::held::Held;
pub(crate) use self::lane::{Gate, Gates, Lane};
use self::lane::{LaneState, SWEEPS, Shared, units};
use crate::due::{DueKey, DueRow};

/// A row and until when it is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) row: DueRow,
    pub(crate) leased_until: Timestamp,
}

/// How much may be held and worked on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Rows in memory.
    pub(crate) queue: usize,
    /// Rows of one lane in memory.
    pub(crate) lane_queue: usize,
    /// Rows of one lane at work.
    pub(crate) lane_in_flight: usize,
    /// Units of work in lanes that call providers.
    pub(crate) calls: usize,
    /// Units of work in lanes that do not.
    pub(crate) local: usize,
}

/// Whether a row that is due may be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Yes,
    /// Not now; the poller takes it when there is room.
    Full,
    /// Its lane is closed; the poller takes it when it is open again.
    Closed,
}

/// The rows that the poller may take.
#[derive(Debug, Default)]
pub(crate) struct Demand {
    /// Rows in all.
    pub(crate) free: usize,
    /// Rows of any lane that is not named.
    pub(crate) share: usize,
    /// Rows of these lanes.
    pub(crate) lanes: Vec<(TenantId, Lane, usize)>,
}

struct Tenant {
    lanes: [LaneState; Lane::COUNT],
    next_lane: usize,
    in_round: bool,
}

impl Tenant {
    fn new(window: usize) -> Self {
        let lanes = std::array::from_fn(|_| LaneState::new(window));
        Self { lanes, next_lane: 0, in_round: false }
    }

    fn waits(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.waiting.is_empty())
    }

    fn is_idle(&self) -> bool {
        self.lanes.iter().all(|lane| lane.waiting.is_empty() && lane.working == 0)
    }
}

struct Inner {
    tenants: HashMap<TenantId, Tenant>,
    round: VecDeque<TenantId>,
    queued: usize,
    memory: Shared,
    /// Units at work, in lanes that call providers and in lanes that do not.
    at_work: [(usize, Shared); 2],
    /// Whether a lane waits because others have taken the units that it needs.
    crowded: bool,
    /// Leases to be given back.
    returned: Vec<DueKey>,
}

impl Inner {
    fn new(bounds: &Bounds) -> Self {
        let at_work = [bounds.calls, bounds.local].map(|most| (0, Shared::new(most)));
        Self {
            tenants: HashMap::new(),
            round: VecDeque::new(),
            queued: 0,
            memory: Shared::new(bounds.queue),
            at_work,
            crowded: false,
            returned: Vec::new(),
        }
    }

    /// Counts the lanes that have anything, by whose number what is short is divided.
    fn divide(&mut self) {
        let (mut waiting, mut working) = (0, [0, 0]);
        for tenant in self.tenants.values() {
            for (index, lane) in tenant.lanes.iter().enumerate() {
                waiting += usize::from(!lane.waiting.is_empty());
                let busy = !lane.waiting.is_empty() || lane.working > 0;
                working[pool(Lane::at(index))] += usize::from(busy);
            }
        }
        self.memory.among(waiting);
        for ((_, shared), lanes) in self.at_work.iter_mut().zip(working) {
            shared.among(lanes);
        }
    }

    fn let_in(&mut self, id: TenantId) {
        if let Some(tenant) = self.tenants.get_mut(&id)
            && !tenant.in_round
            && tenant.waits()
        {
            tenant.in_round = true;
            self.round.push_back(id);
        }
    }

    fn let_all_in(&mut self) {
        for (id, tenant) in &mut self.tenants {
            if !tenant.in_round && tenant.waits() {
                tenant.in_round = true;
                self.round.push_back(*id);
            }
        }
    }

    fn forget_if_idle(&mut self, id: TenantId) {
        if self.tenants.get(&id).is_some_and(|tenant| !tenant.in_round && tenant.is_idle()) {
            self.tenants.remove(&id);
        }
    }
}

/// The queue.
pub(crate) struct FairQueue {
    inner: Mutex<Inner>,
    bounds: Bounds,
    gates: Arc<dyn Gates>,
    clock: Arc<dyn Clock>,
    changed: Notify,
    wanting: Notify,
    /// How many rows are held, for operators.
    told: metrics::Gauge,
}

impl FairQueue {
    pub(crate) fn new(bounds: Bounds, gates: Arc<dyn Gates>, clock: Arc<dyn Clock>) -> Self {
        let (changed, wanting) = (Notify::new(), Notify::new());
        let told = metrics::gauge!("orqestra_dispatch_queued");
        told.set(0.0);
        Self { inner: Mutex::new(Inner::new(&bounds)), bounds, gates, clock, changed, wanting, told }
    }

    fn inner(&self) -> Held<'_> {
        // No code under the lock can panic between two writes that belong together.
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        Held::new(inner, &self.told)
    }

    fn gate(&self, tenant: TenantId, lane: Lane) -> Gate {
        match lane {
            Lane::Send(channel) => self.gates.gate(tenant, channel),
            Lane::Sweep => Gate::Open(SWEEPS),
        }
    }

    /// Whether a row that is due may be held, when so many others, and so many of its lane, are on their way in.
    pub(crate) fn room(&self, row: &DueRow, pending: usize, pending_of_lane: usize) -> Room {
        let (id, lane) = (row.key.tenant, Lane::of(row));
        let gate = self.gate(id, lane);
        let mut inner = self.inner();
        let share = inner.memory.share(inner.queued + pending);
        let state = inner.tenants.get_mut(&id).map(|tenant| &mut tenant.lanes[lane.index()]);
        let (held, working, most) = match &state {
            Some(state) => (state.waiting.len() + pending_of_lane, state.working, state.most(share)),
            None => (pending_of_lane, 0, self.bounds.lane_queue.min(share)),
        };
        match gate {
            Gate::Closed => Room::Closed,
            Gate::Trial if held + working > 0 => Room::Closed,
            Gate::Trial | Gate::Open(_) if held < most => Room::Yes,
            Gate::Trial | Gate::Open(_) => {
                match state {
                    Some(state) => state.more = true,
                    None => self.wanting.notify_one(),
                }
                Room::Full
            }
        }
    }

    /// How many rows are held.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.inner().queued
    }

    /// Drops rows that are held in vain and gives back those of closed lanes and of lanes that have too many; tells how
    /// many may be taken. A lane that is asked for counts as having no more in the table until rows of it come in.
    pub(crate) fn demand(&self) -> Demand {
        let now = self.clock.now();
        let shut = self.gates.shut();
        let mut inner = self.inner();
        let mut expired = 0;
        for tenant in inner.tenants.values_mut() {
            expired += tenant.lanes.iter_mut().map(|lane| lane.expire(now)).sum::<usize>();
        }
        inner.queued -= expired;
        let mut lanes = Vec::new();
        for (id, channel, gate) in &shut {
            let lane = Lane::Send(*channel);
            let mut room = gate.limit();
            let Inner { tenants, queued, returned, .. } = &mut *inner;
            if let Some(tenant) = tenants.get_mut(id) {
                let state = &mut tenant.lanes[lane.index()];
                if *gate == Gate::Closed {
                    *queued -= state.waiting.len();
                    returned.extend(state.trim(0));
                }
                room = room.saturating_sub(state.waiting.len() + state.working);
            }
            lanes.push((*id, lane, room));
        }
        let shut: HashSet<_> = lanes.iter().map(|(id, lane, _)| (*id, *lane)).collect();
        inner.divide();
        let Inner { tenants, queued, memory, returned, .. } = &mut *inner;
        let most = if memory.is_short(*queued) { memory.fair() } else { usize::MAX };
        for state in tenants.values_mut().flat_map(|tenant| tenant.lanes.iter_mut()) {
            if state.waiting.len() > most {
                *queued -= state.waiting.len() - most;
                returned.extend(state.trim(most));
            }
        }
        let share = memory.share(*queued);
        for (id, tenant) in tenants.iter_mut() {
            for (index, state) in tenant.lanes.iter_mut().enumerate() {
                let lane = Lane::at(index);
                if shut.contains(&(*id, lane)) || (state.waiting.is_empty() && state.working == 0) {
                    continue;
                }
                let (held, most) = (state.waiting.len(), state.most(share));
                let room = if 2 * held >= most { 0 } else { most - held };
                if room > 0 {
                    state.more = false;
                }
                lanes.push((*id, lane, room));
            }
        }
        let free = memory.free(*queued);
        drop(inner);
        dropped(expired);
        Demand { free, share, lanes }
    }

    /// Lets rows wait for their turn.
    pub(crate) fn push(&self, entries: impl IntoIterator<Item = Entry>) {
        self.insert(entries, false);
    }

    /// Lets rows wait that were taken from the table, where there may be more of them.
    pub(crate) fn push_taken(&self, entries: impl IntoIterator<Item = Entry>) {
        self.insert(entries, true);
    }

    fn insert(&self, entries: impl IntoIterator<Item = Entry>, taken: bool) {
        let mut inner = self.inner();
        for entry in entries {
            let id = entry.row.key.tenant;
            let tenant = inner.tenants.entry(id).or_insert_with(|| Tenant::new(self.bounds.lane_queue));
            let lane = &mut tenant.lanes[Lane::of(&entry.row).index()];
            lane.waiting.push_back(entry);
            lane.more |= taken;
            inner.queued += 1;
            inner.let_in(id);
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// The next row whose turn it is and that may be worked on now, with its place at work.
    pub(crate) fn pop(self: &Arc<Self>) -> Option<(Entry, Place)> {
        let now = self.clock.now();
        let mut inner = self.inner();
        let mut expired = 0;
        let mut found = None;
        while let Some(id) = inner.round.pop_front() {
            if let Some((entry, lane, units)) = self.next_of(&mut inner, id, now, &mut expired) {
                inner.round.push_back(id);
                let place = Place { queue: Arc::clone(self), tenant: id, lane, units };
                found = Some((entry, place));
                break;
            }
            // At its limits or empty: it comes back when something is done, pushed or let in again.
            if let Some(tenant) = inner.tenants.get_mut(&id) {
                tenant.in_round = false;
            }
            inner.forget_if_idle(id);
        }
        let has_returned = !inner.returned.is_empty();
        drop(inner);
        dropped(expired);
        if has_returned {
            self.wanting.notify_one();
        }
        found
    }

    /// Takes the next row of a tenant, its lanes in turn.
    fn next_of(
        &self,
        inner: &mut Inner,
        id: TenantId,
        now: Timestamp,
        expired: &mut usize,
    ) -> Option<(Entry, Lane, usize)> {
        let Inner { tenants, queued, memory, at_work, crowded, returned, .. } = inner;
        let tenant = tenants.get_mut(&id)?;
        for step in 0..Lane::COUNT {
            let index = (tenant.next_lane + step) % Lane::COUNT;
            let (lane, state) = (Lane::at(index), &mut tenant.lanes[index]);
            if state.waiting.front().is_some_and(|entry| entry.leased_until <= now) {
                let over = state.expire(now);
                *queued -= over;
                *expired += over;
            }
            if state.waiting.is_empty() {
                continue;
            }
            let gate = self.gate(id, lane);
            if gate == Gate::Closed {
                *queued -= state.waiting.len();
                returned.extend(state.trim(0));
                continue;
            }
            if state.working >= gate.limit().min(self.bounds.lane_in_flight) {
                continue;
            }
            let (used, shared) = &mut at_work[pool(lane)];
            if state.charged >= shared.share(*used) {
                *crowded = true;
                continue;
            }
            let Some((entry, units)) = state.begin(self.bounds.lane_queue) else { continue };
            *used += units;
            *queued -= 1;
            tenant.next_lane = index + 1;
            if state.is_low(memory.share(*queued)) {
                self.wanting.notify_one();
            }
            return Some((entry, lane, units));
        }
        None
    }

    /// Waits for the next row.
    pub(crate) async fn next(self: &Arc<Self>) -> (Entry, Place) {
        loop {
            let changed = self.changed.notified();
            if let Some(next) = self.pop() {
                return next;
            }
            changed.await;
        }
    }

    /// Lets everyone who has rows into the round again: limits may have changed.
    pub(crate) fn look_again(&self) {
        self.inner().let_all_in();
        self.changed.notify_one();
    }

    /// Waits until a lane has less than half of what it may hold and the table has more, or leases are to be given back.
    pub(crate) async fn wanting(&self) {
        self.wanting.notified().await;
    }

    /// A row that was taken and not worked on: its lease is to be given back.
    pub(crate) fn give_back(&self, key: DueKey) {
        self.inner().returned.push(key);
    }

    /// Takes out the leases that are to be given back.
    pub(crate) fn returned(&self) -> Vec<DueKey> {
        std::mem::take(&mut self.inner().returned)
    }

    /// Takes out everything that waits, and the leases that are to be given back.
    pub(crate) fn clear(&self) -> Vec<DueKey> {
        let mut inner = self.inner();
        inner.queued = 0;
        let mut keys = std::mem::take(&mut inner.returned);
        let lanes = inner.tenants.values_mut().flat_map(|tenant| tenant.lanes.iter_mut());
        keys.extend(lanes.flat_map(|lane| lane.trim(0)));
        keys
    }

    fn weigh(&self, tenant: TenantId, lane: Lane, charged: usize, units: usize) {
        let mut inner = self.inner();
        let Inner { tenants, at_work, .. } = &mut *inner;
        let Some(tenant) = tenants.get_mut(&tenant) else { return };
        tenant.lanes[lane.index()].weigh(charged, units);
        let (used, _) = &mut at_work[pool(lane)];
        *used = (*used + units).saturating_sub(charged);
    }

    fn end(&self, id: TenantId, lane: Lane, charged: usize) {
        let mut inner = self.inner();
        if let Some(tenant) = inner.tenants.get_mut(&id) {
            tenant.lanes[lane.index()].end(charged);
            let (used, _) = &mut inner.at_work[pool(lane)];
            *used = used.saturating_sub(charged);
        }
        if std::mem::take(&mut inner.crowded) {
            inner.let_all_in();
        } else {
            inner.let_in(id);
        }
        inner.forget_if_idle(id);
        let waits = !inner.round.is_empty();
        drop(inner);
        if waits {
            self.changed.notify_one();
        }
    }
}

/// Which units a lane shares with others.
const fn pool(lane: Lane) -> usize {
    if lane.calls() { 0 } else { 1 }
}

fn dropped(expired: usize) {
    if expired > 0 {
        let rows = u64::try_from(expired).unwrap_or(u64::MAX);
        metrics::counter!("orqestra_dispatch_leases_dropped_total").increment(rows);
        tracing::debug!(rows, "leases ended before their rows' turn, which are taken again");
    }
}

/// A row's place at work in its lane, charged by size; given back when it is dropped.
pub(crate) struct Place {
    queue: Arc<FairQueue>,
    tenant: TenantId,
    lane: Lane,
    units: usize,
}

impl Place {
    /// Whose.
    pub(crate) const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Its charge.
    pub(crate) const fn units(&self) -> usize {
        self.units
    }

    /// Charges it by so many bytes of content.
    pub(crate) fn weigh(&mut self, bytes: usize) {
        let units = units(bytes);
        self.queue.weigh(self.tenant, self.lane, self.units, units);
        self.units = units;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.end(self.tenant, self.lane, self.units);
    }
}

#[cfg(test)]
mod tests;
