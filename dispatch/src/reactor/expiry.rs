//! Ends deliveries whose deadline has come while nothing takes them up: their providers are down, or other rows of their lane
//! are before them.
//!
//! Each process looks every few seconds. What is in memory or at work is leased and ends in its own turn.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use orqestra_event_log::Outage;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::delivery::Deliverer;
use crate::due::DueRow;
use crate::due::expiry;
use crate::due::store::{DueError, Lease};
use crate::queue::Gates;

/// Most rows taken by one statement.
const AT_ONCE: i64 = 256;
/// Rows ended at one time.
const TOGETHER: usize = 8;

pub(super) struct Expiry {
    pub(super) deliverer: Arc<Deliverer>,
    pub(super) gates: Arc<dyn Gates>,
    pub(super) owner: Uuid,
    pub(super) pause: Duration,
}

impl Expiry {
    pub(super) async fn run(self, token: CancellationToken) {
        let outage = Outage::default();
        loop {
            tell!(
                outage,
                self.look(&token).await,
                "deliveries past their deadline can be looked up again",
                "deliveries past their deadline cannot be looked up"
            );
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(self.pause) => {}
            }
        }
    }

    async fn look(&self, token: &CancellationToken) -> Result<(), DueError> {
        let Deliverer { due, settings, clock, .. } = &*self.deliverer;
        // A wrong clock would end messages that are still of use.
        if !clock.is_proved() {
            return Ok(());
        }
        let lease = || Lease { owner: self.owner, until: clock.now().plus(settings.lease) };
        loop {
            let rows = expiry::take(due, clock.now(), lease(), AT_ONCE).await?;
            if self.end(&rows, token).await {
                break;
            }
        }
        for (tenant, channel, _) in self.gates.shut() {
            loop {
                let (lane, now) = ((tenant, channel), clock.now());
                let rows = expiry::take_of_lane(due, lane, settings.lifetime, now, lease(), AT_ONCE).await?;
                if self.end(&rows, token).await {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Ends rows; true where no more of them are left for now.
    async fn end(&self, rows: &[DueRow], token: &CancellationToken) -> bool {
        let ending = futures::stream::iter(rows).for_each_concurrent(TOGETHER, async |row| {
            if let Err(later) = self.deliverer.expire_overdue(row).await {
                tracing::debug!(tenant.id = %row.key.tenant, notification.id = %row.key.notification,
                    channel = %row.key.channel, reason = %later, "a delivery past its deadline is ended later");
            }
        });
        tokio::select! {
            () = token.cancelled() => return true,
            () = ending => {}
        }
        rows.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX)
    }
}
