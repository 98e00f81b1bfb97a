//! The task that goes on with redrives: one at a time in a process, by its lease.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use orqestra_commands::{CommandError, Commands, Context, RequeueDelivery};
use orqestra_domain::Timestamp;
use orqestra_domain::redrive::{DeadLetterFilter, RedriveRefusal, Refused};
use orqestra_event_log::{LogError, Outage};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store::{self, Begun, Leased, Place, RedriveReader};
use super::{RedriveStatus, UNKNOWN_DELIVERY, UNREADABLE, code};
use crate::candidates::{Candidates, CandidatesError, DeadLetters, EndedAt};
use crate::due::DueKey;
use crate::due::store::DueError;
use crate::due::subscriber;

/// Deliveries looked at before the place is kept.
const PAGE: usize = 50;
/// How long the subscription may take to count what was requeued.
const CATCH_UP: Duration = Duration::from_secs(10);
/// Deliveries requeued at one time.
const TOGETHER: usize = 8;

/// The reason for which a redrive goes on later.
#[derive(Debug, thiserror::Error)]
enum Later {
    #[error(transparent)]
    Due(#[from] DueError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Candidates(#[from] CandidatesError),
    #[error("the log cannot be written: {0}")]
    Command(String),
    #[error("the read model has not read up to the request yet")]
    Behind,
}

/// A part of what a redrive selects.
struct Page {
    /// Its deliveries; `None` for one that is not known.
    keys: Vec<Option<DueKey>>,
    /// The place behind it.
    behind: Place,
    is_last: bool,
}

pub(crate) struct Redrives {
    pub(crate) commands: Commands,
    pub(crate) pool: PgPool,
    pub(crate) candidates: Arc<dyn Candidates>,
    pub(crate) owner: Uuid,
    pub(crate) pause: Duration,
    /// Most deliveries requeued in a second.
    pub(crate) per_second: usize,
    pub(crate) context: Context,
}

impl Redrives {
    pub(crate) async fn run(self, token: CancellationToken) {
        let outage = Outage::default();
        loop {
            let went_on = tokio::select! {
                () = token.cancelled() => return,
                went_on = self.go_on() => went_on,
            };
            match went_on {
                Ok(()) => {
                    if let Some(duration_ms) = outage.ends() {
                        tracing::info!(duration_ms, "redrives go on");
                    }
                }
                Err(Later::Behind) => {}
                Err(error) => {
                    if outage.begins() {
                        tracing::warn!(error = %error, "redrives wait");
                    }
                }
            }
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(self.pause) => {}
            }
        }
    }

    /// Leases and runs every free redrive. One that cannot go on now keeps no other waiting.
    async fn go_on(&self) -> Result<(), Later> {
        let (mut tried, mut last) = (Vec::new(), Ok(()));
        loop {
            let now = self.commands.now();
            let Some(leased) = store::lease(&self.pool, self.owner, now, &tried).await? else { return last };
            let Leased { redrive: id, read } = leased;
            tried.push(id);
            let went_on = match read {
                Ok(begun) => self.redrive(begun).await,
                Err(error) => Err(error.into()),
            };
            if let Err(later) = went_on {
                last = Err(later);
            }
        }
    }

    async fn redrive(&self, mut begun: Begun) -> Result<(), Later> {
        if self.candidates.read_up_to().await? < begun.position {
            return Err(Later::Behind);
        }
        let page_takes = Duration::from_secs(1).mul_f64(as_f64(PAGE) / as_f64(self.per_second.max(1)));
        loop {
            let began = Instant::now();
            let page = self.page(&begun).await?;
            self.look_at(&mut begun, &page.keys).await?;
            // What the page came to is kept together with the place behind it.
            begun.place = page.behind;
            if !store::keep(&self.pool, &begun, self.owner, self.commands.now()).await? {
                return Ok(());
            }
            if page.is_last {
                return self.end(&begun).await;
            }
            tokio::time::sleep(page_takes.saturating_sub(began.elapsed())).await;
        }
    }

    /// The next deliveries.
    async fn page(&self, begun: &Begun) -> Result<Page, Later> {
        let tenant = begun.status.tenant;
        match (begun.place, &begun.status.deliveries) {
            (Place::Index(index), Some(deliveries)) => {
                let mut keys = Vec::new();
                for delivery in deliveries.iter().skip(index).take(PAGE) {
                    let found = self.candidates.delivery(*delivery).await?;
                    keys.push(found.filter(|key| key.tenant == tenant));
                }
                let behind = index + keys.len();
                Ok(Page { keys, behind: Place::Index(behind), is_last: behind >= deliveries.len() })
            }
            (place @ Place::Index(_), None) => Ok(Page { keys: Vec::new(), behind: place, is_last: true }),
            (Place::After(after), _) => {
                let filter = until(&begun.status.filter, begun.status.at);
                let which = DeadLetters { tenant, filter: &filter, after, most: PAGE };
                let (found, next) = self.candidates.dead_letters(which).await?;
                let key = |EndedAt { notification, channel, .. }| DueKey { tenant, notification, channel };
                let behind = Place::After(next.or(found.last().copied()).or(after));
                let keys = found.into_iter().map(|at| Some(key(at))).collect();
                Ok(Page { keys, behind, is_last: next.is_none() })
            }
        }
    }

    /// Requeues a page, or finds out what would be.
    async fn look_at(&self, leased: &mut Begun, keys: &[Option<DueKey>]) -> Result<(), Later> {
        let dry_run = leased.status.dry_run;
        let status = &leased.status;
        let looking = keys.iter().copied().map(|key| self.requeue(status, key));
        let outcomes: Vec<_> = futures::stream::iter(looking).buffered(TOGETHER).collect().await;
        for refused in outcomes.into_iter().collect::<Result<Vec<_>, Later>>()? {
            match refused {
                Some(code) => *leased.status.refused.entry(code.to_owned()).or_default() += 1,
                // The subscription counts what was requeued.
                None if dry_run => leased.status.requeued += 1,
                None => {}
            }
            let outcome = if refused.is_some() { "refused" } else { "requeued" };
            if !dry_run {
                metrics::counter!("orqestra_redriven_total", "outcome" => outcome).increment(1);
            }
        }
        Ok(())
    }

    /// Requeues one delivery, or finds out whether it would be; the code of a refusal.
    async fn requeue(
        &self,
        status: &RedriveStatus,
        key: Option<DueKey>,
    ) -> Result<Option<&'static str>, Later> {
        let Some(key) = key else { return Ok(Some(UNKNOWN_DELIVERY)) };
        let (notification, channel) = (key.notification, key.channel);
        let (redrive, asked_at, by) = (status.id, status.at, status.by.clone());
        let requeue = RequeueDelivery { notification, channel, redrive, asked_at, by };
        let requeued = if status.dry_run {
            self.commands.may_requeue_delivery(status.tenant, requeue).await
        } else {
            self.commands.requeue_delivery(status.tenant, requeue, &self.context).await.map(drop)
        };
        outcome(key, requeued)
    }

    async fn end(&self, leased: &Begun) -> Result<(), Later> {
        let (tenant, id) = (leased.status.tenant, leased.status.id);
        // Once the subscription has counted everything.
        let head = self.commands.log().fetch_head().await?;
        if !subscriber::reaches(&self.pool, head, CATCH_UP).await? {
            return Err(Later::Behind);
        }
        let reader = RedriveReader::new(self.pool.clone());
        let Some(now) = reader.find(tenant, id).await? else { return Ok(()) };
        let counted = now.refused.into_iter().map(|(code, deliveries)| Refused { code, deliveries });
        let ended = self.commands.end_redrive(tenant, id, (now.requeued, counted.collect()), &self.context);
        match ended.await {
            Ok(_) | Err(CommandError::Refused(RedriveRefusal::AlreadyEnded)) => {}
            Err(error) => return Err(Later::Command(error.to_string())),
        }
        tracing::info!(tenant.id = %tenant, redrive.id = %id, requeued = now.requeued, dry_run = now.dry_run,
            "a redrive has ended");
        Ok(())
    }
}

/// Sorts the result of a requeue: requeued, refused with a code, or a failure to try again.
fn outcome(
    key: DueKey,
    requeued: Result<(), CommandError<orqestra_domain::notification::NotificationRefusal>>,
) -> Result<Option<&'static str>, Later> {
    match requeued {
        Ok(()) => Ok(None),
        Err(CommandError::Refused(refusal)) => Ok(Some(code(refusal))),
        Err(CommandError::RecipientForgotten) => Ok(Some("recipient_forgotten")),
        Err(
            error @ (CommandError::Corrupt(_)
            | CommandError::TooLarge
            | CommandError::UnknownTenant
            | CommandError::IdempotencyMismatch(_)),
        ) => {
            tracing::error!(tenant.id = %key.tenant, notification.id = %key.notification, channel = %key.channel,
                error = %error, "a dead letter cannot be requeued");
            Ok(Some(UNREADABLE))
        }
        Err(
            error @ (CommandError::Overloaded { .. }
            | CommandError::Contended
            | CommandError::RightsChanged
            | CommandError::Unavailable(_)
            | CommandError::Newer(_)
            | CommandError::Failed(_)),
        ) => Err(Later::Command(error.to_string())),
    }
}

/// Narrows a filter to deliveries that ended before the request.
fn until(filter: &DeadLetterFilter, at: Timestamp) -> DeadLetterFilter {
    let until = Some(filter.until.map_or(at, |until| until.min(at)));
    DeadLetterFilter { until, ..filter.clone() }
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Lets the series begin at zero.
pub(crate) fn begin_metrics() {
    for outcome in ["requeued", "refused"] {
        metrics::counter!("orqestra_redriven_total", "outcome" => outcome).increment(0);
    }
}
