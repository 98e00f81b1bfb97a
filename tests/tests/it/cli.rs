//! The subcommands beside a running engine.

use std::process::Output;

use orqestra_tests::load::order;
use orqestra_tests::world::World;
use serde_json::Value;

fn lines(output: &Output) -> Vec<Value> {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["eventType"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn log_show_prints_the_whole_story_of_an_event_and_nothing_personal() {
    let world = World::start().await;
    let tenant = world.tenant();
    drop(world.trigger(tenant, &order(1)).await.expect(200));
    drop(world.drain().await);
    let id = tenant.id.to_string();
    let output = world.launch().run(&["log", "show", "order-1", "--tenant", &id]);
    let events = lines(&output);
    let mut kinds = kinds(&events);
    assert_eq!(kinds[0], "NotificationAccepted");
    kinds.sort_unstable();
    let of = |kind: &str| kinds.iter().filter(|known| **known == kind).count();
    assert_eq!(
        [of("DeliveryRendered"), of("AttemptStarted"), of("AttemptSucceeded")],
        [3, 3, 3],
        "{kinds:?}"
    );
    for (number, event) in (1..).zip(&events) {
        assert_eq!(event["sequence"], number);
        assert_eq!(event["tenantId"], *id);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    for personal in ["user-1", "+254712345601", "ORD-1", "Order Confirmed"] {
        assert!(!text.contains(personal), "{personal} stands in the log: {text}");
    }
    let position = events[0]["position"].to_string();
    assert_eq!(lines(&world.launch().run(&["log", "show", &position])), events[..1]);
    let unknown = world.launch().run(&["log", "show", "nothing", "--tenant", &id]);
    assert!(!unknown.status.success());
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("the log holds no nothing"));
}

#[tokio::test]
async fn log_tail_prints_the_newest_events_in_order() {
    let world = World::start().await;
    drop(world.trigger(world.tenant(), &order(1)).await.expect(200));
    drop(world.drain().await);
    let events = lines(&world.launch().run(&["log", "tail", "-n", "4"]));
    let positions: Vec<_> = events.iter().map(|event| event["position"].as_i64().unwrap()).collect();
    assert_eq!(positions.len(), 4);
    assert!(positions.windows(2).all(|pair| pair[1] == pair[0] + 1), "{positions:?}");
    let id = world.tenant().id.to_string();
    let all = lines(&world.launch().run(&["log", "tail", "-n", "100000", "--tenant", &id]));
    assert!(all.iter().all(|event| event["tenantId"] == *id));
    assert_eq!(kinds(&all)[0], "TenantRegistered");
}

#[tokio::test]
async fn doctor_finds_nothing_amiss_with_a_good_set_up_and_names_what_is() {
    let world = World::start().await;
    let launch = world.launch();
    let output = launch.run(&["doctor"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("fsync is on") && said.contains("log          holds "), "{said}");
    let findings = lines(&launch.run(&["doctor", "--json"]));
    assert!(findings.iter().all(|finding| finding["ok"] == true), "{findings:#?}");
    let schema = async |change: &str| {
        sqlx::query(change).execute(world.pool()).await.unwrap();
        let output = launch.run(&["doctor"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let at = said.lines().position(|line| line.contains("  schema ")).unwrap();
        let lines: Vec<_> = said.lines().skip(at).take(2).map(str::to_owned).collect();
        (output.status.success(), lines.join(""))
    };
    let (good, said) = schema("select 1").await;
    assert!(good && said.ends_with("is this program's"), "{said}");
    let newest = "version = (select max(version) from _sqlx_migrations)";
    let (good, said) = schema(&format!("update _sqlx_migrations set success = false where {newest}")).await;
    assert!(
        !good && said.contains("lacks 1 migrations") && said.ends_with("run `orqestra migrate`"),
        "{said}"
    );
    let later = format!("update _sqlx_migrations set success = true, version = 9999 where {newest}");
    let (good, said) = schema(&later).await;
    assert!(!good && said.contains("has 1 migrations that this program does not know"), "{said}");

    let mut as_owner = launch.clone();
    let owner = as_owner.settings.remove("ORQESTRA_MIGRATION_DATABASE_URL").unwrap();
    as_owner.settings.insert("ORQESTRA_DATABASE_URL".to_owned(), owner);
    let output = as_owner.run(&["doctor"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("the engine works as the owner of the schema"));

    let mut away = launch;
    away.settings.insert("ORQESTRA_DATABASE_URL".to_owned(), "postgres://nobody@127.0.0.1:9/none".to_owned());
    let output = away.run(&["doctor"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("does not answer"));
}

#[tokio::test]
async fn migrate_can_be_run_again_and_changes_nothing() {
    let world = World::start().await;
    let count = async || {
        let rows: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations")
            .fetch_one(world.pool())
            .await
            .unwrap();
        rows
    };
    let before = count().await;
    let output = world.launch().run(&["migrate"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(count().await, before);
    assert!(before > 0);
}

#[tokio::test]
async fn a_wrong_setting_is_named_and_ends_the_program() {
    let world = World::start().await;
    let mut launch = world.launch();
    launch.settings.insert("ORQESTRA_LISTEN".to_owned(), "8080".to_owned());
    let output = launch.run(&["up"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("orqestra: listen: 8080 is no address and port"), "{said}");
}
