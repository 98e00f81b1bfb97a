//! Claiming a caller's key for an event that is stored already.
//!
//! A new event's claim goes with its append; this is for a repeat that brings a key of its own. Claims exclude appends,
//! so a key never stands for two events. Those that wait share one statement; a key that is held takes no lock.

use orqestra_domain::{NotificationId, Timestamp};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::append::IdempotencyClaim;
use crate::error::LogError;
use crate::log::EventLog;
use crate::read::limited;

impl EventLog {
    /// Claims a key for a stored notification, unless an unexpired claim holds it, and gives the claim that holds it
    /// from now on: this one, or the earlier one of the same or of another notification. Claiming twice changes
    /// nothing, so it may be repeated after an error.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn claim(&self, mut claim: IdempotencyClaim) -> Result<IdempotencyClaim, LogError> {
        self.intact()?;
        let shared = self.shared();
        shared.plain_keys.decide(&mut claim, shared.clock.now());
        let Some(plain) = claim.plain.take() else { return self.claims().get(claim).await };
        // The end of a claim in clear is not known here, so it is not to be remembered.
        let of =
            |notification| IdempotencyClaim { notification, expires_at: Timestamp::EPOCH, ..claim.clone() };
        let in_clear = self.idempotency_key(claim.tenant, &plain.key, None).await?;
        if let Some(holder) = in_clear {
            // One of a version before holds for its own time, without another beside it.
            if self.idempotency_key(claim.tenant, &claim.key, None).await?.is_none() {
                return Ok(of(holder));
            }
        } else if plain.until > shared.clock.now() {
            let in_clear = IdempotencyClaim { key: plain.key, expires_at: plain.until, ..claim.clone() };
            let holder = self.claims().get(in_clear).await?.notification;
            if holder != claim.notification {
                return Ok(of(holder));
            }
        }
        self.claims().get(claim).await
    }
}

/// Claims many keys, and gives for each the claim that holds it, in their order.
pub(crate) async fn claim_all(
    pool: &PgPool,
    claims: Vec<IdempotencyClaim>,
    now: Timestamp,
) -> Result<Vec<IdempotencyClaim>, LogError> {
    let tenants: Vec<Uuid> = claims.iter().map(|claim| claim.tenant.as_uuid()).collect();
    let keys: Vec<&str> = claims.iter().map(|claim| claim.key.as_str()).collect();
    let notifications: Vec<Uuid> = claims.iter().map(|claim| claim.notification.as_uuid()).collect();
    let expiries: Vec<OffsetDateTime> = claims.iter().map(|claim| claim.expires_at.as_datetime()).collect();
    let held: Vec<(Uuid, OffsetDateTime)> = limited(
        sqlx::query_as("select holder, held_until from claim_idempotency_keys($1, $2, $3, $4, $5)")
            .bind(now.as_datetime())
            .bind(tenants)
            .bind(keys)
            .bind(notifications)
            .bind(expiries)
            .fetch_all(pool),
    )
    .await?;
    let held = held.into_iter().map(|(holder, until)| (NotificationId::from_uuid(holder), until));
    let with_holder = claims.into_iter().zip(held);
    Ok(with_holder
        .map(|(claim, (notification, until))| IdempotencyClaim {
            notification,
            expires_at: Timestamp::new(until),
            ..claim
        })
        .collect())
}
