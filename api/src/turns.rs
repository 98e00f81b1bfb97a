//! How many pages of history a tenant reads at once, and how many clients of it look back for what they missed: large
//! reads make their own tenant wait, and nobody else.
//!
//! Beyond that a reader waits its turn, for a while. A turn lasts as long as one of the database's connections is in use,
//! and not while a client takes the answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orqestra_domain::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::error::ApiError;

/// Pages of one tenant at once, well below the process's connections.
const PAGES: usize = 4;
/// Clients of one tenant that look back at once; its pages do not wait for them.
const LOOK_BACKS: usize = 2;
/// Clients of one tenant whose channels are counted at once: a look into an index, which no look-back delays.
const COUNTS: usize = 4;
/// Providers' callbacks of one tenant that are recorded at once.
const CALLBACKS: usize = 4;
const WITHIN: Duration = Duration::from_secs(5);
/// When to come again where no turn came.
const RETRY_AFTER: u64 = 1;

/// Every tenant's turns in this process.
pub(crate) struct Turns {
    tenants: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
    at_once: usize,
    within: Duration,
}

impl Turns {
    /// Those of the history's pages.
    pub(crate) fn pages() -> Self {
        Self::of(PAGES)
    }

    /// Those of clients that were away.
    pub(crate) fn look_backs() -> Self {
        Self::of(LOOK_BACKS)
    }

    /// Those of clients that join a channel.
    pub(crate) fn counts() -> Self {
        Self::of(COUNTS)
    }

    /// Those of providers' callbacks.
    pub(crate) fn callbacks() -> Self {
        Self::of(CALLBACKS)
    }

    fn of(at_once: usize) -> Self {
        Self { tenants: Mutex::default(), at_once, within: WITHIN }
    }

    /// Waits for a turn, which lasts until it is dropped.
    ///
    /// # Errors
    /// `Overloaded` if none comes in time.
    pub(crate) async fn take(&self, tenant: TenantId) -> Result<OwnedSemaphorePermit, ApiError> {
        self.take_by(tenant, Instant::now() + self.within).await
    }

    /// Waits for a turn until then.
    ///
    /// # Errors
    /// `Overloaded` if none comes in time.
    pub(crate) async fn take_by(
        &self,
        tenant: TenantId,
        until: Instant,
    ) -> Result<OwnedSemaphorePermit, ApiError> {
        let turns = {
            let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(tenants.entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(self.at_once))))
        };
        match timeout_at(until, turns.acquire_owned()).await {
            Ok(turn) => Ok(turn.expect("the semaphore is never closed")),
            Err(_) => Err(ApiError::Overloaded(RETRY_AFTER)),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_tenant_that_reads_much_waits_and_keeps_nobody_else() {
        let turns = Turns { within: Duration::from_millis(20), ..Turns::pages() };
        let (one, other) = (TenantId::from_uuid(Uuid::from_u128(1)), TenantId::from_uuid(Uuid::from_u128(2)));
        let mut held = Vec::new();
        for _ in 0..PAGES {
            held.push(turns.take(one).now_or_never().unwrap().unwrap());
        }
        assert!(matches!(turns.take(one).await, Err(ApiError::Overloaded(1))));
        assert!(turns.take(other).now_or_never().unwrap().is_ok());
        held.pop();
        assert!(turns.take(one).now_or_never().unwrap().is_ok());
    }
}
