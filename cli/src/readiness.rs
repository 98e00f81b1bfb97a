//! Whether this process can do the work of its own roles: one that reaches the log, and whose appends are stored where it
//! has any, is ready and says what else is amiss.
//!
//! It asks the database for nothing, but goes by what the log and the subscriptions know of it, so that it answers at
//! once whatever hangs.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orqestra_api::limits::Limits;
use orqestra_api::{Degraded, Readiness, ReadinessReport, Subscription};
use orqestra_commands::Directory;
use orqestra_event_log::{EventLog, Hindrance, Outage, Position, SubscriptionState, checkpoints_beyond_head};
use orqestra_projections::Projection;
use sqlx::PgPool;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::engine::Role;

/// Behind by more than this many events, a reader of the log counts as lagging.
const LAG: i64 = 10_000;
/// Without proof of the log's head for this long, the database counts as away.
const PROOF_LASTS: Duration = Duration::from_secs(2);
/// How long a proof is waited for where there is none: the log asks for the head ten times a second, and a process that
/// slept or had no processor has to get its turn.
const PROVES_WITHIN: Duration = Duration::from_millis(500);

/// How often the checkpoints are compared with the log's end.
const COMPARES_EVERY: Duration = Duration::from_secs(5);

/// The subscriptions of the installation that stand beyond the log's end, as last seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct BeyondHead(Arc<Mutex<Vec<(String, Position)>>>);

impl BeyondHead {
    /// Compares now and then until the token ends.
    pub(crate) async fn watch(&self, pool: &PgPool, token: CancellationToken) {
        let mut due = tokio::time::interval(COMPARES_EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = token.cancelled() => return,
                _ = due.tick() => {}
            }
            // An unreachable database is told of elsewhere.
            let Ok(found) = checkpoints_beyond_head(pool).await else { continue };
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let (true, Some((subscription, checkpoint))) = (known.is_empty(), found.first()) {
                tracing::error!(
                    subscription,
                    checkpoint = checkpoint.get(),
                    "not ready: a subscription stands beyond the log's end"
                );
            }
            *known = found;
        }
    }

    fn reason(&self) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (subscription, checkpoint) = known.first()?;
        Some(format!(
            "{subscription} has handled events up to {checkpoint}, beyond the log's end: stop every process and run `orqestra recover --after-restore`"
        ))
    }
}

pub(crate) struct EngineReadiness {
    log: EventLog,
    roles: BTreeSet<Role>,
    beyond: BeyondHead,
    /// How long an attempt may be open.
    open_at_most: Duration,
    /// Its tenants are looked at too, where there is one.
    directory: Option<Directory>,
    /// The subscriptions that relay, where this process has the role.
    relays: Vec<String>,
    /// The tenants' limits, where this process counts them.
    limits: Option<Limits>,
    outage: Outage,
}

impl EngineReadiness {
    pub(crate) fn new(
        log: EventLog,
        roles: BTreeSet<Role>,
        beyond: BeyondHead,
        open_at_most: Duration,
    ) -> Self {
        Self {
            log,
            roles,
            beyond,
            open_at_most,
            directory: None,
            relays: Vec::new(),
            limits: None,
            outage: Outage::default(),
        }
    }

    /// Also tells of the tenants that this directory cannot read.
    pub(crate) fn with_directory(self, directory: Directory) -> Self {
        Self { directory: Some(directory), ..self }
    }

    /// Also tells of these, where the process has the role `relay`.
    pub(crate) fn with_relays(self, relays: impl Iterator<Item = String>) -> Self {
        Self { relays: relays.collect(), ..self }
    }

    /// Also tells where these are to be shared and are not.
    pub(crate) fn with_limits(self, limits: Option<Limits>) -> Self {
        Self { limits, ..self }
    }

    fn halted(&self) -> Option<String> {
        let (count, tenant, position) = self.directory.as_ref()?.halted()?;
        Some(format!(
            "tenants with a change that this process cannot read, which are not served: {count}, first {tenant}, at position \
             {position}; a process of the version that wrote it serves them, or restore the key that sealed it"
        ))
    }

    /// Channels that this process sends nothing on.
    fn unread(&self) -> Option<String> {
        let directory = self.directory.as_ref().filter(|_| self.roles.contains(&Role::Dispatch))?;
        let (count, tenant, channel, kind) = directory.unread_providers()?;
        Some(format!(
            "tenants with a provider that this program cannot read, whose channel it leaves to a newer one: {count}, first \
             {tenant}, {channel}, {kind}; upgrade this process"
        ))
    }

    /// After a jump of the database's clock nothing that was under way is called overdue for a while.
    fn jumped(&self) -> Option<String> {
        let step = self.log.clock().last_step().filter(|step| step.ago < self.open_at_most)?;
        let left = self.open_at_most.saturating_sub(step.ago).as_secs();
        Some(format!(
            "the database's clock jumped by {} ms, or this machine slept: for another {left} s no attempt is called overdue",
            step.by_millis
        ))
    }

    async fn look(&self) -> ReadinessReport {
        let mut degraded = Vec::new();
        let changed = self.log.intact().err().map(|error| error.to_string());
        let unsound = changed.or_else(|| self.beyond.reason());
        let sound = unsound.is_none();
        degraded.extend(unsound.map(|reason| Degraded { part: "log", reason }));
        let reached = tokio::time::timeout(PROVES_WITHIN, self.log.head_confirmed(PROOF_LASTS)).await.is_ok();
        let hindrance = self.log.hindrance();
        let hindered = hindrance.is_some() && self.appends();
        if !reached && sound {
            if self.outage.begins() {
                let silent_ms = self.log.head_age().as_millis();
                tracing::warn!(silent_ms, "not ready: the database does not answer");
            }
            degraded.push(Degraded { part: "log", reason: Hindrance::Silent.to_string() });
        } else if let (true, Some(why)) = (sound, hindrance) {
            // The writer's own line tells it for a process that appends nothing.
            if hindered && self.outage.begins() {
                tracing::warn!(reason = %why, "not ready: nothing can be stored");
            }
            degraded.push(Degraded { part: "log", reason: why.to_string() });
        } else if reached && let Some(duration_ms) = self.outage.ends() {
            tracing::info!(duration_ms, "ready again");
        }
        let skew = self.log.clock_skew();
        if let Some(skew) = skew {
            let reason = format!("the clock is {} ms off the database's", skew.as_millis());
            degraded.push(Degraded { part: "clock", reason });
        }
        let jumped = if self.roles.contains(&Role::Dispatch) { self.jumped() } else { None };
        // Callers of a process that serves the API lose nothing by it.
        let waits = jumped.is_some() && !self.roles.contains(&Role::Api);
        degraded.extend(jumped.map(|reason| Degraded { part: "clock", reason }));
        let directory = self.halted().into_iter().chain(self.unread());
        degraded.extend(directory.map(|reason| Degraded { part: "directory", reason }));
        let apart = self.limits.as_ref().and_then(Limits::apart);
        degraded.extend(apart.map(|reason| Degraded { part: "limits", reason }));
        let mut subscriptions = Vec::new();
        for (part, name) in self.readers() {
            let (subscription, amiss) = self.reader(name);
            // While the database is away, that is why; it is said once.
            let amiss = amiss.filter(|_| reached);
            degraded.extend(amiss.map(|reason| Degraded { part, reason }));
            subscriptions.push(subscription);
        }
        let roles = self.roles.iter().map(|role| role.name()).collect();
        let ready = reached && sound && !hindered && skew.is_none() && !waits;
        ReadinessReport { ready, roles, subscriptions, degraded, log_id: Some(self.log.log_id().to_string()) }
    }

    /// Whether this process's roles append. A reader of the log goes on while nothing can be stored in it.
    fn appends(&self) -> bool {
        self.roles.contains(&Role::Api) || self.roles.contains(&Role::Dispatch)
    }

    /// The subscriptions of this process's roles, with the part that they are.
    fn readers(&self) -> Vec<(&'static str, Cow<'static, str>)> {
        let mut readers = Vec::new();
        if self.roles.contains(&Role::Project) {
            readers.extend(Projection::ALL.iter().map(|projection| ("projection", projection.name().into())));
        }
        if self.roles.contains(&Role::Dispatch) {
            readers.push(("dispatch", orqestra_dispatch::SUBSCRIPTION.into()));
            readers.push(("dispatch", orqestra_dispatch::REDRIVES.into()));
        }
        if self.roles.contains(&Role::Relay) {
            readers.extend(self.relays.iter().map(|name| ("relay", name.clone().into())));
        }
        readers
    }

    /// How one stands, and what is amiss with it.
    fn reader(&self, name: Cow<'static, str>) -> (Subscription, Option<String>) {
        let state = self.log.subscription(&name);
        let stands = self.log.progress(&name).borrow().position();
        let behind = (self.log.head().borrow().get() - stands.get()).max(0);
        let lags = (behind > LAG).then(|| format!("{name} is {behind} events behind"));
        let (word, behind, amiss) = match state {
            SubscriptionState::Starting => ("starting", Some(behind), lags),
            SubscriptionState::StandsBy => ("stands_by", None, None),
            SubscriptionState::Follows => ("follows", Some(behind), lags),
            SubscriptionState::Interrupted => {
                // One that never ran here is not behind by all that there is.
                let behind = (stands > Position::ZERO).then_some(behind);
                ("interrupted", behind, Some(format!("{name} was interrupted and tries again")))
            }
            SubscriptionState::Halted(at) => {
                let reason = format!("{name} stands still at event {}, which it cannot handle", at.get());
                ("halted", Some(behind), Some(reason))
            }
            SubscriptionState::Outdated(at) => {
                let reason = format!(
                    "{name} is left to a process of a newer program, which wrote event {}; upgrade this process",
                    at.get()
                );
                ("outdated", Some(behind), Some(reason))
            }
        };
        (Subscription { name, state: word, behind }, amiss)
    }
}

impl Readiness for EngineReadiness {
    fn report(&self) -> futures::future::BoxFuture<'_, ReadinessReport> {
        Box::pin(self.look())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orqestra_event_log::source::{ManualClock, SystemClock, SystemIds};
    use orqestra_event_log::{
        Append, Clock, ClockStep, LogOptions, MIGRATOR, Metadata, NewEvent, Outcome, RecordedEvent,
        Subscriber, SubscriberError, SubscriptionOptions, Ticket, run_subscription,
    };
    use orqestra_tests::postgres::TestDatabase;
    use orqestra_tests::wait;
    use uuid::Uuid;

    use super::*;

    async fn open(database: &TestDatabase, clock: impl Clock + 'static) -> EventLog {
        let options = LogOptions::new(Arc::new(clock), Arc::new(SystemIds));
        EventLog::open(database.pool().clone(), options, CancellationToken::new()).await.expect("a log")
    }

    async fn report(log: &EventLog, roles: &[Role]) -> ReadinessReport {
        report_with(log, roles, &BeyondHead::default()).await
    }

    async fn report_with(log: &EventLog, roles: &[Role], beyond: &BeyondHead) -> ReadinessReport {
        let roles = roles.iter().copied().collect();
        EngineReadiness::new(log.clone(), roles, beyond.clone(), Duration::from_mins(1)).report().await
    }

    fn parts(report: &ReadinessReport) -> Vec<&'static str> {
        report.degraded.iter().map(|degraded| degraded.part).collect()
    }

    /// Moves the head by that many events.
    async fn append(log: &EventLog, stream: u128, count: i64) {
        let event = NewEvent {
            event_type: "Counted".to_owned(),
            event_version: "1.0.0".to_owned(),
            payload: serde_json::json!({}),
            metadata: Metadata::default(),
        };
        let append = Append {
            aggregate_type: "Counter".to_owned(),
            aggregate_id: format!("{}/{}", Uuid::from_u128(1), Uuid::from_u128(stream)),
            expected: 0,
            events: vec![event; usize::try_from(count).expect("a count")],
            ticket: Ticket::default(),
        };
        let outcome = log.append(append).await;
        assert!(matches!(outcome, Outcome::Recorded(_)), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_clock_off_the_databases_makes_a_process_unready() {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        let right = open(&database, SystemClock).await;
        let now = SystemClock.now();
        let within = report(&right, &[Role::Api]).await;
        assert!(within.ready && within.degraded.is_empty(), "{within:?}");
        let wrong = open(&database, ManualClock::at(now.plus(Duration::from_mins(1)))).await;
        let off = report(&wrong, &[Role::Api]).await;
        assert_eq!((off.ready, parts(&off)), (false, vec!["clock"]), "{off:?}");
        for log in [right, wrong] {
            log.close().await;
        }
    }

    /// A clock that jumped a while ago.
    struct Jumped(Duration);

    impl Clock for Jumped {
        fn now(&self) -> orqestra_domain::Timestamp {
            SystemClock.now()
        }

        fn last_step(&self) -> Option<ClockStep> {
            Some(ClockStep { by_millis: -7_200_000, ago: self.0 })
        }
    }

    #[tokio::test]
    async fn a_jump_of_the_databases_clock_is_told_by_those_that_send_while_attempts_may_be_open() {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        let just_now = open(&database, Jumped(Duration::from_secs(10))).await;
        for (roles, ready, told) in [
            (&[Role::Dispatch][..], false, true),
            (&[Role::Api, Role::Dispatch], true, true),
            (&[Role::Api, Role::Project], true, false),
        ] {
            let report = report(&just_now, roles).await;
            assert_eq!((report.ready, parts(&report).contains(&"clock")), (ready, told), "{report:?}");
            if told {
                let reason = &report.degraded[0].reason;
                assert!(
                    reason.contains("jumped by -7200000 ms") && reason.contains("another 50 s"),
                    "{reason}"
                );
            }
        }
        let long_ago = open(&database, Jumped(Duration::from_mins(2))).await;
        assert!(report(&long_ago, &[Role::Dispatch]).await.ready);
        for log in [just_now, long_ago] {
            log.close().await;
        }
    }

    #[tokio::test]
    async fn a_checkpoint_beyond_the_logs_end_makes_every_process_unready() {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        let log = open(&database, SystemClock).await;
        append(&log, 1, 3).await;
        let beyond = BeyondHead::default();
        let token = CancellationToken::new();
        let watching = tokio::spawn({
            let (beyond, pool, token) = (beyond.clone(), database.pool().clone(), token.clone());
            async move { beyond.watch(&pool, token).await }
        });
        sqlx::query(
            "insert into checkpoints (subscription, after, position, epoch) values ('inbox-v1', -1, 9, 1)",
        )
        .execute(database.pool())
        .await
        .unwrap();
        let unready = wait::until("an unready process", Duration::from_secs(30), async || {
            let report = report_with(&log, &[Role::Api], &beyond).await;
            (!report.ready).then_some(report)
        })
        .await;
        assert_eq!(parts(&unready), ["log"]);
        let reason = &unready.degraded[0].reason;
        assert!(
            reason.starts_with("inbox-v1 has handled events up to 9") && reason.contains("recover"),
            "{reason}"
        );
        token.cancel();
        watching.await.unwrap();
        log.close().await;
    }

    #[tokio::test]
    async fn a_log_that_got_shorter_makes_a_process_unready_at_once() {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        let log = open(&database, SystemClock).await;
        append(&log, 1, 3).await;
        assert!(report(&log, &[Role::Api]).await.ready);
        database.cut_log(Position::new(1).get()).await;
        log.changed().await;
        let unready = report(&log, &[Role::Api]).await;
        assert_eq!((unready.ready, parts(&unready)), (false, vec!["log"]), "{unready:?}");
        assert!(unready.degraded[0].reason.contains("recover --after-restore"), "{unready:?}");
        log.close().await;
    }

    /// Follows under the name of a projection, and cannot handle what it finds.
    struct Helpless(&'static str);

    impl Subscriber for Helpless {
        fn name(&self) -> &str {
            self.0
        }

        async fn handle(
            &mut self,
            _: &mut sqlx::PgTransaction<'_>,
            _: &[Arc<RecordedEvent>],
        ) -> Result<(), SubscriberError> {
            Err(SubscriberError::event("it is poison"))
        }
    }

    async fn seen(log: &EventLog, look: impl Fn(&ReadinessReport) -> bool) -> ReadinessReport {
        wait::until("a report", Duration::from_secs(30), async || {
            let report = report(log, &[Role::Project]).await;
            look(&report).then_some(report)
        })
        .await
    }

    #[tokio::test]
    async fn a_subscription_says_how_it_stands_in_each_process_and_a_halted_one_degrades_its_own() {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        let name = Projection::ALL[0].name();
        let options = SubscriptionOptions { tries: 1, ..SubscriptionOptions::default() };
        let (here, there) = (open(&database, SystemClock).await, open(&database, SystemClock).await);
        let token = CancellationToken::new();
        let run = |log: &EventLog| {
            let running = run_subscription(
                log.clone(),
                database.pool().clone(),
                Helpless(name),
                options,
                token.child_token(),
            );
            tokio::spawn(running)
        };
        let state = |report: &ReadinessReport| report.subscriptions[0].state;
        let first = run(&here);
        let follows = seen(&here, |report| state(report) == "follows").await;
        assert!(follows.ready && follows.degraded.is_empty(), "{follows:?}");
        assert_eq!((&*follows.subscriptions[0].name, follows.subscriptions[0].behind), (name, Some(0)));
        assert_eq!(follows.roles, ["project"]);
        let second = run(&there);
        append(&there, 1, 1).await;
        let halted = seen(&here, |report| state(report) == "halted").await;
        assert_eq!((halted.ready, parts(&halted)), (true, vec!["projection"]), "{halted:?}");
        assert!(halted.degraded[0].reason.contains(&format!("{name} stands still at event 1")), "{halted:?}");
        let waits = seen(&there, |report| state(report) == "stands_by").await;
        assert!(waits.ready && waits.degraded.is_empty(), "{waits:?}");
        assert_eq!(waits.subscriptions[0].behind, None);
        token.cancel();
        for running in [first, second] {
            running.await.expect("no panic").expect("an end by its token");
        }
        for log in [here, there] {
            log.close().await;
        }
    }

    #[tokio::test]
    async fn a_reader_too_far_behind_degrades_a_process_that_runs_it_and_leaves_it_ready() {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        let log = open(&database, SystemClock).await;
        append(&log, 1, LAG).await;
        assert_eq!(*log.head().borrow(), Position::new(LAG));
        let at_the_limit = report(&log, &[Role::Project, Role::Dispatch]).await;
        assert!(at_the_limit.ready && at_the_limit.degraded.is_empty(), "{at_the_limit:?}");
        append(&log, 2, 1).await;
        for (roles, behind) in [
            (&[Role::Api][..], vec![]),
            (&[Role::Dispatch], vec!["dispatch"; 2]),
            (&[Role::Project], vec!["projection"; Projection::ALL.len()]),
        ] {
            let degraded = report(&log, roles).await;
            assert_eq!((degraded.ready, parts(&degraded)), (true, behind), "{degraded:?}");
        }
        log.close().await;
    }
}
