//! The caller's id of an event may name a person: it stands nowhere in clear, and every event says where it comes from.

use orqestra_tests::http::Request;
use orqestra_tests::load::order;
use orqestra_tests::shop::Shop;
use orqestra_tests::world::World;
use serde_json::json;
use sqlx::{PgPool, Row as _};

use crate::forgetting::forget;
use crate::inside;

const NAMING: &str = "welcome-user@example.com";

/// Every row of every table that holds a text, by the table's name.
pub(crate) async fn places_of(pool: &PgPool, text: &str) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select quote_ident(table_schema) || '.' || quote_ident(table_name) from information_schema.tables
          where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(tables.len() > 10, "the schema's tables are looked at: {tables:?}");
    let mut places = Vec::new();
    for table in tables {
        let found = format!("select t::text as row from {table} t where strpos(t::text, $1) > 0");
        let rows = sqlx::query(&found).bind(text).fetch_all(pool).await.unwrap();
        places.extend(rows.iter().map(|row| format!("{table}: {}", row.get::<String, _>("row"))));
    }
    places
}

#[tokio::test]
async fn an_event_id_that_names_a_person_stands_nowhere_in_clear_and_goes_with_the_person() {
    let shop = Shop::open(World::start().await).await;
    let (world, tenant) = (&shop.world, shop.tenant());
    let mut body = order(7);
    body["eventId"] = json!(NAMING);
    let id = world.accept(tenant, &body).await;
    assert_eq!(id, NAMING);
    assert_eq!(world.settled(tenant, &id).await.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    let pool = world.pool();
    assert_eq!(places_of(pool, NAMING).await, [""; 0]);
    let kept = world.sandbox(tenant, "SMS").await;
    assert_eq!(kept[0]["eventId"], NAMING, "callers that may see the message see it");

    // An operator who has the notification's id alone finds the event.
    let state = world.event(tenant, NAMING).await;
    let by_notification = world.event(tenant, &state.notification_id).await;
    assert_eq!((by_notification.event_id.as_str(), by_notification.ends()), (NAMING, state.ends()));

    world.sigterm().await;
    forget(world, "user-7").await;
    world.begin().await;
    assert_eq!(places_of(pool, NAMING).await, [""; 0]);
    assert_eq!(world.event(tenant, NAMING).await.ends(), state.ends(), "the caller still finds it by its id");
    let path = format!("/admin/v1/tenants/{}/events/{}", tenant.id, state.notification_id);
    let told = world.admin_get(&path).await.expect(200).json();
    assert_eq!(told["data"].get("eventId"), None);
    inside::agrees(world).await;
}

#[tokio::test]
async fn every_event_of_a_whole_story_names_actor_request_cause_program_and_process() {
    let shop = Shop::open(World::with(&[("ORQESTRA_ADMIN_NAME", "night-shift")]).await).await;
    let (world, tenant) = (&shop.world, shop.tenant());
    let mut again = order(1);
    again["payload"]["recipientEmail"] = json!("fail451-1@example.org");
    let mut cut = order(2);
    cut["payload"]["recipientEmail"] = json!("cut-2@example.org");
    for body in [&order(3), &again, &cut] {
        let id = world.accept(tenant, body).await;
        world.settled(tenant, &id).await;
    }
    drop(world.call(Request::get("/healthz")).await);
    let rows = sqlx::query("select event_type, event_id::text, metadata::text from events order by position")
        .fetch_all(world.pool())
        .await
        .unwrap();
    let mut known = std::collections::BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for row in &rows {
        let (event_type, id): (String, String) = (row.get("event_type"), row.get("event_id"));
        let metadata: serde_json::Value = serde_json::from_str(&row.get::<String, _>("metadata")).unwrap();
        let text = |name: &str| metadata[name].as_str().unwrap_or_default().to_owned();
        for name in ["actor", "requestId", "program", "process"] {
            assert!(!text(name).is_empty(), "{event_type} lacks {name}: {metadata}");
        }
        let of_this_version = concat!("orqestra/", env!("CARGO_PKG_VERSION"), "+shapes.");
        assert!(text("program").starts_with(of_this_version), "{metadata}");
        let cause = known.get(&text("causation")).cloned();
        if text("actor") == "engine:dispatch" {
            let expected: &[&str] = match event_type.as_str() {
                "DeliveryRendered" => &["NotificationAccepted"],
                "AttemptStarted" => &["NotificationAccepted", "AttemptFailed", "AttemptOutcomeUnknown"],
                _ => &["AttemptStarted"],
            };
            let cause: String = cause.expect("what dispatch does follows from an event");
            assert!(expected.contains(&cause.as_str()), "{event_type} follows from {cause}");
        } else if !text("actor").starts_with("engine:") {
            assert!(metadata.get("causation").is_none(), "{event_type} was asked for from outside");
        }
        let actor = text("actor");
        seen.insert(actor.split(':').next().unwrap_or_default().to_owned());
        if actor.starts_with("admin") {
            assert_eq!(actor, "admin:night-shift");
        }
        known.insert(id, event_type);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["admin", "api-key", "engine"]);
}
