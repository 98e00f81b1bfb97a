//! Which commands may not go together, and which waiting ones are decided by the outcome of others.
//!
//! Two commands of one stream, key or new data key never share a batch. While many callers wait, the engine's own work
//! gets a small share of what is stored, so that it moves whatever comes.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

use orqestra_domain::{NotificationId, TenantId};
use orqestra_vault::{KeyScope, NewKey};

use super::flush::Verdict;
use super::pending::Pending;
use super::queued::Queued;
use crate::append::Outcome;

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
    /// How many commands of the engine's own the next batch takes, of at most `most` in all, while so many callers wait.
    pub(super) fn of_next(&mut self, callers: usize, most: usize) -> usize {
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

/// The hashes of what no other command of a batch may have.
pub(super) fn marks(queued: &Queued, hasher: &RandomState) -> impl Iterator<Item = u64> {
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
    pub(super) fn refuse(self, pending: &mut Pending) -> Vec<(Queued, Outcome)> {
        if self.versions.is_empty() && self.claims.is_empty() && self.keys.is_empty() {
            return Vec::new();
        }
        pending.refuse(|queued| self.verdict(queued))
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
