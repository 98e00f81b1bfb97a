//! Callbacks of each kind over HTTP, as its provider signs and addresses them: by the address that the world reaches the
//! installation by, behind a proxy that takes the first part of the path off.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use orqestra_event_log::Clock as _;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use serde_json::{Value, json};
use sha1::Sha1;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{Answer, Caller, World, order};

const PUBLIC: &str = "https://notify.example.org/orqestra";
const TOKEN: &str = "an-accounts-token";
const SECRET: &str = "0123456789abcdef";

/// A provider's API that takes every message, and the bodies that it was sent.
struct Api {
    base_url: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Api {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let bodies = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&bodies);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let noted = Arc::clone(&noted);
                tokio::spawn(async move { serve(stream, answer, &noted).await });
            }
        });
        Self { base_url, bodies }
    }

    fn asked(&self) -> String {
        self.bodies.lock().unwrap().last().expect("a message").clone()
    }
}

async fn serve(mut stream: TcpStream, answer: &str, bodies: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length =
                length.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                bodies.lock().unwrap().push(body.to_owned());
                return stream.write_all(answer.as_bytes()).await;
            }
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
    }
}

/// A tenant whose message one entry has carried.
struct Sent {
    world: World,
    shop: Caller,
    api: Api,
    channel: &'static str,
}

impl Sent {
    async fn by(world: World, channel: &'static str, answer: &'static str, entry: Value) -> Self {
        world.start();
        let shop = world.shop().await;
        let api = Api::start(answer).await;
        let mut entry = entry;
        entry["baseUrl"] = json!(api.base_url);
        entry["allowLoopback"] = json!(true);
        let path = format!("/admin/v1/tenants/{}/providers/{channel}", shop.tenant);
        let put = world.admin(axum::http::Method::PUT, &path, Some(&json!([entry]))).await;
        assert_eq!(put.status, StatusCode::OK, "{put:?}");
        world.trigger(&shop, &[], &order("evt-1")).await;
        world.drain(&shop, &["evt-1"]).await;
        let sent = Self { world, shop, api, channel };
        assert_eq!(sent.state().await["status"], "SENT");
        sent
    }

    /// Where the channel stands, and the notification's id.
    async fn state(&self) -> Value {
        let state = self.world.get(&self.shop, "/api/v1/events/evt-1").await.json();
        let channels = state["data"]["channels"].as_array().unwrap();
        let mut of = channels.iter().find(|of| of["channel"] == self.channel).unwrap().clone();
        of["notificationId"] = state["data"]["notificationId"].clone();
        of
    }

    /// What the receipt that counts says.
    async fn word(&self) -> Value {
        self.state().await["receipt"]["status"].clone()
    }

    /// Calls an address as the proxy passes it on.
    async fn called(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let path = url.strip_prefix(PUBLIC).unwrap_or(url);
        let mut request = Request::post(path).header("host", "10.0.0.7:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.world.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// What the explanation tells of the channel's receipts, without ids.
    async fn explained(&self) -> Value {
        let path = format!("/admin/v1/tenants/{}/events/evt-1/explanation", self.shop.tenant);
        let told = self.world.admin(axum::http::Method::POST, &path, Some(&json!({"reason": "r"}))).await;
        assert_eq!(told.status, StatusCode::OK, "{told:?}");
        let told = told.json();
        let channels = told["data"]["channels"].as_array().unwrap();
        let mut of = channels.iter().find(|of| of["channel"] == self.channel).unwrap()["receipts"].clone();
        for receipt in of.as_array_mut().unwrap() {
            assert!(receipt["instance"].is_string() && receipt["occurredAt"].is_string(), "{receipt}");
            let receipt = receipt.as_object_mut().unwrap();
            receipt.retain(|name, _| !["instance", "occurredAt"].contains(&name.as_str()));
        }
        of
    }
}

const TAKEN_BY_TWILIO: &str = "HTTP/1.1 201 Created\r\ncontent-length: 29\r\nconnection: close\r\n\r\n{\"sid\":\"SM1\",\"status\":\"sent\"}";

fn twilio() -> Value {
    let account = format!("AC{}", "0".repeat(32));
    json!({"kind": "twilio", "accountSid": account, "authToken": TOKEN, "from": "+15005550006"})
}

/// Twilio's signature of fields in the order of their names.
fn signed(url: &str, fields: &[(&str, &str)]) -> String {
    let signed = fields.iter().fold(url.to_owned(), |all, (name, value)| all + name + value);
    let mac = Hmac::<Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap().chain_update(signed);
    STANDARD.encode(mac.finalize().into_bytes())
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn twilios_callback_is_verified_over_the_address_that_twilio_was_told() {
    let sent = Sent::by(World::at(PUBLIC).await, "SMS", TAKEN_BY_TWILIO, twilio()).await;
    let asked = sent.api.asked();
    let (_, url) =
        url::form_urlencoded::parse(asked.as_bytes()).find(|(name, _)| name == "StatusCallback").unwrap();
    assert!(url.starts_with(&format!("{PUBLIC}/callbacks/twilio/{}?", sent.shop.tenant)), "{url}");
    let fields = [
        ("ErrorCode", "30007"),
        ("ErrorMessage", "Message filtered"),
        ("MessageSid", "SM1"),
        ("MessageStatus", "undelivered"),
    ];
    let signature = signed(&url, &fields);
    let taken = sent.called(&url, &[("x-twilio-signature", &signature)], &form(&fields)).await;
    assert_eq!(taken.shown(), r#"200 {"success":true}"#);
    assert_eq!(sent.word().await, "undelivered");
    let told = json!([{"status": "undelivered", "cause": "twilio_30007", "attempt": 1, "answer": "Message filtered"}]);
    assert_eq!(sent.explained().await, told);
    // Over the address that the proxy passes on, or another one.
    let inner = url.replace(PUBLIC, "https://10.0.0.7:8080");
    for other in [inner, url.replace("https", "http"), url.replace("notify.", "")] {
        let signature = signed(&other, &fields);
        let wrong = sent.called(&url, &[("x-twilio-signature", &signature)], &form(&fields)).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_address_no_installation_believes_a_signature_over_the_host_that_a_call_names() {
    let sent = Sent::by(World::new().await, "SMS", TAKEN_BY_TWILIO, twilio()).await;
    assert!(!sent.api.asked().contains("StatusCallback"), "Twilio is told no address");
    let state = sent.state().await;
    let text = |name: &str| state[name].as_str().unwrap().to_owned();
    let (tenant, fields) = (&sent.shop.tenant, [("MessageSid", "SM1"), ("MessageStatus", "delivered")]);
    let (delivery, notification) = (text("deliveryId"), text("notificationId"));
    let path = format!("/callbacks/twilio/{tenant}?delivery={delivery}&notification={notification}");
    let signature = signed(&format!("https://10.0.0.7:8080{path}"), &fields);
    let rejected = sent.called(&path, &[("x-twilio-signature", &signature)], &form(&fields)).await;
    assert_eq!(rejected.status, StatusCode::UNAUTHORIZED);
    assert_eq!(sent.word().await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn sendgrids_callback_is_verified_by_its_key_and_each_of_its_events_recorded() {
    let key = SigningKey::from_slice(&[1; 32]).unwrap();
    let public = STANDARD.encode(key.verifying_key().to_public_key_der().unwrap().as_bytes());
    let taken =
        "HTTP/1.1 202 Accepted\r\nx-message-id: m-1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let entry =
        json!({"kind": "sendgrid", "apiKey": "SG.1", "from": "shop@example.org", "webhookPublicKey": public});
    let sent = Sent::by(World::at(PUBLIC).await, "EMAIL", taken, entry).await;
    let asked: Value = serde_json::from_str(&sent.api.asked()).unwrap();
    let ids = asked["personalizations"][0]["custom_args"].clone();
    let seconds = sent.world.clock.now().unix_micros() / 1_000_000;
    let event = |word: &str, id: &str, more: Value| {
        let mut event =
            json!({"event": word, "timestamp": seconds, "sg_event_id": id, "sg_message_id": "m-1.filter1.1"});
        for part in [&ids, &more] {
            event.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        }
        event
    };
    let bounce = json!({"type": "bounce", "status": "5.1.1", "reason": "550 no such user"});
    let body = json!([
        event("delivered", "e-1", json!({"response": "250 OK"})),
        event("open", "e-2", json!({})),
        event("bounce", "e-3", bounce),
    ]);
    let (body, at) = (body.to_string(), seconds.to_string());
    let sign = |text: String| {
        let signature: Signature = key.sign(text.as_bytes());
        STANDARD.encode(signature.to_der().as_bytes())
    };
    let called = async |signature: &str| {
        let headers = [
            ("x-twilio-email-event-webhook-signature", signature),
            ("x-twilio-email-event-webhook-timestamp", &at),
        ];
        sent.called(&format!("{PUBLIC}/callbacks/sendgrid/{}", sent.shop.tenant), &headers, &body)
            .await
            .status
    };
    assert_eq!(called(&sign(body.clone())).await, StatusCode::UNAUTHORIZED, "the time is signed too");
    assert_eq!(sent.word().await, Value::Null);
    for _ in 0..2 {
        assert_eq!(called(&sign(format!("{at}{body}"))).await, StatusCode::OK);
    }
    assert_eq!(sent.word().await, "bounced");
    let mut told = sent.explained().await;
    // They are recorded at one time, in any order.
    told.as_array_mut().unwrap().sort_by_key(|receipt| receipt["status"].to_string());
    let bounced =
        json!({"status": "bounced", "cause": "sendgrid_bounce", "attempt": 1, "answer": "550 no such user"});
    assert_eq!(told, json!([bounced, {"status": "delivered", "attempt": 1, "answer": "250 OK"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn africas_talkings_callback_is_taken_at_its_secret_address_alone() {
    let taken = concat!(
        "HTTP/1.1 201 Created\r\ncontent-length: 93\r\nconnection: close\r\n\r\n",
        r#"{"SMSMessageData":{"Message":"Sent","Recipients":[{"statusCode":102,"messageId":"ATXid_1"}]}}"#
    );
    let entry = json!({"kind": "africastalking", "username": "shop", "apiKey": "k", "webhookSecret": SECRET});
    let sent = Sent::by(World::at(PUBLIC).await, "SMS", taken, entry).await;
    let report = [("id", "ATXid_1"), ("status", "Failed"), ("failureReason", "DeliveryFailure")];
    let at = |secret: &str| format!("{PUBLIC}/callbacks/africastalking/{}/{secret}", sent.shop.tenant);
    for wrong in [at("fedcba9876543210"), at("").trim_end_matches('/').to_owned()] {
        assert_eq!(
            sent.called(&wrong, &[], &form(&report)).await.status,
            StatusCode::UNAUTHORIZED,
            "{wrong}"
        );
    }
    assert_eq!(sent.word().await, Value::Null);
    assert_eq!(sent.called(&at(SECRET), &[], &form(&report)).await.shown(), r#"200 {"success":true}"#);
    assert_eq!(sent.word().await, "undelivered");
    let told = json!([{"status": "undelivered", "cause": "africastalking_undelivered", "attempt": 1,
        "answer": "DeliveryFailure"}]);
    assert_eq!(sent.explained().await, told);
    // Of no message that is known: it waits, and the provider need not repeat it.
    let other = [("id", "ATXid_2"), ("status", "Success"), ("phoneNumber", "+254712345678")];
    assert_eq!(sent.called(&at(SECRET), &[], &form(&other)).await.status, StatusCode::OK);
}
