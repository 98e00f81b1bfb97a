//! Receipts through the real path: a message leaves, its provider calls back, and nothing is sent twice.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use hyper::HeaderMap;
use orqestra_dispatch::DispatchSettings;
use orqestra_dispatch::callback::{Callback, Receipts, Taken};
use orqestra_domain::notification::{AttemptOutcome, Delivery, DeliveryState, ReceiptSays, SkipReason};
use orqestra_domain::suppression::SuppressionReason;
use orqestra_domain::{Channel, TenantId};
use orqestra_tests::wait;
use sha1::Sha1;

use crate::http::{KEY, at, listed, shop, takes, twilio};
use crate::http_server::{HttpServer, Reply};
use crate::world::{World, ctx, settings};

const SMS: Channel = Channel::Sms;

/// Settings with an address that callbacks are told.
fn told() -> DispatchSettings {
    DispatchSettings { public_url: Some("http://127.0.0.1:8080".into()), ..settings() }
}

/// Hands a callback to the engine, as the route does.
pub(crate) async fn called(
    world: &World,
    tenant: TenantId,
    kind: &str,
    callback: &Callback<'_>,
) -> Vec<Taken> {
    let entry = world.entry(tenant);
    let recorder = Receipts::new(world.commands.clone(), world.pool().clone());
    let (verified, receipts) = recorder.verify(&entry, kind, callback).await.unwrap();
    let mut taken = Vec::new();
    for receipt in receipts {
        taken.push(recorder.record(verified.clone(), receipt, &ctx()).await.unwrap());
    }
    taken
}

/// Twilio's callback, to the address that it was told with the message.
async fn twilio_says(world: &World, tenant: TenantId, asked: &str, status: &str) -> Vec<Taken> {
    twilio_calls(world, tenant, asked, &[("MessageSid", "SM1"), ("MessageStatus", status)]).await
}

/// The same with these fields, in the order of their names.
async fn twilio_calls(world: &World, tenant: TenantId, asked: &str, told: &[(&str, &str)]) -> Vec<Taken> {
    let mut fields = url::form_urlencoded::parse(asked.as_bytes());
    let (_, url) = fields.find(|(name, _)| name == "StatusCallback").expect("an address of callbacks");
    let signed: String = told.iter().fold(url.to_string(), |all, (name, value)| all + name + value);
    let mac = Hmac::<Sha1>::new_from_slice(KEY.as_bytes()).unwrap().chain_update(signed);
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let headers = HeaderMap::from_iter([("x-twilio-signature".parse().unwrap(), signature.parse().unwrap())]);
    let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(told).finish();
    let callback = Callback {
        url: Some(&url),
        path_secret: None,
        headers: &headers,
        body: body.as_bytes(),
        now: world.now(),
    };
    called(world, tenant, "twilio", &callback).await
}

pub(crate) fn is_sent(delivery: &Delivery) -> bool {
    matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_is_sent_by_its_receipt_and_asks_nobody() {
    let (world, server) = (World::new().await, HttpServer::start([Reply::Reset]).await);
    let tenant = shop(&world, SMS, vec![listed(twilio(at(&server.base_url())))]).await;
    let id = world.trigger(&tenant, "e-1").await;
    let dispatch = world.dispatch(told());
    let held = world.settled(&tenant, id, SMS).await;
    assert!(matches!(held.state, DeliveryState::Held { attempt: 1 }), "{held:?}");
    let asked = server.asked().remove(0).body;
    for _ in 0..2 {
        assert_eq!(twilio_says(&world, tenant.id, &asked, "delivered").await, [Taken::Recorded]);
    }
    let delivery = world.delivery(&tenant, id, SMS, is_sent).await;
    assert!(matches!(delivery.attempts[0].outcome, AttemptOutcome::Proved { .. }), "{delivery:?}");
    assert_eq!(delivery.receipts.len(), 1, "its receipt came twice");
    assert_eq!(delivery.receipt().unwrap().says, ReceiptSays::Delivered);
    world.read_up().await;
    assert_eq!(world.due().await, [], "nothing is left to do, and nobody to decide");
    world.due_table_is_right().await;
    assert_eq!(server.asked().len(), 1, "one message");
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_before_the_sweeper_leaves_nothing_to_sweep_after_the_dispatcher_died() {
    let (world, server) = (World::new().await, HttpServer::start([Reply::Drip]).await);
    let tenant = shop(&world, SMS, vec![listed(twilio(at(&server.base_url())))]).await;
    let id = world.trigger(&tenant, "e-1").await;
    let dispatch = world.dispatch(told());
    let is_open = |delivery: &Delivery| matches!(delivery.state, DeliveryState::Attempting { .. });
    world.delivery(&tenant, id, SMS, is_open).await;
    let asked = || (!server.asked().is_empty()).then_some(());
    wait::until_now("its API is asked", Duration::from_secs(30), asked).await;
    dispatch.stop().await;
    let asked = server.asked().remove(0).body;
    for status in ["sent", "delivered", "delivered"] {
        assert_eq!(twilio_says(&world, tenant.id, &asked, status).await, [Taken::Recorded]);
    }
    let dispatch = world.dispatch(told());
    world.clock.advance(Duration::from_hours(1));
    world.read_up().await;
    let delivery = world.settled(&tenant, id, SMS).await;
    assert!(is_sent(&delivery), "{delivery:?}");
    assert_eq!((world.due().await.len(), server.asked().len()), (0, 1));
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_number_is_suppressed_once_and_a_repeat_after_a_lift_changes_nothing() {
    let replies = (0..3).map(|_| takes("twilio"));
    let (world, server) = (World::new().await, HttpServer::start(replies).await);
    let tenant = shop(&world, SMS, vec![listed(twilio(at(&server.base_url())))]).await;
    let dispatch = world.dispatch(told());
    let first = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, first, SMS).await;
    let AttemptOutcome::Succeeded { provider_message_id: Some(sid), .. } = &delivery.attempts[0].outcome
    else {
        panic!("{delivery:?}")
    };
    let address = delivery.address_ref.unwrap();
    let asked = server.asked().remove(0).body;
    let says = async |code, status| {
        let told = [("ErrorCode", code), ("MessageSid", sid.as_str()), ("MessageStatus", status)];
        assert_eq!(twilio_calls(&world, tenant.id, &asked, &told).await, [Taken::Recorded]);
        world.commands.suppression(tenant.id, &address).await.unwrap()
    };
    // Filtered by the carrier: the number is not at fault.
    assert_eq!(says("30007", "undelivered").await, None);
    let suppressed = says("30005", "failed").await.expect("the number is suppressed");
    assert_eq!((suppressed.reason, suppressed.notification), (SuppressionReason::Bounced, Some(first)));
    assert_eq!(suppressed.cause.as_deref(), Some("twilio_30005"));
    let next = world.trigger(&tenant, "e-2").await;
    let skipped = DeliveryState::Skipped { reason: SkipReason::Suppressed };
    assert_eq!(world.settled(&tenant, next, SMS).await.state, skipped);
    world.clock.advance(Duration::from_secs(1));
    world.commands.lift_suppression(tenant.id, &address, &ctx()).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(says("30005", "failed").await, None, "it is the receipt from before the lift");
    let last = world.trigger(&tenant, "e-3").await;
    let delivery = world.settled(&tenant, last, SMS).await;
    assert!(is_sent(&delivery), "{delivery:?}");
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_another_message_of_the_account_is_of_no_attempt() {
    let (world, server) = (World::new().await, HttpServer::start([takes("twilio")]).await);
    let tenant = shop(&world, SMS, vec![listed(twilio(at(&server.base_url())))]).await;
    let dispatch = world.dispatch(told());
    let id = world.trigger(&tenant, "e-1").await;
    world.settled(&tenant, id, SMS).await;
    let asked = server.asked().remove(0).body;
    let told = [("ErrorCode", "30005"), ("MessageSid", "SMother"), ("MessageStatus", "failed")];
    assert_eq!(twilio_calls(&world, tenant.id, &asked, &told).await, [Taken::Unmatched]);
    assert!(world.story(&tenant, id).await.deliveries[&SMS].receipts.is_empty());
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_entries_of_one_account_the_one_that_carried_the_message_gets_its_receipt() {
    let denied = r#"{"code": 20003, "message": "Authenticate", "status": 401}"#;
    let denied = Reply::Answer(401, "", denied.to_owned());
    let (world, first) = (World::new().await, HttpServer::start([denied]).await);
    let second = HttpServer::start([takes("twilio")]).await;
    let list = [&first, &second].map(|server| listed(twilio(at(&server.base_url()))));
    let tenant = shop(&world, SMS, list.into()).await;
    let dispatch = world.dispatch(told());
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, SMS).await;
    let [_, AttemptOutcome::Succeeded { provider_message_id: Some(sid), .. }] =
        delivery.attempts.iter().map(|attempt| &attempt.outcome).collect::<Vec<_>>()[..]
    else {
        panic!("{delivery:?}")
    };
    let asked = second.asked().remove(0).body;
    let told = [("MessageSid", sid.as_str()), ("MessageStatus", "delivered")];
    assert_eq!(twilio_calls(&world, tenant.id, &asked, &told).await, [Taken::Recorded]);
    let receipts = &world.story(&tenant, id).await.deliveries[&SMS].receipts;
    let [receipt] = &receipts[..] else { panic!("{receipts:?}") };
    assert_eq!((receipt.attempt, Some(receipt.instance)), (2, delivery.attempts[1].instance));
    dispatch.stop().await;
}
