//! Live pushes by the official clients, JavaScript's and Python's, and by hand where those are too polite.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::{SinkExt as _, StreamExt as _};
use orqestra_tests::http::Request;
use orqestra_tests::realtime::{Client, Kind};
use orqestra_tests::tenant::Tenant;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _, protocol::CloseFrame};
use tokio_tungstenite::{WebSocketStream, client_async};

const SECRET: &str = "a-secret-of-at-least-32-characters-for-tokens";
const WITHIN: Duration = Duration::from_mins(1);

async fn world() -> World {
    World::with(&[
        ("ORQESTRA_CENTRIFUGO_TOKEN_SECRET", SECRET),
        ("ORQESTRA_ALLOWED_ORIGINS", "https://shop.example.org"),
    ])
    .await
}

async fn token(world: &World, tenant: &Tenant, user: &str) -> (String, Vec<String>) {
    let request =
        Request::post("/api/v1/auth/realtime-token").key(&tenant.key).json(&json!({ "userId": user }));
    let answer = world.call(request).await.expect(200).json();
    let channels = answer["channels"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned());
    (answer["token"].as_str().unwrap().to_owned(), channels.collect())
}

/// A token with these claims, signed as the engine signs.
fn signed(secret: &str, claims: &Value) -> String {
    use hmac::Mac as _;
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&text);
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A token of a tenant's user that ends so many seconds from now.
fn ends_in(tenant: &Tenant, user: &str, seconds: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let exp = i64::try_from(now).unwrap() + seconds;
    signed(SECRET, &json!({"sub": user, "tenant": tenant.id, "iat": exp - 7_200, "exp": exp}))
}

/// A push to the user; gives its number back in the title.
async fn push(world: &World, tenant: &Tenant, user: &str, number: u32) {
    let body = json!({
        "eventType": "global.info", "channels": ["PUSH"], "payload": {"userId": user},
        "variables": {"title": format!("n{number}"), "message": "hello"},
    });
    world.accept(tenant, &body).await;
}

pub(crate) async fn connected(world: &World, kind: Kind, tenant: &Tenant, user: &str) -> Client {
    let mut client = Client::start(kind).await;
    let (token, _) = token(world, tenant, user).await;
    client.connect(world.engine().address(), &token).await;
    client.next("connected").await;
    client
}

/// The titles of the next pushes.
async fn titles(client: &mut Client, count: usize) -> Vec<String> {
    let (mut titles, mut before) = (Vec::new(), 0);
    for _ in 0..count {
        let publication = client.of_channel("publication", "global_system#u").await;
        let offset = publication["offset"].as_u64().unwrap();
        assert!(offset > before, "in the log's order, each once");
        before = offset;
        titles.push(publication["data"]["title"].as_str().unwrap().to_owned());
    }
    titles
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("n{number}")).collect()
}

#[tokio::test]
async fn a_push_arrives_on_an_open_page_as_the_history_then_shows_it() {
    let world = world().await;
    let tenant = world.tenant();
    for kind in Kind::ALL {
        let user = format!("user-{kind:?}");
        let mut client = connected(&world, kind, tenant, &user).await;
        for category in ["orders", "global_system", "inbox"] {
            client.subscribe(&format!("{category}#{user}")).await;
        }
        let body = json!({
            "eventType": "order.confirmed", "channels": ["PUSH"], "payload": {"userId": user},
            "variables": {"title": "Order Confirmed", "orderNumber": "ORD-2026-1234"},
        });
        world.accept(tenant, &body).await;
        let got = client.of_channel("publication", &format!("orders#{user}")).await["data"].clone();
        let id = got["id"].as_str().unwrap().to_owned();
        let added = client.of_channel("publication", &format!("inbox#{user}")).await;
        assert_eq!(added["data"], json!({"id": id, "status": "UNREAD"}), "{kind:?}");

        let row =
            wait::until("the row", WITHIN, async || world.history(tenant, &user).await.first().cloned())
                .await;
        let expected = json!({
            "id": row["id"], "title": row["title"], "body": row["body"], "category": "orders",
            "eventType": row["type"], "created_at": row["created_at"],
        });
        assert_eq!(got, expected, "{kind:?}");
        let path = format!("/api/v1/notifications/{}/{user}/{id}/read", tenant.id);
        drop(world.call(Request::put(path).key(&tenant.key)).await.expect(200));
        let read = client.of_channel("publication", &format!("inbox#{user}")).await;
        assert_eq!(read["data"], json!({"id": id, "status": "READ"}), "{kind:?}");
        assert!(client.left("publication").is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_tenants_own_categories_name_its_channels_and_the_first_takes_what_fits_no_other() {
    let world = world().await;
    let tenant = world.new_tenant(json!({})).await;
    let shown = world.change(&tenant, &json!({"pushCategories": ["news", "invoices"]})).await;
    assert_eq!(shown["pushCategories"], json!(["news", "invoices"]));
    for event_type in ["invoice.paid", "order.confirmed"] {
        let content = json!({"title": event_type, "body": "b"});
        drop(world.template(&tenant, event_type, "PUSH", &content).await.expect(200));
    }
    let (_, channels) = token(&world, &tenant, "u").await;
    assert_eq!(channels, ["news#u", "invoices#u"]);
    let mut client = connected(&world, Kind::JavaScript, &tenant, "u").await;
    for channel in &channels {
        client.subscribe(channel).await;
    }
    for (event_type, channel) in [("invoice.paid", "invoices#u"), ("order.confirmed", "news#u")] {
        world.accept(&tenant, &json!({"eventType": event_type, "payload": {"userId": "u"}})).await;
        let got = client.of_channel("publication", channel).await;
        assert_eq!(
            (&got["data"]["title"], channel.split('#').next()),
            (&json!(event_type), got["data"]["category"].as_str())
        );
    }
    let usual = world.change(&tenant, &json!({"pushCategories": null})).await;
    assert_eq!(usual["pushCategories"], json!(["global_system", "orders"]));
    assert_eq!(token(&world, &tenant, "u").await.1, ["global_system#u", "orders#u"]);
}

#[tokio::test]
async fn a_tenant_that_is_switched_off_loses_its_connections_at_once_and_no_other_does() {
    let world = world().await;
    let (other, tenant) = (world.tenant(), &world.new_tenant(json!({})).await);
    for kind in Kind::ALL {
        let mut theirs = connected(&world, kind, other, "u").await;
        theirs.subscribe("global_system#u").await;
        let mut mine = connected(&world, kind, tenant, "u").await;
        mine.subscribe("global_system#u").await;
        world.change(tenant, &json!({"active": false})).await;
        assert_eq!(mine.next("disconnected").await["code"], 3507, "{kind:?}: for good");
        push(&world, other, "u", 1).await;
        assert_eq!(titles(&mut theirs, 1).await, numbers(1..2), "{kind:?}");
        assert!(theirs.left("disconnected").is_empty(), "{kind:?}");
        world.change(tenant, &json!({"active": true})).await;
        connected(&world, kind, tenant, "u").await;
    }
}

#[tokio::test]
async fn two_tenants_with_the_same_user_id_see_their_own_pushes_alone() {
    let world = world().await;
    let (one, other) = (world.tenant(), &world.new_tenant(json!({})).await);
    for kind in Kind::ALL {
        let mut mine = connected(&world, kind, one, "u").await;
        let mut theirs = connected(&world, kind, other, "u").await;
        mine.subscribe("global_system#u").await;
        theirs.subscribe("global_system#u").await;
        push(&world, other, "u", 1).await;
        push(&world, one, "u", 2).await;
        push(&world, other, "u", 3).await;
        let mut got = titles(&mut theirs, 2).await;
        got.sort();
        assert_eq!(got, ["n1", "n3"], "{kind:?}");
        assert_eq!(titles(&mut mine, 1).await, ["n2"], "{kind:?}");
        assert!(mine.left("publication").is_empty() && theirs.left("publication").is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn another_users_channel_is_refused_and_the_connection_goes_on() {
    let world = world().await;
    let tenant = world.tenant();
    for kind in Kind::ALL {
        let mut client = connected(&world, kind, tenant, "u").await;
        client.tell(json!({"do": "subscribe", "channel": "orders#someone-else"})).await;
        let refused = client.of_channel("unsubscribed", "orders#someone-else").await;
        assert_eq!(refused["code"], 103, "{kind:?}");
        client.subscribe("global_system#u").await;
        push(&world, tenant, "someone-else", 1).await;
        push(&world, tenant, "u", 2).await;
        assert_eq!(titles(&mut client, 1).await, ["n2"], "{kind:?}");
    }
}

#[tokio::test]
async fn what_came_while_a_client_was_away_is_recovered_in_order_and_once() {
    let world = world().await;
    let tenant = world.tenant();
    for kind in Kind::ALL {
        let mut client = connected(&world, kind, tenant, "u").await;
        client.subscribe("global_system#u").await;
        push(&world, tenant, "u", 0).await;
        assert_eq!(titles(&mut client, 1).await, ["n0"]);
        client.tell(json!({"do": "disconnect"})).await;
        client.next("disconnected").await;
        for number in 1..6 {
            push(&world, tenant, "u", number).await;
        }
        drop(world.drain().await);
        client.tell(json!({"do": "connect"})).await;
        let again = client.next("subscribed").await;
        assert_eq!((&again["wasRecovering"], &again["recovered"]), (&json!(true), &json!(true)), "{kind:?}");
        push(&world, tenant, "u", 6).await;
        let mut got = titles(&mut client, 6).await;
        got.sort();
        assert_eq!(got, numbers(1..7), "{kind:?}");
        assert!(client.left("publication").is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn clients_come_back_after_a_restart_and_miss_nothing() {
    let world = world().await;
    let tenant = world.tenant();
    for (kind, kill) in
        [(Kind::JavaScript, false), (Kind::Python, false), (Kind::JavaScript, true), (Kind::Python, true)]
    {
        let mut client = connected(&world, kind, tenant, "u").await;
        client.subscribe("global_system#u").await;
        push(&world, tenant, "u", 0).await;
        assert_eq!(titles(&mut client, 1).await, ["n0"]);
        let address = world.engine().address();
        world.set("ORQESTRA_LISTEN", Some(&address.to_string()));
        if kill {
            world.kill9().await;
        } else {
            world.sigterm().await;
        }
        let gone = client.next("connecting").await;
        let gone = if gone["code"] == 0 { client.next("connecting").await } else { gone };
        assert!(kill || gone["code"] == 3001, "{kind:?}: {gone}");
        world.begin().await;
        push(&world, tenant, "u", 1).await;
        client.next("connected").await;
        let again = client.next("subscribed").await;
        assert_eq!((&again["wasRecovering"], &again["recovered"]), (&json!(true), &json!(true)), "{kind:?}");
        push(&world, tenant, "u", 2).await;
        // Two that are due at once may be rendered in either order.
        let mut got = titles(&mut client, 2).await;
        got.sort();
        assert_eq!(got, ["n1", "n2"], "{kind:?} {kill}");
        assert!(client.left("publication").is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_client_with_an_expired_token_asks_for_another_and_connects() {
    let world = world().await;
    let tenant = world.tenant();
    for kind in Kind::ALL {
        let mut client = Client::start(kind).await;
        client.connect(world.engine().address(), &ends_in(tenant, "u", -60)).await;
        client.next("token_asked").await;
        // One that ends soon is replaced before it has.
        client.tell(json!({"do": "token", "token": ends_in(tenant, "u", 3)})).await;
        client.next("connected").await;
        client.subscribe("global_system#u").await;
        client.next("token_asked").await;
        client.tell(json!({"do": "token", "token": ends_in(tenant, "u", 600)})).await;
        push(&world, tenant, "u", 1).await;
        assert_eq!(titles(&mut client, 1).await, ["n1"], "{kind:?}");
        assert!(client.left("disconnected").is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_token_that_was_never_good_is_refused_for_good() {
    let world = world().await;
    let tenant = world.tenant();
    let now = json!({"sub": "u", "tenant": tenant.id, "iat": 0, "exp": 32_503_680_000_i64});
    let without = json!({"sub": "u", "iat": 0, "exp": 32_503_680_000_i64});
    let unknown = json!({"sub": "u", "tenant": "0190c0de-0000-7000-8000-00000000dead", "iat": 0, "exp": 32_503_680_000_i64});
    for kind in Kind::ALL {
        for (token, code) in [
            (signed("another secret", &now), 3500),
            (signed(SECRET, &without), 3500),
            ("a.b.c".to_owned(), 3500),
            (signed(SECRET, &unknown), 3507),
        ] {
            let mut client = Client::start(kind).await;
            client.connect(world.engine().address(), &token).await;
            assert_eq!(client.next("disconnected").await["code"], code, "{kind:?} {token}");
        }
    }
}

#[tokio::test]
async fn a_user_id_that_is_no_name_gets_pushes_on_the_channels_of_its_token() {
    let world = world().await;
    let tenant = world.tenant();
    for (kind, user) in [(Kind::JavaScript, "a,b"), (Kind::Python, "ns:x#y")] {
        let mut client = Client::start(kind).await;
        let (token, channels) = token(&world, tenant, user).await;
        client.connect(world.engine().address(), &token).await;
        client.next("connected").await;
        client.subscribe(&channels[0]).await;
        push(&world, tenant, user, 1).await;
        assert_eq!(client.of_channel("publication", &channels[0]).await["data"]["title"], "n1", "{user}");
    }
}

type Socket = WebSocketStream<TcpStream>;

async fn raw(world: &World, origin: Option<&str>) -> Result<Socket, u16> {
    let address = world.engine().address();
    let mut request = format!("ws://{address}/connection/websocket").into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    let stream = TcpStream::connect(address).await.unwrap();
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn say(socket: &mut Socket, line: Value) {
    socket.send(Message::text(line.to_string())).await.unwrap();
}

async fn close_code(socket: &mut Socket) -> u16 {
    let closed = async {
        while let Some(message) = socket.next().await {
            if let Message::Close(Some(CloseFrame { code, .. })) = message.unwrap() {
                return u16::from(code);
            }
        }
        panic!("closed without a word")
    };
    tokio::time::timeout(WITHIN, closed).await.expect("closed in time")
}

#[tokio::test]
async fn only_pages_of_allowed_origins_connect() {
    let world = world().await;
    let own = format!("http://{}", world.engine().address());
    for (origin, refused) in [
        (None, None),
        (Some(own.as_str()), None),
        (Some("https://shop.example.org"), None),
        (Some("https://evil.example"), Some(403)),
        (Some("null"), Some(403)),
    ] {
        assert_eq!(raw(&world, origin).await.err(), refused, "{origin:?}");
    }
    let plain = world.call(Request::get("/connection/websocket")).await;
    assert_eq!(plain.expect(426).json()["code"], "upgrade_required");
}

#[tokio::test]
async fn what_is_no_protocol_ends_its_own_connection_alone() {
    let world = world().await;
    let (token, _) = token(&world, world.tenant(), "u").await;
    let mut bystander = connected(&world, Kind::JavaScript, world.tenant(), "u").await;
    bystander.subscribe("global_system#u").await;
    for message in
        [Message::text("garbage"), Message::binary(vec![1, 2, 3]), Message::text(r#"{"id":1,"rpc":{}}"#)]
    {
        let mut socket = raw(&world, None).await.unwrap();
        socket.send(message).await.unwrap();
        assert_eq!(close_code(&mut socket).await, 3501);
    }
    let mut twice = raw(&world, None).await.unwrap();
    for id in [1, 2] {
        say(&mut twice, json!({"id": id, "connect": {"token": token}})).await;
    }
    assert_eq!(close_code(&mut twice).await, 3501);
    let mut many = raw(&world, None).await.unwrap();
    say(&mut many, json!({"id": 1, "connect": {"token": token}})).await;
    for id in 2..10_002 {
        say(&mut many, json!({"id": id, "history": {"channel": "orders#u"}})).await;
    }
    let mut answers = 0;
    while answers < 10_001 {
        let message = tokio::time::timeout(WITHIN, many.next()).await.unwrap().unwrap().unwrap();
        answers += message.to_text().unwrap().lines().count();
    }
    let mut silent = raw(&world, None).await.unwrap();
    assert_eq!(close_code(&mut silent).await, 3502);
    push(&world, world.tenant(), "u", 1).await;
    assert_eq!(titles(&mut bystander, 1).await, numbers(1..2));
    assert!(bystander.left("disconnected").is_empty());
}

#[tokio::test]
async fn a_message_of_many_recoveries_is_answered_as_it_is_read_and_no_more_waits_in_memory() {
    const LARGE: usize = 100_000;
    let world = world().await;
    let tenant = world.new_tenant(json!({})).await;
    let content = json!({"title": "large", "body": "{{ text }}"});
    drop(world.template(&tenant, "large", "PUSH", &content).await.expect(200));
    for _ in 0..20 {
        let text = "x".repeat(LARGE);
        let body = json!({"eventType": "large", "payload": {"userId": "u"}, "variables": {"text": text}});
        world.accept(&tenant, &body).await;
    }
    drop(world.drain().await);
    let (token, _) = token(&world, &tenant, "u").await;
    let mut socket = raw(&world, None).await.unwrap();
    say(&mut socket, json!({"id": 1, "connect": {"token": token}})).await;
    drop(socket.next().await);
    say(&mut socket, json!({"id": 2, "subscribe": {"channel": "global_system#u"}})).await;
    let told: Value = serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap();
    let epoch = told["subscribe"]["epoch"].as_str().unwrap();
    let pair = |id: u32| {
        let recover = json!({"channel": "global_system#u", "recover": true, "epoch": epoch, "offset": 1});
        let leave = json!({"id": id, "unsubscribe": {"channel": "global_system#u"}});
        format!("{leave}\n{}\n", json!({"id": id + 1, "subscribe": recover}))
    };
    let many: String = (0..100).map(|number| pair(3 + 2 * number)).collect::<Vec<_>>().concat();
    socket.send(Message::text(many)).await.unwrap();
    let before = memory(&world);
    let (mut answers, mut most) = (0, before);
    while answers < 200 {
        let message = tokio::time::timeout(WITHIN, socket.next()).await.unwrap().unwrap().unwrap();
        answers += message.to_text().unwrap().lines().count();
        most = most.max(memory(&world));
    }
    assert!(most - before < 64 * 1024, "{before} kB, then {most} kB");
}

/// What the engine holds, in kB.
fn memory(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.engine().pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// How many connections ended for being slow.
async fn slow_ones(world: &World) -> u64 {
    let text = world.call(Request::get("/metrics")).await.expect(200).text();
    let name = "orqestra_realtime_disconnects_total{code=\"3008\"} ";
    text.lines().find_map(|line| line.strip_prefix(name)?.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_dropped_and_nobody_else_loses_anything() {
    let world = world().await;
    let tenant = world.tenant();
    let body = "{{ message }}";
    let template = json!({"title": "{{ title }}", "body": body});
    drop(world.template(tenant, "big.news", "PUSH", &template).await.expect(200));
    let mut reader = connected(&world, Kind::JavaScript, tenant, "u").await;
    reader.subscribe("global_system#u").await;
    let (token, _) = token(&world, tenant, "u").await;
    let mut slow = raw(&world, None).await.unwrap();
    say(&mut slow, json!({"id": 1, "connect": {"token": token}})).await;
    say(&mut slow, json!({"id": 2, "subscribe": {"channel": "global_system#u"}})).await;
    let before = slow_ones(&world).await;
    let message = "x".repeat(100_000);
    for number in 0..120 {
        let body = json!({
            "eventType": "big.news", "channels": ["PUSH"], "payload": {"userId": "u"},
            "variables": {"title": format!("n{number}"), "message": message},
        });
        world.accept(tenant, &body).await;
    }
    let mut got = titles(&mut reader, 120).await;
    got.sort_by_key(|title| title[1..].parse::<u32>().unwrap());
    assert_eq!(got, numbers(0..120));
    wait::until("the slow one's end", WITHIN, async || {
        let now = slow_ones(&world).await;
        (now > before).then_some(())
    })
    .await;
}
