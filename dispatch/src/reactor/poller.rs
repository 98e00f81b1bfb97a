//! Finds due rows that nobody was handed: retries whose time has come, overdue outcomes, what did not fit into memory,
//! what another process left behind.
//!
//! A tenant that is well supplied already is passed over; the walk goes on where it stopped, so that every tenant gets
//! its share.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::TenantId;
use orqestra_event_log::{Clock, EventLog, Outage};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::due::store::{self, DueError, Lease, Take, Taken};
use crate::queue::{Entry, FairQueue};

/// Most rows taken at once.
const MOST: usize = 4_096;
/// Most tenants looked at by one statement.
const TENANTS: usize = 512;
/// The shortest pause between two walks.
const BREATH: Duration = Duration::from_millis(5);
/// After a walk that took long there is a rest this many times as long: behind an old snapshot of somebody else's, dead
/// rows pile up that every walk has to pass.
const REST: u32 = 10;
/// The longest such rest.
const LONGEST_REST: Duration = Duration::from_secs(5);

pub(super) struct Poller {
    pub(super) pool: PgPool,
    pub(super) queue: Arc<FairQueue>,
    pub(super) log: EventLog,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) owner: Uuid,
    pub(super) lease: Duration,
    pub(super) pause: Duration,
    /// Most rows of one tenant taken at once.
    pub(super) share: usize,
    /// Told when the subscription stored due rows that it could not hand over.
    pub(super) left_behind: Arc<Notify>,
}

/// What a walk saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// All that is due is taken.
    Everything,
    /// There may be more: come again when there is room.
    More,
}

impl Poller {
    pub(super) async fn run(self, token: CancellationToken) {
        let mut after = Uuid::nil();
        let outage = Outage::default();
        let mut seen = Seen::More;
        loop {
            let began = Instant::now();
            match self.walk(&mut after).await {
                Ok(now) => {
                    seen = now;
                    if let Some(duration_ms) = outage.ends() {
                        tracing::info!(duration_ms, "due deliveries can be looked up again");
                    }
                }
                Err(error) => {
                    if outage.begins() {
                        tracing::warn!(error = %error, "due deliveries cannot be looked up");
                    }
                }
            }
            let rest = (began.elapsed() * REST).min(LONGEST_REST).max(self.pause);
            self.queue.look_again();
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(BREATH) => {}
            }
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(rest) => {}
                () = self.queue.drained(), if seen == Seen::More => {}
                () = self.left_behind.notified(), if seen == Seen::Everything => seen = Seen::More,
            }
        }
    }

    /// Walks over the tenants once, or as far as there is room.
    async fn walk(&self, after: &mut Uuid) -> Result<Seen, DueError> {
        // A walk that begins in the middle goes on with the first tenants after the last one, once.
        let mut may_wrap = !after.is_nil();
        loop {
            let free = self.queue.free().min(MOST);
            if free == 0 {
                return Ok(Seen::More);
            }
            if !self.clock.is_proved() {
                self.log.fetch_head().await?;
                if !self.clock.is_proved() {
                    return Err(DueError::Time);
                }
            }
            let now = self.clock.now();
            let until = now.plus(self.lease);
            let skip: Vec<_> = self.queue.well_supplied().iter().map(TenantId::as_uuid).collect();
            let skipped = !skip.is_empty();
            let lease = Lease { owner: self.owner, until };
            let ask = Take {
                now,
                lease,
                after: *after,
                skip,
                tenants: TENANTS,
                share: self.share.min(free),
                limit: free,
            };
            let Taken { rows, stopped_at } = store::take(&self.pool, &ask).await?;
            let full_share = rows.len() >= ask.share;
            self.queue.push(rows.into_iter().map(|row| Entry { row, leased_until: until }));
            if let Some(tenant) = stopped_at {
                *after = tenant;
            } else {
                *after = Uuid::nil();
                if !std::mem::take(&mut may_wrap) {
                    return Ok(if full_share || skipped { Seen::More } else { Seen::Everything });
                }
            }
        }
    }
}
