//! The loop of a subscription: hold the lease, read a page, have it handled, wait.
//!
//! Reading never waits for anybody's open transaction, since positions are stored in commit order. A failure that
//! passes is tried again for ever; `handle.rs` narrows down one that does not.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::division;
use super::handle::Step;
use super::lease::Lease;
use super::parked::{self, ParkedStreams};
use super::source::{LogTail, Source};
use super::store::{self, Assignment, Standing};
use super::{Start, Subscriber, SubscriptionError, SubscriptionOptions, SubscriptionState};
use crate::error::LogError;
use crate::log::EventLog;
use crate::outage::Outage;
use crate::position::Position;

/// The pause before the lease is asked for again after an interruption; it doubles with each one that follows soon.
const SHORTEST_REST: Duration = Duration::from_millis(50);

/// How often a subscription that steps back looks whether it still has to.
const STEP: Duration = Duration::from_millis(20);

/// How long a transaction goes on once the subscription is to end. What it has not stored is done again from the checkpoint.
const ENDS_WITHIN: Duration = Duration::from_secs(1);
/// The same of everything else, the lease's release included: a network that has lost its connections answers nothing.
const GIVES_UP_AFTER: Duration = Duration::from_millis(2_500);

/// Works until it is done, or for so long after the token is cancelled; nothing where that was too short.
pub(super) async fn until_end<T>(
    token: &CancellationToken,
    after: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let ends = async {
        token.cancelled().await;
        tokio::time::sleep(after).await;
    };
    tokio::select! {
        biased;
        done = work => Some(done),
        () = ends => None,
    }
}

/// How a transaction ended that had to end in time.
pub(super) enum InTime<T> {
    Done(T),
    /// It took too long.
    Late,
    /// The subscription is to end.
    Ended,
}

/// Works on a transaction until the limit, and for a moment only once the token is cancelled.
pub(super) async fn in_time<T>(
    token: &CancellationToken,
    limit: Duration,
    work: impl Future<Output = T>,
) -> InTime<T> {
    match until_end(token, ENDS_WITHIN, tokio::time::timeout(limit, work)).await {
        Some(Ok(done)) => InTime::Done(done),
        Some(Err(_)) => InTime::Late,
        None => InTime::Ended,
    }
}

/// Opens a subscription's transaction: what a crash takes back is done again from the checkpoint, and a process that
/// stands still in it, or was cut off from it, holds up no other, the next try included, for longer than its limit.
pub(super) fn begin(limit: Duration) -> String {
    let millis = limit.as_millis();
    format!(
        "begin; set local synchronous_commit = off; set local statement_timeout = {millis};
         set local idle_in_transaction_session_timeout = {millis}"
    )
}

/// Runs a subscription until the token is cancelled; meanwhile another process may run it instead.
///
/// # Errors
/// If the log is closed under it, if the database holds another log than the one known, or if the subscription has
/// handled events that the log does not hold.
pub async fn run_subscription<S: Subscriber>(
    log: EventLog,
    pool: PgPool,
    subscriber: S,
    options: SubscriptionOptions,
    token: CancellationToken,
) -> Result<(), SubscriptionError> {
    let tail = LogTail::whole(log.clone());
    run_partition(log, pool, subscriber, tail, options, token).await
}

/// Runs one partition of a subscription by what a source brings, until the token is cancelled; meanwhile another process may
/// run it instead. Where the subscription was read in another number of partitions before, they are brought to one
/// position first.
///
/// # Errors
/// As [`run_subscription`].
pub async fn run_partition<S: Subscriber>(
    log: EventLog,
    pool: PgPool,
    subscriber: S,
    source: impl Source,
    options: SubscriptionOptions,
    token: CancellationToken,
) -> Result<(), SubscriptionError> {
    let mut runner = Runner::new(log, pool, subscriber, source, options, token);
    runner.begin_metrics();
    let ended = run(&mut runner).await;
    runner.log.shared().leave(&runner.at.subscription, runner.at.partition);
    tell_metrics(&runner.log, &runner.at.subscription);
    ended
}

async fn run<S: Subscriber, F: Source>(runner: &mut Runner<S, F>) -> Result<(), SubscriptionError> {
    let mut pause = SHORTEST_REST;
    loop {
        let started = Instant::now();
        let token = runner.token.clone();
        let following = Box::pin(runner.divide_and_follow());
        let Some(ended) = until_end(&token, GIVES_UP_AFTER, following).await else {
            tracing::warn!(subscription = runner.at.subscription, "ended without an answer of the database");
            return Ok(());
        };
        let mut rest = pause;
        if started.elapsed() > runner.options.longest_pause {
            pause = SHORTEST_REST;
        }
        match ended {
            // The source of a subscription that runs has no end, and another division is changed.
            Ok(End::Stopped | End::Reached | End::DividedOtherwise) => return Ok(()),
            Ok(End::LeaseLost) => {
                tracing::info!(
                    subscription = runner.at.subscription,
                    "another process took the subscription"
                );
            }
            Ok(End::Outdated) => rest = runner.options.hand_over,
            Err(error) if is_closed(&error) => return Err(LogError::Closed.into()),
            Err(error) if error.is_final() => return Err(error.into()),
            Err(error) => {
                if runner.interrupted() {
                    tracing::warn!(subscription = runner.at.subscription, %error, "the subscription was interrupted");
                }
                pause = (2 * pause).min(runner.options.longest_pause);
                rest = pause;
            }
        }
        if runner.rest(rest).await {
            return Ok(());
        }
    }
}

fn is_closed(error: &LogError) -> bool {
    match error {
        LogError::Closed => true,
        LogError::Database(error) => matches!(**error, sqlx::Error::PoolClosed),
        LogError::Timeout
        | LogError::Full
        | LogError::NotDurable { .. }
        | LogError::Corrupt { .. }
        | LogError::Changed(_)
        | LogError::CheckpointBeyondHead { .. } => false,
    }
}

/// Why this process does not run the subscription any more.
pub(super) enum End {
    Stopped,
    LeaseLost,
    /// It met an event that is newer than this program.
    Outdated,
    /// The subscription is not divided as its source has it.
    DividedOtherwise,
    /// Its source ends here.
    Reached,
}

pub(super) struct Runner<S, F> {
    pub(super) log: EventLog,
    pub(super) pool: PgPool,
    pub(super) subscriber: S,
    pub(super) source: F,
    pub(super) options: SubscriptionOptions,
    pub(super) token: CancellationToken,
    pub(super) at: Assignment,
    pub(super) parked: ParkedStreams,
    /// How long to wait after the next failure.
    pub(super) pause: Duration,
    /// How many events the next page looks at.
    pub(super) most: usize,
    renew_at: Instant,
    moves: u32,
    state: SubscriptionState,
    /// Where the event stands that is newer than this program.
    pub(super) outdated: Option<Position>,
    outage: Outage,
}

impl<S: Subscriber, F: Source> Runner<S, F> {
    pub(super) fn new(
        log: EventLog,
        pool: PgPool,
        subscriber: S,
        source: F,
        options: SubscriptionOptions,
        token: CancellationToken,
    ) -> Self {
        let at = Assignment { subscription: subscriber.name().to_owned(), partition: source.partition() };
        Self {
            log,
            pool,
            subscriber,
            source,
            options,
            token,
            at,
            parked: ParkedStreams::default(),
            pause: options.first_pause,
            most: options.batch,
            renew_at: Instant::now(),
            moves: 0,
            state: SubscriptionState::Starting,
            outdated: None,
            outage: Outage::default(),
        }
    }

    /// True: stop.
    pub(super) async fn rest(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.token.cancelled() => true,
            () = tokio::time::sleep(pause) => false,
        }
    }

    /// Where a subscription begins that never ran.
    pub(super) async fn start(&self) -> Result<Position, LogError> {
        match self.options.start {
            Start::Beginning => Ok(Position::ZERO),
            Start::Head => self.log.fetch_head().await,
        }
    }

    pub(super) async fn hold_and_follow(&mut self) -> Result<End, LogError> {
        let name = self.at.lease();
        let lease = loop {
            let owner = self.log.shared().owner();
            match Lease::take(&self.pool, &name, owner, self.options.lease).await? {
                Some(lease) => break lease,
                // The database answers, whoever holds the lease.
                None => self.works_again(SubscriptionState::StandsBy),
            }
            if self.rest(self.options.lease / 10).await {
                return Ok(End::Stopped);
            }
        };
        // While the lease was waited for too another process may have divided it otherwise.
        let Assignment { subscription, partition } = &self.at;
        let end = match division::is_divided_into(&self.pool, subscription, partition.of()).await {
            Ok(true) => self.follow(&lease).await,
            Ok(false) => Ok(End::DividedOtherwise),
            Err(error) => Err(error),
        };
        lease.release(&self.pool).await.ok();
        end
    }

    async fn follow(&mut self, lease: &Lease) -> Result<End, LogError> {
        let start = self.start().await?;
        // Changes nothing if it has begun.
        store::begin(&self.pool, &self.at, start, lease.epoch).await?;
        let mut position = self.standing(lease, start).await?.position;
        parked::retry_those_of_others(&self.pool, &self.at.subscription, lease.named()).await?;
        self.renew_at = Instant::now();
        let (progress, partition) = (self.log.shared().progress(&self.at.subscription), self.at.partition);
        let reached = |position| progress.send_modify(|progress| progress.set(partition, position));
        reached(position);
        // An operator that sees it follow finds its lag too.
        self.works_again(SubscriptionState::Follows);
        loop {
            if self.token.is_cancelled() {
                return Ok(End::Stopped);
            }
            if self.source.end().is_some_and(|end| position >= end) {
                return Ok(End::Reached);
            }
            if Instant::now() >= self.renew_at {
                if !self.renew(lease).await {
                    return Ok(End::LeaseLost);
                }
                let stored = self.standing(lease, start).await?.position;
                if stored != position {
                    let (subscription, stood) = (&self.at.subscription, position.get());
                    tracing::warn!(
                        subscription,
                        stood,
                        stands = stored.get(),
                        "the checkpoint was taken back"
                    );
                    position = stored;
                }
                position = match self.retry_parked(lease, position).await? {
                    Ok(position) => position,
                    Err(end) => return Ok(end),
                };
                reached(position);
            }
            let SubscriptionOptions { rushed_batch, gather, .. } = self.options;
            let most = if self.log.in_a_rush() { self.most.min(rushed_batch) } else { self.most };
            let mut page = self.source.page(position, most, &self.subscriber.interest()).await?;
            if page.reached <= position {
                tokio::select! {
                    () = self.token.cancelled() => return Ok(End::Stopped),
                    () = sleep_until(self.renew_at) => {}
                    more = self.source.wait(position) => more?,
                }
                continue;
            }
            page.drop_repeated(position);
            let working = Instant::now();
            position = match self.process(lease, position, &page).await? {
                Step::Stands(position) => position,
                Step::Ended(end) => return Ok(end),
            };
            reached(position);
            if !gather.is_zero() && self.source.is_drained(position) {
                // No longer than the lease needs nothing: where it is renewed, parked aggregates are looked at too.
                tokio::select! {
                    () = self.token.cancelled() => return Ok(End::Stopped),
                    () = sleep_until(self.renew_at.min(Instant::now() + gather)) => {}
                }
            } else if let Some(end) = self.step_back(lease, working.elapsed()).await {
                return Ok(end);
            }
            self.moves += 1;
            if self.moves >= store::KEPT_MOVES {
                self.moves = 0;
                store::forget_old(&self.pool, &self.at, position).await?;
            }
        }
    }

    /// Reads what the tables say: where the subscription stands, and what is parked. In this order: an aggregate that is
    /// set aside in between is one beyond that position.
    async fn standing(&mut self, lease: &Lease, from: Position) -> Result<Standing, LogError> {
        let standing = store::standing(&self.log, &self.pool, &self.at).await?;
        self.parked = ParkedStreams::read(&self.pool, &self.at.subscription).await?;
        Ok(standing.unwrap_or(Standing { position: from, epoch: lease.epoch }))
    }

    /// Reads what the tables say until they can be read. An end, if it comes first.
    pub(super) async fn reload(
        &mut self,
        lease: &Lease,
        from: Position,
    ) -> Result<Result<Standing, End>, LogError> {
        loop {
            match self.standing(lease, from).await {
                Ok(standing) => return Ok(Ok(standing)),
                Err(error) if is_closed(&error) || error.is_final() => return Err(error),
                Err(error) => {
                    if self.interrupted() {
                        tracing::warn!(subscription = self.at.subscription, partition = %self.at.partition, %error, "the checkpoint cannot be read");
                    }
                    if let Some(end) = self.pause_longer(lease).await {
                        return Ok(Err(end));
                    }
                }
            }
        }
    }

    /// False: somebody else has the lease.
    pub(super) async fn renew(&mut self, lease: &Lease) -> bool {
        let renewed = lease.renew(&self.pool, self.log.shared().owner()).await;
        self.renew_at = Instant::now() + self.options.lease / 3;
        renewed.unwrap_or_else(|error| {
            // Whether it is still held shows with the next move, which is fenced.
            if self.outage.begins() {
                tracing::warn!(subscription = self.at.subscription, partition = %self.at.partition, %error, "the lease could not be renewed");
            }
            true
        })
    }

    /// Waits and keeps the lease meanwhile.
    pub(super) async fn pause_for(&mut self, lease: &Lease, pause: Duration) -> Option<End> {
        let until = Instant::now() + pause;
        while Instant::now() < until {
            let next = until.min(self.renew_at);
            tokio::select! {
                () = self.token.cancelled() => return Some(End::Stopped),
                () = sleep_until(next) => {}
            }
            if Instant::now() >= self.renew_at && !self.renew(lease).await {
                return Some(End::LeaseLost);
            }
        }
        None
    }

    /// Leaves the machine to callers while they are many.
    async fn step_back(&mut self, lease: &Lease, worked: Duration) -> Option<End> {
        let begun = Instant::now();
        let until = begun + self.log.shared().rush.rest_after(worked, begun);
        loop {
            let now = Instant::now();
            let left = until.saturating_duration_since(now);
            // Where the lease is renewed, parked aggregates are looked at too; not here.
            if left.is_zero() || now + STEP >= self.renew_at || !self.log.shared().rush.is_on(now) {
                return None;
            }
            if let Some(end) = self.pause_for(lease, left.min(STEP)).await {
                return Some(end);
            }
        }
    }

    /// Lets the series begin: this process knows of nothing that it stands still at.
    fn begin_metrics(&self) {
        let name = || self.at.subscription.clone();
        metrics::counter!("orqestra_subscription_events_total", "subscription" => name()).increment(0);
        metrics::counter!("orqestra_subscription_parked_total", "subscription" => name()).increment(0);
        self.tell_state();
    }

    fn tell_state(&self) {
        let Assignment { subscription, partition } = &self.at;
        self.log.shared().set_subscription(subscription, *partition, self.state);
        tell_metrics(&self.log, subscription);
    }

    /// Notes the end of an interruption. While the event is ahead that is newer than this program, that is how it stands.
    pub(super) fn works_again(&mut self, state: SubscriptionState) {
        if state == SubscriptionState::StandsBy {
            self.outdated = None;
        }
        self.stands(self.outdated.map_or(state, SubscriptionState::Outdated));
        if let Some(duration_ms) = self.outage.ends() {
            tracing::info!(subscription = self.at.subscription, partition = %self.at.partition, duration_ms, "the subscription works again");
        }
    }

    /// True: nobody has been told yet.
    pub(super) fn interrupted(&mut self) -> bool {
        self.stands(SubscriptionState::Interrupted);
        self.outage.begins()
    }

    pub(super) fn stands(&mut self, state: SubscriptionState) {
        if state != self.state {
            self.state = state;
            self.tell_state();
        }
    }
}

/// Tells metrics how a subscription stands with all its partitions here.
pub(super) fn tell_metrics(log: &EventLog, subscription: &str) {
    let state = log.subscription(subscription);
    let name = || subscription.to_owned();
    let value = |holds: bool| f64::from(u8::from(holds));
    metrics::gauge!("orqestra_subscription_interrupted", "subscription" => name())
        .set(value(state == SubscriptionState::Interrupted));
    metrics::gauge!("orqestra_subscription_halted", "subscription" => name())
        .set(value(matches!(state, SubscriptionState::Halted(_))));
    metrics::gauge!("orqestra_subscription_outdated", "subscription" => name())
        .set(value(matches!(state, SubscriptionState::Outdated(_))));
}
