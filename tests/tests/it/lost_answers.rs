//! The process is killed after a provider took a message and before its answer was recorded: what follows is what
//! `docs/delivery.md` promises of that provider, and a receipt settles it without a decision of an operator.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use orqestra_event_log::fail_point::{FailPoint, VARIABLE};
use orqestra_tests::apis::{Apis, Says};
use orqestra_tests::http::Request;
use orqestra_tests::load::{order, templates};
use orqestra_tests::smtp::Smtp;
use orqestra_tests::state::ChannelState;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::{Value, json};
use sha1::Sha1;

use crate::signed::{self, SECRET};

const WITHIN: Duration = Duration::from_mins(1);
const PUBLIC_URL: &str = "https://notify.example.org";
const TOKEN: &str = "token";

/// A kind of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sandbox,
    Smtp,
    Resend,
    SendGrid,
    Twilio,
    AfricasTalking,
}

/// Whether the entry has what verifies callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Callbacks {
    Set,
    None,
}

impl Kind {
    const fn channel(self) -> &'static str {
        match self {
            Self::Sandbox | Self::Smtp | Self::Resend | Self::SendGrid => "EMAIL",
            Self::Twilio | Self::AfricasTalking => "SMS",
        }
    }

    fn entry(self, apis: &Apis, smtp: &Smtp, callbacks: Callbacks) -> Value {
        let (url, from) = (apis.base_url(), "shop@example.org");
        let mut entry = match self {
            Self::Sandbox => json!({"kind": "sandbox"}),
            Self::Smtp => smtp.provider(),
            Self::Resend => json!({"kind": "resend", "apiKey": "re_1", "from": from}),
            Self::SendGrid => json!({"kind": "sendgrid", "apiKey": "SG.1", "from": from}),
            Self::Twilio => json!({"kind": "twilio", "accountSid": format!("AC{}", "0".repeat(32)),
                "authToken": TOKEN, "from": "+15005550006"}),
            Self::AfricasTalking => json!({"kind": "africastalking", "username": "shop", "apiKey": "k"}),
        };
        if !matches!(self, Self::Sandbox | Self::Smtp) {
            entry["baseUrl"] = url.into();
            entry["allowLoopback"] = true.into();
        }
        if callbacks == Callbacks::Set {
            match self {
                Self::Resend => entry["webhookSecret"] = signed::resend_secret().into(),
                Self::SendGrid => entry["webhookPublicKey"] = signed::sendgrid_key().into(),
                Self::AfricasTalking => entry["webhookSecret"] = SECRET.into(),
                Self::Sandbox | Self::Smtp | Self::Twilio => {}
            }
        }
        entry
    }
}

/// An engine that was killed right after the provider took the message.
struct Killed {
    world: World,
    apis: Apis,
    smtp: Smtp,
    event: String,
}

/// Claims and calls are short, so that an attempt is overdue within seconds; a longer `claim` leaves time for a receipt.
async fn killed(kind: Kind, callbacks: Callbacks, claim: &str) -> Killed {
    let mut settings = vec![("ORQESTRA_CLAIM_SECONDS", claim), ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "2")];
    settings.extend((callbacks == Callbacks::Set).then_some(("ORQESTRA_PUBLIC_URL", PUBLIC_URL)));
    let (world, smtp) = (World::with(&settings).await, Smtp::start());
    let apis = Apis::start(|_, _| Says::Taken).await;
    let tenant = world.tenant().clone();
    world.providers(&tenant, kind.channel(), &json!([kind.entry(&apis, &smtp, callbacks)])).await;
    templates(&world, &tenant).await;
    world.sigterm().await;
    world.set(VARIABLE, Some(FailPoint::SendAfter.name()));
    world.begin().await;
    let mut body = order(1);
    body["channels"] = json!([kind.channel()]);
    let event = world.accept(&tenant, &body).await;
    world.aborted(WITHIN).await;
    world.set(VARIABLE, None);
    world.begin().await;
    Killed { world, apis, smtp, event }
}

impl Killed {
    async fn state(&self, kind: Kind) -> ChannelState {
        self.world.event(self.world.tenant(), &self.event).await.channel(kind.channel()).clone()
    }

    /// Waits until the delivery is as wanted.
    async fn becomes(&self, kind: Kind, wanted: &str) -> ChannelState {
        wait::until("the delivery's end", WITHIN, async || {
            let state = self.state(kind).await;
            (state.status == wanted).then_some(state)
        })
        .await
    }

    /// How often the provider took the message.
    async fn taken(&self, kind: Kind) -> usize {
        match kind {
            Kind::Smtp => self.smtp.count(),
            Kind::Sandbox => {
                let path = format!("/admin/v1/sandbox/messages?tenantId={}", self.world.tenant().id);
                let kept = self.world.admin_get(&path).await.expect(200).json();
                kept["data"].as_array().unwrap().len()
            }
            Kind::Resend | Kind::SendGrid | Kind::Twilio | Kind::AfricasTalking => {
                self.apis.taken().values().sum()
            }
        }
    }

    /// Calls back that the message arrived, as the provider does.
    async fn receipt(&self, kind: Kind) {
        let state = self.state(kind).await;
        let tenant = self.world.tenant().id;
        let details = self.world.event(self.world.tenant(), &self.event).await;
        let (delivery, notification) = (state.delivery_id, details.notification_id);
        let path = format!("/callbacks/{}/{tenant}", kind.name());
        let request = match kind {
            Kind::Resend => signed::resend(
                path,
                "msg_1",
                &json!({"type": "email.delivered", "created_at": "2026-11-30T12:00:00.000Z", "data": {
                    "email_id": "m-1", "tags": {"orqestra_delivery": delivery, "orqestra_notification": notification}}}),
            ),
            Kind::SendGrid => signed::sendgrid(
                path,
                &json!([{"event": "delivered", "sg_event_id": "e-1", "sg_message_id": "m-1.x",
                    "timestamp": signed::seconds(), "orqestra_delivery": delivery,
                    "orqestra_notification": notification}]),
            ),
            Kind::Twilio => {
                let query = format!("orqestra_delivery={delivery}&orqestra_notification={notification}");
                let asked = self.apis.taken().into_keys().next().unwrap();
                let form = self.apis.body(&asked).unwrap();
                let told = form.split('&').find_map(|pair| pair.strip_prefix("StatusCallback=")).unwrap();
                let url = orqestra_tests::http::unsegment(&told.replace('+', "%20"));
                let target = url.strip_prefix(PUBLIC_URL).unwrap().to_owned();
                assert!(target.contains(&delivery) && query.contains(&delivery), "{target}");
                let signed = format!("{url}MessageSidm-1MessageStatusdelivered");
                let mac = Hmac::<Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap().chain_update(signed);
                Request::post(target)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .header("x-twilio-signature", STANDARD.encode(mac.finalize().into_bytes()))
                    .bytes("MessageSid=m-1&MessageStatus=delivered")
            }
            Kind::AfricasTalking => Request::post(format!("{path}/{SECRET}"))
                .header("content-type", "application/x-www-form-urlencoded")
                .bytes("id=m-1&status=Success&phoneNumber=%2B254712345601&networkCode=63902"),
            Kind::Sandbox | Kind::Smtp => panic!("{kind:?} does not call back"),
        };
        let answer = self.world.send(request).await.unwrap();
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    }

    /// No operator is asked what became of the message, now or in the end.
    async fn asks_no_operator(&self, kind: Kind) {
        let path = format!("/admin/v1/unknown?tenantId={}", self.world.tenant().id);
        // The read model follows within moments; until then it tells that a receipt is waited for.
        wait::until("an empty list", WITHIN, async || {
            let asked = self.world.admin_get(&path).await.expect(200).json();
            let asked = asked["data"].as_array().unwrap().clone();
            assert!(asked.iter().all(|one| one["waitsForReceipt"] == true), "{kind:?}: {asked:?}");
            asked.is_empty().then_some(())
        })
        .await;
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Smtp => "smtp",
            Self::Resend => "resend",
            Self::SendGrid => "sendgrid",
            Self::Twilio => "twilio",
            Self::AfricasTalking => "africastalking",
        }
    }
}

/// What the page promises where no receipt comes.
async fn without_a_receipt(kind: Kind, ends: &str, taken: usize) {
    let killed = killed(kind, Callbacks::None, "2").await;
    let state = killed.becomes(kind, ends).await;
    assert_eq!(killed.taken(kind).await, taken, "{kind:?}: {state:?}");
    let marked = state.attempts.last().unwrap().possible_duplicate;
    assert_eq!(marked, taken > 1, "{kind:?}: {state:?}");
    assert_eq!(state.attempts[0].outcome, "UNKNOWN", "{kind:?}: {state:?}");
}

#[tokio::test]
async fn a_provider_that_deduplicates_sends_once() {
    tokio::join!(without_a_receipt(Kind::Sandbox, "SENT", 1), without_a_receipt(Kind::Resend, "SENT", 1));
}

#[tokio::test]
async fn an_email_by_another_provider_is_sent_at_most_twice_and_marked() {
    tokio::join!(without_a_receipt(Kind::Smtp, "SENT", 2), without_a_receipt(Kind::SendGrid, "SENT", 2));
}

#[tokio::test]
async fn a_text_message_is_sent_once_and_held() {
    tokio::join!(
        without_a_receipt(Kind::Twilio, "UNKNOWN", 1),
        without_a_receipt(Kind::AfricasTalking, "UNKNOWN", 1),
    );
}

/// The receipt comes twice, before any process calls the attempt overdue.
async fn with_a_receipt(kind: Kind) {
    // A report of Africa's Talking names the number alone, which is believed once no call can be under way.
    let claim = if kind == Kind::AfricasTalking { "2" } else { "60" };
    let killed = killed(kind, Callbacks::Set, claim).await;
    assert_eq!(killed.state(kind).await.status, "SENDING");
    killed.receipt(kind).await;
    killed.receipt(kind).await;
    let sent = killed.becomes(kind, "SENT").await;
    assert_eq!((killed.taken(kind).await, sent.attempts.len()), (1, 1), "{kind:?}: {sent:?}");
    killed.asks_no_operator(kind).await;
}

#[tokio::test]
async fn a_receipt_that_comes_twice_settles_an_email_whose_sender_was_killed() {
    tokio::join!(with_a_receipt(Kind::Resend), with_a_receipt(Kind::SendGrid));
}

#[tokio::test]
async fn a_receipt_that_comes_twice_settles_a_text_message_whose_sender_was_killed() {
    tokio::join!(with_a_receipt(Kind::Twilio), with_a_receipt(Kind::AfricasTalking));
}

/// The connection is cut after the provider took the message, and the receipt comes, twice, before an operator is asked. Resend
/// deduplicates, so its receipt is not waited for: the message is asked for again at once, and its API answers as it would have.
async fn cut_and_receipt(kind: Kind) {
    let settings = [
        ("ORQESTRA_PUBLIC_URL", PUBLIC_URL),
        ("ORQESTRA_CLAIM_SECONDS", "2"),
        ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "2"),
    ];
    let (world, smtp) = (World::with(&settings).await, Smtp::start());
    let apis = Apis::start(|_, call| if call == 0 { Says::TakenAndCut } else { Says::Taken }).await;
    let tenant = world.tenant().clone();
    world.providers(&tenant, kind.channel(), &json!([kind.entry(&apis, &smtp, Callbacks::Set)])).await;
    templates(&world, &tenant).await;
    let mut body = order(1);
    body["channels"] = json!([kind.channel()]);
    let event = world.accept(&tenant, &body).await;
    let cut = Killed { world, apis, smtp, event };
    wait::until("the unknown outcome", WITHIN, async || cut.state(kind).await.was_unknown().then_some(()))
        .await;
    cut.world.kill9().await;
    cut.world.begin().await;
    cut.receipt(kind).await;
    cut.receipt(kind).await;
    let sent = cut.becomes(kind, "SENT").await;
    assert_eq!(cut.taken(kind).await, 1, "{kind:?}: {sent:?}");
    assert!(sent.attempts.len() == 1 || kind == Kind::Resend, "{kind:?}: {sent:?}");
    assert!(!sent.attempts.iter().any(|attempt| attempt.possible_duplicate), "{kind:?}: {sent:?}");
    cut.asks_no_operator(kind).await;
}

#[tokio::test]
async fn a_cut_connection_is_settled_by_the_receipt_and_nothing_is_sent_twice() {
    tokio::join!(
        cut_and_receipt(Kind::Resend),
        cut_and_receipt(Kind::SendGrid),
        cut_and_receipt(Kind::Twilio),
        cut_and_receipt(Kind::AfricasTalking),
    );
}
