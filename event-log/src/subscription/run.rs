//! The loop of a subscription: hold the lease, read, handle and move in one transaction, wait.
//!
//! Reading never waits for anybody's open transaction, since positions are stored in commit order. A failure that
//! passes is tried again for ever; one that does not is narrowed down to its event by halving the batch.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::lease::Lease;
use super::parked::{self, Parked, ParkedStreams};
use super::store::{self, Moved};
use super::{
    OnPoison, Start, Subscriber, SubscriberError, SubscriptionError, SubscriptionOptions, SubscriptionState,
};
use crate::error::LogError;
use crate::fail_point::FailPoint;
use crate::log::EventLog;
use crate::outage::Outage;
use crate::position::Position;
use crate::recorded::RecordedEvent;

/// The pause before the lease is asked for again after an interruption; it doubles with each one that follows soon.
const SHORTEST_REST: Duration = Duration::from_millis(50);

/// How often a subscription that steps back looks whether it still has to.
const STEP: Duration = Duration::from_millis(20);

/// Opens a subscription's transaction: what a crash takes back is done again from the checkpoint, and a process that
/// stands still in it holds nobody up for longer than its limit.
fn begin(limit: Duration) -> String {
    let millis = limit.as_millis();
    format!(
        "begin; set local synchronous_commit = off; set local idle_in_transaction_session_timeout = {millis}"
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
    let name = subscriber.name().to_owned();
    let now = Instant::now();
    let parked = ParkedStreams::default();
    let mut runner = Runner {
        log,
        pool,
        subscriber,
        options,
        token,
        name,
        parked,
        renew_at: now,
        moves: 0,
        state: SubscriptionState::Starting,
        outage: Outage::default(),
    };
    let mut pause = SHORTEST_REST;
    loop {
        let started = Instant::now();
        let ended = runner.hold_and_follow().await;
        if started.elapsed() > runner.options.longest_pause {
            pause = SHORTEST_REST;
        }
        match ended {
            Ok(End::Stopped) => return Ok(()),
            Ok(End::LeaseLost) => {
                tracing::info!(subscription = runner.name, "another process took the subscription");
            }
            Err(LogError::Closed) => return Err(LogError::Closed.into()),
            Err(error) if error.is_final() => return Err(error.into()),
            Err(LogError::Database(error)) if matches!(*error, sqlx::Error::PoolClosed) => {
                return Err(LogError::Closed.into());
            }
            Err(error) => {
                if runner.interrupted() {
                    tracing::warn!(subscription = runner.name, %error, "the subscription was interrupted");
                }
                pause = (2 * pause).min(runner.options.longest_pause);
            }
        }
        if runner.rest(pause).await {
            return Ok(());
        }
    }
}

enum End {
    Stopped,
    LeaseLost,
}

enum Step {
    Done,
    Fenced,
    Ended(End),
}

struct Runner<S> {
    log: EventLog,
    pool: PgPool,
    subscriber: S,
    options: SubscriptionOptions,
    token: CancellationToken,
    name: String,
    parked: ParkedStreams,
    renew_at: Instant,
    moves: u32,
    state: SubscriptionState,
    outage: Outage,
}

impl<S: Subscriber> Runner<S> {
    /// True: stop.
    async fn rest(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.token.cancelled() => true,
            () = tokio::time::sleep(pause) => false,
        }
    }

    async fn hold_and_follow(&mut self) -> Result<End, LogError> {
        let lease = loop {
            let owner = self.log.shared().owner();
            match Lease::take(&self.pool, &self.name, owner, self.options.lease).await? {
                Some(lease) => break lease,
                // The database answers, whoever holds the lease.
                None => self.works_again(SubscriptionState::StandsBy),
            }
            if self.rest(self.options.lease / 10).await {
                return Ok(End::Stopped);
            }
        };
        let end = self.follow(&lease).await;
        lease.release(&self.pool).await.ok();
        end
    }

    async fn follow(&mut self, lease: &Lease) -> Result<End, LogError> {
        let start = match self.options.start {
            Start::Beginning => Position::ZERO,
            Start::Head => self.log.fetch_head().await?,
        };
        // Changes nothing if it has begun.
        store::begin(&self.pool, &self.name, start, lease.epoch).await?;
        let mut position = store::within_log(&self.log, &self.pool, &self.name, start).await?;
        self.parked = ParkedStreams::read(&self.pool, &self.name).await?;
        self.renew_at = Instant::now() + self.options.lease / 3;
        self.works_again(SubscriptionState::Follows);
        let mut head = self.log.head();
        let progress = self.log.progress_sender(&self.name);
        progress.send_replace(position);
        loop {
            if self.token.is_cancelled() {
                return Ok(End::Stopped);
            }
            if Instant::now() >= self.renew_at {
                if !self.renew(lease).await {
                    return Ok(End::LeaseLost);
                }
                let stored = store::within_log(&self.log, &self.pool, &self.name, start).await?;
                if stored != position {
                    let (subscription, stood) = (&self.name, position.get());
                    tracing::warn!(
                        subscription,
                        stood,
                        stands = stored.get(),
                        "the checkpoint was taken back"
                    );
                    position = stored;
                    progress.send_replace(position);
                }
                self.retry_parked(lease, position).await?;
            }
            self.tell_lag(position);
            // At the head there is nothing to ask the database for: what comes moves the head.
            let SubscriptionOptions { batch: most, rushed_batch, gather, .. } = self.options;
            let most = if self.log.in_a_rush() { most.min(rushed_batch) } else { most };
            let batch = if *head.borrow_and_update() > position {
                self.log.read_after(position, most).await?
            } else {
                Vec::new()
            };
            let Some(last) = batch.last().map(|event| event.position) else {
                tokio::select! {
                    () = self.token.cancelled() => return Ok(End::Stopped),
                    () = sleep_until(self.renew_at) => {}
                    moved = head.wait_for(|head| *head > position) => { moved.map_err(|_| LogError::Closed)?; }
                }
                continue;
            };
            let working = Instant::now();
            match self.process(lease, position, &batch).await? {
                Step::Done => position = last,
                Step::Fenced => {
                    if !self.renew(lease).await {
                        return Ok(End::LeaseLost);
                    }
                    // Still the owner: the answer to an earlier commit was lost, or the log has changed.
                    position = store::within_log(&self.log, &self.pool, &self.name, position).await?;
                    self.works_again(SubscriptionState::Follows);
                }
                Step::Ended(end) => return Ok(end),
            }
            progress.send_replace(position);
            if !gather.is_zero() && batch.len() < most {
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
                store::forget_old(&self.pool, &self.name, position).await?;
            }
        }
    }

    /// False: somebody else has the lease.
    async fn renew(&mut self, lease: &Lease) -> bool {
        let renewed = lease.renew(&self.pool, self.log.shared().owner()).await;
        self.renew_at = Instant::now() + self.options.lease / 3;
        renewed.unwrap_or_else(|error| {
            // Whether it is still held shows with the next move, which is fenced.
            if self.outage.begins() {
                tracing::warn!(subscription = self.name, %error, "the lease could not be renewed");
            }
            true
        })
    }

    /// Handles a batch, in parts where some of it fails.
    async fn process(
        &mut self,
        lease: &Lease,
        from: Position,
        batch: &[Arc<RecordedEvent>],
    ) -> Result<Step, LogError> {
        let mut from = from;
        // Parts still to do, the next one last.
        let mut parts = vec![batch];
        let mut failures = 0;
        let mut pause = self.options.first_pause;
        while let Some(part) = parts.last().copied() {
            let Some(last) = part.last() else {
                parts.pop();
                continue;
            };
            let to = last.position;
            let error = match self.transact(lease, from, to, part).await {
                Ok(Moved::Yes) => {
                    parts.pop();
                    (from, failures, pause) = (to, 0, self.options.first_pause);
                    self.works_again(SubscriptionState::Follows);
                    continue;
                }
                Ok(Moved::Fenced) => {
                    if store::checkpoint(&self.pool, &self.name).await? == Some(to) {
                        self.subscriber.committed(part, to);
                    }
                    return Ok(Step::Fenced);
                }
                Err(error) => error,
            };
            if error.passes() {
                if self.interrupted() {
                    tracing::warn!(subscription = self.name, event.position = from.get() + 1, %error, "trying again");
                }
            } else if part.len() > 1 {
                let (first, second) = part.split_at(part.len() / 2);
                parts.pop();
                parts.extend([second, first]);
                continue;
            } else {
                failures += 1;
                tracing::warn!(subscription = self.name, event.position = to.get(), failures, %error, "an event failed");
                if failures >= self.options.tries {
                    match self.subscriber.on_poison() {
                        OnPoison::Park => match self.park(lease, from, last, &error).await {
                            Ok(Moved::Yes) => {
                                parts.pop();
                                (from, failures, pause) = (to, 0, self.options.first_pause);
                                self.works_again(SubscriptionState::Follows);
                                continue;
                            }
                            Ok(Moved::Fenced) => return Ok(Step::Fenced),
                            Err(error) => tracing::warn!(subscription = self.name, %error, "parking failed"),
                        },
                        OnPoison::Halt => {
                            self.stands(SubscriptionState::Halted(to));
                            pause = self.options.longest_pause;
                            tracing::error!(
                                subscription = self.name,
                                event.position = to.get(),
                                %error,
                                "the subscription stands still at an event that it cannot handle"
                            );
                        }
                    }
                }
            }
            if let Some(end) = self.pause(lease, pause).await {
                return Ok(Step::Ended(end));
            }
            pause = (2 * pause).min(self.options.longest_pause);
        }
        Ok(Step::Done)
    }

    /// Waits and keeps the lease meanwhile.
    async fn pause(&mut self, lease: &Lease, pause: Duration) -> Option<End> {
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
            if let Some(end) = self.pause(lease, left.min(STEP)).await {
                return Some(end);
            }
        }
    }

    /// Moves the checkpoint and handles the events in one transaction. The move comes first: who is fenced does no
    /// work.
    async fn transact(
        &mut self,
        lease: &Lease,
        from: Position,
        to: Position,
        events: &[Arc<RecordedEvent>],
    ) -> Result<Moved, SubscriberError> {
        let handling = async {
            let mut tx = self.pool.begin_with(begin(self.options.limit)).await?;
            let last = events.last().map(|event| &**event);
            let moved = store::advance(&mut tx, &self.name, (from, to), last, lease.epoch).await?;
            if moved == Moved::Fenced {
                tx.rollback().await?;
                return Ok(moved);
            }
            if events.iter().any(|event| self.parked.holds(event)) {
                let wanted: Vec<_> =
                    events.iter().filter(|event| !self.parked.holds(event)).cloned().collect();
                if !wanted.is_empty() {
                    self.subscriber.handle(&mut tx, &wanted).await?;
                }
            } else {
                self.subscriber.handle(&mut tx, events).await?;
            }
            FailPoint::SubscriptionBeforeCommit.hit();
            tx.commit().await?;
            FailPoint::SubscriptionAfterCommit.hit();
            Ok(moved)
        };
        let moved = timeout(self.options.limit, handling)
            .await
            .unwrap_or_else(|_| Err(SubscriberError::Unavailable("the transaction took too long".into())))?;
        if moved == Moved::Yes {
            self.subscriber.committed(events, to);
            let handled = u64::try_from(events.len()).unwrap_or(u64::MAX);
            metrics::counter!("orqestra_subscription_events_total", "subscription" => self.name.clone())
                .increment(handled);
        }
        Ok(moved)
    }

    async fn park(
        &mut self,
        lease: &Lease,
        from: Position,
        event: &Arc<RecordedEvent>,
        reason: &SubscriberError,
    ) -> Result<Moved, sqlx::Error> {
        let mut tx = self.pool.begin_with(begin(self.options.limit)).await?;
        let moved =
            store::advance(&mut tx, &self.name, (from, event.position), Some(event), lease.epoch).await?;
        if moved == Moved::Fenced {
            return Ok(moved);
        }
        parked::park(&mut tx, &self.name, event, &reason.to_string()).await?;
        tx.commit().await?;
        self.parked.add(event);
        metrics::counter!("orqestra_subscription_parked_total", "subscription" => self.name.clone())
            .increment(1);
        tracing::error!(
            subscription = self.name,
            event.position = event.position.get(),
            aggregate.id = event.aggregate_id,
            %reason,
            "an aggregate was set aside"
        );
        self.subscriber.committed(&[], event.position);
        Ok(moved)
    }

    async fn retry_parked(&mut self, lease: &Lease, position: Position) -> Result<(), LogError> {
        for aggregate in parked::to_retry(&self.pool, &self.name).await? {
            match self.handle_parked(lease, position, &aggregate).await {
                Ok(true) => self.parked.remove(&aggregate),
                Ok(false) => {}
                Err(error) => parked::retry_failed(&self.pool, &aggregate, &error.to_string()).await?,
            }
        }
        Ok(())
    }

    /// Handles what was withheld of an aggregate, up to where the subscription stands.
    async fn handle_parked(
        &mut self,
        lease: &Lease,
        position: Position,
        aggregate: &Parked,
    ) -> Result<bool, SubscriberError> {
        let mut events = self
            .log
            .load_stored(&aggregate.aggregate_type, &aggregate.aggregate_id)
            .await
            .map_err(|error| SubscriberError::Unavailable(Box::new(error)))?;
        events.retain(|event| event.position >= aggregate.position && event.position <= position);
        let mut tx = self.pool.begin_with(begin(self.options.limit)).await?;
        if !parked::unpark(&mut tx, aggregate, lease.epoch).await? {
            return Ok(false);
        }
        self.subscriber.handle(&mut tx, &events).await?;
        tx.commit().await?;
        self.subscriber.committed(&events, position);
        Ok(true)
    }

    #[expect(clippy::cast_precision_loss, reason = "a lag is far below 2^52")]
    fn tell_lag(&self, position: Position) {
        let lag = self.log.head().borrow().get() - position.get();
        metrics::gauge!("orqestra_subscription_lag", "subscription" => self.name.clone())
            .set(lag.max(0) as f64);
    }

    fn works_again(&mut self, state: SubscriptionState) {
        self.stands(state);
        if let Some(duration_ms) = self.outage.ends() {
            tracing::info!(subscription = self.name, duration_ms, "the subscription works again");
        }
    }

    /// True: nobody has been told yet.
    fn interrupted(&mut self) -> bool {
        self.stands(SubscriptionState::Interrupted);
        self.outage.begins()
    }

    fn stands(&mut self, state: SubscriptionState) {
        if state == self.state {
            return;
        }
        let halted = |state| matches!(state, SubscriptionState::Halted(_));
        if halted(state) != halted(self.state) {
            let value = if halted(state) { 1.0 } else { 0.0 };
            metrics::gauge!("orqestra_subscription_halted", "subscription" => self.name.clone()).set(value);
        }
        self.state = state;
        self.log.set_subscription(&self.name, state);
    }
}
