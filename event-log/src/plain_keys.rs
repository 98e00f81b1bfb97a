//! Idempotency keys that a version before stored in clear, for as long as any of them holds.
//!
//! Callers' keys are stored as HMACs. A claim in clear of before the upgrade holds for its day all the same, so a key is
//! also looked for in clear while there are such claims. While a process of the version before is connected, a key is claimed
//! in clear too, for an hour: that process knows no other form, and a retry that it gets would be another request to it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orqestra_domain::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::append::IdempotencyClaim;
use crate::error::LogError;
use crate::read::limited;
use crate::shared::Shared;

/// What stands before the HMAC of a caller's key.
pub const HASHED_KEY: &str = "hmac:";
/// The names of the sessions of a version that stored keys in clear.
const EARLIER: [&str; 2] = ["orqestra", "orqestra-writer"];
/// The name of an engine's sessions, by which it is told from an earlier version.
pub const SESSION_NAME: &str = "orqestra-2";
/// The same of the writer's own, where the pool has none.
pub(crate) const WRITER: &str = "orqestra-writer-2";
/// How long a key is held in clear for a process of the version before.
const HELD: Duration = Duration::from_hours(1);
/// How often it is looked, while there is something and while there is nothing.
const LOOK: Duration = Duration::from_secs(1);
const LOOK_FOR_NEWCOMERS: Duration = Duration::from_secs(10);

/// A caller's key in clear. Its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainKey {
    pub(crate) key: String,
    /// Until when it is claimed too. What has run out already is looked for and not stored (migration 0014).
    pub(crate) until: Timestamp,
}

impl PlainKey {
    /// A key that is looked for.
    pub fn new(key: String) -> Self {
        Self { key, until: Timestamp::EPOCH }
    }
}

impl fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainKey(..)")
    }
}

/// What is known of claims in clear.
#[derive(Debug, Default)]
pub(crate) struct PlainKeys {
    /// There are some that hold.
    stored: AtomicBool,
    /// A process that makes some is connected.
    made: AtomicBool,
}

impl PlainKeys {
    /// Leaves in a claim what is to be done with its key in clear.
    pub(crate) fn decide(&self, claim: &mut IdempotencyClaim, now: Timestamp) {
        let made = self.made.load(Ordering::Relaxed);
        match &mut claim.plain {
            Some(plain) if made => plain.until = now.plus(HELD).min(claim.expires_at),
            Some(_) if self.stored.load(Ordering::Relaxed) => {}
            plain => *plain = None,
        }
    }

    /// Whether a key is looked for in clear.
    pub(crate) fn are_asked_for(&self) -> bool {
        self.stored.load(Ordering::Relaxed) || self.made.load(Ordering::Relaxed)
    }
}

/// Looks whether there are claims in clear and processes that make them.
pub(crate) async fn look(shared: &Shared) -> Result<(), LogError> {
    let (stored, made): (bool, bool) = limited(
        sqlx::query_as(
            "select exists (select from idempotency_keys k
                             where not starts_with(k.key, 'hmac:')
                               and k.tenant_id <> '6f727165-7374-7261-8000-6170696b6579'::uuid
                               and k.expires_at > $1),
                    exists (select from pg_catalog.pg_stat_activity a
                             where a.datname = current_database() and a.application_name = any($2))",
        )
        .bind(shared.clock.now().as_datetime())
        .bind(EARLIER.as_slice())
        .fetch_one(shared.reader.pool()),
    )
    .await?;
    shared.plain_keys.stored.store(stored, Ordering::Relaxed);
    shared.plain_keys.made.store(made, Ordering::Relaxed);
    Ok(())
}

/// Looks again and again until stopped. What a look could not tell stays as it was.
pub(crate) async fn watch(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let pause = if shared.plain_keys.are_asked_for() { LOOK } else { LOOK_FOR_NEWCOMERS };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        if let Err(error) = look(&shared).await {
            tracing::debug!(error = %error, "it was not found out whether idempotency keys are stored in clear");
        }
    }
}

#[cfg(test)]
mod tests {
    use orqestra_domain::{NotificationId, TenantId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_key_in_clear_is_held_for_an_earlier_process_looked_for_beside_its_claims_and_else_left_out() {
        let claim = IdempotencyClaim {
            tenant: TenantId::PLATFORM,
            key: format!("{HASHED_KEY}00"),
            plain: Some(PlainKey::new("jane.doe".to_owned())),
            notification: NotificationId::from_uuid(Uuid::nil()),
            expires_at: Timestamp::EPOCH.plus(Duration::from_hours(48)),
        };
        assert!(!format!("{claim:?}").contains("jane"));
        let now = Timestamp::EPOCH.plus(Duration::from_hours(24));
        for (stored, made, until) in [
            (false, false, None),
            (true, false, Some(Timestamp::EPOCH)),
            (false, true, Some(now.plus(HELD))),
            (true, true, Some(now.plus(HELD))),
        ] {
            let keys = PlainKeys { stored: stored.into(), made: made.into() };
            let mut decided = claim.clone();
            keys.decide(&mut decided, now);
            assert_eq!(decided.plain.map(|plain| plain.until), until, "{stored} {made}");
        }
    }
}
