//! Recent answers, so that a known repeat is answered without the log.
//!
//! Only a cache: the log decides. An entry never lies while the database holds the log that it is of, for an accepted
//! event stays accepted; a key's entry ends with its claim.

use std::sync::Arc;

use orqestra_domain::notification::Accepted;
use orqestra_domain::{NotificationId, TenantId, Timestamp};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// How many recent answers are kept, shared with what else remembers their events.
const ANSWERS: usize = 10_000;
/// Most bytes that they may have.
const ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// By what was accepted, which a caller may make large.
#[derive(Clone, Debug)]
pub(crate) struct BySealed;

impl BySealed {
    pub(crate) fn bytes(accepted: &Accepted) -> u64 {
        let sealed = [Some(&accepted.recipient), accepted.variables.as_ref()];
        let bytes: usize = sealed.into_iter().flatten().map(|sealed| sealed.data.len()).sum();
        u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(1_024)
    }
}

impl Weighter<(TenantId, NotificationId), Arc<Accepted>> for BySealed {
    fn weight(&self, _: &(TenantId, NotificationId), accepted: &Arc<Accepted>) -> u64 {
        Self::bytes(accepted)
    }
}

/// A claimed key in memory.
#[derive(Clone, Copy, Debug)]
struct Claim {
    notification: NotificationId,
    expires_at: Timestamp,
}

#[derive(Debug)]
pub(crate) struct HotAnswers {
    answers: Cache<(TenantId, NotificationId), Arc<Accepted>, BySealed>,
    claims: Cache<(TenantId, String), Claim>,
}

impl HotAnswers {
    pub(crate) fn new() -> Self {
        Self { answers: Cache::with_weighter(ANSWERS, ANSWER_BYTES, BySealed), claims: Cache::new(ANSWERS) }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.answers.clear();
        self.claims.clear();
    }

    pub(crate) fn answer(&self, tenant: TenantId, notification: NotificationId) -> Option<Arc<Accepted>> {
        self.answers.get(&(tenant, notification))
    }

    pub(crate) fn claim(&self, tenant: TenantId, key: &str, now: Timestamp) -> Option<NotificationId> {
        let claim = self.claims.get(&(tenant, key.to_owned()))?;
        (claim.expires_at > now).then_some(claim.notification)
    }

    pub(crate) fn remember(&self, tenant: TenantId, notification: NotificationId, accepted: Arc<Accepted>) {
        self.answers.insert((tenant, notification), accepted);
    }

    pub(crate) fn remember_claim(
        &self,
        tenant: TenantId,
        key: &str,
        notification: NotificationId,
        expires_at: Timestamp,
    ) {
        self.claims.insert((tenant, key.to_owned()), Claim { notification, expires_at });
    }
}
