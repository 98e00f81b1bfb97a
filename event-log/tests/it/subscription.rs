//! Subscriptions: each event handled and stored once, in order, by one process at a time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use orqestra_event_log::{
    EventLog, Frontier, MIGRATOR, OnPoison, Partition, Partitions, Position, RecordedEvent, Start,
    Subscriber, SubscriberError, SubscriptionError, SubscriptionOptions, SubscriptionState, checkpoint,
    parked, request_retry, run_partition, run_subscription,
};
use orqestra_tests::postgres::TestDatabase;
use orqestra_tests::wait;
use sqlx::{Executor, PgPool, PgTransaction};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{DEADLINE, World, events, in_time, recorded, stream};
use crate::topic::Topic;

/// Streams whose events fail for now.
pub(crate) type Poison = Arc<Mutex<HashSet<String>>>;

/// Writes down what it handles; two rows of one position would collide.
pub(crate) struct Witness {
    pub(crate) poison: Poison,
    /// Streams whose events only a newer program can read.
    pub(crate) newer: Poison,
    pub(crate) on_poison: OnPoison,
    /// Waits here in its transaction, if there is one.
    pub(crate) gate: Option<Arc<tokio::sync::Semaphore>>,
    /// So many numbers the database adds up for each batch.
    pub(crate) work: i64,
    /// The positions of the events that it was told to be stored.
    pub(crate) told: Arc<Mutex<Vec<i64>>>,
}

impl Subscriber for Witness {
    fn name(&self) -> &'static str {
        "witness"
    }

    async fn handle(
        &mut self,
        tx: &mut PgTransaction<'_>,
        batch: &[Arc<RecordedEvent>],
    ) -> Result<(), SubscriberError> {
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        if self.work > 0 {
            let add = "select sum(number) from generate_series(1, $1) as number";
            sqlx::query(add).bind(self.work).execute(&mut **tx).await?;
        }
        for event in batch {
            if self.newer.lock().unwrap().contains(&event.aggregate_id) {
                return Err(SubscriberError::newer("it is of tomorrow"));
            }
            if self.poison.lock().unwrap().contains(&event.aggregate_id) {
                return Err(SubscriberError::event("it is poison"));
            }
            sqlx::query("insert into witnessed (position, aggregate_id) values ($1, $2)")
                .bind(event.position.get())
                .bind(&event.aggregate_id)
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }

    fn committed(&mut self, batch: &[Arc<RecordedEvent>], _: Position) {
        self.told.lock().unwrap().extend(batch.iter().map(|event| event.position.get()));
    }

    fn on_poison(&self) -> OnPoison {
        self.on_poison
    }
}

pub(crate) fn witness() -> Witness {
    Witness {
        poison: Poison::default(),
        newer: Poison::default(),
        on_poison: OnPoison::Halt,
        gate: None,
        work: 0,
        told: Arc::default(),
    }
}

pub(crate) fn quick() -> SubscriptionOptions {
    SubscriptionOptions {
        batch: 10,
        lease: Duration::from_millis(600),
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(20),
        tries: 3,
        hand_over: Duration::from_millis(200),
        ..SubscriptionOptions::default()
    }
}

pub(crate) async fn world() -> World {
    world_on(TestDatabase::migrated(&MIGRATOR).await).await
}

pub(crate) async fn world_on(database: TestDatabase) -> World {
    let world = World::new_on(database).await;
    world
        .pool()
        .execute("create table witnessed (id bigserial, position bigint primary key, aggregate_id text)")
        .await
        .unwrap();
    world
}

pub(crate) struct Running {
    token: CancellationToken,
    task: JoinHandle<()>,
}

pub(crate) fn run_as(
    world: &World,
    log: &EventLog,
    subscriber: impl Subscriber + Sync + 'static,
    options: SubscriptionOptions,
) -> Running {
    run_through(world, log, world.pool(), subscriber, options)
}

pub(crate) fn run_through(
    world: &World,
    log: &EventLog,
    pool: &PgPool,
    subscriber: impl Subscriber + Sync + 'static,
    options: SubscriptionOptions,
) -> Running {
    let token = world.token.child_token();
    let running = run_subscription(log.clone(), pool.clone(), subscriber, options, token.clone());
    Running::of(token, running)
}

/// What a subscription reads the log by.
enum By {
    Tail,
    /// A topic of one partition.
    Topic(Topic),
}

impl By {
    fn topic(world: &World) -> Self {
        Self::Topic(Topic::of(&world.log, Partitions::ONE, &world.token))
    }

    fn run(&self, world: &World, witness: Witness) -> Running {
        self.run_as(world, &world.log, witness, quick())
    }

    fn run_as(
        &self,
        world: &World,
        log: &EventLog,
        witness: Witness,
        options: SubscriptionOptions,
    ) -> Running {
        let Self::Topic(topic) = self else { return run_as(world, log, witness, options) };
        let (pool, token) = (world.pool().clone(), world.token.child_token());
        let source = topic.source(log, Partition::WHOLE);
        Running::of(token.clone(), run_partition(log.clone(), pool, witness, source, options, token))
    }
}

/// Makes a test of each law by either source.
macro_rules! by_either_source {
    ($($law:ident)*) => {
        mod by_the_tail {
            $(
                #[tokio::test]
                async fn $law() {
                    let world = super::world().await;
                    super::$law(&world, super::By::Tail).await;
                }
            )*
        }

        mod by_a_topic {
            $(
                #[tokio::test]
                async fn $law() {
                    let world = super::world().await;
                    super::$law(&world, super::By::topic(&world)).await;
                }
            )*
        }
    };
}

by_either_source! {
    each_event_is_handled_once_in_order_over_restarts
    a_subscription_can_begin_at_the_head_and_then_keeps_its_place
    one_process_at_a_time_runs_it_and_another_takes_over
    a_zombie_cannot_move_the_checkpoint
    one_that_lost_its_lease_stores_nothing
    a_poison_event_halts_the_subscription_before_it_until_it_is_cured
    a_poison_event_parks_its_aggregate_and_others_go_on
    an_event_parked_stays_parked_over_a_restart
    a_lost_connection_is_no_poison
    old_checkpoints_are_forgotten_and_the_last_one_holds
}

impl Running {
    /// Something that runs until its token is cancelled.
    pub(crate) fn of(
        token: CancellationToken,
        running: impl Future<Output = Result<(), SubscriptionError>> + Send + 'static,
    ) -> Self {
        Self { token, task: tokio::spawn(async move { running.await.unwrap() }) }
    }

    pub(crate) async fn stop(self) {
        self.token.cancel();
        in_time(self.task).await.unwrap();
    }
}

pub(crate) async fn reached(log: &EventLog, position: i64) {
    let mut progress = log.progress("witness");
    in_time(progress.wait_for(|progress| progress.position() >= Position::new(position))).await.unwrap();
}

pub(crate) async fn witnessed(world: &World) -> Vec<i64> {
    sqlx::query_scalar("select position from witnessed order by id").fetch_all(world.pool()).await.unwrap()
}

/// Waits until the database says so.
pub(crate) async fn until(world: &World, condition: &str) {
    in_time(async {
        while !sqlx::query_scalar::<_, bool>(condition).fetch_one(world.pool()).await.unwrap() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

pub(crate) async fn append(world: &World, numbers: impl IntoIterator<Item = u128>) {
    for number in numbers {
        recorded(world.log.append(events(number, 0, 1)).await);
    }
}

async fn each_event_is_handled_once_in_order_over_restarts(world: &World, by: By) {
    append(world, 0..25).await;
    let running = by.run(world, witness());
    reached(&world.log, 25).await;
    append(world, 25..40).await;
    reached(&world.log, 40).await;
    running.stop().await;
    append(world, 40..50).await;
    let running = by.run(world, witness());
    reached(&world.log, 50).await;
    running.stop().await;
    assert_eq!(witnessed(world).await, (1..=50).collect::<Vec<i64>>());
    assert_eq!(checkpoint(world.pool(), "witness").await.unwrap(), Some(Frontier::whole(Position::new(50))));
}

async fn a_subscription_can_begin_at_the_head_and_then_keeps_its_place(world: &World, by: By) {
    append(world, 0..5).await;
    let from_head = SubscriptionOptions { start: Start::Head, ..quick() };
    let running = by.run_as(world, &world.log, witness(), from_head);
    reached(&world.log, 5).await;
    running.stop().await;
    append(world, 5..8).await;
    let running = by.run_as(world, &world.log, witness(), from_head);
    reached(&world.log, 8).await;
    running.stop().await;
    assert_eq!(witnessed(world).await, [6, 7, 8]);
}

async fn one_process_at_a_time_runs_it_and_another_takes_over(world: &World, by: By) {
    let another = world.another().await;
    let ours = by.run(world, witness());
    reached(&world.log, 0).await;
    until(world, "select count(*) = 1 from leases").await;
    let theirs = by.run_as(world, &another, witness(), quick());
    append(world, 0..20).await;
    reached(&world.log, 20).await;
    assert_eq!(another.progress("witness").borrow().position(), Position::ZERO, "the other one waits");
    ours.stop().await;
    append(world, 20..30).await;
    reached(&another, 30).await;
    theirs.stop().await;
    assert_eq!(witnessed(world).await, (1..=30).collect::<Vec<i64>>());
    let epoch: i64 = sqlx::query_scalar("select epoch from leases").fetch_one(world.pool()).await.unwrap();
    assert!(epoch >= 2);
}

async fn a_zombie_cannot_move_the_checkpoint(world: &World, by: By) {
    let another = world.another().await;
    append(world, 0..10).await;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let zombie = by.run(world, Witness { gate: Some(Arc::clone(&gate)), ..witness() });
    // It stands in its transaction, its checkpoint moved but not stored; the lease goes to another meanwhile.
    until(world, "select exists (select from pg_stat_activity where state = 'idle in transaction' and datname = current_database())").await;
    world.pool().execute("update leases set epoch = epoch + 1, until = now()").await.unwrap();
    let heir = by.run_as(world, &another, witness(), quick());
    until(world, "select epoch >= 3 from leases").await;
    gate.add_permits(1_000);
    reached(&another, 10).await;
    append(world, 10..20).await;
    reached(&another, 20).await;
    zombie.stop().await;
    heir.stop().await;
    assert_eq!(witnessed(world).await, (1..=20).collect::<Vec<i64>>());
}

async fn one_that_lost_its_lease_stores_nothing(world: &World, by: By) {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let running = by.run(world, Witness { gate: Some(Arc::clone(&gate)), ..witness() });
    until(world, "select count(*) = 1 from checkpoints").await;
    // Somebody holds the lease from before the first event on, for no longer than a lease can last.
    world
        .pool()
        .execute("update leases set epoch = epoch + 1, presence = 0, until = now() + interval '10 minutes'")
        .await
        .unwrap();
    gate.add_permits(1_000);
    append(world, 0..5).await;
    // It has met the fence once it has asked for the lease again, in vain.
    let stands_by = || (world.log.subscription("witness") == SubscriptionState::StandsBy).then_some(());
    wait::until_now("one that stands by", DEADLINE, stands_by).await;
    running.stop().await;
    assert!(witnessed(world).await.is_empty());
    assert_eq!(checkpoint(world.pool(), "witness").await.unwrap(), Some(Frontier::whole(Position::ZERO)));
}

#[tokio::test]
async fn a_process_that_died_is_followed_before_its_lease_ends() {
    let world = world().await;
    let long = SubscriptionOptions { lease: Duration::from_hours(1), ..quick() };
    let options = SubscriptionOptions { lease: Duration::from_secs(5), ..quick() };
    // The server is shared with other tests: only this database's lock says that our process is known.
    let known = "select exists (select from pg_locks l join pg_database d on d.oid = l.database
                  where l.locktype = 'advisory' and d.datname = current_database())";
    until(&world, known).await;
    let ours = run_as(&world, &world.log, witness(), long);
    until(&world, "select coalesce(bool_or(presence <> 0), false) from leases").await;
    // As a kill would: the task goes without giving the lease up, and so do the process's connections.
    ours.task.abort();
    in_time(world.log.clone().close()).await;
    let another = world.another().await;
    let theirs = run_as(&world, &another, witness(), options);
    recorded(another.append(events(1, 0, 1)).await);
    reached(&another, 1).await;
    theirs.stop().await;
}

async fn a_poison_event_halts_the_subscription_before_it_until_it_is_cured(world: &World, by: By) {
    let poison = Poison::default();
    poison.lock().unwrap().insert(stream(1, 7));
    let running = by.run(world, Witness { poison: Arc::clone(&poison), ..witness() });
    append(world, 1..=20).await;
    reached(&world.log, 0).await;
    until(world, "select count(*) = 6 from witnessed").await;
    poison.lock().unwrap().clear();
    reached(&world.log, 20).await;
    running.stop().await;
    assert_eq!(witnessed(world).await, (1..=20).collect::<Vec<i64>>());
}

async fn a_poison_event_parks_its_aggregate_and_others_go_on(world: &World, by: By) {
    let poison = Poison::default();
    poison.lock().unwrap().insert(stream(1, 3));
    let subscriber = Witness { poison: Arc::clone(&poison), on_poison: OnPoison::Park, ..witness() };
    let running = by.run(world, subscriber);
    append(world, 1..=6).await;
    recorded(world.log.append(events(3, 1, 2)).await);
    append(world, 7..=8).await;
    reached(&world.log, 10).await;
    assert_eq!(witnessed(world).await, [1, 2, 4, 5, 6, 9, 10]);
    let list = parked(world.pool(), "witness").await.unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].aggregate_id.as_str(), list[0].position), (stream(1, 3).as_str(), Position::new(3)));

    // Asked too early, it stays; asked once it is cured, it catches up with what was withheld.
    let asked = request_retry(world.pool(), "witness", Some(&stream(1, 3))).await.unwrap();
    assert_eq!(asked, 1);
    until(world, "select not retry from parked_events").await;
    poison.lock().unwrap().clear();
    request_retry(world.pool(), "witness", Some(&stream(1, 3))).await.unwrap();
    until(world, "select count(*) = 0 from parked_events").await;
    recorded(world.log.append(events(3, 3, 1)).await);
    reached(&world.log, 11).await;
    running.stop().await;
    assert_eq!(witnessed(world).await, [1, 2, 4, 5, 6, 9, 10, 3, 7, 8, 11]);
}

async fn an_event_parked_stays_parked_over_a_restart(world: &World, by: By) {
    let poison = Poison::default();
    poison.lock().unwrap().insert(stream(1, 1));
    let parking = || Witness { poison: Arc::clone(&poison), on_poison: OnPoison::Park, ..witness() };
    let running = by.run(world, parking());
    append(world, 1..=2).await;
    reached(&world.log, 2).await;
    running.stop().await;
    poison.lock().unwrap().clear();
    recorded(world.log.append(events(1, 1, 1)).await);
    let running = by.run(world, parking());
    reached(&world.log, 3).await;
    running.stop().await;
    assert_eq!(witnessed(world).await, [2]);
}

async fn a_lost_connection_is_no_poison(world: &World, by: By) {
    let running = by.run(world, Witness { on_poison: OnPoison::Park, ..witness() });
    for number in 0..10 {
        append(world, [number]).await;
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
              where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'",
        )
        .execute(world.pool())
        .await
        .unwrap();
    }
    reached(&world.log, 10).await;
    running.stop().await;
    assert_eq!(witnessed(world).await, (1..=10).collect::<Vec<i64>>());
    assert!(parked(world.pool(), "witness").await.unwrap().is_empty());
}

async fn old_checkpoints_are_forgotten_and_the_last_one_holds(world: &World, by: By) {
    let one_by_one = SubscriptionOptions { batch: 1, ..quick() };
    let appends = (0..1_100).map(|number| world.log.append(events(number, 0, 1)));
    for outcome in futures::future::join_all(appends).await {
        recorded(outcome);
    }
    let running = by.run_as(world, &world.log, witness(), one_by_one);
    reached(&world.log, 1_100).await;
    running.stop().await;
    let rows: i64 =
        sqlx::query_scalar("select count(*) from checkpoints").fetch_one(world.pool()).await.unwrap();
    assert!(rows < 200, "{rows} rows");
    assert_eq!(
        checkpoint(world.pool(), "witness").await.unwrap(),
        Some(Frontier::whole(Position::new(1_100)))
    );
}

#[tokio::test]
async fn while_many_callers_wait_a_subscription_rests_between_batches_and_afterwards_no_longer() {
    let world = world().await;
    recorded(world.log.append(events(1, 0, 30)).await);
    let callers: Vec<_> = (0..16).map(|_| world.log.caller()).collect();
    let patient = SubscriptionOptions { lease: Duration::from_secs(30), ..quick() };
    let running = run_as(&world, &world.log, Witness { work: 200_000, ..witness() }, patient);
    reached(&world.log, 10).await;
    let began = Instant::now();
    reached(&world.log, 20).await;
    let rested = began.elapsed();
    assert!(rested > Duration::from_millis(200), "a multiple of its work, and then it goes on: {rested:?}");
    drop(callers);
    reached(&world.log, 30).await;
    recorded(world.log.append(events(1, 30, 100)).await);
    let began = Instant::now();
    reached(&world.log, 130).await;
    let worked = began.elapsed();
    assert!(worked < rested, "ten batches without a rest: {worked:?} after one of {rested:?}");
    running.stop().await;
}
