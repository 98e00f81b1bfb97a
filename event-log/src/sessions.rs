//! The database's sessions that pools keep: which of them are used again.
//!
//! A session that was idle is asked before it is used, within a bound, so that one which the server, a failover or the
//! network has ended is replaced and no caller meets it. Work that is retried by itself may meet one, so its pools ask
//! only after a longer idleness: a question would cost each of its many small transactions a round trip. A session that
//! was opened before an outage ended is replaced unasked: it may lead to a server that was replaced. One that stays
//! silent has those of its age replaced unasked too. Under load sessions are hardly idle, and are not asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sqlx::pool::PoolConnectionMetadata;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// How long a session has to answer, or it is replaced.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);
/// A caller's request uses a session again unasked if it was in use so short a time ago.
const IN_USE: Duration = Duration::from_millis(5);
/// The same for work that is retried until it succeeds.
const IN_USE_FOR_RETRIED: Duration = Duration::from_secs(1);
/// Without an answer of the database for so long, a session that comes back may have been given up in the middle of a
/// statement that will never be answered.
const ANSWERED_LATELY: Duration = Duration::from_millis(500);

#[derive(Debug)]
struct State {
    began: Instant,
    /// Microseconds after `began`: older sessions are replaced.
    trusted_from: AtomicU64,
    /// Microseconds after `began`: when the database last answered.
    answered: AtomicU64,
    /// Whether the writer's own session stores what it is given, so that one which only reads leads elsewhere.
    stores: AtomicBool,
    renewals: watch::Sender<()>,
}

/// What one process knows of its sessions, for all of its pools. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sessions(Arc<State>);

impl Default for Sessions {
    fn default() -> Self {
        Self(Arc::new(State {
            began: Instant::now(),
            trusted_from: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            stores: AtomicBool::new(false),
            renewals: watch::Sender::new(()),
        }))
    }
}

impl Sessions {
    /// A pool's options: each session is looked at when it is taken from the pool and when it comes back.
    pub fn pool(&self) -> PgPoolOptions {
        self.asked_after(IN_USE)
    }

    /// The options of a pool for work that is retried until it succeeds: subscriptions and what else runs without a caller.
    pub fn pool_for_retried_work(&self) -> PgPoolOptions {
        self.asked_after(IN_USE_FOR_RETRIED)
    }

    fn asked_after(&self, idle: Duration) -> PgPoolOptions {
        let (taken, given_back) = (self.clone(), self.clone());
        PgPoolOptions::new()
            .test_before_acquire(false)
            .before_acquire(move |session, of| {
                let sessions = taken.clone();
                Box::pin(async move { Ok(sessions.may_be_used(session, of, idle).await) })
            })
            .after_release(move |session, of| {
                let sessions = given_back.clone();
                Box::pin(async move { Ok(sessions.may_be_kept(session, of).await) })
            })
    }

    /// Replaces every session that is open now, at its next use: what they lead to may be another server since.
    pub(crate) fn renew(&self) {
        self.0.trusted_from.fetch_max(self.now(), Ordering::AcqRel);
        self.0.renewals.send_replace(());
    }

    /// Tells of each renewal from now on.
    pub(crate) fn renewals(&self) -> watch::Receiver<()> {
        self.0.renewals.subscribe()
    }

    /// Notes that the database has answered.
    pub(crate) fn answered(&self) {
        self.0.answered.fetch_max(self.now(), Ordering::AcqRel);
    }

    /// Notes whether the writer's session stores what it is given.
    pub(crate) fn stores(&self, stores: bool) {
        self.0.stores.store(stores, Ordering::Release);
    }

    async fn may_be_used(
        &self,
        session: &mut PgConnection,
        of: PoolConnectionMetadata,
        asked_after: Duration,
    ) -> bool {
        if !self.is_trusted(&of) {
            return false;
        }
        if of.idle_for <= asked_after {
            return true;
        }
        let asked = async {
            let row = session.fetch_one(sqlx::raw_sql("show transaction_read_only")).await?;
            row.try_get::<String, _>(0)
        };
        let Ok(answer) = timeout(ANSWERS_WITHIN, asked).await else {
            // Most likely the sessions of its age are silent too, and the next callers would wait a second for each.
            self.renew();
            return false;
        };
        let Ok(only_reads) = answer else { return false };
        self.answered();
        only_reads == "off" || !self.0.stores.load(Ordering::Acquire)
    }

    /// The pool asks each session that comes back without a bound; one that cannot answer would keep its place.
    async fn may_be_kept(&self, session: &mut PgConnection, of: PoolConnectionMetadata) -> bool {
        let silent = self.now().saturating_sub(self.0.answered.load(Ordering::Acquire));
        self.is_trusted(&of) && (silent <= micros(ANSWERED_LATELY) || answers(session).await)
    }

    fn is_trusted(&self, of: &PoolConnectionMetadata) -> bool {
        self.now().saturating_sub(micros(of.age)) >= self.0.trusted_from.load(Ordering::Acquire)
    }

    fn now(&self) -> u64 {
        micros(self.0.began.elapsed())
    }
}

/// Whether a session answers in time.
pub(crate) async fn answers(session: &mut PgConnection) -> bool {
    matches!(timeout(ANSWERS_WITHIN, session.ping()).await, Ok(Ok(())))
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use orqestra_tests::postgres::TestDatabase;
    use sqlx::PgPool;

    use super::*;

    /// A pool of one session, and the session's number.
    async fn pool(sessions: &Sessions, database: &TestDatabase) -> (PgPool, i32) {
        let pool = sessions.pool().max_connections(1).connect_lazy_with(database.options().clone());
        let number = session(&pool).await;
        (pool, number)
    }

    async fn session(pool: &PgPool) -> i32 {
        sqlx::query_scalar("select pg_backend_pid()").fetch_one(pool).await.unwrap()
    }

    /// Leaves the pool alone until its session is back and counts as idle.
    async fn idle(pool: &PgPool) {
        while pool.num_idle() == 0 {
            tokio::task::yield_now().await;
        }
        let until = Instant::now() + 2 * IN_USE;
        while Instant::now() < until {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_session_that_was_opened_before_an_outage_ended_is_replaced_and_a_later_one_is_kept() {
        let (sessions, database) = (Sessions::default(), TestDatabase::migrated(&crate::MIGRATOR).await);
        let (pool, before) = pool(&sessions, &database).await;
        assert_eq!(session(&pool).await, before);
        sessions.renew();
        let after = session(&pool).await;
        assert_ne!(after, before, "it may lead to a server that is none any more");
        assert_eq!(session(&pool).await, after);
    }

    #[tokio::test]
    async fn a_session_of_retried_work_is_used_again_unasked_where_a_callers_is_asked() {
        let (sessions, database) = (Sessions::default(), TestDatabase::migrated(&crate::MIGRATOR).await);
        sessions.stores(true);
        for (options, kept) in [(sessions.pool(), false), (sessions.pool_for_retried_work(), true)] {
            let pool = options.max_connections(1).connect_lazy_with(database.options().clone());
            let before = session(&pool).await;
            // The question finds that it only reads, and so has it replaced.
            sqlx::query("set default_transaction_read_only = on").execute(&pool).await.unwrap();
            let asked = Instant::now();
            idle(&pool).await;
            let is_kept = session(&pool).await == before;
            // A machine that stood still for a second says nothing.
            assert!(is_kept == kept || asked.elapsed() > IN_USE_FOR_RETRIED);
        }
    }

    #[tokio::test]
    async fn the_writer_replaces_its_session_unasked_once_the_sessions_are_renewed() {
        let database = TestDatabase::migrated(&crate::MIGRATOR).await;
        let clock = Arc::new(crate::source::ManualClock::at("2026-11-24T12:00:00Z".parse().unwrap()));
        let options = crate::LogOptions::new(clock, Arc::new(crate::source::SystemIds));
        let sessions = options.sessions.clone();
        let token = tokio_util::sync::CancellationToken::new();
        let log = crate::EventLog::open(database.pool().clone(), options, token).await.unwrap();
        let writer = async |number: u128| {
            let event = crate::NewEvent {
                event_type: "Counted".to_owned(),
                event_version: "1.0.0".to_owned(),
                payload: serde_json::json!({}),
                metadata: crate::Metadata::default(),
            };
            let tenant = uuid::Uuid::from_u128(1);
            let append = crate::Append {
                aggregate_type: "Counter".into(),
                aggregate_id: format!("{tenant}/{}", uuid::Uuid::from_u128(number)),
                expected: 0,
                events: vec![event],
                ticket: crate::Ticket::default(),
            };
            assert!(matches!(log.append(append).await, crate::Outcome::Recorded(_)));
            let asked = "select pid from pg_stat_activity
                          where datname = current_database() and application_name like 'orqestra-writer%'";
            sqlx::query_scalar::<_, i32>(asked).fetch_all(database.pool()).await.unwrap()
        };
        let before = writer(1).await;
        assert_eq!(writer(2).await, before);
        sessions.renew();
        let after = writer(3).await;
        assert!(after.iter().any(|session| !before.contains(session)), "{before:?} and {after:?}");
        assert!(writer(4).await.iter().all(|session| after.contains(session)), "once");
        log.close().await;
    }

    #[tokio::test]
    async fn a_session_that_only_reads_is_replaced_as_long_as_the_writers_own_stores() {
        let (sessions, database) = (Sessions::default(), TestDatabase::migrated(&crate::MIGRATOR).await);
        let (pool, before) = pool(&sessions, &database).await;
        sqlx::query("set default_transaction_read_only = on").execute(&pool).await.unwrap();
        idle(&pool).await;
        assert_eq!(session(&pool).await, before, "nobody knows of a server that stores");
        sessions.stores(true);
        idle(&pool).await;
        assert_ne!(session(&pool).await, before);
    }
}
