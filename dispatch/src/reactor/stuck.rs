//! The sweeper for stuck work: finds deliveries that should go on by themselves and that nothing takes up, and due rows that
//! are not what the log calls for, and puts them right.
//!
//! | found | put right by |
//! |---|---|
//! | a delivery with something due and no row, or another one | the event `DeliveryUnstuck`, whose fold writes the row |
//! | a row of a delivery that has ended | deleting the row |
//! | a held delivery without a row, or with a wrong one | writing the row |
//!
//! Invariant: a row is called wrong only once the subscription has read as far as the log was when the row was seen. Whatever is
//! written here, a send still needs its claim.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{CommandError, Context};
use orqestra_domain::notification::{NotificationEvent, NotificationRefusal, StuckAt, Unstick};
use orqestra_domain::{AnyEvent, Timestamp};
use orqestra_event_log::{LogError, Outage, Position};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::candidates::{Candidates, CandidatesError, Unsettled};
use crate::delivery::Deliverer;
use crate::due::store::DueError;
use crate::due::wanted::{self, WantedError};
use crate::due::{Due, DueKey, DueKind, DueRow, subscriber, suspects};

/// The span of acceptance times that one look covers: in the last two days, and before them.
const STRETCH: Duration = Duration::from_mins(10);
const LONG_STRETCH: Duration = Duration::from_hours(6);
const RECENT: Duration = Duration::from_hours(48);
/// How far back the sweeper looks: a dead letter may be redriven long after its acceptance.
const OLDEST: Duration = Duration::from_hours(400 * 24);
/// Most rows that are remembered until they can be judged. A later look meets the rest again.
const MOST_SEEN: usize = 8_192;
/// Deliveries looked up at once.
const PAGE: usize = 1_000;
/// Most held rows, and most held deliveries, that one look covers.
const HELD: u16 = 100;
/// How long the subscription may take to come to where the log was.
const CATCH_UP: Duration = Duration::from_secs(5);
/// After a look there is a rest this many times as long.
const PATIENCE: u32 = 20;

/// How a stuck delivery was found, as metrics name it, beside [`StuckAt`].
const SETTLED: &str = "settled";
const HELD_NAME: &str = "held";

/// The reason for which a look ended early.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Due(#[from] DueError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Candidates(#[from] CandidatesError),
    #[error(transparent)]
    Command(#[from] CommandError<NotificationRefusal>),
    #[error(transparent)]
    Wanted(#[from] WantedError),
}

pub(super) struct Stuck {
    pub(super) deliverer: Arc<Deliverer>,
    pub(super) candidates: Arc<dyn Candidates>,
    pub(super) pause: Duration,
    pub(super) context: Context,
}

/// The state of the walks.
#[derive(Default)]
struct Walk {
    /// Rows seen in an earlier look, and how far the log was then.
    seen: HashMap<DueKey, (Position, DueRow)>,
    /// The last held row of the look before.
    held: Option<DueKey>,
    /// The last held delivery of the look before; none where the walk begins anew.
    unknown: Option<(Timestamp, DueKey)>,
    /// Up to when the newest deliveries were looked through.
    newest: Option<Timestamp>,
    /// Back to when older ones were.
    older: Option<Timestamp>,
}

impl Walk {
    fn see(&mut self, at: Position, rows: impl IntoIterator<Item = DueRow>) {
        for row in rows {
            if self.seen.len() < MOST_SEEN {
                self.seen.entry(row.key).or_insert((at, row));
            }
        }
    }

    fn take_ready(&mut self, read: Position) -> Vec<DueRow> {
        let ready: Vec<DueRow> =
            self.seen.values().filter(|(at, _)| *at <= read).map(|(_, row)| *row).collect();
        self.seen.retain(|_, (at, _)| *at > read);
        ready
    }
}

impl Stuck {
    pub(super) async fn run(self, token: CancellationToken) {
        let outage = Outage::default();
        let mut walk = Walk::default();
        loop {
            let began = Instant::now();
            let looked = tokio::select! {
                () = token.cancelled() => return,
                looked = self.look(&mut walk) => looked,
            };
            tell!(
                outage,
                looked,
                "stuck deliveries can be looked for again",
                "stuck deliveries cannot be looked for"
            );
            let rest = (began.elapsed() * PATIENCE).max(self.pause);
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    async fn look(&self, walk: &mut Walk) -> Result<(), Ended> {
        let Deliverer { due, clock, commands, .. } = &*self.deliverer;
        // By a wrong clock everything would be overdue.
        if !clock.is_proved() {
            return Ok(());
        }
        let read = subscriber::reached(due).await?.least();
        for row in walk.take_ready(read) {
            passing(row.key, self.put_row_right(&row).await)?;
        }
        // What was seen is judged once the subscription has read as far as the log is now.
        let suspected = self.deliverer.suspects.take();
        let held = suspects::held_after(due, walk.held, HELD.into()).await?;
        walk.held = held.last().map(|row| row.key);
        let mut wrong = Vec::new();
        for row in &held {
            let wanted = passing(row.key, self.wanted(row.key).await)?;
            wrong.extend(wanted.is_some_and(|wanted| !is_as(row.due, wanted)).then_some(*row));
        }
        let head = commands.log().fetch_head().await?;
        walk.see(head, suspected.into_iter().chain(wrong));
        self.find_missing(walk, clock.now()).await?;
        self.find_missing_held(walk).await
    }

    /// The row that a delivery calls for, by its own stream.
    async fn wanted(&self, key: DueKey) -> Result<Option<Due>, Ended> {
        let Deliverer { commands, settings, .. } = &*self.deliverer;
        Ok(wanted::row(commands.log(), key, settings.sweep_after()).await?)
    }

    /// Puts a row right that was not what the log calls for, if it still is not.
    async fn put_row_right(&self, row: &DueRow) -> Result<(), Ended> {
        let pool = &self.deliverer.due;
        let changed = match self.wanted(row.key).await? {
            wanted if is_as(row.due, wanted) => return Ok(()),
            None => suspects::delete(pool, row).await?.then_some(SETTLED),
            Some(held @ Due { kind: DueKind::Held, .. }) => {
                suspects::hold(pool, row, held).await?.then_some(HELD_NAME)
            }
            Some(Due { kind: DueKind::Send | DueKind::Sweep, .. }) => {
                // It is put right once it has been due for as long as any other one that is stuck.
                let found = suspects::find(pool, &[row.key]).await?;
                if found.first().is_some_and(|found| found.due == row.due) {
                    self.unstick(row.key).await?;
                }
                return Ok(());
            }
        };
        if let Some(found) = changed {
            tell_of_row(row.key, found);
        }
        Ok(())
    }

    /// Looks through a page of the deliveries that are held, for those without a row.
    async fn find_missing_held(&self, walk: &mut Walk) -> Result<(), Ended> {
        let pool = &self.deliverer.due;
        let page = self.candidates.held(walk.unknown, HELD.into()).await?;
        walk.unknown = page.last().copied().filter(|_| page.len() >= HELD.into());
        let keys: Vec<DueKey> = page.iter().map(|(_, key)| *key).collect();
        // Fetched after the page: the log is at least as far as the read model was.
        let head = self.deliverer.commands.log().fetch_head().await?;
        for key in self.missing_at(&keys, head).await? {
            let wanted = passing(key, self.wanted(key).await)?.flatten();
            if let Some(held) = wanted.filter(|wanted| wanted.kind == DueKind::Held)
                && suspects::add_held(pool, key, held).await?
            {
                tell_of_row(key, HELD_NAME);
            }
        }
        Ok(())
    }

    /// Returns the deliveries without a row once the subscription has read up to `head`; none where it does not in time, because an
    /// event that it has yet to read may write the row.
    async fn missing_at(&self, keys: &[DueKey], head: Position) -> Result<Vec<DueKey>, Ended> {
        let pool = &self.deliverer.due;
        let missing = missing(pool, keys).await?;
        if missing.is_empty() || !subscriber::reaches(pool, head, CATCH_UP).await? {
            return Ok(Vec::new());
        }
        Ok(self::missing(pool, &missing).await?)
    }

    /// Looks through the deliveries since the look before and through a stretch of older ones, for those without a row.
    async fn find_missing(&self, walk: &mut Walk, now: Timestamp) -> Result<(), Ended> {
        let newest = now.minus(self.deliverer.settings.stuck_after);
        let since = walk.newest.unwrap_or_else(|| newest.minus(STRETCH)).min(newest);
        self.find_missing_of(since.max(newest.minus(RECENT)), newest, newest).await?;
        walk.newest = Some(newest);

        let to = walk.older.unwrap_or_else(|| self.somewhere(newest)).min(newest);
        let stretch = if to > newest.minus(RECENT) { STRETCH } else { LONG_STRETCH };
        let from = to.minus(stretch);
        self.find_missing_of(from, to, newest).await?;
        walk.older = Some(if from > newest.minus(OLDEST) { from } else { newest });
        Ok(())
    }

    /// Returns a time at which to begin the walk through older deliveries: a process that restarts often covers all of them in time.
    fn somewhere(&self, newest: Timestamp) -> Timestamp {
        let mut bytes = [0; 2];
        self.deliverer.entropy.fill(&mut bytes);
        let share = f64::from(u16::from_be_bytes(bytes)) / f64::from(u16::MAX);
        // Half of the starts begin with recent deliveries.
        if share < 0.5 { newest } else { newest.minus(OLDEST.mul_f64((share - 0.5) * 2.0)) }
    }

    async fn find_missing_of(
        &self,
        from: Timestamp,
        to: Timestamp,
        due_before: Timestamp,
    ) -> Result<(), Ended> {
        let log = self.deliverer.commands.log();
        let mut after = None;
        loop {
            let head = log.fetch_head().await?;
            let page =
                self.candidates.unsettled(Unsettled { from, to, due_before, after, most: PAGE }).await?;
            let keys: Vec<DueKey> = page.iter().map(|(_, key)| *key).collect();
            for key in self.missing_at(&keys, head).await? {
                passing(key, self.unstick(key).await)?;
            }
            after = page.last().copied();
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    async fn unstick(&self, key: DueKey) -> Result<(), Ended> {
        let DueKey { tenant, notification, channel } = key;
        let settings = &self.deliverer.settings;
        let unstick = Unstick {
            channel,
            patience: settings.stuck_after,
            sweep_after: settings.sweep_after(),
            at: self.deliverer.clock.now(),
        };
        match self.deliverer.commands.unstick_delivery(tenant, notification, unstick, &self.context).await {
            Ok(committed) => {
                let found = committed.events.iter().find_map(|event| match event.event() {
                    Ok(AnyEvent::Notification(NotificationEvent::DeliveryUnstuck(unstuck))) => {
                        Some((unstuck.stuck.as_str(), unstuck.since))
                    }
                    _ => None,
                });
                if let Some((found, since)) = found {
                    count(found);
                    tracing::warn!(tenant.id = %tenant, notification.id = %notification, channel = %channel, found,
                        since = %since, "a delivery was stuck and goes on");
                }
                Ok(())
            }
            // It has gone on, or was put right a while ago.
            Err(CommandError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Passes over a delivery whose stream cannot be read: the others are looked at all the same.
fn passing<T>(key: DueKey, done: Result<T, Ended>) -> Result<Option<T>, Ended> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(
            error @ (Ended::Command(CommandError::Corrupt(_) | CommandError::Newer(_))
            | Ended::Wanted(WantedError::Unreadable(_) | WantedError::Log(LogError::Corrupt { .. }))),
        ) => {
            tracing::debug!(tenant.id = %key.tenant, notification.id = %key.notification, channel = %key.channel,
                error = %error, "a delivery that may be stuck cannot be read");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether a row is what the log calls for. The time of a send or a sweep may have been put off since.
fn is_as(found: Due, wanted: Option<Due>) -> bool {
    wanted.is_some_and(|wanted| {
        found.step() == wanted.step() && (wanted.kind != DueKind::Held || found.at == wanted.at)
    })
}

fn tell_of_row(key: DueKey, found: &'static str) {
    count(found);
    tracing::warn!(tenant.id = %key.tenant, notification.id = %key.notification, channel = %key.channel, found,
        "a due row was not what the log calls for");
}

async fn missing(pool: &sqlx::PgPool, keys: &[DueKey]) -> Result<Vec<DueKey>, DueError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let found: HashSet<DueKey> = suspects::find(pool, keys).await?.iter().map(|row| row.key).collect();
    Ok(keys.iter().filter(|key| !found.contains(key)).copied().collect())
}

fn count(found: &'static str) {
    metrics::counter!("orqestra_stuck_deliveries_total", "found" => found).increment(1);
}

/// Lets the series begin at zero.
pub(super) fn begin_metrics() {
    for found in StuckAt::ALL.map(StuckAt::as_str).into_iter().chain([SETTLED, HELD_NAME]) {
        metrics::counter!("orqestra_stuck_deliveries_total", "found" => found).increment(0);
    }
}
