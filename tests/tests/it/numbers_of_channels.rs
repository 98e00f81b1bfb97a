//! The numbers that publications have: a channel's own, dense, the same at every process and over everything that happens.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use orqestra_projections::{Projection, RebuildMode, rebuild};
use orqestra_tests::http::Request;
use orqestra_tests::realtime::Kind;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::world::World;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::forgetting::forget;
use crate::inside::Inside;
use crate::realtime::connected;

const WITHIN: Duration = Duration::from_mins(1);
const CHANNEL: &str = "global_system#u";

async fn push(world: &World, tenant: &Tenant, user: &str, title: &str) {
    let body = json!({
        "eventType": "global.info", "channels": ["PUSH"], "payload": {"userId": user},
        "variables": {"title": title, "message": "hello"},
    });
    world.accept(tenant, &body).await;
}

/// Pushes and waits until it was published.
async fn pushed(world: &World, tenant: &Tenant, user: &str, title: &str) {
    push(world, tenant, user, title).await;
    drop(world.drain().await);
}

/// A page by hand: what it is told, line by line.
struct Page {
    socket: WebSocketStream<TcpStream>,
    lines: std::collections::VecDeque<Value>,
}

impl Page {
    async fn open(world: &World, address: std::net::SocketAddr, tenant: &Tenant, user: &str) -> Self {
        let asked =
            Request::post("/api/v1/auth/realtime-token").key(&tenant.key).json(&json!({"userId": user}));
        let token = world.call(asked).await.expect(200).json()["token"].clone();
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, _) = client_async(format!("ws://{address}/connection/websocket"), stream).await.unwrap();
        let mut page = Self { socket, lines: std::collections::VecDeque::new() };
        page.say(&json!({"id": 1, "connect": {"token": token}})).await;
        assert!(page.line().await["connect"].is_object());
        page
    }

    async fn say(&mut self, line: &Value) {
        self.socket.send(Message::text(line.to_string())).await.unwrap();
    }

    async fn line(&mut self) -> Value {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return line;
            }
            let message = tokio::time::timeout(WITHIN, self.socket.next()).await.expect("a line in time");
            let message = message.expect("an open connection").unwrap();
            if let Message::Close(closed) = &message {
                let closed = closed.as_ref().expect("a reason");
                return json!({"closed": u16::from(closed.code)});
            }
            let lines = message.to_text().unwrap().lines().filter(|line| *line != "{}");
            self.lines.extend(lines.map(|line| serde_json::from_str::<Value>(line).unwrap()));
        }
    }

    /// Subscribes, and gives the answer. What is refused for now is asked again.
    async fn subscribe(&mut self, channel: &str, more: Value) -> Value {
        let mut subscribe = json!({"channel": channel});
        subscribe.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        loop {
            self.say(&json!({"id": 2, "subscribe": subscribe})).await;
            let answer = self.line().await;
            if answer["error"]["temporary"] != true {
                return answer["subscribe"].clone();
            }
        }
    }

    /// Number and title of the next publication.
    async fn next(&mut self) -> (u64, String) {
        let line = self.line().await;
        numbered(&line["push"]["pub"])
    }
}

fn numbered(publication: &Value) -> (u64, String) {
    let offset = publication["offset"].as_u64().unwrap_or_else(|| panic!("a number: {publication}"));
    (offset, publication["data"]["title"].as_str().unwrap().to_owned())
}

fn recovered(answer: &Value) -> Vec<(u64, String)> {
    assert_eq!((&answer["was_recovering"], &answer["recovered"]), (&json!(true), &json!(true)), "{answer}");
    answer["publications"].as_array().into_iter().flatten().map(numbered).collect()
}

fn told(items: &[(u64, &str)]) -> Vec<(u64, String)> {
    items.iter().map(|(number, title)| (*number, (*title).to_owned())).collect()
}

#[tokio::test]
async fn a_recipient_cannot_tell_what_others_do_from_its_numbers() {
    let world = World::start().await;
    let (mine, other) = (world.tenant(), &world.new_tenant(json!({})).await);
    for kind in Kind::ALL {
        let user = format!("{kind:?}");
        let channel = format!("global_system#{user}");
        let mut client = connected(&world, kind, mine, &user).await;
        client.subscribe(&channel).await;
        client.subscribe(&format!("inbox#{user}")).await;
        for number in 1..=3_u64 {
            for count in 0..number {
                pushed(&world, other, &user, &format!("another's {count}")).await;
                pushed(&world, mine, "someone-else", &format!("another's {count}")).await;
            }
            push(&world, mine, &user, &format!("n{number}")).await;
            let publication = client.of_channel("publication", &channel).await;
            assert_eq!(numbered(&publication), (number, format!("n{number}")), "{kind:?}");
            // The client tells 0 where there is no number.
            let change = client.of_channel("publication", &format!("inbox#{user}")).await;
            assert_eq!(change["offset"], 0, "{kind:?}");
        }
    }
    // All that a page by hand is told.
    let mut page = Page::open(&world, world.engine().address(), mine, "JavaScript").await;
    let answer = page.subscribe("global_system#JavaScript", json!({})).await;
    assert_eq!(answer["offset"], 3);
    assert_eq!(page.subscribe("inbox#JavaScript", json!({})).await, json!({}));
    let empty = page.subscribe("orders#JavaScript", json!({})).await;
    assert_eq!(empty["offset"], 0);
    let epoch = empty["epoch"].clone();
    assert_eq!(answer["epoch"], epoch);
    pushed(&world, mine, "JavaScript", "n4").await;
    assert_eq!(page.next().await, (4, "n4".to_owned()));
    let change = page.line().await["push"].clone();
    assert_eq!((&change["channel"], &change["pub"]["offset"]), (&json!("inbox#JavaScript"), &Value::Null));
}

#[tokio::test]
async fn numbers_go_on_after_a_kill_at_another_process_and_after_a_rebuild() {
    let world = World::start().await;
    let tenant = world.tenant();
    let mut page = Page::open(&world, world.engine().address(), tenant, "u").await;
    let epoch = page.subscribe(CHANNEL, json!({})).await["epoch"].clone();
    pushed(&world, tenant, "u", "a").await;
    assert_eq!(page.next().await, (1, "a".to_owned()));
    drop(page);
    pushed(&world, tenant, "someone-else", "x").await;
    pushed(&world, tenant, "u", "b").await;

    world.kill9().await;
    world.begin().await;
    let from = |number: u64| json!({"recover": true, "epoch": epoch, "offset": number});
    let mut page = Page::open(&world, world.engine().address(), tenant, "u").await;
    let answer = page.subscribe(CHANNEL, from(1)).await;
    assert_eq!(recovered(&answer), told(&[(2, "b")]));
    assert_eq!((&answer["epoch"], &answer["offset"]), (&epoch, &json!(2)));

    let second = world.beside("api,project,dispatch").await;
    let mut there = Page::open(&world, second.address(), tenant, "u").await;
    assert_eq!(recovered(&there.subscribe(CHANNEL, from(0)).await), told(&[(1, "a"), (2, "b")]));
    let mut new = Page::open(&world, second.address(), tenant, "u").await;
    assert_eq!(new.subscribe(CHANNEL, json!({})).await["offset"], 2);
    pushed(&world, tenant, "u", "c").await;
    for page in [&mut page, &mut there, &mut new] {
        assert_eq!(page.next().await, (3, "c".to_owned()));
    }
    drop((page, there, new));

    // The rows are lost and made anew from the log.
    sqlx::query("delete from inbox").execute(world.pool()).await.unwrap();
    let inside = Inside::of(&world).await;
    let report = rebuild(&inside.log, &inside.pool, Projection::Inbox, RebuildMode::Swap).await.unwrap();
    assert!(report.differences() > 0);
    inside.close().await;
    for address in [world.engine().address(), second.address()] {
        let mut page = Page::open(&world, address, tenant, "u").await;
        assert_eq!(recovered(&page.subscribe(CHANNEL, from(1)).await), told(&[(2, "b"), (3, "c")]));
        // Of a number that the channel has not had nobody can say what follows.
        let mut ahead = Page::open(&world, address, tenant, "u").await;
        let answer = ahead.subscribe(CHANNEL, from(4_711)).await;
        assert_eq!((&answer["recovered"], &answer["offset"]), (&json!(false), &json!(3)));
    }
    second.signal(Signal::TERM);
    second.end(orqestra_tests::world::ENDS_WITHIN).await;
}

#[tokio::test]
async fn a_client_that_holds_a_position_from_before_is_sent_to_the_history_and_told_no_position() {
    let world = World::start().await;
    let tenant = world.tenant();
    for title in ["a", "b", "c"] {
        pushed(&world, tenant, "u", title).await;
    }
    let (log_id, epoch): (String, i64) =
        sqlx::query_as("select replace(log_id::text, '-', ''), epoch from log_identity")
            .fetch_one(world.pool())
            .await
            .unwrap();
    for position in [0, 1, 20, 4_711] {
        let mut page = Page::open(&world, world.engine().address(), tenant, "u").await;
        let held = json!({"recover": true, "epoch": format!("{log_id}-{epoch}"), "offset": position});
        let answer = page.subscribe(CHANNEL, held).await;
        assert_eq!((&answer["recovered"], &answer["offset"]), (&json!(false), &json!(3)), "{position}");
        assert_eq!(answer["publications"], Value::Null, "{position}");
    }
}

#[tokio::test]
async fn a_forgotten_recipients_numbers_begin_anew_under_another_epoch() {
    let world = World::start().await;
    let tenant = world.tenant();
    let mut page = Page::open(&world, world.engine().address(), tenant, "u").await;
    let epoch = page.subscribe(CHANNEL, json!({})).await["epoch"].clone();
    for title in ["a", "b"] {
        pushed(&world, tenant, "u", title).await;
        page.next().await;
    }
    let mut bystander = Page::open(&world, world.engine().address(), tenant, "v").await;
    bystander.subscribe("global_system#v", json!({})).await;
    forget(&world, "u").await;
    assert_eq!(page.line().await["closed"], 3010);

    let mut page = Page::open(&world, world.engine().address(), tenant, "u").await;
    let answer = page.subscribe(CHANNEL, json!({"recover": true, "epoch": epoch, "offset": 1})).await;
    assert_eq!((&answer["recovered"], &answer["offset"]), (&json!(false), &json!(0)));
    assert_ne!(answer["epoch"], epoch);
    pushed(&world, tenant, "u", "c").await;
    assert_eq!(page.next().await, (1, "c".to_owned()));
    pushed(&world, tenant, "v", "d").await;
    assert_eq!(bystander.next().await, (1, "d".to_owned()));
}
