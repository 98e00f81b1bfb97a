//! After a complaint about a message, its address gets no other one until an operator lifts the suppression.

use std::time::Duration;

use hyper::Method;
use orqestra_domain::Timestamp;
use orqestra_tests::apis::{Apis, Says};
use orqestra_tests::http::{Request, segment};
use orqestra_tests::load::{order, templates, with_id};
use orqestra_tests::state::{ChannelState, EventState};
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::{Value, json};

use crate::{metrics, signed};

const WITHIN: Duration = Duration::from_secs(30);
const PUBLIC_URL: &str = "https://notify.example.org";

/// A provider of emails that calls back.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Resend,
    SendGrid,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::SendGrid => "sendgrid",
        }
    }

    fn entry(self, apis: &Apis) -> Value {
        let mut entry = json!({"kind": self.name(), "apiKey": "key_1", "from": "shop@example.org",
            "baseUrl": apis.base_url(), "allowLoopback": true});
        match self {
            Self::Resend => entry["webhookSecret"] = signed::resend_secret().into(),
            Self::SendGrid => entry["webhookPublicKey"] = signed::sendgrid_key().into(),
        }
        entry
    }

    /// The complaint about a message, as the provider sends it.
    fn complaint(self, world: &World, about: &EventState, seconds: u64) -> Request {
        let path = format!("/callbacks/{}/{}", self.name(), world.tenant().id);
        let (delivery, notification) = (&about.channel("EMAIL").delivery_id, &about.notification_id);
        match self {
            Self::Resend => {
                let at = Timestamp::from_unix_micros(i64::try_from(seconds).unwrap() * 1_000_000).to_string();
                let body = json!({"type": "email.complained", "created_at": at, "data": {"email_id": "m-1", "tags": {
                    "orqestra_delivery": delivery, "orqestra_notification": notification}}});
                signed::resend(path, "msg_1", &body)
            }
            Self::SendGrid => {
                let body = json!([{"event": "spamreport", "sg_event_id": "e-1", "sg_message_id": "m-1.x",
                    "timestamp": seconds, "orqestra_delivery": delivery, "orqestra_notification": notification}]);
                signed::sendgrid(path, &body)
            }
        }
    }
}

/// Sends an email to the same address as every other one here, and waits for its end.
async fn sent(world: &World, id: &str) -> EventState {
    let mut body = with_id(order(1), id);
    body["channels"] = json!(["EMAIL"]);
    let event = world.accept(world.tenant(), &body).await;
    drop(world.drain().await);
    world.event(world.tenant(), &event).await
}

fn end(state: &ChannelState) -> (&str, Option<&str>) {
    (&state.status, state.reason.as_deref())
}

async fn a_complaint_suppresses(kind: Kind) {
    let world = World::with(&[("ORQESTRA_PUBLIC_URL", PUBLIC_URL)]).await;
    let apis = Apis::start(|_, _| Says::Taken).await;
    world.providers(world.tenant(), "EMAIL", &json!([kind.entry(&apis)])).await;
    templates(&world, world.tenant()).await;
    let first = sent(&world, "first").await;
    assert_eq!(end(first.channel("EMAIL")), ("SENT", None), "{kind:?}");

    let seconds = signed::seconds();
    let call = async || drop(world.send(kind.complaint(&world, &first, seconds)).await.unwrap().expect(200));
    call().await;
    let list = format!("/admin/v1/tenants/{}/suppressions", world.tenant().id);
    let address = json!({"channel": "EMAIL", "address": "user-1@example.org"});
    let state = async || {
        let asked = world.admin(Method::POST, &format!("{list}/lookup"), &address).await;
        asked.expect(200).json()
    };
    let found = wait::until("the suppression", WITHIN, async || {
        Some(state().await).filter(|state| state["suppressed"] == true)
    })
    .await;
    assert_eq!(found["suppression"]["reason"], "complained", "{kind:?}: {found}");
    let series = r#"orqestra_suppressed_total{channel="EMAIL",reason="complained"}"#;
    assert_eq!(metrics::value(&world, series).await, Some(1.0), "{kind:?}");
    let next = sent(&world, "next").await;
    assert_eq!(end(next.channel("EMAIL")), ("SKIPPED", Some("suppressed")), "{kind:?}");
    assert_eq!(apis.count(), 1, "{kind:?}: nothing is sent");

    let lift = format!("{list}/{}", segment(found["addressRef"].as_str().unwrap()));
    drop(world.admin(Method::DELETE, &lift, &Value::Null).await.expect(200));
    // The provider repeats a callback: it is the same complaint, from before the lift.
    call().await;
    assert_eq!(state().await["suppressed"], false, "{kind:?}");
    let last = sent(&world, "last").await;
    assert_eq!(end(last.channel("EMAIL")), ("SENT", None), "{kind:?}");
    assert_eq!(apis.count(), 2, "{kind:?}");
}

#[tokio::test]
async fn after_a_complaint_the_next_email_is_skipped_until_the_suppression_is_lifted() {
    tokio::join!(a_complaint_suppresses(Kind::Resend), a_complaint_suppresses(Kind::SendGrid));
}
