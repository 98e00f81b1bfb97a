//! What an API does to the connection under a call: it closes one that is kept, resets it, or sends a body slowly or without an
//! end. The client sends a request once for each attempt, whatever becomes of its connection.

use orqestra_domain::Channel;
use orqestra_domain::notification::{AttemptOutcome, Delivery, DeliveryState};
use orqestra_domain::provider::Endpoint;

use crate::http::{KINDS, Scene, cause, hasty, resend, takes};
use crate::http_server::Reply;
use crate::world::settings;

/// Most bytes of an answer that are read, as `docs/providers.md` has it.
const MOST_BYTES: usize = 64 * 1_024;

fn is_unknown(delivery: &Delivery, attempt: usize) -> bool {
    matches!(delivery.attempts[attempt].outcome, AttemptOutcome::Unknown { .. })
}

impl Scene {
    /// Sends another message once the first is settled, and waits until it is settled too.
    async fn second(&self) -> Delivery {
        let first = self.settled().await;
        assert!(matches!(first.state, DeliveryState::Sent { attempt: 1, .. }), "{first:?}");
        let second = self.world.trigger(&self.tenant, "e-2").await;
        self.world.settled(&self.tenant, second, self.channel).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_ends_a_kept_connection_is_sent_once_for_each_attempt_and_unknown() {
    for kind in KINDS {
        let name = kind(Endpoint::default()).name();
        for end in [Reply::Close, Reply::Reset] {
            let scene = Scene::of(kind, [takes(name), end.clone(), takes(name)]).await;
            let dispatch = scene.world.dispatch(settings());
            let delivery = scene.second().await;
            assert!(is_unknown(&delivery, 0), "{name} {end:?}: {delivery:?}");
            assert_eq!(cause(&delivery, 0), "http_connection_lost", "{name} {end:?}");
            let attempts = if scene.channel == Channel::Sms {
                assert!(matches!(delivery.state, DeliveryState::Held { attempt: 1 }), "{name}: {delivery:?}");
                1
            } else {
                assert!(matches!(delivery.state, DeliveryState::Sent { .. }), "{name}: {delivery:?}");
                2
            };
            assert_eq!(delivery.attempts.len(), attempts, "{name} {end:?}");
            assert_eq!(scene.server.asked().len(), 1 + attempts, "{name} {end:?}: once for each attempt");
            // The first attempt's request came by the first message's connection.
            assert_eq!(scene.server.opened(), attempts, "{name} {end:?}");
            dispatch.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_the_api_closed_meanwhile_costs_no_attempt() {
    for kind in KINDS {
        let name = kind(Endpoint::default()).name();
        let scene = Scene::of(kind, [Reply::Last(Box::new(takes(name))), takes(name)]).await;
        let dispatch = scene.world.dispatch(settings());
        scene.settled().await;
        scene.server.ended().await;
        let delivery = scene.second().await;
        assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{name}: {delivery:?}");
        assert_eq!((scene.server.asked().len(), scene.server.opened()), (2, 2), "{name}");
        dispatch.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_a_byte_now_and_then_ends_with_the_call_and_its_status_alone_decides() {
    for kind in KINDS {
        let name = kind(Endpoint::default()).name();
        let scene = Scene::of(kind, [Reply::DrippingBody(202), takes(name)]).await;
        let dispatch = scene.world.dispatch(hasty());
        let delivery = scene.settled().await;
        if name == "sendgrid" {
            assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{delivery:?}");
        } else {
            assert!(is_unknown(&delivery, 0), "{name}: {delivery:?}");
            // The call ended by itself: cut off from outside, it would be `provider_timeout`.
            assert_eq!(cause(&delivery, 0), "http_202", "{name}");
        }
        dispatch.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_answer_64_kb_are_read_and_not_a_byte_more() {
    for (length, whole) in [(MOST_BYTES, true), (MOST_BYTES + 1, false)] {
        let taken = r#"{"id":"m-1"}"#;
        let body = format!("{}{taken}", " ".repeat(length - taken.len()));
        let scene = Scene::of(resend, [Reply::Answer(200, "", body), takes("resend")]).await;
        let dispatch = scene.world.dispatch(settings());
        let delivery = scene.settled().await;
        assert_eq!(is_unknown(&delivery, 0), !whole, "{length}: {delivery:?}");
        let attempt = if whole { 1 } else { 2 };
        assert!(
            matches!(delivery.state, DeliveryState::Sent { attempt: at, .. } if at == attempt),
            "{length}"
        );
        dispatch.stop().await;
    }
}
