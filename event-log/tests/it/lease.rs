//! Leases: none holds a subscription up for longer than a lease lasts, whatever the clock did meanwhile.

use sqlx::Executor as _;

use crate::subscription::{append, quick, reached, run_as, witness, witnessed, world};

#[tokio::test]
async fn a_lease_from_before_the_databases_clock_was_set_back_holds_nobody_up() {
    let world = world().await;
    // As an owner left it whose connection is gone, by a clock that was hours ahead.
    let left = "insert into leases (name, epoch, owner, until, presence)
                values ('witness', 7, gen_random_uuid(), clock_timestamp() + interval '3 hours', 0)";
    world.pool().execute(left).await.unwrap();
    append(&world, [1]).await;
    let running = run_as(&world, &world.log, witness(), quick());
    reached(&world.log, 1).await;
    running.stop().await;
    assert_eq!(witnessed(&world).await, [1]);
}
