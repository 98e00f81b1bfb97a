//! Finds due rows that nobody was handed: retries whose time has come, overdue outcomes, what did not fit into memory,
//! what another process left behind.
//!
//! It asks for what each lane has room for, so that a lane that is full or closed costs the others nothing. The walk goes
//! on where it stopped, so that every lane gets its share. It also gives back the leases of rows that left the queue.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::{Channel, TenantId};
use orqestra_event_log::{Clock, EventLog, Outage};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::due::DueKind;
use crate::due::store::{self, DueError, LanePlace, Lease, Take, Taken};
use crate::queue::{Demand, Entry, FairQueue, Lane};

/// Most rows taken at once.
const MOST: usize = 4_096;
/// Most lanes looked at by one statement.
const LANES: usize = 512;
/// Most leases given back by one statement.
const GIVEN_BACK: usize = 1_024;
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
    /// How long an attempt may be open.
    pub(super) open_at_most: Duration,
    /// Most rows of one lane taken at once.
    pub(super) share: usize,
}

impl Poller {
    pub(super) async fn run(self, token: CancellationToken) {
        let mut after = LanePlace::default();
        let outage = Outage::default();
        loop {
            let began = Instant::now();
            tell!(
                outage,
                self.walk(&mut after).await,
                "due deliveries can be looked up again",
                "due deliveries cannot be looked up"
            );
            let rest = (began.elapsed() * REST).min(LONGEST_REST).max(self.pause);
            self.queue.look_again();
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(BREATH) => {}
            }
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(rest) => {}
                () = self.queue.wanting() => {}
            }
        }
    }

    /// Walks over the lanes once, or as far as there is room.
    async fn walk(&self, after: &mut LanePlace) -> Result<(), DueError> {
        // A walk that begins in the middle goes on with the first lanes after the last one, once.
        let mut may_wrap = *after != LanePlace::default();
        loop {
            let Demand { free, share, lanes } = self.queue.demand();
            self.give_back().await?;
            let free = free.min(MOST);
            if free == 0 {
                return Ok(());
            }
            if !self.clock.is_proved() {
                self.log.fetch_head().await?;
                if !self.clock.is_proved() {
                    return Err(DueError::Time);
                }
            }
            let now = self.clock.now();
            let until = now.plus(self.lease);
            let ask = Take {
                now,
                lease: Lease { owner: self.owner, until },
                // Before that, the time may have jumped over what is left of a claim.
                sweeps_until: self
                    .clock
                    .steady_for()
                    .is_none_or(|steady| steady >= self.open_at_most)
                    .then(|| now.plus(self.open_at_most)),
                after: after.clone(),
                rooms: lanes.into_iter().flat_map(places).collect(),
                lanes: LANES,
                share: self.share.min(share),
                limit: free,
            };
            let Taken { rows, stopped_at } = store::take(&self.pool, &ask).await?;
            self.queue.push_taken(rows.into_iter().map(|row| Entry { row, leased_until: until }));
            if let Some(lane) = stopped_at {
                *after = lane;
            } else {
                *after = LanePlace::default();
                if !std::mem::take(&mut may_wrap) {
                    return Ok(());
                }
            }
        }
    }

    async fn give_back(&self) -> Result<(), DueError> {
        for keys in self.queue.returned().chunks(GIVEN_BACK) {
            store::release(&self.pool, self.owner, keys.iter().copied()).await?;
        }
        Ok(())
    }
}

/// The lanes of the table that make up a lane of the queue, each with the room of all.
fn places((tenant, lane, room): (TenantId, Lane, usize)) -> impl Iterator<Item = (LanePlace, usize)> {
    let (kind, channels): (DueKind, &[Channel]) = match lane {
        Lane::Send(Channel::Email) => (DueKind::Send, &[Channel::Email]),
        Lane::Send(Channel::Sms) => (DueKind::Send, &[Channel::Sms]),
        Lane::Send(Channel::Push) => (DueKind::Send, &[Channel::Push]),
        Lane::Sweep => (DueKind::Sweep, &Channel::ALL),
    };
    channels.iter().map(move |channel| {
        let place = LanePlace {
            tenant: tenant.as_uuid(),
            kind: kind.as_str().to_owned(),
            channel: channel.as_str().to_owned(),
        };
        (place, room)
    })
}
