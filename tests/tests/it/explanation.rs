//! Why a message failed, in the server's own words: opened for an operator who says why, and never without a trace.

use hyper::Method;
use orqestra_tests::http::{Answer, Request, segment};
use orqestra_tests::load::order;
use orqestra_tests::smtp::Smtp;
use orqestra_tests::world::World;
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::cli_http::{bad, good};
use crate::event_id::places_of;
use crate::forgetting::forget;
use crate::inside;

const GONE: &str = "fail550+7@example.org";
const WORDS: &str = "5.1.1 <fail550+7@example.org>: no such mailbox";
const REASON: &str = "Ada Lovelace of ticket 311 got no confirmation";

/// A world whose order 7 goes to a mailbox that is not there.
async fn refused(settings: &[(&str, &str)]) -> (World, Smtp, String) {
    let (world, smtp) = (World::with(settings).await, Smtp::start());
    world.providers(world.tenant(), "EMAIL", &json!([smtp.provider()])).await;
    let mut body = order(7);
    body["payload"]["recipientEmail"] = json!(GONE);
    let id = world.accept(world.tenant(), &body).await;
    assert_eq!(world.settled(world.tenant(), &id).await.channel("EMAIL").status, "FAILED");
    (world, smtp, id)
}

async fn explained(world: &World, id: &str, body: &Value) -> Answer {
    let path = format!("/admin/v1/tenants/{}/events/{}/explanation", world.tenant().id, segment(id));
    world.admin(Method::POST, &path, body).await
}

/// The readings on record: payload and metadata of each.
async fn readings(world: &World) -> Vec<(Value, Value)> {
    let rows = sqlx::query(
        "select payload::text, metadata::text from events where event_type = 'PersonalDataRead' order by position",
    );
    let rows = rows.fetch_all(world.pool()).await.unwrap();
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let read = |row: &sqlx::postgres::PgRow| {
        (json(row.get("payload"))["PersonalDataRead"].clone(), json(row.get("metadata")))
    };
    rows.iter().map(read).collect()
}

#[tokio::test]
async fn why_an_email_failed_is_told_in_the_servers_words_and_every_look_is_on_record_before() {
    let (world, smtp, id) = refused(&[("ORQESTRA_ADMIN_NAME", "night-shift")]).await;
    let tenant = world.tenant();
    let path = format!("/admin/v1/tenants/{}/events/{}", tenant.id, segment(&id));

    // The view without a reason opens nothing, and names the server.
    let seen = world.admin_get(&path).await.expect(200);
    assert!(!seen.text().contains("no such mailbox"), "{}", seen.text());
    let attempt = seen.json()["data"]["channels"][0]["attempts"][0].clone();
    let server = format!("127.0.0.1:{}", smtp.port());
    assert_eq!((&attempt["provider"], &attempt["server"]), (&json!("smtp"), &json!(server)));
    assert_eq!((&attempt["cause"], &attempt["scope"]), (&json!("smtp_550"), &json!("message")));
    for bad in [json!({}), json!({"reason": "  "}), json!({"reason": "r", "include": ["variables"]})] {
        assert_eq!(explained(&world, &id, &bad).await.status, 422, "{bad}");
    }
    assert_eq!(explained(&world, "none-such", &json!({"reason": REASON})).await.status, 404);
    assert_eq!(readings(&world).await, [], "nothing was opened");

    let told = explained(&world, &id, &json!({"reason": REASON})).await.expect(200);
    let data = &told.json()["data"];
    let attempt = &data["channels"][0]["attempts"][0];
    assert_eq!((&attempt["answer"], &attempt["server"]), (&json!(WORDS), &json!(server)));
    assert!(
        attempt["startedAt"].is_string() && attempt["endedAt"].is_string() && attempt["instance"].is_string()
    );
    for closed in [&data["recipient"], &data["channels"][0]["content"]] {
        assert!(closed.is_null(), "{data}");
    }
    let notification = data["notificationId"].as_str().unwrap().to_owned();
    let include = json!({"reason": REASON, "include": ["recipient", "content"]});
    let all = explained(&world, &notification, &include).await.expect(200).json()["data"].clone();
    assert_eq!(
        all["recipient"],
        json!({"userId": "user-7", "email": GONE, "phone": "+254712345607", "eventId": id})
    );
    assert!(all["channels"][0]["content"]["body"].as_str().unwrap().contains("ORD-7"), "{all}");
    assert!(all["channels"][2]["content"]["title"].is_string(), "{all}");

    let read = readings(&world).await;
    let opened: Vec<_> = read.iter().map(|(read, _)| read["opened"].clone()).collect();
    assert_eq!(opened, [json!(["answers"]), json!(["event_id", "recipient", "content", "answers"])]);
    for ((read, metadata), answer) in read.iter().zip([&told.json()["data"], &all]) {
        assert_eq!((&read["view"], &read["by"]), (&json!("explanation"), &json!("admin:night-shift")));
        assert_eq!(read["notifications"], json!([notification]));
        assert!(read["reason"]["data"].is_string(), "{read}");
        assert_eq!(metadata["actor"], "admin:night-shift");
        assert!(metadata["requestId"].is_string() && metadata["recipientRef"].is_string(), "{metadata}");
        assert!(answer["evidenceId"].is_string());
    }
    for personal in [GONE, REASON, "Ada Lovelace", WORDS] {
        assert_eq!(places_of(world.pool(), personal).await, [""; 0], "{personal} stands in clear");
    }
    inside::agrees(&world).await;
}

#[tokio::test]
async fn whatever_else_shows_an_operator_personal_data_leaves_the_same_trace() {
    let (world, _smtp, id) = refused(&[]).await;
    let tenant = world.tenant();
    let state = world.event(tenant, &id).await;
    assert_eq!(readings(&world).await, [], "an event by its own id opens nothing");

    let by_notification = world.event(tenant, &state.notification_id).await;
    assert_eq!(by_notification.event_id, id);
    assert_eq!(world.sandbox(tenant, "SMS").await.len(), 1);
    assert!(world.sandbox(tenant, "EMAIL").await.is_empty());
    let read = readings(&world).await;
    let seen: Vec<_> = read.iter().map(|(read, _)| (read["view"].clone(), read["opened"].clone())).collect();
    assert_eq!(
        seen,
        [
            (json!("event"), json!(["event_id"])),
            (json!("sandbox"), json!(["event_id", "recipient", "content"])),
        ],
        "an empty page tells nothing"
    );
    assert!(read.iter().all(|(read, _)| read["notifications"] == json!([state.notification_id])));

    // What the log itself shows is as it is stored.
    let shown = good(&world.launch().run(&["log", "show", &id, "--tenant", &tenant.id.to_string()]));
    let tail = good(&world.launch().run(&["log", "tail", "-n", "100"]));
    for said in [shown, tail] {
        assert!(said.contains("AttemptFailed"), "{said}");
        for personal in [GONE, "user-7", "+2547", "ORD-7", "no such mailbox"] {
            assert!(!said.contains(personal), "{personal} in {said}");
        }
    }
    assert_eq!(readings(&world).await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_put_on_record_is_not_told() {
    let (world, _smtp, id) = refused(&[]).await;
    let state = world.event(world.tenant(), &id).await;
    world.expect_errors();
    for statement in [
        "create function refuse() returns trigger language plpgsql as $$ begin raise 'no more events'; end $$",
        "create trigger refuse before insert on events for each statement execute function refuse()",
    ] {
        sqlx::query(statement).execute(world.pool()).await.unwrap();
    }
    let include = json!({"reason": REASON, "include": ["recipient", "content"]});
    let sandbox = format!("/admin/v1/sandbox/messages?tenantId={}", world.tenant().id);
    let event = format!("/admin/v1/tenants/{}/events/{}", world.tenant().id, state.notification_id);
    for answer in [
        explained(&world, &id, &include).await,
        world.admin_get(&sandbox).await,
        world.admin_get(&event).await,
    ] {
        assert_eq!(answer.status.as_u16(), 500, "{}", answer.text());
        for personal in [GONE, "no such mailbox", "ORD-7", "+2547", "order-7"] {
            assert!(!answer.text().contains(personal), "{}", answer.text());
        }
    }
    sqlx::query("drop trigger refuse on events").execute(world.pool()).await.unwrap();
    assert_eq!(explained(&world, &id, &include).await.status, 200);
}

#[tokio::test]
async fn of_a_forgotten_person_words_content_and_address_say_that_they_were_forgotten() {
    let (world, smtp, id) = refused(&[]).await;
    let include = json!({"reason": REASON, "include": ["recipient", "content"]});
    drop(explained(&world, &id, &include).await.expect(200));
    world.sigterm().await;
    let [before, after] = forget(&world, "user-7").await;
    assert!(before > 0 && after == 0);
    world.begin().await;
    let data = explained(&world, &id, &include).await.expect(200).json()["data"].clone();
    assert_eq!(data["recipientForgotten"], true);
    assert_eq!(data["channels"][0]["contentForgotten"], true);
    let attempt = &data["channels"][0]["attempts"][0];
    assert_eq!((&attempt["answerForgotten"], &attempt["answer"]), (&json!(true), &Value::Null));
    assert_eq!(
        (&attempt["cause"], &attempt["server"]),
        (&json!("smtp_550"), &json!(format!("127.0.0.1:{}", smtp.port())))
    );
    let read = readings(&world).await;
    assert_eq!(read.last().unwrap().0["opened"], json!([]), "nothing could be opened, and the look stays");
    let keys: Vec<_> = read.iter().map(|(read, _)| read["reason"]["keyId"].clone()).collect();
    assert_ne!(keys[0], keys[1], "the first reason went with the person");
    let left: i64 = sqlx::query_scalar("select count(*) from data_keys where key_id = $1::uuid")
        .bind(keys[0].as_str())
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(left, 0);
    inside::agrees(&world).await;
}

#[tokio::test]
async fn the_server_of_an_attempt_is_named_also_after_it_was_taken_out_and_one_that_is_not_there_by_the_system()
 {
    let (world, smtp) = (World::start().await, Smtp::start());
    let tenant = world.tenant();
    let (down, up) = (Smtp::start(), smtp);
    world.providers(tenant, "EMAIL", &json!([down.provider(), up.provider()])).await;
    down.stop();
    let id = world.accept(tenant, &order(7)).await;
    world.settled(tenant, &id).await;
    world.providers(tenant, "EMAIL", &json!([{"kind": "sandbox"}])).await;
    let data = explained(&world, &id, &json!({"reason": "r"})).await.expect(200).json()["data"].clone();
    let email = &data["channels"][0]["attempts"];
    let server = |of: &Smtp| format!("127.0.0.1:{}", of.port());
    assert_eq!((&email[0]["server"], &email[1]["server"]), (&json!(server(&down)), &json!(server(&up))));
    assert_eq!(email[0]["cause"], "smtp_connect_refused");
    let said = email[0]["answer"].as_str().unwrap();
    assert!(said.starts_with(&format!("{}: Connection refused", server(&down))), "{said}");
    assert!(email[1]["answer"].as_str().unwrap().starts_with("250 "), "{data}");
    let sandbox = &data["channels"][1]["attempts"][0];
    assert_eq!((&sandbox["provider"], &sandbox["server"]), (&json!("sandbox"), &Value::Null));
    let state = world.call(Request::get(format!("/api/v1/events/{}", segment(&id))).key(&tenant.key)).await;
    assert!(!state.text().contains("127.0.0.1"), "a tenant is told of no server: {}", state.text());
}

#[tokio::test]
async fn the_command_tells_attempts_and_opens_only_with_a_reason() {
    let (world, smtp, id) = refused(&[]).await;
    let mut launch = world.launch();
    launch.settings.insert("ORQESTRA_URL".to_owned(), format!("http://{}", world.engine().address()));
    let plain = good(&launch.run(&["notification", "show", &id]));
    assert!(plain.contains(&format!("127.0.0.1:{}", smtp.port())) && plain.contains("smtp_550"), "{plain}");
    assert!(!plain.contains("no such mailbox"), "{plain}");
    let without = launch.run(&["notification", "show", &id, "--reveal"]);
    assert_eq!(without.status.code(), Some(2), "a reason is asked for");
    assert_eq!(readings(&world).await, []);
    let answers = good(&launch.run(&["notification", "show", &id, "--reveal=answers", "--reason", REASON]));
    assert!(answers.contains(&format!("EMAIL 1: {WORDS}\n")) && !answers.contains("ORD-7"), "{answers}");
    let all = good(&launch.run(&["notification", "show", &id, "--reason", REASON, "--reveal"]));
    for opened in ["user-7", GONE, "ORD-7", WORDS] {
        assert!(all.contains(opened), "{opened} in {all}");
    }
    let read = readings(&world).await;
    let named: Vec<_> = read.iter().map(|(read, _)| read["opened"].as_array().unwrap().len()).collect();
    assert_eq!(named, [1, 4]);
    let said = bad(&launch.run(&["notification", "show", "none-such", "--reveal", "--reason", "r"]));
    assert!(said.contains("unknown_event"), "{said}");
}
