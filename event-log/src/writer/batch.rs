//! Which commands go together, and which waiting ones are decided by the outcome of others.
//!
//! Two commands of one stream, key or new data key never share a batch. What waits keeps its order among its like. While
//! many callers wait, the engine's own work gets a small share of what is stored, so that it moves whatever comes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};

use orqestra_domain::{NotificationId, TenantId};
use orqestra_vault::{KeyScope, NewKey};

use super::flush::Verdict;
use super::queued::Queued;
use crate::append::{Outcome, Priority};

/// Most bytes of events in one batch, one command apart.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Callers for one command of the engine's own, while callers are many.
const CALLERS_FOR_ONE: usize = 64;
/// The engine's own commands go together, and so do then the statements that follow from them.
const OWN_TOGETHER: usize = 8;

/// What the engine's own work may take of the batches while callers are many.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Callers that went before since it last took something.
    before: usize,
}

impl Share {
    /// How many commands of the engine's own the next batch takes, of at most `most` in all.
    pub(super) fn of_next(&mut self, pending: &VecDeque<Queued>, most: usize) -> usize {
        let callers = pending.iter().filter(|queued| queued.ticket.priority == Priority::Caller).count();
        if callers == 0 {
            return 1;
        }
        self.before += callers.min(most);
        let own = self.before / CALLERS_FOR_ONE;
        if own < OWN_TOGETHER {
            return 0;
        }
        self.before %= CALLERS_FOR_ONE;
        own
    }
}

/// Takes the next batch out of what waits, at most `background` commands of the engine's own. The first of the others is
/// always in it.
pub(super) fn select(pending: &mut VecDeque<Queued>, most: usize, background: usize) -> Vec<Queued> {
    let hasher = RandomState::new();
    // Hashes: two that collide only make a command wait for the next batch.
    let mut seen = HashSet::with_capacity(2 * pending.len());
    let mut batch: Vec<Queued> = Vec::with_capacity(most.min(pending.len()));
    let mut bytes = 0;
    let mut alone = false;
    let mut background = background;
    let mut rest = VecDeque::new();
    for queued in pending.drain(..) {
        let own = queued.ticket.priority == Priority::Background;
        if own && background == 0 {
            rest.push_back(queued);
            continue;
        }
        let mut free = true;
        for mark in marks(&queued, &hasher) {
            free &= seen.insert(mark);
        }
        let destroys = queued.ticket.destroys.is_some();
        let fits = batch.is_empty()
            || (batch.len() < most && bytes + queued.bytes() <= MAX_BYTES && !alone && !destroys);
        if free && fits {
            background -= usize::from(own);
            bytes += queued.bytes();
            alone = destroys;
            batch.push(queued);
        } else {
            rest.push_back(queued);
        }
    }
    *pending = rest;
    batch
}

fn marks(queued: &Queued, hasher: &RandomState) -> impl Iterator<Item = u64> {
    let mark = |what: &dyn Fn(&mut std::hash::DefaultHasher)| {
        use std::hash::Hasher;
        let mut state = hasher.build_hasher();
        what(&mut state);
        state.finish()
    };
    let stream = mark(&|state| (0_u8, queued.stream()).hash(state));
    let claim = queued.ticket.idempotency_key.as_ref();
    let claim = claim.map(|claim| mark(&|state| (1_u8, claim.tenant, &claim.key).hash(state)));
    let keys: Vec<_> = queued
        .ticket
        .new_keys
        .iter()
        .map(|key| mark(&|state| (2_u8, key.tenant, key.scope).hash(state)))
        .collect();
    std::iter::once(stream).chain(claim).chain(keys)
}

/// What a batch's outcomes say about commands that waited for it.
#[derive(Default)]
pub(super) struct Decided {
    hasher: RandomState,
    /// By the stream's hash: where two collide, a command is decided once more for nothing.
    versions: HashMap<u64, i64>,
    claims: HashMap<(TenantId, String), NotificationId>,
    keys: HashMap<(TenantId, KeyScope), NewKey>,
}

impl Decided {
    /// Remembers what the outcomes say, if anybody waits.
    pub(super) fn new(batch: &[Queued], verdicts: &[Verdict], anybody_waits: bool) -> Self {
        let mut decided = Self::default();
        if anybody_waits {
            for (queued, verdict) in batch.iter().zip(verdicts) {
                decided.remember(queued, verdict);
            }
        }
        decided
    }

    fn remember(&mut self, queued: &Queued, verdict: &Verdict) {
        let stream = self.hasher.hash_one(queued.stream());
        let claim = queued.ticket.idempotency_key.as_ref();
        match verdict {
            Verdict::Placed { .. } => {
                self.versions.insert(stream, queued.version_after());
                if let Some(claim) = claim {
                    self.claims.insert((claim.tenant, claim.key.clone()), claim.notification);
                }
                let keys = queued.ticket.new_keys.iter();
                self.keys.extend(keys.map(|key| ((key.tenant, key.scope), key.clone())));
            }
            Verdict::Refused(Outcome::Conflict { actual }) => {
                self.versions.insert(stream, *actual);
            }
            Verdict::Refused(Outcome::KeyTaken { notification }) => {
                if let Some(claim) = claim {
                    self.claims.insert((claim.tenant, claim.key.clone()), *notification);
                }
            }
            Verdict::Refused(Outcome::KeyRaced { winners }) => {
                self.keys.extend(winners.iter().map(|key| ((key.tenant, key.scope), key.clone())));
            }
            Verdict::Refused(_) => {}
        }
    }

    /// Takes out of what waits what would be refused for sure. Versions only grow and keys taken a moment ago are
    /// taken, so none of these can win any more.
    pub(super) fn refuse(self, pending: &mut VecDeque<Queued>) -> Vec<(Queued, Outcome)> {
        let mut refused = Vec::new();
        if self.versions.is_empty() && self.claims.is_empty() && self.keys.is_empty() {
            return refused;
        }
        let mut rest = VecDeque::with_capacity(pending.len());
        for queued in pending.drain(..) {
            match self.verdict(&queued) {
                Some(outcome) => refused.push((queued, outcome)),
                None => rest.push_back(queued),
            }
        }
        *pending = rest;
        refused
    }

    fn verdict(&self, queued: &Queued) -> Option<Outcome> {
        if let Some(&actual) = self.versions.get(&self.hasher.hash_one(queued.stream()))
            && actual > queued.expected
        {
            return Some(Outcome::Conflict { actual });
        }
        if let Some(claim) = &queued.ticket.idempotency_key
            && let Some(&notification) = self.claims.get(&(claim.tenant, claim.key.clone()))
        {
            return Some(Outcome::KeyTaken { notification });
        }
        let keys = queued.ticket.new_keys.iter();
        let winners: Vec<_> =
            keys.filter_map(|key| self.keys.get(&(key.tenant, key.scope)).cloned()).collect();
        (!winners.is_empty()).then_some(Outcome::KeyRaced { winners })
    }
}
