//! Marking a notification as read.

use orqestra_tests::http::Request;
use orqestra_tests::state::ids;
use orqestra_tests::world::World;
use serde_json::{Value, json};

use super::{global, refuses_other_keys};

fn push(user: &str, number: usize) -> Value {
    let mut body = global(user);
    body["eventId"] = json!(format!("{user}-{number}"));
    body
}

#[tokio::test]
async fn read_response() {
    let world = World::start().await;
    let tenant = world.tenant();
    for number in 0..20 {
        drop(world.accept(tenant, &push("u-1", number)).await);
    }
    drop(world.drain().await);
    for id in ids(&world.history(tenant, "u-1").await) {
        let answer = world.read(tenant, tenant.id, "u-1", &id).await.expect(200);
        assert_eq!(answer.text(), r#"{"success":true}"#);
        let rows = world.history(tenant, "u-1").await;
        let row = rows.iter().find(|row| row["id"] == *id).unwrap();
        assert_eq!(row["status"], "READ");
    }
    world.restart().await;
    let rows = world.history(tenant, "u-1").await;
    assert!(rows.len() == 20 && rows.iter().all(|row| row["status"] == "READ"), "{rows:#?}");
    drop(world.read(tenant, tenant.id, "u-1", &ids(&rows)[0]).await.expect(200));
}

#[tokio::test]
async fn read_header_x_api_key() {
    let world = World::start().await;
    let tenant = world.tenant();
    drop(world.accept(tenant, &global("u")).await);
    drop(world.drain().await);
    let id = ids(&world.history(tenant, "u").await).remove(0);
    let path = format!("/api/v1/notifications/{}/u/{id}/read", tenant.id);
    refuses_other_keys(&world, Request::put(path)).await;
    assert_eq!(world.history(tenant, "u").await[0]["status"], "UNREAD");
}
