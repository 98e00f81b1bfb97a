//! The tenants' limits: counted by this process, or with the others through Redis where it is given.

use std::sync::Arc;

use anyhow::Context as _;
use futures::future::BoxFuture;
use orqestra_api::limits::{Limits, Meters, Moment, RedisUrl, SharedParts, Used};
use orqestra_event_log::{Clock, EventLog, Ids, Members, Pool};
use orqestra_projections::Usage;
use tokio_util::sync::CancellationToken;

/// What counting stands on.
pub(crate) struct Deps {
    pub(crate) log: EventLog,
    pub(crate) callers: Pool,
    /// For what is tried again.
    pub(crate) retried: Pool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
}

impl Deps {
    /// The limits as they stood when the last process ended, however it ended, and what has to run beside them until the token ends.
    pub(crate) async fn count(
        self,
        redis: Option<RedisUrl>,
        token: CancellationToken,
    ) -> anyhow::Result<(Limits, Option<BoxFuture<'static, ()>>)> {
        let now = Moment::now(&*self.clock);
        let meters = Meters::opened(now);
        let usage = Usage::new(self.callers, self.log.clone());
        let before = usage.up_to_now(now.date).await;
        for (tenant, used) in before.context("what tenants have used of their limits cannot be read")? {
            meters.restore(tenant, &used.days, &used.seconds, now);
        }
        let Some(url) = redis else { return Ok((Limits::alone(meters), None)) };
        let own = self.ids.uuid_v7(now.date);
        let members = Members::join(self.retried, own).await;
        let members = members.context("the processes that share limits cannot be counted")?;
        let live = members.live();
        let parts = SharedParts {
            url,
            log: (self.log.log_id(), self.log.epoch()),
            own,
            live,
            used: Arc::new(move |tenant, now| {
                let usage = usage.clone();
                Box::pin(async move {
                    let used = usage.of_tenant_up_to_now(tenant, now).await;
                    let used = used.map_err(|error| format!("{:#}", anyhow::Error::new(error)))?;
                    Ok(Used { days: used.days, seconds: used.seconds })
                })
            }),
            ids: self.ids,
            clock: self.clock,
        };
        let (limits, sharing) = Limits::shared(meters, parts, token.clone());
        let beside = async move {
            tokio::join!(sharing, members.run(token));
        };
        Ok((limits, Some(Box::pin(beside))))
    }
}
