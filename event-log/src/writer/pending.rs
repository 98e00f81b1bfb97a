//! The commands that wait to be stored, by tenant and priority, and the choice of those in the next batch.
//!
//! Tenants take turns by bytes (deficit round robin): each turn is worth as many bytes, and one that saves for a large
//! command keeps what it has. A batch holds few bytes of large commands, so that a small command of another tenant
//! waits for one such batch and not for all. One tenant's commands keep their order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::RandomState;

use orqestra_domain::TenantId;

use super::batch::marks;
use super::queued::Queued;
use crate::append::{Outcome, Priority};
use crate::room::LARGE;

/// A batch with as many bytes of events takes no more.
const MOST_BYTES: usize = 512 * 1024;
/// A batch with as many bytes of large commands takes no more of those.
const MOST_LARGE_BYTES: usize = 256 * 1024;
/// Bytes that a turn is worth.
const TURN: usize = 32 * 1024;

type Flow = (TenantId, Priority);

/// One tenant's commands of one priority.
#[derive(Default)]
struct Waiting {
    queue: VecDeque<Queued>,
    /// Bytes that its turns were worth and that it has not used.
    credit: usize,
    /// Commands that go behind another of the batch being made: they come first in the next one.
    held: Vec<Queued>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Pending {
    flows: HashMap<Flow, Waiting>,
    /// Those with something that waits, the next one first.
    turns: VecDeque<Flow>,
    callers: usize,
    len: usize,
    hasher: RandomState,
}

/// A batch that is being made.
struct Batch {
    commands: Vec<Queued>,
    /// Hashes of streams, idempotency keys and new data keys: two that collide only make a command wait.
    seen: HashSet<u64>,
    bytes: usize,
    large_bytes: usize,
    most: usize,
    background: usize,
    /// Whether it holds a command that goes alone.
    alone: bool,
}

/// How a flow's turn ended.
enum Turn {
    /// It has nothing more.
    Empty,
    /// It has something for which it must save.
    Saves,
    /// The batch has no room for what it has next.
    NoRoom,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.alone || self.commands.len() >= self.most || self.bytes >= MOST_BYTES
    }

    fn has_room_for(&self, queued: &Queued) -> bool {
        let large = queued.bytes() > LARGE && self.large_bytes >= MOST_LARGE_BYTES;
        let own = queued.ticket.priority == Priority::Background && self.background == 0;
        let alone = queued.ticket.destroys.is_some() && !self.commands.is_empty();
        !(self.is_full() || large || own || alone)
    }

    fn take(&mut self, queued: Queued) {
        self.bytes += queued.bytes();
        if queued.bytes() > LARGE {
            self.large_bytes += queued.bytes();
        }
        self.background -= usize::from(queued.ticket.priority == Priority::Background);
        self.alone = queued.ticket.destroys.is_some();
        self.commands.push(queued);
    }
}

impl Waiting {
    fn turn(&mut self, batch: &mut Batch, hasher: &RandomState) -> Turn {
        let mut paid = false;
        while let Some(next) = self.queue.front() {
            if !batch.has_room_for(next) {
                return Turn::NoRoom;
            }
            if self.credit < next.bytes() {
                if paid {
                    return Turn::Saves;
                }
                paid = true;
                self.credit += TURN;
                continue;
            }
            let Some(next) = self.queue.pop_front() else { break };
            let mut free = true;
            for mark in marks(&next, hasher) {
                free &= batch.seen.insert(mark);
            }
            if free {
                self.credit -= next.bytes();
                batch.take(next);
            } else {
                self.held.push(next);
            }
        }
        if self.held.is_empty() { Turn::Empty } else { Turn::NoRoom }
    }
}

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many commands a caller waits for.
    pub(super) fn callers(&self) -> usize {
        self.callers
    }

    pub(super) fn push(&mut self, queued: Queued) {
        let flow = (queued.tenant(), queued.ticket.priority);
        self.len += 1;
        self.callers += usize::from(flow.1 == Priority::Caller);
        let waiting = self.flows.entry(flow).or_default();
        if waiting.queue.is_empty() {
            self.turns.push_back(flow);
        }
        waiting.queue.push_back(queued);
    }

    /// Takes the next batch: at most `most` commands, of the engine's own at most `background`. It is empty only where
    /// nothing waits that it may take.
    pub(super) fn select(&mut self, most: usize, background: usize) -> Vec<Queued> {
        let mut batch = Batch {
            commands: Vec::with_capacity(most.min(self.len)),
            seen: HashSet::with_capacity(2 * most.min(self.len)),
            bytes: 0,
            large_bytes: 0,
            most,
            background,
            alone: false,
        };
        let mut without_room = Vec::new();
        while !batch.is_full() {
            let Some(flow) = self.turns.pop_front() else { break };
            let Some(waiting) = self.flows.get_mut(&flow) else { continue };
            match waiting.turn(&mut batch, &self.hasher) {
                Turn::Empty => drop(self.flows.remove(&flow)),
                Turn::Saves => self.turns.push_back(flow),
                Turn::NoRoom => without_room.push(flow),
            }
        }
        // A flow without room goes first next time, or one that needs a batch of its own would never get it.
        for flow in without_room.into_iter().rev() {
            self.turns.push_front(flow);
        }
        for waiting in self.flows.values_mut().filter(|waiting| !waiting.held.is_empty()) {
            for held in waiting.held.drain(..).rev() {
                waiting.queue.push_front(held);
            }
        }
        self.len -= batch.commands.len();
        let callers = |queued: &&Queued| queued.ticket.priority == Priority::Caller;
        self.callers -= batch.commands.iter().filter(callers).count();
        batch.commands
    }

    /// Takes out the commands that are decided.
    pub(super) fn refuse(&mut self, decided: impl Fn(&Queued) -> Option<Outcome>) -> Vec<(Queued, Outcome)> {
        let mut refused = Vec::new();
        for waiting in self.flows.values_mut() {
            if !waiting.queue.iter().any(|queued| decided(queued).is_some()) {
                continue;
            }
            for queued in std::mem::take(&mut waiting.queue) {
                match decided(&queued) {
                    Some(outcome) => refused.push((queued, outcome)),
                    None => waiting.queue.push_back(queued),
                }
            }
        }
        if !refused.is_empty() {
            self.flows.retain(|_, waiting| !waiting.queue.is_empty());
            self.turns.retain(|flow| self.flows.contains_key(flow));
            self.len -= refused.len();
            let callers = |(queued, _): &&(Queued, Outcome)| queued.ticket.priority == Priority::Caller;
            self.callers -= refused.iter().filter(callers).count();
        }
        refused
    }

    /// Takes out all.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Queued> {
        let Self { flows, .. } = std::mem::take(self);
        flows.into_values().flat_map(|waiting| waiting.queue)
    }
}
