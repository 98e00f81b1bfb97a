//! Answers are what the description says: a walk over every operation and every status that is described for it.
//!
//! Every other test of this crate holds its answers to the description too; this one counts that none of it is left out.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use orqestra_api::server::{Bounds, Served, serve};
use orqestra_commands::{Context, Suppress};
use orqestra_domain::Channel;
use orqestra_domain::suppression::SuppressionReason;
use orqestra_tests::described::{self, Told};
use orqestra_tests::http::{Http, Request as Sent};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::world::{ADMIN_TOKEN, Caller, World, order};

/// What only a fault of the database, a race, an unknown outcome or a WebSocket shows; tests of those hold it to the
/// description.
const RARE: [(&str, &str); 9] = [
    ("", "500"),
    ("triggerEvent", "409"),
    ("markNotificationRead", "409"),
    ("resolveDelivery", "200"),
    ("takeCallback", "200"),
    ("takeCallback", "400"),
    ("takeUnsignedCallback", "400"),
    ("openWebSocket", "101"),
    ("openWebSocket", "403"),
];
/// Fields that only the whole engine, a race, a crash, damage, a forgetting, an unknown outcome or a test key shows.
const RARE_FIELDS: [&str; 48] = [
    "AttemptView.possibleDuplicate",
    "AttemptView.providerMessageId",
    "ChannelState.possibleDuplicate",
    "ChannelState.reason",
    "ChannelState.receipt",
    "ChannelState.waitsFor",
    "DeadLetterView.possibleDuplicate",
    "DetailedChannelView.attempts",
    "DetailedChannelView.endedAt",
    "EventView.testing",
    "EventView_DetailedChannelView.testing",
    "ExplainedAttempt.answer",
    "ExplainedAttempt.answerForgotten",
    "ExplainedChannel.contentForgotten",
    "ExplainedEvent.recipientForgotten",
    "ExplainedEvent.testing",
    "ExplainedReceipt.answer",
    "ExplainedReceipt.answerForgotten",
    "ExplainedReceipt.attempt",
    "ExplainedReceipt.cause",
    "ExplainedReceipt.instance",
    "ExplainedReceipt.occurredAt",
    "ExplainedReceipt.status",
    "FoundChannel.nextDue",
    "FoundChannel.reason",
    "FoundChannel.waitsFor",
    "KeptMessage.subject",
    "PlanLine.reason",
    "ReadyBody.logId",
    "ReceiptView.cause",
    "ReceiptView.occurredAt",
    "ReceiptView.status",
    "Resolved.data",
    "Resolved.success",
    "Subscription.behind",
    "UnknownView.attempts",
    "UnknownView.cause",
    "UnknownView.channel",
    "UnknownView.deliveryId",
    "UnknownView.eventType",
    "UnknownView.notificationId",
    "UnknownView.provider",
    "UnknownView.since",
    "UnknownView.tenantId",
    "UnknownView.waitsForReceipt",
    "RedriveView.endedAt",
    "Subscription.name",
    "Subscription.state",
];

struct Walk<'a> {
    world: &'a World,
    shop: Caller,
    seen: BTreeSet<(String, String)>,
    fields: BTreeSet<String>,
}

/// A request that an operation does well.
#[derive(Clone)]
struct Good {
    operation: &'static str,
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Walk<'_> {
    fn note(&mut self, told: Option<Told>) {
        let Told { operation, status, fields } = told.expect("a described operation");
        self.seen.insert((operation, status));
        self.fields.extend(fields);
    }

    async fn send(&mut self, request: Request<Body>) -> (StatusCode, Value) {
        let (answer, told) = self.world.ask(request).await;
        self.note(told);
        (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
    }

    /// Sends it with all credentials and a body of this type.
    async fn raw(&mut self, good: &Good, content_type: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(good.method.clone())
            .uri(&good.path)
            .header("x-api-key", &self.shop.key)
            .header("authorization", format!("Bearer {ADMIN_TOKEN}"))
            .header("prefer", "return=representation")
            .header("svix-signature", "v1,AAAA")
            .header("content-type", content_type);
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn json(&mut self, good: &Good, body: Option<&Value>) -> (StatusCode, Value) {
        self.raw(good, "application/json", body.map_or_else(String::new, Value::to_string)).await
    }

    async fn good(&mut self, good: &Good) -> Value {
        let (status, body) = self.json(good, good.body.as_ref()).await;
        assert!(status.is_success(), "{}: {status}: {body}", good.operation);
        body
    }
}

fn all_good(
    shop: &Caller,
    [event, notification, delivery, address_ref, dead, redrive]: [&str; 6],
) -> Vec<Good> {
    let tenant = &shop.tenant;
    let of = |rest: &str| format!("/admin/v1/tenants/{tenant}{rest}");
    let good = |operation, method: &Method, path: String, body: Option<Value>| Good {
        operation,
        method: method.clone(),
        path,
        body,
    };
    let (get, put, post, patch) = (&Method::GET, &Method::PUT, &Method::POST, &Method::PATCH);
    let read = format!("/api/v1/notifications/{tenant}/u-1/{notification}/read");
    let smtp = json!([
        {"kind": "smtp", "host": "127.0.0.1", "port": 1, "tls": "none", "from": "Shop <a@example.org>", "username": "u",
         "limits": {"perSecond": 10, "concurrency": 4},
            "password": "p"},
        {"kind": "sandbox"},
    ]);
    // A body of a callback that says nothing of a message.
    let form = || Some(json!({}));
    let push = json!({"title": "t", "body": "b", "category": "orders", "expiresIn": 600});
    let (account, service) = (format!("AC{}", "0".repeat(32)), format!("MG{}", "0".repeat(32)));
    let accounts = json!([
        {"kind": "twilio", "accountSid": account, "authToken": "t", "from": "+15005550006"},
        {"kind": "twilio", "accountSid": account, "authToken": "t", "messagingServiceSid": service},
        {"kind": "africastalking", "username": "shop", "apiKey": "k", "from": "SHOP",
            "webhookSecret": "0123456789abcdef", "baseUrl": "http://127.0.0.1:1", "allowLoopback": true},
    ]);
    let over_http = json!([
        {"kind": "resend", "apiKey": "re_1", "from": "Shop <a@example.org>", "webhookSecret": "whsec_AAAA"},
        {"kind": "sendgrid", "apiKey": "SG.1", "webhookPublicKey": "AAAA"},
    ]);
    let opted_out = json!({"channel": "SMS", "address": OPTED_OUT});
    vec![
        good("triggerEvent", post, "/api/v1/events/trigger".to_owned(), Some(order("evt-again"))),
        good("getEvent", get, format!("/api/v1/events/{event}"), None),
        good(
            "issueRealtimeToken",
            post,
            "/api/v1/auth/realtime-token".to_owned(),
            Some(json!({"userId": "u-1"})),
        ),
        good("listNotifications", get, format!("/api/v1/notifications/{tenant}/u-1?limit=1"), None),
        good("markNotificationRead", put, read, None),
        good("registerTenant", post, "/admin/v1/tenants".to_owned(), Some(json!({"name": "Other"}))),
        good("listTenants", get, "/admin/v1/tenants?limit=1".to_owned(), None),
        good("getTenant", get, of(""), None),
        good(
            "changeTenant",
            patch,
            of(""),
            Some(json!({"issueApiKey": true, "retrySchedules": {"EMAIL": [5, 60], "SMS": []}})),
        ),
        good("listTemplates", get, of("/templates?limit=1"), None),
        good("putTemplate", put, of("/templates/a/PUSH"), Some(push)),
        good("getTemplate", get, of("/templates/a/PUSH"), None),
        good("getTemplate", get, of("/templates/order.confirmed/EMAIL"), None),
        good("switchTemplate", patch, of("/templates/a/PUSH"), Some(json!({"active": true}))),
        good("putProviders", put, of("/providers/SMS"), Some(accounts)),
        good("putProviders", put, of("/providers/SMS"), Some(json!([{"kind": "sandbox"}]))),
        good("putProviders", put, of("/providers/EMAIL"), Some(over_http)),
        good("putProviders", put, of("/providers/EMAIL"), Some(smtp)),
        good("getProviders", get, of("/providers/EMAIL"), None),
        good("testProvider", post, of("/providers/SMS/test"), Some(json!({"to": "+15005550001"}))),
        good("testProvider", post, of("/providers/SMS/test"), Some(json!({"to": "+15005550005"}))),
        good("testProvider", post, of("/providers/EMAIL/test"), Some(json!({"to": "user@example.com"}))),
        good("findEvents", get, format!("/admin/v1/events?tenantId={tenant}&eventId={event}&limit=1"), None),
        good("getEventDetails", get, of(&format!("/events/{event}")), None),
        good(
            "explainEvent",
            post,
            of(&format!("/events/{event}/explanation")),
            Some(json!({"reason": "ticket 311", "include": ["recipient", "content"]})),
        ),
        good(
            "resolveDelivery",
            post,
            format!("/admin/v1/deliveries/{delivery}/resolve"),
            Some(json!({"resolution": "drop"})),
        ),
        good(
            "listSandboxMessages",
            get,
            format!("/admin/v1/sandbox/messages?tenantId={tenant}&limit=1"),
            None,
        ),
        good("listUnknown", get, format!("/admin/v1/unknown?tenantId={tenant}&limit=1"), None),
        good("listDeadLetters", get, format!("/admin/v1/dead-letters?tenantId={tenant}&limit=1"), None),
        good("getDeadLetter", get, format!("/admin/v1/dead-letters/{dead}?tenantId={tenant}"), None),
        good(
            "redriveDeadLetters",
            post,
            "/admin/v1/dead-letters/redrive".to_owned(),
            Some(json!({"tenantId": tenant, "ids": [dead], "reason": "ticket 311", "dryRun": true})),
        ),
        good("listRedrives", get, format!("/admin/v1/redrives?tenantId={tenant}"), None),
        good("getRedrive", get, format!("/admin/v1/redrives/{redrive}?tenantId={tenant}"), None),
        good("stopRedrive", post, format!("/admin/v1/redrives/{redrive}/stop?tenantId={tenant}"), None),
        good("suppressAddress", post, of("/suppressions"), Some(opted_out.clone())),
        good("lookUpSuppression", post, of("/suppressions/lookup"), Some(opted_out)),
        good("listSuppressions", get, of("/suppressions?limit=1"), None),
        good("liftSuppression", &Method::DELETE, of(&format!("/suppressions/{address_ref}")), None),
        good(
            "takeUnsignedCallback",
            post,
            format!("/callbacks/africastalking/{tenant}/0123456789abcdef"),
            form(),
        ),
        good("takeCallback", post, format!("/callbacks/resend/{tenant}"), form()),
        good("openWebSocket", get, "/connection/websocket".to_owned(), None),
        good("healthz", get, "/healthz".to_owned(), None),
        good("readyz", get, "/readyz".to_owned(), None),
        good("metrics", get, "/metrics".to_owned(), None),
        good("openapi", get, "/openapi.json".to_owned(), None),
    ]
}

/// The same of what is not there, or is another tenant's.
fn elsewhere(good: &Good, shop: &Caller) -> Vec<Good> {
    let other = "0190b5a0-0000-7000-8000-00000000ffff";
    let mut paths = vec![good.path.replace(&shop.tenant, other)];
    if good.operation == "redriveDeadLetters" {
        let mut body = good.body.clone().unwrap();
        body["tenantId"] = json!(other);
        return vec![Good { body: Some(body), ..good.clone() }];
    }
    if good.operation == "getEvent" {
        paths.push("/api/v1/events/none".to_owned());
    }
    if good.operation == "resolveDelivery" {
        paths.push(format!("/admin/v1/deliveries/{other}/resolve"));
    }
    paths.into_iter().filter(|path| *path != good.path).map(|path| Good { path, ..good.clone() }).collect()
}

/// The same with a parameter or a body that is wrong.
fn wrong(good: &Good, shop: &Caller) -> Good {
    let path = match good.operation {
        "listNotifications" => format!("{}&cursor=x", good.path),
        "listTenants"
        | "listTemplates"
        | "listSandboxMessages"
        | "listSuppressions"
        | "listUnknown"
        | "listDeadLetters"
        | "findEvents" => good.path.replace("limit=1", "limit=0"),
        "getDeadLetter" | "listRedrives" | "getRedrive" | "stopRedrive" => {
            good.path.split('?').next().unwrap().to_owned()
        }
        "markNotificationRead" => good.path.replace("/u-1/", "/%01/"),
        "getTemplate" => good.path.replace("/PUSH", "/FAX").replace("/EMAIL", "/FAX"),
        "takeCallback" => good.path.replace("/resend/", "/pigeon/"),
        "takeUnsignedCallback" => good.path.replace("/africastalking/", "/pigeon/"),
        "getProviders" => format!("/admin/v1/tenants/{}/providers/FAX", shop.tenant),
        "putTemplate" => good.path.replace("/PUSH", "/EMAIL"),
        _ => good.path.clone(),
    };
    let body = match good.operation {
        "putTemplate" => Some(json!({"subject": "s", "body": "one\n{% nonsense %}"})),
        "changeTenant" => Some(json!({"active": 7})),
        _ => good.body.as_ref().map(|_| json!({})),
    };
    Good { path, body, ..good.clone() }
}

/// The number of a recipient who opted out of text messages.
const OPTED_OUT: &str = "+254712345679";

/// Suppresses that number as the engine does, and gives its look-up form.
async fn suppressed(world: &World, shop: &Caller, notification: &str) -> String {
    let tenant = world.commands.directory().tenant(shop.tenant.parse().unwrap()).unwrap();
    let suppress = Suppress {
        channel: Channel::Sms,
        address_ref: tenant.index.address_ref(OPTED_OUT),
        reason: SuppressionReason::OptedOut,
        notification: Some(notification.parse().unwrap()),
        cause: Some("twilio_21610".to_owned()),
        seen_at: None,
    };
    world.commands.suppress(tenant.id, suppress.clone(), &Context::engine("test")).await.unwrap();
    suppress.address_ref.to_string()
}

/// A delivery that was refused for good.
async fn dead_letter(walk: &mut Walk<'_>) -> String {
    let mut body = order("evt-dead");
    body["payload"]["recipientPhone"] = json!("+15005550003");
    let trigger = Good { body: Some(body), ..all_good(&walk.shop, [""; 6])[0].clone() };
    let accepted = walk.good(&trigger).await;
    walk.world.drain(&walk.shop, &["evt-dead"]).await;
    walk.world.projected().await;
    accepted["plan"][1]["deliveryId"].as_str().unwrap().to_owned()
}

/// A redrive by filter that was stopped before it ended.
async fn stopped_redrive(walk: &mut Walk<'_>) -> String {
    let filter = json!({"channel": "SMS", "cause": "smtp_550", "provider": "smtp", "eventType": "order.confirmed",
        "since": "2026-04-22T12:00:00Z", "until": "2026-04-23T12:00:00Z"});
    let body = json!({"tenantId": walk.shop.tenant, "filter": filter, "reason": "ticket 311"});
    loop {
        let all = all_good(&walk.shop, [""; 6]);
        let request = all.iter().find(|good| good.operation == "redriveDeadLetters").unwrap();
        let asked = walk.good(&Good { body: Some(body.clone()), ..request.clone() }).await;
        let id = asked["data"]["redriveId"].as_str().unwrap().to_owned();
        let all = all_good(&walk.shop, ["", "", "", "", "", &id]);
        let stop = all.iter().find(|good| good.operation == "stopRedrive").unwrap();
        // It may have ended before.
        if walk.json(stop, None).await.0 == StatusCode::OK {
            assert_eq!(walk.json(stop, None).await.0, StatusCode::CONFLICT, "it is stopped once");
            return id;
        }
    }
}

/// Serves the same on a real connection.
async fn served(world: &World, bounds: Bounds) -> (std::net::SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, token) = (listener.local_addr().unwrap(), CancellationToken::new());
    tokio::spawn(serve(listener, Served::api(world.app()), bounds, token.clone()));
    (address, token)
}

async fn over(walk: &mut Walk<'_>, to: std::net::SocketAddr, good: &Good, token: &str) -> StatusCode {
    let mut request = Sent::new(good.method.clone(), &good.path).bearer(token);
    if let Some(body) = &good.body {
        request = request.json(body);
    }
    let answer = Http::default().send(to, request).await.unwrap();
    let status = answer.status.as_u16();
    walk.note(described::check(good.method.as_str(), &good.path, status, &answer.headers, &answer.body));
    answer.status
}

#[tokio::test(flavor = "multi_thread")]
async fn every_described_status_is_answered_as_it_is_described() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    world
        .template(
            &shop,
            "EMAIL",
            &json!({"subject": "{{ missing }}", "body": "{{ number }}", "expiresIn": 600}),
        )
        .await;
    let mut walk = Walk { world: &world, shop: shop.clone(), seen: BTreeSet::new(), fields: BTreeSet::new() };
    let accepted = walk.good(&all_good(&shop, [""; 6])[0]).await;
    drop(walk.good(&all_good(&shop, [""; 6])[0]).await);
    let (event, notification) =
        (accepted["eventId"].as_str().unwrap(), accepted["notificationId"].as_str().unwrap());
    world.drain(&shop, &[event]).await;
    let delivery = accepted["plan"][0]["deliveryId"].as_str().unwrap();
    let address_ref = suppressed(&world, &shop, notification).await;
    let (dead, redrive) = (dead_letter(&mut walk).await, stopped_redrive(&mut walk).await);
    let all = all_good(&shop, [event, notification, delivery, &address_ref, &dead, &redrive]);
    for good in all.iter().filter(|good| {
        !["resolveDelivery", "openWebSocket", "takeCallback", "stopRedrive"].contains(&good.operation)
    }) {
        walk.good(good).await;
    }
    for good in &all {
        let (method, path) = (good.method.clone(), &good.path);
        let bare = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        walk.send(bare).await;
        for other in elsewhere(good, &shop) {
            walk.json(&other, other.body.as_ref()).await;
        }
        let wrong = wrong(good, &shop);
        walk.json(&wrong, wrong.body.as_ref()).await;
        if let Some(body) = &good.body {
            walk.raw(good, "application/json", "{").await;
            walk.raw(good, "text/plain", body.to_string()).await;
            let most = if good.path.starts_with("/callbacks/") { 1024 } else { 256 };
            walk.raw(good, "application/json", " ".repeat(most * 1024 + 1)).await;
            let endless = futures::stream::pending::<Result<&str, std::io::Error>>();
            walk.raw(good, "application/json", Body::from_stream(endless)).await;
        }
    }
    // What is known is not resolved again, and an attempt that failed is told.
    let resolve = all.iter().find(|good| good.operation == "resolveDelivery").unwrap();
    assert_eq!(walk.json(resolve, resolve.body.as_ref()).await.0, StatusCode::CONFLICT);
    let nobody =
        json!([{"kind": "smtp", "host": "127.0.0.1", "port": 1, "tls": "none", "from": "a@example.org"}]);
    let providers = all.iter().rfind(|good| good.operation == "putProviders").unwrap();
    walk.good(&Good { body: Some(nobody), ..providers.clone() }).await;
    walk.good(&Good {
        path: format!("/admin/v1/tenants/{}/providers/SMS", shop.tenant),
        body: Some(json!([])),
        ..providers.clone()
    })
    .await;
    let test = all.iter().find(|good| good.operation == "testProvider").unwrap();
    assert_eq!(walk.json(test, test.body.as_ref()).await.0, StatusCode::CONFLICT);
    let failing = Good { body: Some(order("evt-failing")), ..all[0].clone() };
    walk.good(&failing).await;
    let mut head = world.commands.log().head();
    let told =
        Good { path: format!("/admin/v1/tenants/{}/events/evt-failing", shop.tenant), ..all[1].clone() };
    let failed = tokio::time::timeout(crate::world::DEADLINE, async {
        loop {
            head.borrow_and_update();
            let told = walk.good(&Good { operation: "getEventDetails", ..told.clone() }).await;
            if told["data"]["channels"][0]["status"] == "RETRYING" {
                return;
            }
            head.changed().await.unwrap();
        }
    });
    failed.await.expect("an attempt that fails");
    world.projected().await;
    let find = all.iter().find(|good| good.operation == "findEvents").unwrap();
    let path = format!("/admin/v1/events?tenantId={}&eventId=evt-failing", shop.tenant);
    walk.good(&Good { path, ..find.clone() }).await;
    let explain = all.iter().find(|good| good.operation == "explainEvent").unwrap();
    let path = format!("/admin/v1/tenants/{}/events/evt-failing/explanation", shop.tenant);
    walk.good(&Good { path, ..explain.clone() }).await;
    let limited = world.tenant(&json!({"name": "Limited", "ratePerMinute": 1})).await;
    walk.shop = limited;
    walk.good(&Good { body: Some(order("evt-1")), ..all[0].clone() }).await;
    let beyond = Good { body: Some(order("evt-2")), ..all[0].clone() };
    assert_eq!(walk.json(&beyond, beyond.body.as_ref()).await.0, StatusCode::TOO_MANY_REQUESTS);
    world.ready.off();
    walk.json(all.iter().find(|good| good.operation == "readyz").unwrap(), None).await;

    // A peer that guesses, and one for which there is no place.
    let (address, _serving) = served(&world, Bounds::default()).await;
    for _ in 0..9 {
        over(&mut walk, address, &all[7], "a-wrong-token").await;
    }
    for good in all.iter().filter(|good| good.path.starts_with("/admin/")) {
        let status = over(&mut walk, address, good, "another-wrong-token").await;
        // It may take longer than the first wait, and is then one more wrong token.
        if status == StatusCode::UNAUTHORIZED {
            assert_eq!(over(&mut walk, address, good, ADMIN_TOKEN).await, StatusCode::TOO_MANY_REQUESTS);
        }
    }
    let (address, _crowded) = served(&world, Bounds { connections: 0, spare: 1, ..Bounds::default() }).await;
    for good in all.iter().filter(|good| !["healthz", "readyz", "metrics"].contains(&good.operation)) {
        assert_eq!(over(&mut walk, address, good, ADMIN_TOKEN).await, StatusCode::SERVICE_UNAVAILABLE);
    }

    let is_rare = |operation: &str, status: &str| {
        RARE.iter().any(|(of, rare)| *rare == status && (of.is_empty() || *of == operation))
    };
    let described = described::all();
    let unseen: Vec<_> = described
        .iter()
        .filter(|told| !is_rare(&told.operation, &told.status))
        .map(|told| (told.operation.clone(), told.status.clone()))
        .filter(|one| !walk.seen.contains(one))
        .collect();
    assert!(unseen.is_empty(), "described and never answered: {unseen:?}");
    let fields: BTreeSet<_> = described.iter().flat_map(|told| &told.fields).collect();
    let unseen: Vec<_> = fields
        .into_iter()
        .filter(|field| !walk.fields.contains(*field) && !RARE_FIELDS.contains(&field.as_str()))
        .collect();
    assert!(unseen.is_empty(), "described and in no answer: {unseen:?}");
}
