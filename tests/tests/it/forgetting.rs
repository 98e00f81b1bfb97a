//! A person forgotten while the engine is down: what is left of them when it is up again.

use orqestra_commands::Context;
use orqestra_domain::{TenantId, UserId};
use orqestra_tests::load::order;
use orqestra_tests::shop::Shop;
use orqestra_tests::world::World;
use serde_json::json;

use crate::inside::{self, Inside};

/// Forgets a user of the world's tenant, and gives how many keys they had before and after.
pub(crate) async fn forget(world: &World, user: &str) -> [i64; 2] {
    let inside = Inside::of(world).await;
    let commands = inside.commands(world).await;
    let tenant = commands.directory().tenant(TenantId::from_uuid(world.tenant().id)).unwrap();
    let user = UserId::parse(user).unwrap();
    let keys = async || -> i64 {
        sqlx::query_scalar("select count(*) from data_keys where tenant_id = $1 and recipient_ref = $2")
            .bind(tenant.id.as_uuid())
            .bind(&tenant.index.recipient_ref(&user).as_bytes()[..])
            .fetch_one(&inside.pool)
            .await
            .unwrap()
    };
    let before = keys().await;
    commands.forget_recipient(&tenant, &user, &Context::engine("test")).await.unwrap();
    let after = keys().await;
    drop(commands);
    inside.close().await;
    [before, after]
}

#[tokio::test]
async fn a_forgotten_person_is_gone_everywhere_and_the_log_stays_whole() {
    // It fails again and again until the engine is stopped, and is due again soon after the next start.
    let delays = ["2s"; 31].join(",");
    let shop = Shop::open(World::with(&[("ORQESTRA_RETRY_DELAYS", &delays)]).await).await;
    let (world, tenant) = (&shop.world, shop.tenant());
    let mut waits = order(107);
    waits["payload"]["userId"] = json!("user-7");
    waits["payload"]["recipientEmail"] = json!("fail451-999@example.org");
    waits["channels"] = json!(["EMAIL"]);
    for body in [order(7), order(8)] {
        let id = world.accept(tenant, &body).await;
        assert_eq!(world.settled(tenant, &id).await.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    }
    let waits = world.accept(tenant, &waits).await;
    world.event_when(tenant, &waits, |state| state.channel("EMAIL").status == "RETRYING").await;
    let neighbour = (world.history(tenant, "user-8").await, world.sandbox(tenant, "SMS").await.remove(0));
    assert_eq!((neighbour.0.len(), &neighbour.1["recipient"]), (1, &json!("+254712345608")));
    assert_eq!(world.history(tenant, "user-7").await.len(), 1);

    world.sigterm().await;
    let [keys, keys_left] = forget(world, "user-7").await;
    assert!(keys > 0 && keys_left == 0, "{keys} keys, {keys_left} of them left");
    world.begin().await;

    let state = world.settled(tenant, &waits).await;
    assert_eq!(
        state.ends(),
        "EMAIL SKIPPED (recipient_forgotten), SMS SKIPPED (not_requested), PUSH SKIPPED (not_requested)"
    );
    assert_eq!(shop.smtp.to("fail451-999@example.org").len(), 0);
    assert!(world.history(tenant, "user-7").await.is_empty());
    assert_eq!(world.history(tenant, "user-8").await, neighbour.0);
    assert_eq!(world.sandbox(tenant, "SMS").await, [neighbour.1], "nothing but the neighbour's");
    assert_eq!(world.event(tenant, "order-7").await.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    inside::agrees(world).await;

    // Whoever comes again is another person, whose events go out as anybody's.
    let mut again = order(207);
    again["payload"] = order(7)["payload"].clone();
    let again = world.accept(tenant, &again).await;
    assert_eq!(world.settled(tenant, &again).await.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    let rows = world.history(tenant, "user-7").await;
    assert_eq!(rows.len(), 1, "only what came after: {rows:#?}");
    assert_eq!(rows[0]["body"], "Your order ORD-207 has been confirmed.");
    inside::agrees(world).await;
}
