//! Many writers in several processes on five hot streams, with replays and twin keys, in quiet and while connections
//! are killed, and a reader beside them who must never see a later position before an earlier one.
//!
//! The test runs its own binary again as the other processes; each writes down in a table what it was told.

use std::process::{Command, Stdio};
use std::sync::Arc;

use orqestra_domain::NotificationId;
use orqestra_event_log::source::{SystemClock, SystemIds};
use orqestra_event_log::{
    Append, Clock, EventLog, IdempotencyClaim, LogOptions, MIGRATOR, Metadata, NewEvent, Outcome, Position,
    Ticket,
};
use orqestra_tests::postgres::TestDatabase;
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{checked_log, in_time, stream, tenant};

/// Names the database to a process that is to contend; its value is `<url> <process>`.
const CONTENDER: &str = "ORQESTRA_TEST_CONTENDER";
const PROCESSES: u64 = 4;
const WRITERS: u64 = 5;
const CALLERS: u64 = 3;
const COMMANDS: u64 = 40;
/// Small, so that the reader asks often, right behind the writers.
const PAGE: usize = 40;

/// Numbers without a source of randomness: the same in each run, different for each caller.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn command(id: Uuid, stream: &str, expected: i64, count: u64, key: Option<u64>) -> Append {
    let event = |index| NewEvent {
        event_type: "Counted".to_owned(),
        event_version: "1.0.0".to_owned(),
        payload: json!({"command": id, "index": index, "count": count, "key": key}),
        metadata: Metadata::default(),
    };
    let claim = |key| IdempotencyClaim {
        tenant: tenant(1),
        key: format!("key-{key}"),
        plain: None,
        notification: NotificationId::from_uuid(id),
        expires_at: SystemClock.now().plus(std::time::Duration::from_hours(24)),
    };
    Append {
        aggregate_type: "Counter".to_owned(),
        aggregate_id: stream.to_owned(),
        expected,
        events: (0..count).map(event).collect(),
        ticket: Ticket { idempotency_key: key.map(claim), ..Ticket::default() },
    }
}

async fn call(log: EventLog, pool: PgPool, caller: u64) {
    let mut dice = Dice(caller);
    let mut versions = [0_i64; 5];
    for number in 0..COMMANDS {
        let id = Uuid::from_u64_pair(caller + 1, number);
        let hot = usize::try_from(dice.roll(5)).unwrap();
        let name = stream(1, hot as u128);
        let count = dice.roll(3) + 1;
        // A quarter of the commands fight for one of a few keys.
        let key = (dice.roll(4) == 0).then(|| dice.roll(200));
        let mut told = log.append(command(id, &name, versions[hot], count, key)).await;
        // Decided again, as the commands room does. A machine that is busy enough takes longer to connect than the writer
        // waits: then nothing is stored, and the caller comes back.
        for _ in 0..20 {
            match told {
                Outcome::Conflict { actual } => versions[hot] = actual,
                Outcome::Unavailable => {}
                _ => break,
            }
            told = log.append(command(id, &name, versions[hot], count, key)).await;
        }
        let Outcome::Recorded(recorded) = told else {
            assert!(matches!(told, Outcome::Conflict { .. } | Outcome::KeyTaken { .. }), "{told:?}");
            continue;
        };
        let at = versions[hot];
        versions[hot] = recorded.events.last().unwrap().sequence;
        sqlx::query("insert into told (command, stream, after, count, first, event_id) values ($1, $2, $3, $4, $5, $6)")
            .bind(id)
            .bind(&name)
            .bind(at)
            .bind(i64::try_from(count).unwrap())
            .bind(recorded.first.get())
            .bind(recorded.events[0].event_id)
            .execute(&pool)
            .await
            .unwrap();
        if dice.roll(5) == 0 {
            let replayed = log.append(command(id, &name, at, count, None)).await;
            assert!(matches!(replayed, Outcome::Conflict { .. } | Outcome::Unavailable), "{replayed:?}");
        }
    }
}

/// Does nothing unless the test below runs this binary again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contender_is_told_the_truth() {
    let Ok(setting) = std::env::var(CONTENDER) else { return };
    let (url, process) = setting.split_once(' ').unwrap();
    let process: u64 = process.parse().unwrap();
    let pool = PgPoolOptions::new().max_connections(2).connect(url).await.unwrap();
    let mut callers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let options = LogOptions::new(Arc::new(SystemClock), Arc::new(SystemIds));
        let log = EventLog::open(pool.clone(), options, CancellationToken::new()).await.unwrap();
        for caller in 0..CALLERS {
            let number = (process * WRITERS + writer) * CALLERS + caller;
            callers.spawn(call(log.clone(), pool.clone(), number));
        }
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
}

struct Contest {
    database: TestDatabase,
    processes: Vec<std::process::Child>,
}

impl Contest {
    async fn start(fail_point: Option<&str>) -> Self {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        database
            .pool()
            .execute("create table told (command uuid primary key, stream text, after bigint, count bigint, first bigint, event_id uuid)")
            .await
            .unwrap();
        let binary = std::env::current_exe().unwrap();
        let processes = (0..PROCESSES)
            .map(|process| {
                let mut command = Command::new(&binary);
                command.args(["--exact", "contention::a_contender_is_told_the_truth"]);
                command.env(CONTENDER, format!("{} {process}", database.url()));
                if let Some(fail_point) = fail_point {
                    command.env(orqestra_event_log::fail_point::VARIABLE, fail_point);
                }
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        Self { database, processes }
    }

    /// Waits for the processes, and says whether all ended well and what the others said.
    async fn end(&mut self) -> Result<(), String> {
        let processes = std::mem::take(&mut self.processes);
        let ended = tokio::task::spawn_blocking(move || {
            processes.into_iter().map(|process| process.wait_with_output().unwrap()).collect::<Vec<_>>()
        })
        .await
        .unwrap();
        match ended.iter().find(|output| !output.status.success()) {
            None => Ok(()),
            Some(output) => Err(format!("{output:?}")),
        }
    }

    /// Checks every invariant, and returns how many commands are stored.
    async fn check(&self) -> i64 {
        let pool = self.database.pool();
        checked_log(pool).await;
        let none = |what: &'static str, sql: &'static str| async move {
            let found: i64 = sqlx::query_scalar(sql).fetch_one(pool).await.unwrap();
            assert_eq!(found, 0, "{what}");
        };
        none(
            "a command is stored whole, once, in one run of positions and of sequences",
            "select count(*) from (
                 select 1 from events group by payload->>'command'
                 having count(*) <> min((payload->>'count')::bigint)
                     or count(distinct payload->>'index') <> count(*)
                     or max(position) - min(position) <> count(*) - 1
                     or max(sequence) - min(sequence) <> count(*) - 1
                     or count(distinct aggregate_id) <> 1) torn",
        )
        .await;
        none(
            "an acknowledged command is stored where its caller was told",
            "select count(*) from told t left join events e
                 on e.position = t.first and e.aggregate_id = t.stream and e.sequence = t.after + 1
                and e.payload->>'command' = t.command::text and e.event_id = t.event_id
              where e.position is null",
        )
        .await;
        none(
            "a key stands for a stored command that claimed it",
            "select count(*) from idempotency_keys k left join events e
                 on e.payload->>'command' = k.notification_id::text and e.payload->>'index' = '0'
                and k.key = 'key-' || (e.payload->>'key')
              where e.position is null",
        )
        .await;
        none(
            "a stored command that claimed a key has it, so that no two claimed one",
            "select count(*) from events e left join idempotency_keys k
                 on k.key = 'key-' || (e.payload->>'key') and e.payload->>'command' = k.notification_id::text
              where e.payload->>'key' is not null and k.key is null",
        )
        .await;
        sqlx::query_scalar("select count(distinct payload->>'command') from events")
            .fetch_one(pool)
            .await
            .unwrap()
    }

    async fn told(&self) -> i64 {
        sqlx::query_scalar("select count(*) from told").fetch_one(self.database.pool()).await.unwrap()
    }
}

/// Pages through the log from its beginning with a log of its own while others write, and to its end once they are
/// done. What is skipped here, because it was committed after what comes behind it, no subscription would ever see.
struct Reader {
    over: CancellationToken,
    reading: tokio::task::JoinHandle<()>,
}

impl Reader {
    fn start(pool: &PgPool) -> Self {
        let over = CancellationToken::new();
        Self { reading: tokio::spawn(read_along(pool.clone(), over.clone())), over }
    }

    /// Fails unless it has seen all positions, in order.
    async fn end(self) {
        self.over.cancel();
        in_time(self.reading).await.unwrap();
    }
}

async fn read_along(pool: PgPool, over: CancellationToken) {
    let options = LogOptions::new(Arc::new(SystemClock), Arc::new(SystemIds));
    let log = EventLog::open(pool, options, CancellationToken::new()).await.unwrap();
    let mut head = log.head();
    let mut last = Position::ZERO;
    let mut seen_meanwhile = 0;
    loop {
        let written = over.is_cancelled();
        let page = log.read_after(last, PAGE).await.unwrap();
        for event in &page {
            assert_eq!(event.position.get(), last.get() + 1, "a page goes on where the last one ended");
            last = event.position;
        }
        if !written {
            seen_meanwhile = last.get();
        } else if page.is_empty() {
            break;
        }
        if page.is_empty() {
            tokio::select! {
                () = over.cancelled() => {}
                moved = head.wait_for(|head| *head > last) => { moved.unwrap(); }
            }
        }
    }
    assert!(seen_meanwhile > 0, "it read while the others wrote");
    assert_eq!(log.fetch_head().await.unwrap(), last, "it saw everything");
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_on_few_streams_lose_tear_and_skip_nothing() {
    let mut contest = Contest::start(None).await;
    let reader = Reader::start(contest.database.pool());
    contest.end().await.unwrap();
    reader.end().await;
    let stored = contest.check().await;
    assert_eq!(stored, contest.told().await, "nothing is stored that nobody was told of");
    assert!(stored > i64::try_from(PROCESSES * WRITERS * CALLERS * COMMANDS / 2).unwrap(), "{stored} stored");
}

/// Kills one writer's connection, whatever it is doing, each time the log has grown by a few events. The pace is the
/// log's and not the clock's: on a slow machine as on a fast one each writer gets its turn between two kills.
async fn kill_writers(pool: &PgPool, killed: &mut u64) {
    const EVENTS_A_KILL: i64 = 10;
    let mut look = tokio::time::interval(std::time::Duration::from_millis(5));
    let mut next = EVENTS_A_KILL;
    loop {
        look.tick().await;
        let head: i64 = sqlx::query_scalar("select coalesce(max(position), 0) from events")
            .fetch_one(pool)
            .await
            .unwrap();
        if head < next {
            continue;
        }
        next = head + EVENTS_A_KILL;
        let done = sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
              where datname = current_database() and application_name = 'orqestra-writer-2'
              order by random() limit 1",
        )
        .execute(pool)
        .await
        .unwrap();
        *killed += done.rows_affected();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_connections_lose_tear_and_repeat_nothing() {
    let mut contest = Contest::start(None).await;
    let pool = contest.database.pool().clone();
    let reader = Reader::start(&pool);
    let mut killed = 0;
    tokio::select! {
        ended = contest.end() => ended.unwrap(),
        () = kill_writers(&pool, &mut killed) => {}
    }
    assert!(killed > 50, "{killed} connections killed");
    reader.end().await;
    let stored = contest.check().await;
    assert_eq!(stored, contest.told().await, "each command whose connection was killed was told its outcome");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_die_before_or_after_a_commit_leave_a_whole_log() {
    for fail_point in ["AppendBeforeFlush:20", "AppendAfterFlush:20"] {
        let mut contest = Contest::start(Some(fail_point)).await;
        assert!(in_time(contest.end()).await.is_err(), "the processes died");
        let stored = contest.check().await;
        assert!(stored >= contest.told().await && stored > 0);
    }
}
