//! Recent answers, so that a known repeat is answered without the log.
//!
//! Only a cache: the log decides. An entry never lies, for an accepted event stays accepted; a key's entry ends with
//! its claim.

use std::sync::Arc;

use orqestra_domain::notification::Accepted;
use orqestra_domain::{NotificationId, TenantId, Timestamp};
use quick_cache::sync::Cache;

/// How many recent answers are kept; about 1.5 KB each, which others share while they need the same.
const ANSWERS: usize = 10_000;

/// A claimed key in memory.
#[derive(Clone, Copy, Debug)]
struct Claim {
    notification: NotificationId,
    expires_at: Timestamp,
}

#[derive(Debug)]
pub(crate) struct HotAnswers {
    answers: Cache<(TenantId, NotificationId), Arc<Accepted>>,
    claims: Cache<(TenantId, String), Claim>,
}

impl HotAnswers {
    pub(crate) fn new() -> Self {
        Self { answers: Cache::new(ANSWERS), claims: Cache::new(ANSWERS) }
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
