//! What is stored for a caller's idempotency key, and the claims in clear of the version before.

use std::time::Duration;

use orqestra_commands::{CommandError, Commands, MismatchOf, TenantEntry, Trigger};
use orqestra_domain::NotificationId;
use orqestra_event_log::Clock;

use crate::support::{World, ctx, stored, tenant, trigger};

const DAY: Duration = Duration::from_hours(24);
const KEYS: [&str; 4] = ["jane.doe@example.com", "+254712345678", "order-17", "Sch\u{fc}ssel"];

/// Claims a key as the version before does.
async fn claim_in_clear(world: &World, of: &TenantEntry, key: &str, notification: NotificationId) {
    let (tenant, until) = (of.id, world.clock.now().plus(DAY));
    let claim =
        format!("insert into idempotency_keys values ('{tenant}', '{key}', '{notification}', '{until}')");
    world.database.run(&claim).await;
}

/// The keys of a tenant as they stand in the table, with the hours for which they hold.
async fn keys(world: &World, of: &TenantEntry) -> Vec<String> {
    let (tenant, now) = (of.id, world.clock.now());
    let asked = format!(
        "select key || ' ' || round(extract(epoch from expires_at - '{now}') / 3600) from idempotency_keys
          where tenant_id = '{tenant}' order by key collate \"C\""
    );
    world.database.texts(&asked).await
}

async fn accept(
    commands: &Commands,
    of: &std::sync::Arc<TenantEntry>,
    what: Trigger,
) -> (NotificationId, bool) {
    let triggered = commands.trigger(of, what, &ctx()).await.unwrap();
    (triggered.notification, triggered.replayed)
}

#[tokio::test]
async fn no_key_that_a_caller_chose_stands_in_the_database_or_in_a_debug_form() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    for (number, key) in KEYS.into_iter().enumerate() {
        let first = trigger(None, Some(key), "u", &number.to_string());
        assert!(!format!("{first:?}").contains(key));
        assert!(!accept(&commands, &shop, first.clone()).await.1);
        // In a process that remembers it, and in one that does not.
        assert!(accept(&commands, &shop, first.clone()).await.1);
        assert!(accept(&world.process().await, &shop, first).await.1);
        let event = format!("e-{number}");
        assert!(!accept(&commands, &shop, trigger(Some(&event), None, "u", "")).await.1);
        let later = format!("{key}, again");
        assert!(accept(&commands, &shop, trigger(Some(&event), Some(&later), "u", "")).await.1);
    }
    let both = KEYS.into_iter().flat_map(|key| [stored(&shop, key), stored(&shop, &format!("{key}, again"))]);
    let mut expected: Vec<String> = both.map(|key| format!("{key} 24")).collect();
    expected.sort();
    assert_eq!(keys(&world, &shop).await, expected);
    let everything = world.database.dump();
    assert!(everything.contains(&stored(&shop, KEYS[0])), "the look finds what is there");
    for key in KEYS {
        assert!(!everything.contains(key), "{key}");
    }
}

#[tokio::test]
async fn a_claim_of_the_version_before_holds_for_its_day_and_goes_then() {
    let world = World::new().await;
    let earlier = world.process().await;
    let shop = tenant(&earlier).await;
    let (by_key, by_both) = (trigger(None, Some("a"), "u", ""), trigger(Some("e"), Some("b"), "u", ""));
    let unkeyed = |what: &Trigger| Trigger { idempotency_key: None, ..what.clone() };
    let (first, _) = accept(&earlier, &shop, unkeyed(&by_key)).await;
    let (second, _) = accept(&earlier, &shop, unkeyed(&by_both)).await;
    claim_in_clear(&world, &shop, "a", first).await;
    claim_in_clear(&world, &shop, "b", second).await;

    world.clock.advance(DAY / 2);
    for _ in 0..2 {
        let commands = world.process().await;
        let known = commands.known(&shop, &by_key).await.unwrap().unwrap();
        assert_eq!(known.notification, first);
        let commands = world.process().await;
        assert_eq!(accept(&commands, &shop, by_key.clone()).await, (first, true));
        assert_eq!(accept(&commands, &shop, by_both.clone()).await, (second, true));
        for other in [
            trigger(None, Some("a"), "u", "another"),
            trigger(Some("f"), Some("b"), "u", ""),
            trigger(Some("e"), Some("a"), "u", ""),
        ] {
            let refused = commands.trigger(&shop, other, &ctx()).await.unwrap_err();
            assert!(
                matches!(refused, CommandError::IdempotencyMismatch(MismatchOf::IdempotencyKey)),
                "{refused}"
            );
        }
    }
    assert_eq!(keys(&world, &shop).await, ["a 12", "b 12"]);

    world.clock.advance(DAY / 2);
    let commands = world.process().await;
    assert_eq!(commands.log().purge_idempotency_keys(100).await.unwrap(), 2);
    assert!(!accept(&commands, &shop, by_key).await.1, "the key is free again");
    assert_eq!(keys(&world, &shop).await, [format!("{} 24", stored(&shop, "a"))]);
}

#[tokio::test]
async fn while_a_process_of_the_version_before_runs_either_one_finds_the_others_claims() {
    let world = World::new().await;
    let shop = tenant(&world.process().await).await;
    let earlier = world.database.session("orqestra").await;
    let commands = world.process().await;

    // What is claimed here, the other one finds under the only form that it knows.
    let (here, _) = accept(&commands, &shop, trigger(None, Some("here"), "u", "1")).await;
    let (event, _) = accept(&commands, &shop, trigger(Some("e"), None, "u", "2")).await;
    assert!(accept(&commands, &shop, trigger(Some("e"), Some("later"), "u", "2")).await.1);
    for (key, holder) in [("here", here), ("later", event)] {
        let found = commands.log().idempotency_key(shop.id, key, None).await.unwrap();
        assert_eq!(found, Some(holder), "{key}");
    }
    let hashed = |key| format!("{} 24", stored(&shop, key));
    let mut expected = vec!["here 1".to_owned(), "later 1".to_owned(), hashed("here"), hashed("later")];
    expected.sort();
    assert_eq!(keys(&world, &shop).await, expected);

    // What the other one claims meanwhile, this one finds.
    let there = trigger(None, Some("there"), "u", "3");
    let (holder, _) = accept(&commands, &shop, Trigger { idempotency_key: None, ..there.clone() }).await;
    claim_in_clear(&world, &shop, "there", holder).await;
    assert_eq!(accept(&commands, &shop, there).await, (holder, true));

    // Once the other one is gone, nothing is claimed in clear.
    drop(earlier);
    let sessions = "select 'one' from pg_stat_activity
                     where datname = current_database() and application_name = 'orqestra'";
    crate::support::in_time(async { while !world.database.texts(sessions).await.is_empty() {} }).await;
    let commands = world.process().await;
    accept(&commands, &shop, trigger(None, Some("after"), "u", "4")).await;
    let left = keys(&world, &shop).await;
    assert!(left.iter().all(|key| !key.starts_with("after")), "{left:?}");
    assert!(left.contains(&hashed("after")), "{left:?}");
}
