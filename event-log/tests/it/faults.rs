//! What a caller is told when the connection to the database fails, at the worst moments.
//!
//! A proxy stands between the log and the server and cuts what a test tells it to cut.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use orqestra_event_log::source::ManualClock;
use orqestra_event_log::{EventLog, MIGRATOR, Outcome, Position};
use orqestra_tests::postgres::{HeldAppends, TestCluster, TestDatabase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::support::{checked_log, events, in_time, open, recorded};

#[derive(Default)]
struct Switches {
    /// Cut the writer's connection instead of passing on the server's next answer.
    cut_next_answer: AtomicBool,
    cuts: AtomicU64,
    /// Take no connections.
    away: AtomicBool,
    /// Ends the writer's connections, new for each cut.
    writers: std::sync::Mutex<CancellationToken>,
}

impl Switches {
    fn writers(&self) -> CancellationToken {
        self.writers.lock().unwrap().clone()
    }

    /// Cuts the writer's connections on the client's side; the server goes on with what it was sent.
    fn cut_writers(&self) {
        std::mem::take(&mut *self.writers.lock().unwrap()).cancel();
    }
}

struct World {
    database: TestDatabase,
    log: EventLog,
    switches: Arc<Switches>,
    token: CancellationToken,
}

impl World {
    async fn new() -> Self {
        let database = TestDatabase::migrated(&MIGRATOR).await;
        let switches = Arc::<Switches>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(accept(listener, TestCluster::shared().socket(), Arc::clone(&switches)));
        let clock = Arc::new(ManualClock::at("2026-11-24T12:00:00Z".parse().unwrap()));
        let token = CancellationToken::new();
        let log = open(&database.pool_over(port), &clock, &token).await;
        // The writer is connected from here on.
        recorded(log.append(events(1, 0, 1)).await);
        Self { database, log, switches, token }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

async fn accept(listener: TcpListener, server: PathBuf, switches: Arc<Switches>) {
    while let Ok((client, _)) = listener.accept().await {
        if !switches.away.load(Ordering::SeqCst)
            && let Ok(upstream) = UnixStream::connect(&server).await
        {
            tokio::spawn(pass(client, upstream, Arc::clone(&switches)));
        }
    }
}

/// Passes bytes both ways. The server's side of a cut connection is read to its end, so that it notices nothing.
async fn pass(client: TcpStream, server: UnixStream, switches: Arc<Switches>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut start = [0; 4_096];
    let length = from_client.read(&mut start).await.unwrap_or(0);
    let writer = String::from_utf8_lossy(&start[..length]).contains("orqestra-writer");
    let cut = if writer { switches.writers() } else { CancellationToken::new() };
    if to_server.write_all(&start[..length]).await.is_err() {
        return;
    }
    let upwards = async { tokio::io::copy(&mut from_client, &mut to_server).await.ok() };
    let downwards = async {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            if writer && switches.cut_next_answer.swap(false, Ordering::SeqCst) {
                switches.cuts.fetch_add(1, Ordering::SeqCst);
                return;
            }
            if to_client.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = upwards => {}
        () = downwards => {}
        () = cut.cancelled() => {}
    }
    drop((from_client, to_client));
    let mut rest = Vec::new();
    drop(to_server);
    from_server.read_to_end(&mut rest).await.ok();
}

#[tokio::test]
async fn a_lost_commit_answer_is_looked_up_not_repeated() {
    let world = World::new().await;
    for round in 0..5 {
        world.switches.cut_next_answer.store(true, Ordering::SeqCst);
        let before = world.switches.cuts.load(Ordering::SeqCst);
        let outcome = recorded(in_time(world.log.append(events(1, round + 1, 1))).await);
        assert_eq!(world.switches.cuts.load(Ordering::SeqCst), before + 1, "the answer was cut");
        assert_eq!(outcome.first, Position::new(round + 2));
        let stored: uuid::Uuid =
            sqlx::query_scalar("select event_id from events order by position desc limit 1")
                .fetch_one(world.database.pool())
                .await
                .unwrap();
        assert_eq!(stored, outcome.events[0].event_id);
    }
    assert_eq!(checked_log(world.database.pool()).await.len(), 6);
}

#[tokio::test]
async fn after_a_lost_answer_the_refused_are_told_apart_from_the_stored() {
    let world = World::new().await;
    let log = &world.log;
    // The first is in flight while the others gather; its answer and then theirs is cut.
    let first = log.append(events(2, 0, 1));
    futures::pin_mut!(first);
    assert!(futures::poll!(&mut first).is_pending());
    let others = futures::future::join_all((0..20).map(|number| {
        let (stream, expected) = if number % 2 == 0 { (1, 0) } else { (number + 10, 0) };
        log.append(events(stream, expected, 2))
    }));
    world.switches.cut_next_answer.store(true, Ordering::SeqCst);
    let (first, others) = in_time(futures::future::join(first, others)).await;
    recorded(first);
    for (number, outcome) in others.into_iter().enumerate() {
        if number % 2 == 0 {
            assert!(matches!(outcome, Outcome::Conflict { actual: 1 }), "{outcome:?}");
        } else {
            recorded(outcome);
        }
    }
    assert_eq!(checked_log(world.database.pool()).await.len(), 22);
}

#[tokio::test]
async fn a_statement_that_outlives_its_connection_is_no_conflict_with_itself() {
    let world = World::new().await;
    let mut held = HeldAppends::on(world.database.pool()).await;
    let append = tokio::spawn({
        let log = world.log.clone();
        async move { log.append(events(1, 1, 2)).await }
    });
    held.waited_for_by(1).await;
    world.switches.cut_writers();
    // The same command again, behind the first that nobody listens to any more.
    held.waited_for_by(2).await;
    held.release().await;
    let outcome = recorded(in_time(append).await.unwrap());
    assert_eq!((outcome.first, outcome.last), (Position::new(2), Position::new(3)));
    let stored: uuid::Uuid = sqlx::query_scalar("select event_id from events where position = 2")
        .fetch_one(world.database.pool())
        .await
        .unwrap();
    assert_eq!(stored, outcome.events[0].event_id);
    assert_eq!(checked_log(world.database.pool()).await.len(), 3);
}

#[tokio::test]
async fn while_the_database_is_away_nothing_is_stored_and_afterwards_all_is_well() {
    let world = World::new().await;
    world.switches.away.store(true, Ordering::SeqCst);
    world.switches.cut_writers();
    let outcomes =
        in_time(futures::future::join_all((10..40).map(|number| world.log.append(events(number, 0, 1)))))
            .await;
    for outcome in &outcomes {
        assert!(matches!(outcome, Outcome::Unavailable | Outcome::Lost), "{outcome:?}");
    }
    world.switches.away.store(false, Ordering::SeqCst);
    recorded(in_time(world.log.append(events(1, 1, 1))).await);
    assert_eq!(checked_log(world.database.pool()).await.len(), 2);
}

#[tokio::test]
async fn what_waits_behind_a_lost_answer_is_refused_in_time_and_the_lost_one_still_looked_up() {
    let world = World::new().await;
    let log = &world.log;
    world.switches.cut_next_answer.store(true, Ordering::SeqCst);
    world.switches.away.store(true, Ordering::SeqCst);
    let lost = log.append(events(1, 1, 1));
    futures::pin_mut!(lost);
    while world.switches.cuts.load(Ordering::SeqCst) == 0 {
        assert!(futures::poll!(&mut lost).is_pending());
        tokio::task::yield_now().await;
    }
    // Never sent: within its patience and a little, while the lost one is looked for much longer.
    let began = tokio::time::Instant::now();
    let behind = in_time(log.append(events(2, 0, 1))).await;
    assert!(matches!(behind, Outcome::Unavailable), "{behind:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "told after {:?}", began.elapsed());
    // Whoever comes meanwhile is told at once.
    let began = tokio::time::Instant::now();
    assert!(matches!(in_time(log.append(events(3, 0, 1))).await, Outcome::Unavailable));
    assert!(began.elapsed() < Duration::from_secs(1), "told after {:?}", began.elapsed());
    assert!(futures::poll!(&mut lost).is_pending());
    world.switches.away.store(false, Ordering::SeqCst);
    assert_eq!(recorded(in_time(lost).await).first, Position::new(2));
    recorded(in_time(log.append(events(2, 0, 1))).await);
    assert_eq!(checked_log(world.database.pool()).await.len(), 3);
}
