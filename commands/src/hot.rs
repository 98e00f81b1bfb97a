//! Recent answers, so that a known repeat is answered without the log.
//!
//! Only a cache: the log decides. An entry never lies, for an accepted event stays accepted; a key's entry ends with
//! its claim.

use std::sync::Arc;

use orqestra_domain::{Fingerprint, NotificationId, TenantId, Timestamp};
use quick_cache::sync::Cache;

use crate::trigger_notification::Triggered;

/// How many recent answers are kept; about 500 bytes each.
const ANSWERS: usize = 20_000;

/// What an accepted event was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) triggered: Triggered,
}

/// A claimed key in memory.
#[derive(Clone, Copy, Debug)]
struct Claim {
    notification: NotificationId,
    expires_at: Timestamp,
}

#[derive(Debug)]
pub(crate) struct HotAnswers {
    answers: Cache<(TenantId, NotificationId), Arc<Answer>>,
    claims: Cache<(TenantId, String), Claim>,
}

impl HotAnswers {
    pub(crate) fn new() -> Self {
        Self { answers: Cache::new(ANSWERS), claims: Cache::new(ANSWERS) }
    }

    pub(crate) fn answer(&self, tenant: TenantId, notification: NotificationId) -> Option<Arc<Answer>> {
        self.answers.get(&(tenant, notification))
    }

    pub(crate) fn claim(&self, tenant: TenantId, key: &str, now: Timestamp) -> Option<NotificationId> {
        let claim = self.claims.get(&(tenant, key.to_owned()))?;
        (claim.expires_at > now).then_some(claim.notification)
    }

    pub(crate) fn remember(&self, tenant: TenantId, answer: Arc<Answer>) {
        self.answers.insert((tenant, answer.triggered.notification), answer);
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
