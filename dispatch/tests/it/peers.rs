//! Several processes that send: together they make no more calls than an entry allows.

use orqestra_commands::{ListedProvider, TenantEntry};
use orqestra_dispatch::DispatchSettings;
use orqestra_domain::Channel::Email;
use orqestra_domain::provider::ProviderLimits;
use orqestra_tests::wait;

use crate::script::{Answer, Script};
use crate::world::{DEADLINE, Running, World, settings, smtp};

/// Calls at one time that the entry allows.
const AT_ONE_TIME: usize = 4;

/// A tenant whose provider takes a few calls at one time.
async fn shop(world: &World) -> std::sync::Arc<TenantEntry> {
    let tenant = world.tenant("acme", &[(Email, "hi")]).await;
    let limits = ProviderLimits::new(None, Some(u32::try_from(AT_ONE_TIME).unwrap())).unwrap();
    world.providers(tenant.id, Email, vec![ListedProvider { provider: smtp(1), limits }]).await;
    world.entry(tenant.id)
}

/// Of which no process takes all rows.
fn few() -> DispatchSettings {
    DispatchSettings { lane_queue: 4, ..settings() }
}

/// A provider whose calls do not come back yet.
fn held() -> std::sync::Arc<Script> {
    let script = Script::always(Answer::Taken);
    script.close_gate();
    script
}

/// Waits until so many processes are counted.
async fn counted(world: &World, wanted: i64) {
    wait::until("processes that are counted", DEADLINE, async || {
        let seen = "select count(*) from dispatch_processes
                     where seen_at > clock_timestamp() - interval '5 s'";
        let seen: i64 = sqlx::query_scalar(seen).fetch_one(world.pool()).await.unwrap();
        (seen == wanted).then_some(())
    })
    .await;
}

async fn stop(running: impl IntoIterator<Item = Running>) {
    for running in running {
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_have_no_more_calls_under_way_than_an_entry_allows() {
    let world = World::new().await;
    let tenant = shop(&world).await;
    let scripts = [held(), held()];
    let running = scripts.each_ref().map(|script| world.play(script, few()));
    counted(&world, 2).await;
    let mut ids = Vec::new();
    for number in 0..40 {
        ids.push(world.trigger(&tenant, &format!("e-{number}")).await);
    }
    for script in &scripts {
        script.called(AT_ONE_TIME / 2).await;
    }
    world.read_up().await;
    let under_way = scripts.each_ref().map(|script| script.calls().len());
    assert_eq!(under_way, [AT_ONE_TIME / 2; 2]);
    for script in &scripts {
        script.open_gate();
    }
    for id in ids {
        world.settled(&tenant, id, Email).await;
    }
    stop(running).await;
    counted(&world, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_comes_waits_until_it_is_counted_and_one_that_crashed_leaves_its_part() {
    let world = World::new().await;
    let tenant = shop(&world).await;
    let (first, second) = (held(), held());
    let one = world.play(&first, few());
    for number in 0..40 {
        world.trigger(&tenant, &format!("e-{number}")).await;
    }
    first.called(AT_ONE_TIME).await;
    let other = world.play(&second, few());
    second.called(1).await;
    // When it makes its first call, the first process has counted it and begins none that is too many.
    counted(&world, 2).await;
    let before = first.calls().len();
    first.open_gate();
    first.called(before + AT_ONE_TIME).await;
    one.die().await;
    counted(&world, 1).await;
    second.called(AT_ONE_TIME).await;
    second.open_gate();
    stop([other]).await;
}
