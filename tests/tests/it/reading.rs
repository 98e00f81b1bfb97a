//! The history and its read state, as the recipient's front end sees them.

use orqestra_tests::http::Request;
use orqestra_tests::state::ids;
use orqestra_tests::world::World;
use serde_json::{Value, json};
use uuid::Uuid;

fn push(user: &str, number: usize) -> Value {
    json!({
        "eventType": "global.info",
        "eventId": format!("{user}-{number}"),
        "channels": ["PUSH"],
        "payload": {"userId": user},
        "variables": {"title": format!("Title {number}"), "message": format!("Message {number}")},
    })
}

#[tokio::test]
async fn the_history_is_newest_first_in_pages_by_offset_and_by_cursor() {
    let world = World::start().await;
    let tenant = world.tenant();
    for number in 0..12 {
        drop(world.accept(tenant, &push("u-1", number)).await);
    }
    drop(world.drain().await);
    let get = async |query: &str| {
        let path = format!("/api/v1/notifications/{}/u-1?{query}", tenant.id);
        world.call(Request::get(path).key(&tenant.key)).await
    };
    let all = get("").await.expect(200).json()["data"].as_array().unwrap().clone();
    let titles: Vec<_> = all.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect();
    assert_eq!(titles, (0..12).rev().map(|number| format!("Title {number}")).collect::<Vec<_>>());
    let page = get("limit=5&offset=5").await.expect(200);
    assert_eq!(page.json()["data"].as_array().unwrap()[..], all[5..10]);

    let mut walked = Vec::new();
    let mut query = "limit=5".to_owned();
    loop {
        let page = get(&query).await.expect(200);
        walked.extend(page.json()["data"].as_array().unwrap().clone());
        let Some(link) = page.header("link") else { break };
        assert!(link.ends_with(">; rel=\"next\""), "{link}");
        query = link.split_once('?').unwrap().1.split_once('>').unwrap().0.to_owned();
        // What comes in meanwhile moves no page.
        drop(world.accept(tenant, &push("u-1", 100 + walked.len())).await);
        drop(world.drain().await);
    }
    assert_eq!(walked, all);
}

#[tokio::test]
async fn a_notification_of_another_user_or_tenant_is_not_there() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant(), world.new_tenant(json!({})).await);
    for (owner, user) in [(tenant, "u-1"), (tenant, "u-2"), (&other, "u-1")] {
        drop(world.accept(owner, &push(user, 1)).await);
    }
    drop(world.drain().await);
    let mine = ids(&world.history(tenant, "u-1").await).remove(0);
    let theirs = ids(&world.history(&other, "u-1").await).remove(0);
    let unknown = Uuid::nil().to_string();
    for (key, path_tenant, user, id, code) in [
        (tenant, tenant.id, "u-2", &mine, "unknown_notification"),
        (tenant, tenant.id, "u-1", &theirs, "unknown_notification"),
        (tenant, tenant.id, "u-1", &unknown, "unknown_notification"),
        (tenant, other.id, "u-1", &theirs, "unknown_tenant"),
        (&other, tenant.id, "u-1", &mine, "unknown_tenant"),
    ] {
        let (status, body) = world.read(key, path_tenant, user, id).await.error();
        assert_eq!((status, &body["code"]), (404, &json!(code)), "{body}");
    }
    for (owner, user) in [(tenant, "u-1"), (tenant, "u-2"), (&other, "u-1")] {
        let rows = world.history(owner, user).await;
        assert!(rows.len() == 1 && rows[0]["status"] == "UNREAD", "{rows:#?}");
    }
}
