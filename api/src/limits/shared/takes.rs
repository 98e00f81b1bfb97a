//! Requests for places, gathered: what waits while a call is under way shares the next one, by tenant.

use std::collections::HashMap;

use futures::future::join_all;
use orqestra_domain::TenantId;
use orqestra_domain::tenant::Limits as TenantLimits;
use tokio::sync::{mpsc, oneshot};

use super::link::{Answer, Link, RepeatKeys, Trouble};

/// Requests in one round.
const TOGETHER: usize = 256;
/// Requests that wait for the next round; more wait for room.
const WAITING: usize = 1_024;

/// One request.
struct Ask {
    of: (TenantId, TenantLimits),
    repeat: RepeatKeys,
    answer: oneshot::Sender<Result<Answer, Trouble>>,
}

/// Where requests are put.
pub(super) struct Takes(mpsc::Sender<Ask>);

/// Where they are answered.
pub(super) struct Asks(mpsc::Receiver<Ask>);

impl Takes {
    pub(super) fn new() -> (Self, Asks) {
        let (asks, waiting) = mpsc::channel(WAITING);
        (Self(asks), Asks(waiting))
    }

    /// Asks for a place, or what is known of a repeat. After a failure it is not known whether a place was taken.
    pub(super) async fn take(
        &self,
        tenant: TenantId,
        limits: TenantLimits,
        repeat: &RepeatKeys,
    ) -> Result<Answer, Trouble> {
        let over = || Trouble::Odd("the generation ended under a call".to_owned());
        let (answer, told) = oneshot::channel();
        let ask = Ask { of: (tenant, limits), repeat: repeat.clone(), answer };
        self.0.send(ask).await.map_err(|_| over())?;
        told.await.map_err(|_| over())?
    }
}

impl Asks {
    /// Answers what is asked, round by round, for as long as the generation is there.
    pub(super) async fn answer(&mut self, link: &Link, generation: &str) {
        let mut together = Vec::with_capacity(TOGETHER);
        while self.0.recv_many(&mut together, TOGETHER).await > 0 {
            let mut tenants = HashMap::<_, Vec<Ask>>::new();
            for ask in together.drain(..) {
                let (tenant, limits) = ask.of;
                let same = (tenant, limits.rate_per_minute, limits.daily_cap);
                tenants.entry(same).or_default().push(ask);
            }
            join_all(tenants.into_values().map(|asks| answer(link, generation, asks))).await;
        }
    }
}

/// Answers requests of one tenant, by the same limits.
async fn answer(link: &Link, generation: &str, asks: Vec<Ask>) {
    let Some(first) = asks.first() else { return };
    let of @ (tenant, _) = first.of;
    match link.take(generation, of, asks.iter().map(|ask| &ask.repeat)).await {
        Ok(answers) => {
            for (ask, answer) in asks.into_iter().zip(answers) {
                let Err(Ok(Answer::Taken { second, day })) = ask.answer.send(Ok(answer)) else { continue };
                // The caller has gone. A place that is not given back counts until it leaves the window.
                link.give_back(generation, tenant, (second, day)).await.ok();
            }
        }
        Err(trouble) => {
            for ask in asks {
                ask.answer.send(Err(trouble.clone())).ok();
            }
        }
    }
}
