//! A test message tells what the provider says, and leaves the engine's deliveries as they are.

use std::time::Duration;

use orqestra_commands::{ClearSecret, ListedProvider, ProviderInput, TenantEntry, TestAddress};
use orqestra_dispatch::{DispatchSettings, NotTested, ProviderTest, ProviderTester, TestOutcome, Tested};
use orqestra_domain::evidence::EvidenceEvent;
use orqestra_domain::notification::{DeliveryState, FailureScope};
use orqestra_domain::provider::{BaseUrl, Endpoint, HttpConfig, ProviderLimits, ResendConfig, Sender};
use orqestra_domain::{AnyEvent, ApiKeyKind, Channel, EmailAddress, PhoneNumber, ProviderInstanceId};
use orqestra_event_log::Position;
use serde_json::json;

use crate::http_server::{HttpServer, Reply};
use crate::script::{Answer, Script};
use crate::world::{World, ctx, settings, smtp};

const EMAIL: Channel = Channel::Email;

fn email() -> ProviderTest {
    ProviderTest { to: TestAddress::Email(EmailAddress::parse("Ops@Example.com").unwrap()), instance: None }
}

fn resend(server: &HttpServer) -> ListedProvider {
    let base_url = Some(BaseUrl::parse(&server.base_url(), true).unwrap());
    ProviderInput::Http(HttpConfig::Resend(ResendConfig {
        api_key: ClearSecret("a key".to_owned()),
        from: Some(Sender::parse("Shop <shop@example.org>").unwrap()),
        endpoint: Endpoint { base_url, allow_loopback: true },
        webhook_secret: None,
    }))
    .into()
}

async fn tested(tester: &ProviderTester, tenant: &TenantEntry) -> Tested {
    tester.send(tenant.id, email(), &ctx()).await.unwrap()
}

/// The answer to a test by an API that replies so.
async fn answered(reply: Reply) -> (Tested, HttpServer) {
    let world = World::new().await;
    let server = HttpServer::start([reply]).await;
    let tenant = world.tenant("acme", &[]).await;
    world.providers(tenant.id, EMAIL, vec![resend(&server)]).await;
    let provider_timeout = Duration::from_millis(1_500);
    let tester = world.tester(DispatchSettings { provider_timeout, ..settings() });
    (tested(&tester, &tenant).await, server)
}

fn answer(status: u16, headers: &'static str, body: &str) -> Reply {
    Reply::Answer(status, headers, body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_the_id_and_the_words_of_a_provider_that_takes_it() {
    let (tested, server) = answered(answer(200, "", r#"{"id":"m-1"}"#)).await;
    assert_eq!((tested.outcome, tested.provider), (TestOutcome::Taken, "resend"));
    assert_eq!(tested.provider_message_id.as_deref(), Some("m-1"));
    assert_eq!(tested.answer.as_deref(), Some(r#"200 {"id":"m-1"}"#));
    assert_eq!((tested.cause, tested.scope, tested.server), (None, None, None));
    let asked = server.asked();
    let [asked] = &asked[..] else { panic!("asked once: {asked:?}") };
    for said in ["Test message of Orqestra", "Ops@Example.com", "shop@example.org"] {
        assert!(asked.body.contains(said), "{said}: {}", asked.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_cause_words_and_scope_of_each_way_to_fail() {
    let bad = r#"{"name":"validation_error","message":"Invalid `to` field."}"#;
    for (reply, outcome, cause, scope) in [
        (answer(422, "", bad), TestOutcome::Refused, "http_422", Some(FailureScope::Message)),
        (answer(413, "", "large"), TestOutcome::Refused, "http_413", Some(FailureScope::Pairing)),
        (answer(401, "", "{}"), TestOutcome::NotTaken, "http_401", Some(FailureScope::Provider)),
        (
            answer(429, "retry-after: 40\r\n", "{}"),
            TestOutcome::Throttled,
            "http_429",
            Some(FailureScope::Throttled),
        ),
        (Reply::Drip, TestOutcome::Unknown, "http_timeout", None),
        (Reply::Reset, TestOutcome::Unknown, "http_connection_lost", None),
    ] {
        let (tested, server) = answered(reply.clone()).await;
        assert_eq!((tested.outcome, tested.cause.as_deref()), (outcome, Some(cause)), "{reply:?}");
        assert_eq!((tested.scope, tested.provider_message_id), (scope, None), "{reply:?}");
        assert_eq!(tested.answer.is_some(), outcome != TestOutcome::Unknown, "{reply:?}");
        let wait = (outcome == TestOutcome::Throttled).then(|| Duration::from_secs(40));
        assert_eq!(tested.retry_after, wait, "{reply:?}");
        assert_eq!(server.asked().len(), 1, "a test is sent once: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_never_comes_back_is_unknown_after_the_provider_timeout() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[]).await;
    let provider_timeout = Duration::from_millis(50);
    let settings = DispatchSettings { provider_timeout, ..settings() };
    let dispatch = world.play(&Script::always(Answer::Hang), settings);
    let tested = tested(&dispatch.tester, &tenant).await;
    assert_eq!((tested.outcome, tested.cause.as_deref()), (TestOutcome::Unknown, Some("provider_timeout")));
    assert!(tested.duration >= provider_timeout);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_breaker_keeps_no_test_back_and_no_test_moves_it() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let script = Script::always(Answer::Down);
    let settings = DispatchSettings { breaker_failures: 2, ..settings() };
    let dispatch = world.play(&script, settings);
    // Failures of tests open nothing, so the first delivery is sent.
    for _ in 0..3 {
        assert_eq!(tested(&dispatch.tester, &tenant).await.outcome, TestOutcome::NotTaken);
    }
    let first = world.trigger(&tenant, "e-1").await;
    world.waiting(&tenant, first).await;
    let second = world.trigger(&tenant, "e-2").await;
    world.waiting(&tenant, second).await;
    assert_eq!(script.calls().len(), 5);
    // The breaker is open: a test goes through, and its success lets no delivery through.
    script.then(Answer::Taken);
    assert_eq!(tested(&dispatch.tester, &tenant).await.outcome, TestOutcome::Taken);
    let third = world.trigger(&tenant, "e-3").await;
    world.read_up().await;
    assert_eq!(tested(&dispatch.tester, &tenant).await.outcome, TestOutcome::Taken);
    // What came later for another tenant has ended.
    let other = world.tenant("other", &[(EMAIL, "hi")]).await;
    let beside = world.trigger(&other, "e-4").await;
    world.settled(&other, beside, EMAIL).await;
    let story = world.story(&tenant, third).await;
    assert!(matches!(story.deliveries[&EMAIL].state, DeliveryState::Planned), "{story:?}");
    assert_eq!(script.calls().len(), 8);
    // A throttled test pauses nothing either: once the breaker's pause is over all goes on.
    script.then(Answer::Throttled(600));
    assert_eq!(tested(&dispatch.tester, &tenant).await.outcome, TestOutcome::Throttled);
    script.then(Answer::Taken);
    world.clock.advance(Duration::from_mins(2));
    for id in [first, second, third] {
        let delivery = world.settled(&tenant, id, EMAIL).await;
        assert!(matches!(delivery.state, DeliveryState::Sent { .. }), "{delivery:?}");
    }
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_counts_within_the_providers_limit_of_calls_and_is_turned_away_while_it_is_busy() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    let limits = ProviderLimits::new(None, Some(1)).unwrap();
    let listed = ListedProvider { provider: ProviderInput::Sandbox, limits };
    world.providers(tenant.id, EMAIL, vec![listed]).await;
    let script = Script::always(Answer::Taken);
    script.close_gate();
    let dispatch = world.play(&script, settings());
    let tenant = world.entry(tenant.id);
    let id = world.trigger(&tenant, "e-1").await;
    script.called(1).await;
    let before = world.commands.log().fetch_head().await.unwrap();
    let busy = dispatch.tester.send(tenant.id, email(), &ctx()).await;
    assert!(matches!(busy, Err(NotTested::Busy)), "{busy:?}");
    assert_eq!(script.calls().len(), 1);
    assert_eq!(world.commands.log().fetch_head().await.unwrap(), before, "what is not sent is no event");
    script.open_gate();
    world.settled(&tenant, id, EMAIL).await;
    assert_eq!(tested(&dispatch.tester, &tenant).await.outcome, TestOutcome::Taken);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_of_the_entry_that_is_named_and_else_of_the_first_and_needs_a_sender() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[]).await;
    world.providers(tenant.id, EMAIL, vec![smtp(1), smtp(2)]).await;
    let entry = world.entry(tenant.id);
    let instances: Vec<_> = world
        .commands
        .directory()
        .providers(&entry, EMAIL, ApiKeyKind::Live)
        .iter()
        .map(|entry| entry.instance)
        .collect();
    let script = Script::always(Answer::Refused).at(2, Answer::Taken);
    let dispatch = world.play(&script, settings());
    let send = async |instance| {
        let test = ProviderTest { instance, ..email() };
        dispatch.tester.send(tenant.id, test, &ctx()).await
    };
    assert_eq!(send(None).await.unwrap().instance, instances[0]);
    let second = send(Some(instances[1])).await.unwrap();
    assert_eq!(second.server.map(|server| server.to_string()).as_deref(), Some("127.0.0.1:2"));
    assert_eq!((second.instance, second.outcome), (instances[1], TestOutcome::Taken));
    assert_eq!(script.ports(), [1, 2], "no other entry follows one that refuses");
    let unknown = send(Some(ProviderInstanceId::from_uuid(uuid::Uuid::nil()))).await;
    assert!(matches!(unknown, Err(NotTested::UnknownInstance)), "{unknown:?}");
    // As it stands in the log, whatever the edge would say: without any sender.
    let bare =
        json!([{"instance": instances[0], "kind": "smtp", "host": "127.0.0.1", "port": 3, "tls": "none"}]);
    world.providers_as_stored(tenant.id, EMAIL, bare).await;
    let nameless = send(None).await;
    assert!(matches!(nameless, Err(NotTested::NoSender)), "{nameless:?}");
    let newer = json!([{"instance": instances[0], "kind": "pigeon"}]);
    world.providers_as_stored(tenant.id, EMAIL, newer).await;
    let newer = send(None).await;
    assert!(matches!(newer, Err(NotTested::Newer)), "{newer:?}");
    world.providers_as_stored(tenant.id, EMAIL, json!([])).await;
    for instance in [None, Some(instances[0])] {
        let none = send(instance).await;
        assert!(matches!(none, Err(NotTested::NoProvider)), "{none:?}");
    }
    assert_eq!(script.calls().len(), 2);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_test_is_one_event_without_the_address_and_one_message_in_the_sandbox() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[]).await;
    let tester = world.tester(settings());
    let before = world.commands.log().fetch_head().await.unwrap();
    let sms =
        ProviderTest { to: TestAddress::Phone(PhoneNumber::parse("+254712345678").unwrap()), instance: None };
    let first = tested(&tester, &tenant).await;
    world.clock.advance(Duration::from_secs(1));
    let again = tested(&tester, &tenant).await;
    world.clock.advance(Duration::from_secs(1));
    let text = tester.send(tenant.id, sms, &ctx()).await.unwrap();
    assert_ne!(first.provider_message_id, again.provider_message_id, "none is taken for a repeat");
    let kept = world.kept(&tenant, None, 10).await;
    let shown: Vec<_> =
        kept.iter().map(|message| (message.to.as_str(), message.subject.as_deref())).collect();
    let subject = Some("Test message of Orqestra");
    assert_eq!(shown, [("+254712345678", None), ("Ops@Example.com", subject), ("Ops@Example.com", subject)]);
    let ids: Vec<_> = kept.iter().rev().map(|message| message.delivery_id.to_string()).collect();
    let told = [&first, &again, &text].map(|tested| tested.provider_message_id.clone().unwrap());
    assert_eq!(ids, told);
    let events = events_after(&world, before).await;
    assert_eq!(events.len(), 3);
    for ((payload, event), tested) in events.iter().zip([&first, &again, &text]) {
        let AnyEvent::Evidence(EvidenceEvent::ProviderTestRequested(event)) = event else {
            panic!("{event:?}")
        };
        assert_eq!((event.channel, event.provider.as_str()), (tested.channel, "sandbox"));
        assert_eq!((event.instance, event.by.as_str()), (tested.instance, "engine:test"));
        let address = if event.channel == EMAIL { "Ops@example.com" } else { "+254712345678" };
        assert_eq!(event.address_ref, tenant.index.address_ref(address));
        assert!(!payload.to_ascii_lowercase().contains("ops@example") && !payload.contains("712345678"));
    }
}

/// The payloads of the events after a position, as stored and as read.
async fn events_after(world: &World, after: Position) -> Vec<(String, AnyEvent)> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select aggregate_type, payload::text from events where position > $1 order by position",
    )
    .bind(after.get())
    .fetch_all(world.pool())
    .await
    .unwrap();
    let read = |(aggregate, payload): (String, String)| {
        let event = AnyEvent::parse(&aggregate, &payload).unwrap();
        (payload, event)
    };
    rows.into_iter().map(read).collect()
}
