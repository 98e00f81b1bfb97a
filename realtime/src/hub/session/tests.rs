//! Sessions against a host of their own: what goes in, what comes out, what ends them.

use futures::FutureExt;
use futures::future::BoxFuture;
use orqestra_domain::{RecipientRef, TenantId, UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::channel::INBOX;
use crate::hub::{MAX_USER_CONNECTIONS, Recipient, Unavailable};
use crate::protocol::lines;
use crate::publication::Content;
use crate::token::TOKEN_SECONDS;

const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
const OTHER: TenantId = TenantId::from_uuid(Uuid::from_u128(2));
const INACTIVE: TenantId = TenantId::from_uuid(Uuid::from_u128(3));
const AWAY: TenantId = TenantId::from_uuid(Uuid::from_u128(4));
const NOW: i64 = 1_776_859_200;

/// Everybody of a tenant is one recipient. Every position is a publication of every channel, so its number equals it; from the
/// first one on it is too long ago.
struct TestHost;

impl Host for TestHost {
    fn admit<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<Recipient, NotAdmitted>> {
        let admitted = match claims.tenant {
            INACTIVE => Err(NotAdmitted::Refused),
            AWAY => Err(NotAdmitted::Unavailable),
            tenant => Ok(Recipient { tenant, reference: RecipientRef::from_bytes([1; 32]) }),
        };
        std::future::ready(admitted).boxed()
    }

    fn published<'a>(
        &'a self,
        _: Recipient,
        category: &'a str,
        known: Option<(&'a str, u64)>,
        up_to: u64,
    ) -> BoxFuture<'a, Result<Published, Unavailable>> {
        let missed = match known {
            Some(("e", after)) if (1..=AHEAD).contains(&after) => {
                Some((after + 1..=up_to).map(|number| content(number).numbered(number)).collect())
            }
            Some(_) | None => None,
        };
        let published = Published { epoch: "e".to_owned(), number: up_to, missed };
        std::future::ready(if category == "away" { Err(Unavailable) } else { Ok(published) }).boxed()
    }
}

/// The number up to which another hub has published.
const AHEAD: u64 = 9;

fn content(text: u64) -> Content {
    Content(serde_json::value::to_raw_value(&text).unwrap().into())
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_micros(second * 1_000_000)
}

fn tokens() -> Arc<RealtimeTokens> {
    Arc::new(RealtimeTokens::new("a secret for tests").unwrap())
}

fn token(tenant: TenantId, user: &str, issued: i64) -> String {
    let reference = RecipientRef::from_bytes([1; 32]);
    tokens().issue(tenant, &UserId::parse(user).unwrap(), reference, &[], at(issued)).token
}

struct Test {
    hub: Hub,
    session: Session<TestHost>,
}

impl Test {
    fn new() -> Self {
        Self::of(&Hub::new())
    }

    fn of(hub: &Hub) -> Self {
        let session = Session::new(hub.clone(), Arc::new(TestHost), tokens(), "c".to_owned());
        Self { hub: hub.clone(), session }
    }

    async fn connected() -> Self {
        let mut test = Self::new();
        test.connect(&token(TENANT, "u", NOW)).await.unwrap();
        test
    }

    async fn say(&mut self, message: &str) -> Result<Vec<Value>, Disconnect> {
        let mut answers = Vec::new();
        for line in lines(message) {
            let answer = self.session.receive(line, at(NOW)).await?;
            answers.extend(answer.map(|line| serde_json::from_str(&line).unwrap()));
        }
        Ok(answers)
    }

    async fn connect(&mut self, token: &str) -> Result<Value, Disconnect> {
        let answers = self.say(&json!({"id": 1, "connect": {"token": token}}).to_string()).await?;
        Ok(answers[0].clone())
    }

    async fn subscribe(&mut self, subscribe: Value) -> Value {
        self.say(&json!({"id": 2, "subscribe": subscribe}).to_string()).await.unwrap()[0].clone()
    }

    async fn code(&mut self, channel: &str) -> Value {
        self.subscribe(json!({"channel": channel})).await["error"]["code"].clone()
    }
}

#[tokio::test]
async fn connect_and_subscribe_in_one_message_are_answered_in_order() {
    let mut test = Test::new();
    test.hub.fed(7);
    let connect = json!({"id": 1, "connect": {"token": token(TENANT, "u", NOW), "name": "js"}});
    let subscribe =
        json!({"id": 2, "subscribe": {"channel": "orders#u", "positioned": true, "recoverable": true}});
    let answers = test.say(&format!("{connect}\n{subscribe}")).await.unwrap();
    assert_eq!(
        answers,
        [
            json!({"id": 1, "connect": {
                "client": "c", "version": VERSION, "expires": true, "ttl": TOKEN_SECONDS, "ping": 25, "pong": true,
            }}),
            json!({"id": 2, "subscribe": {"recoverable": true, "positioned": true, "epoch": "e", "offset": 7}}),
        ]
    );
}

#[tokio::test]
async fn only_a_good_token_of_a_tenant_that_is_served_connects() {
    let expired = token(TENANT, "u", NOW - TOKEN_SECONDS);
    let answer = Test::new().connect(&expired).await.unwrap();
    assert_eq!(answer, json!({"id": 1, "error": {"code": 109, "message": "token expired"}}));
    assert_eq!(Test::new().connect("a.b.c").await.unwrap_err(), Disconnect::INVALID_TOKEN);
    assert_eq!(Test::new().connect("").await.unwrap_err(), Disconnect::INVALID_TOKEN);
    let inactive = Test::new().connect(&token(INACTIVE, "u", NOW)).await;
    assert_eq!(inactive.unwrap_err(), Disconnect::PERMISSION_DENIED);
    let away = Test::new().connect(&token(AWAY, "u", NOW)).await.unwrap();
    assert_eq!(
        (away["error"]["code"].clone(), away["error"]["temporary"].clone()),
        (json!(100), json!(true))
    );
    let mut twice = Test::connected().await;
    assert_eq!(twice.connect(&token(TENANT, "u", NOW)).await.unwrap_err(), Disconnect::BAD_REQUEST);
}

#[tokio::test]
async fn only_the_users_own_channels_open_and_each_once() {
    let mut test = Test::connected().await;
    for foreign in
        ["orders#v", "orders#u,v", "orders#U", "orders", "#u", "orders#", "orders##u", "orders#u#u", ""]
    {
        assert_eq!(test.code(foreign).await, 103, "{foreign}");
    }
    assert_eq!(test.code(&format!("{}#u", "x".repeat(254))).await, 107);
    assert_eq!(test.code("orders#u").await, Value::Null);
    assert_eq!(test.code("orders#u").await, 105);
    assert_eq!(
        test.say(r#"{"id":3,"unsubscribe":{"channel":"orders#u"}}"#).await.unwrap()[0]["unsubscribe"],
        json!({})
    );
    assert_eq!(test.code("orders#u").await, Value::Null);
    for number in 1..MAX_CHANNELS {
        assert_eq!(test.code(&format!("c{number}#u")).await, Value::Null);
    }
    assert_eq!(test.code("more#u").await, 106);
}

#[tokio::test]
async fn what_was_missed_comes_with_the_answer_or_it_says_that_it_does_not() {
    let mut test = Test::connected().await;
    test.hub.fed(7);
    let answer = test.subscribe(json!({"channel": "a#u", "recover": true, "offset": 5, "epoch": "e"})).await;
    assert_eq!(
        answer["subscribe"],
        json!({
            "recoverable": true, "positioned": true, "epoch": "e", "offset": 7, "was_recovering": true, "recovered": true,
            "publications": [{"data": 6, "offset": 6}, {"data": 7, "offset": 7}],
        })
    );
    for (name, offset, epoch, recovered) in [
        ("b", 7, "e", true),
        ("c", 9, "e", true),
        ("d", 0, "e", false),
        ("f", 5, "another log", false),
        ("g", 10, "e", false),
    ] {
        let request =
            json!({"channel": format!("{name}#u"), "recover": true, "offset": offset, "epoch": epoch});
        let answer = test.subscribe(request).await;
        assert_eq!(answer["subscribe"]["recovered"], recovered, "{name}");
        assert_eq!(answer["subscribe"]["publications"], Value::Null, "{name}");
        assert_eq!(answer["subscribe"]["offset"], if name == "c" { 9 } else { 7 }, "{name}");
    }
    let away = json!({"channel": "away#u", "recover": true, "offset": 5, "epoch": "e"});
    assert_eq!(test.subscribe(away.clone()).await["error"]["temporary"], true);
    assert_eq!(test.subscribe(away).await["error"]["code"], 100, "it did not stay half joined");
}

#[tokio::test]
async fn what_the_hub_knows_of_a_channel_is_not_asked_of_the_host_again() {
    let hub = Hub::new();
    hub.fed(7);
    let mut first = Test::of(&hub);
    first.connect(&token(TENANT, "u", NOW)).await.unwrap();
    assert_eq!(first.subscribe(json!({"channel": "a#u"})).await["subscribe"]["offset"], 7);
    let recipient = first.session.member.as_ref().unwrap().seat.recipient;
    // Of a hundred positions one is the channel's.
    hub.fed(100);
    hub.publish(recipient, 101, &[("a", Some(content(8)))]);
    let mut second = Test::of(&hub);
    second.connect(&token(TENANT, "u", NOW)).await.unwrap();
    let recovers = json!({"channel": "a#u", "recover": true, "offset": 8, "epoch": "e"});
    let answer = second.subscribe(recovers).await;
    assert_eq!(
        (&answer["subscribe"]["offset"], &answer["subscribe"]["recovered"]),
        (&json!(8), &json!(true))
    );
    let mut third = Test::of(&hub);
    third.connect(&token(TENANT, "u", NOW)).await.unwrap();
    assert_eq!(third.subscribe(json!({"channel": "a#u"})).await["subscribe"]["offset"], 8);
}

#[tokio::test]
async fn the_inbox_channel_tells_of_changes_and_recovers_nothing() {
    let mut test = Test::connected().await;
    let answer =
        test.subscribe(json!({"channel": "inbox#u", "recover": true, "offset": 5, "epoch": "e"})).await;
    assert_eq!(answer, json!({"id": 2, "subscribe": {}}));
    let recipient = test.session.member.as_ref().unwrap().seat.recipient;
    test.hub.publish(recipient, 4_711, &[(INBOX, Some(content(1)))]);
    let told = test.session.outbox().unwrap().take().await.unwrap();
    assert_eq!(told, [r#"{"push":{"channel":"inbox#u","pub":{"data":1}}}"#]);
}

#[tokio::test]
async fn a_newer_token_of_the_same_user_prolongs_and_no_other_does() {
    let mut test = Test::connected().await;
    let until = test.session.until().unwrap();
    let refresh = |token: &str| json!({"id": 4, "refresh": {"token": token}}).to_string();
    let answers = test.say(&refresh(&token(TENANT, "u", NOW + 60))).await.unwrap();
    let ttl = TOKEN_SECONDS + 60;
    let expected = json!({"client": "c", "version": VERSION, "expires": true, "ttl": ttl});
    assert_eq!(answers[0]["refresh"], expected);
    assert!(test.session.until().unwrap() > until + Duration::from_secs(59));
    for (other, end) in [
        (token(TENANT, "v", NOW), Disconnect::INVALID_TOKEN),
        (token(OTHER, "u", NOW), Disconnect::INVALID_TOKEN),
        ("a.b.c".to_owned(), Disconnect::INVALID_TOKEN),
        (token(TENANT, "u", NOW - TOKEN_SECONDS), Disconnect::EXPIRED),
    ] {
        assert_eq!(test.say(&refresh(&other)).await.unwrap_err(), end);
    }
}

#[tokio::test]
async fn what_is_not_done_here_is_refused_and_what_is_no_protocol_ends_it() {
    let mut test = Test::connected().await;
    for (line, code) in [
        (r#"{"id":2,"publish":{"channel":"orders#u","data":{}}}"#, 103),
        (r#"{"id":2,"history":{"channel":"orders#u"}}"#, 108),
        (r#"{"id":2,"presence":{"channel":"orders#u"}}"#, 108),
        (r#"{"id":2,"rpc":{"method":"x"}}"#, 108),
        (r#"{"id":2,"dance":{}}"#, 104),
    ] {
        assert_eq!(test.say(line).await.unwrap()[0]["error"]["code"], code, "{line}");
    }
    assert!(test.say("{}").await.unwrap().is_empty());
    assert!(test.say(r#"{"send":{"data":{}}}"#).await.unwrap().is_empty());
    for line in ["[", "1", r#"{"subscribe":{"channel":"orders#u"}}"#, r#"{"id":2,"subscribe":{}}"#] {
        assert_eq!(test.say(line).await.unwrap_err(), Disconnect::BAD_REQUEST, "{line}");
    }
    let early = Test::new().say(r#"{"id":2,"subscribe":{"channel":"orders#u"}}"#).await;
    assert_eq!(early.unwrap_err(), Disconnect::BAD_REQUEST);
}

#[tokio::test]
async fn a_user_with_too_many_connections_gets_no_more() {
    let hub = Hub::new();
    let mut open = Vec::new();
    for _ in 0..MAX_USER_CONNECTIONS {
        let mut test = Test::of(&hub);
        test.connect(&token(TENANT, "u", NOW)).await.unwrap();
        open.push(test);
    }
    let more = Test::of(&hub).connect(&token(TENANT, "u", NOW)).await;
    assert_eq!(more.unwrap_err(), Disconnect::CONNECTION_LIMIT);
}
