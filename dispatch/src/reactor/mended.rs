//! Takes up deliveries that waited for an operator, once what kept them is mended.
//!
//! Every process looks once a second, a look a lane and not a row, and asks its own directory: a change made anywhere
//! shows there within a second. A row that was put aside a moment after the change is found by the next look.

use std::time::Duration;

use orqestra_commands::Directory;
use orqestra_domain::ApiKeyKind;
use orqestra_event_log::Outage;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::due::store::DueError;
use crate::due::waiting::{self, Waiting};
use crate::waiting::WaitReason;

pub(super) struct Mended {
    pub(super) pool: PgPool,
    pub(super) directory: Directory,
    /// How often it looks.
    pub(super) pause: Duration,
}

impl Mended {
    pub(super) async fn run(self, token: CancellationToken) {
        let outage = Outage::default();
        loop {
            tell!(
                outage,
                self.look().await,
                "deliveries that wait for an operator can be looked up again",
                "deliveries that wait for an operator cannot be looked up"
            );
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(self.pause) => {}
            }
        }
    }

    async fn look(&self) -> Result<(), DueError> {
        for lane in waiting::lanes(&self.pool).await? {
            if !self.keeps(&lane) {
                tracing::info!(tenant.id = %lane.tenant, channel = %lane.channel, reason = lane.reason,
                    "deliveries that waited for an operator go on");
                while !waiting::resume(&self.pool, &lane).await? {}
            }
        }
        Ok(())
    }

    /// Whether the reason still holds, as far as this process can tell.
    fn keeps(&self, lane: &Waiting) -> bool {
        if self.directory.readable(lane.tenant).is_err() {
            return true;
        }
        let Some(tenant) = self.directory.tenant(lane.tenant) else { return true };
        let now = WaitReason::of(&self.directory, &tenant, lane.channel, ApiKeyKind::Live);
        now.is_some_and(|reason| reason.as_str() == lane.reason)
    }
}
