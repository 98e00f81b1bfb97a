//! Providers over HTTP, each against a server that answers, fails and lies as a test says.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use orqestra_commands::{ClearSecret, ListedProvider, ProviderInput, TenantEntry};
use orqestra_dispatch::{DispatchSettings, PrivateHosts};
use orqestra_domain::notification::{AttemptOutcome, Delivery, DeliveryState, SkipReason};
use orqestra_domain::provider::{
    AfricasTalkingConfig, BaseUrl, Endpoint, HttpConfig, ResendConfig, SendGridConfig, Sender, TwilioConfig,
    TwilioSender,
};
use orqestra_domain::{Channel, NotificationId};
use tokio::io::AsyncWriteExt as _;

use crate::http_server::{HttpServer, Reply};
use crate::world::{World, settings};

const EMAIL: Channel = Channel::Email;
const SMS: Channel = Channel::Sms;
const ACCOUNT: &str = "AC00000000000000000000000000000000";
pub(crate) const KEY: &str = "a key";

pub(crate) type Config = HttpConfig<ClearSecret>;

pub(crate) fn at(url: &str) -> Endpoint {
    Endpoint { base_url: Some(BaseUrl::parse(url, true).unwrap()), allow_loopback: true }
}

pub(crate) fn resend(endpoint: Endpoint) -> Config {
    let api_key = ClearSecret(KEY.to_owned());
    let from = Some(Sender::parse("Shop <shop@example.org>").unwrap());
    HttpConfig::Resend(ResendConfig { api_key, from, endpoint, webhook_secret: None })
}

fn sendgrid(endpoint: Endpoint) -> Config {
    let api_key = ClearSecret(KEY.to_owned());
    let from = Some(Sender::parse("Shop <shop@example.org>").unwrap());
    HttpConfig::SendGrid(SendGridConfig { api_key, from, endpoint, webhook_public_key: None })
}

pub(crate) fn twilio(endpoint: Endpoint) -> Config {
    HttpConfig::Twilio(TwilioConfig {
        account_sid: ACCOUNT.to_owned(),
        auth_token: ClearSecret(KEY.to_owned()),
        sender: TwilioSender::From("+15005550006".to_owned()),
        endpoint,
    })
}

pub(crate) fn africastalking(endpoint: Endpoint) -> Config {
    HttpConfig::AfricasTalking(AfricasTalkingConfig {
        username: "shop".to_owned(),
        api_key: ClearSecret(KEY.to_owned()),
        from: None,
        endpoint,
        webhook_secret: None,
    })
}

pub(crate) const KINDS: [fn(Endpoint) -> Config; 4] = [resend, sendgrid, twilio, africastalking];

/// What each kind's API answers to a message that it takes, with its id.
pub(crate) fn takes(kind: &str) -> Reply {
    let body = match kind {
        "resend" => r#"{"id":"m-1"}"#,
        "sendgrid" => return Reply::Answer(202, "x-message-id: m-1\r\n", String::new()),
        "twilio" => r#"{"sid":"m-1","status":"queued"}"#,
        _ => {
            r#"{"SMSMessageData":{"Message":"Sent to 1/1","Recipients":[{"statusCode":102,"messageId":"m-1"}]}}"#
        }
    };
    Reply::Answer(if kind == "resend" { 200 } else { 201 }, "", body.to_owned())
}

pub(crate) fn listed(config: Config) -> ListedProvider {
    ProviderInput::Http(config).into()
}

/// A tenant whose channel this list carries.
pub(crate) async fn shop(world: &World, channel: Channel, list: Vec<ListedProvider>) -> Arc<TenantEntry> {
    let tenant = world.tenant("acme", &[(channel, "Hello & welcome")]).await;
    world.providers(tenant.id, channel, list).await;
    world.entry(tenant.id)
}

/// A kind's API that answers so, the tenant that uses it, and an event that was accepted.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) server: HttpServer,
    pub(crate) tenant: Arc<TenantEntry>,
    pub(crate) channel: Channel,
    id: NotificationId,
}

impl Scene {
    pub(crate) async fn of(kind: fn(Endpoint) -> Config, replies: impl IntoIterator<Item = Reply>) -> Self {
        let world = World::new().await;
        let server = HttpServer::start(replies).await;
        let config = kind(at(&server.base_url()));
        let channel = config.channel();
        let tenant = shop(&world, channel, vec![listed(config)]).await;
        let id = world.trigger(&tenant, "e-1").await;
        Self { world, server, tenant, channel, id }
    }

    pub(crate) async fn settled(&self) -> Delivery {
        self.world.settled(&self.tenant, self.id, self.channel).await
    }

    async fn waiting(&self) -> Delivery {
        self.world.waiting_on(&self.tenant, self.id, self.channel).await
    }
}

pub(crate) fn cause(delivery: &Delivery, attempt: usize) -> &str {
    match &delivery.attempts[attempt].outcome {
        AttemptOutcome::Failed { cause, .. } | AttemptOutcome::Unknown { cause: Some(cause), .. } => cause,
        other => panic!("{other:?}"),
    }
}

/// A call that may take a second.
pub(crate) fn hasty() -> DispatchSettings {
    DispatchSettings { provider_timeout: Duration::from_millis(1_500), ..settings() }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_takes_a_message_with_its_key_and_its_id_is_kept() {
    for kind in KINDS {
        let name = kind(Endpoint::default()).name();
        let scene = Scene::of(kind, [takes(name)]).await;
        let dispatch = scene.world.dispatch(settings());
        let delivery = scene.settled().await;
        assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{name}: {delivery:?}");
        assert_eq!(delivery.attempts[0].provider, name);
        let AttemptOutcome::Succeeded { provider_message_id, .. } = &delivery.attempts[0].outcome else {
            panic!("{delivery:?}")
        };
        assert_eq!(provider_message_id.as_deref(), Some("m-1"), "{name}");
        let asked = scene.server.asked();
        let [asked] = &asked[..] else { panic!("asked once: {asked:?}") };
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{ACCOUNT}:{KEY}"));
        let (header, expected, form) = match name {
            "twilio" => ("authorization", format!("Basic {basic}"), "application/x-www-form-urlencoded"),
            "africastalking" => ("apikey", KEY.to_owned(), "application/x-www-form-urlencoded"),
            _ => ("authorization", format!("Bearer {KEY}"), "application/json"),
        };
        assert_eq!(asked.header(header), Some(expected.as_str()), "{name}");
        assert_eq!(asked.header("content-type"), Some(form), "{name}");
        assert!(asked.header("user-agent").unwrap().starts_with("orqestra/"), "{name}");
        let said = if form == "application/json" { "Hello & welcome" } else { "Hello+%26+welcome" };
        assert!(asked.body.contains(said), "{name}: {}", asked.body);
        dispatch.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_left_and_was_not_answered_is_unknown_for_each_kind() {
    for kind in KINDS {
        let name = kind(Endpoint::default()).name();
        for (reply, why) in [
            (Reply::Reset, "http_connection_lost"),
            (Reply::Junk, "http_garbled"),
            (Reply::Drip, "http_timeout"),
            (Reply::Answer(500, "", "<html>Oops</html>".to_owned()), "http_500"),
        ] {
            let scene = Scene::of(kind, [reply.clone(), takes(name)]).await;
            let dispatch = scene.world.dispatch(hasty());
            let delivery = scene.settled().await;
            assert_eq!(cause(&delivery, 0), why, "{name} {reply:?}");
            assert!(
                matches!(delivery.attempts[0].outcome, AttemptOutcome::Unknown { .. }),
                "{name} {reply:?}"
            );
            let asked = scene.server.asked();
            if scene.channel == SMS {
                assert!(matches!(delivery.state, DeliveryState::Held { attempt: 1 }), "{name}: {delivery:?}");
                assert_eq!(asked.len(), 1, "{name} {reply:?}");
            } else {
                assert!(
                    matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }),
                    "{name}: {delivery:?}"
                );
                // Only the one that deduplicates by it sends the same message once.
                assert_eq!(delivery.attempts[1].possible_duplicate, name == "sendgrid", "{name} {reply:?}");
                assert_eq!(asked[0], asked[1], "each attempt's request is the same");
            }
            dispatch.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_the_body_that_decides_is_unknown_and_one_without_an_end_is_cut() {
    for (kind, reply) in [
        (resend as fn(Endpoint) -> Config, Reply::HalfABody(200)),
        (resend, Reply::Flood),
        (twilio, Reply::HalfABody(201)),
        (africastalking, Reply::HalfABody(201)),
    ] {
        let name = kind(Endpoint::default()).name();
        let scene = Scene::of(kind, [reply.clone(), takes(name)]).await;
        // Were the body read to its end, the call would be.
        let dispatch = scene.world.dispatch(settings());
        let delivery = scene.settled().await;
        assert!(matches!(delivery.attempts[0].outcome, AttemptOutcome::Unknown { .. }), "{name} {reply:?}");
        dispatch.stop().await;
    }
    // The status alone decides.
    let scene = Scene::of(sendgrid, [Reply::HalfABody(202)]).await;
    let dispatch = scene.world.dispatch(settings());
    assert!(matches!(scene.settled().await.state, DeliveryState::Sent { attempt: 1, .. }));
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_provider_is_asked_again_once_the_time_that_it_names_has_passed() {
    // The world's clock shows 2026-11-24T12:00:00Z.
    for (headers, seconds) in [
        ("retry-after: 40\r\n", 40),
        ("retry-after: Tue, 24 Nov 2026 12:00:40 GMT\r\n", 40),
        ("ratelimit-reset: 40\r\n", 40),
        ("x-ratelimit-reset: 1795521640\r\n", 40),
        ("", 30),
    ] {
        for kind in KINDS {
            let name = kind(Endpoint::default()).name();
            let busy = Reply::Answer(429, headers, String::new());
            let scene = Scene::of(kind, [busy, takes(name)]).await;
            let dispatch = scene.world.dispatch(settings());
            let delivery = scene.waiting().await;
            assert_eq!(cause(&delivery, 0), "http_429", "{name}");
            let DeliveryState::Waiting { due, .. } = delivery.state else { unreachable!() };
            let waits = due.since(scene.world.now()).as_secs();
            assert!((seconds..seconds + 20).contains(&waits), "{name} {headers}: {waits}");
            scene.world.clock.advance(Duration::from_mins(2));
            let delivery = scene.settled().await;
            assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }), "{name}: {delivery:?}");
            dispatch.stop().await;
        }
    }
}

/// A port where words come before any handshake.
async fn without_tls() -> u16 {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"220 mail.example.org ESMTP\r\n").await.ok();
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_does_not_take_goes_to_the_next_one_at_once() {
    let unused = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let no_account = Reply::Answer(401, "", r#"{"name":"missing_api_key"}"#.to_owned());
    let server = HttpServer::start([no_account]).await;
    for (url, why) in [
        (server.base_url(), "http_401"),
        (format!("http://127.0.0.1:{unused}"), "http_connect_refused"),
        (format!("https://127.0.0.1:{}", without_tls().await), "http_tls"),
        ("https://nowhere.example".to_owned(), "http_dns"),
    ] {
        let world = World::new().await;
        let list = vec![listed(resend(at(&url))), ProviderInput::Sandbox.into()];
        let tenant = shop(&world, EMAIL, list).await;
        let id = world.trigger(&tenant, "e-1").await;
        let names = crate::name_server::NameServer::start([(
            "nowhere.example",
            crate::name_server::Reply::NoSuchName,
        )])
        .await;
        let dispatch = world.dispatch(DispatchSettings { name_servers: names.servers(), ..settings() });
        let delivery = world.settled(&tenant, id, EMAIL).await;
        let asked: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.provider.as_str()).collect();
        assert_eq!(asked, ["resend", "sandbox"], "{url}");
        assert_eq!(cause(&delivery, 0), why, "{url}");
        assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }), "{url}: {delivery:?}");
        dispatch.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_is_followed_and_no_key_goes_elsewhere() {
    let elsewhere = HttpServer::start([takes("resend")]).await;
    let to = format!("location: {}/emails\r\n", elsewhere.base_url());
    for status in [301, 302, 307, 308] {
        let redirect = Reply::Answer(status, Box::leak(to.clone().into_boxed_str()), String::new());
        let scene = Scene::of(resend, [redirect]).await;
        let dispatch = scene.world.dispatch(settings());
        let delivery = scene.waiting().await;
        assert_eq!(cause(&delivery, 0), format!("http_{status}"));
        dispatch.stop().await;
    }
    assert_eq!(elsewhere.asked(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_of_this_machine_is_connected_to_only_where_installation_and_entry_allow_it() {
    use crate::name_server::{NameServer, Reply as Name};
    let names = NameServer::start([("api.example.com", Name::Address)]).await;
    for (allow_loopback, private_hosts, reached) in [
        (true, PrivateHosts::Allowed, true),
        (true, PrivateHosts::Refused, false),
        (false, PrivateHosts::Allowed, false),
        (false, PrivateHosts::Refused, false),
    ] {
        for host in ["127.0.0.1", "api.example.com"] {
            let world = World::new().await;
            let server = HttpServer::start([takes("twilio")]).await;
            // As it stands in the log, whatever the edge would say.
            let url = serde_json::from_value(format!("http://{host}:{}", server.port).into()).unwrap();
            let config = twilio(Endpoint { base_url: Some(url), allow_loopback });
            let tenant = shop(&world, SMS, vec![listed(config)]).await;
            let id = world.trigger(&tenant, "e-1").await;
            let asking = DispatchSettings { private_hosts, name_servers: names.servers(), ..settings() };
            let dispatch = world.dispatch(asking);
            if reached {
                let delivery = world.settled(&tenant, id, SMS).await;
                assert!(matches!(delivery.state, DeliveryState::Sent { .. }), "{host} {delivery:?}");
            } else {
                let is_waiting =
                    |delivery: &Delivery| matches!(delivery.state, DeliveryState::Waiting { .. });
                let delivery = world.delivery(&tenant, id, SMS, is_waiting).await;
                assert_eq!(cause(&delivery, 0), "http_private_host", "{host}");
                assert_eq!(server.asked(), []);
            }
            dispatch.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_metadata_is_connected_to_nowhere_whatever_installation_and_entry_allow() {
    use crate::name_server::{NameServer, Reply as Name};
    let names = NameServer::start([
        ("api.example.com", Name::OtherAddress([169, 254, 42, 42].into())),
        ("known.example.com", Name::Address),
    ])
    .await;
    let world = World::new().await;
    let asking = DispatchSettings {
        private_hosts: PrivateHosts::Allowed,
        name_servers: names.servers(),
        ..settings()
    };
    let dispatch = world.dispatch(asking);
    let server = HttpServer::start([takes("twilio")]).await;
    for (host, refused) in [
        ("127.0.0.1", false),
        ("known.example.com", false),
        ("169.254.169.254", true),
        ("169.254.0.23", true),
        ("[::ffff:169.254.42.42]", true),
        ("[fd00:42::42]", true),
        ("api.example.com", true),
    ] {
        // As it stands in the log, whatever the edge would say.
        let url = serde_json::from_value(format!("http://{host}:{}", server.port).into()).unwrap();
        let config = twilio(Endpoint { base_url: Some(url), allow_loopback: true });
        let tenant = shop(&world, SMS, vec![listed(config)]).await;
        let id = world.trigger(&tenant, "e-1").await;
        if refused {
            let delivery = world.waiting_on(&tenant, id, SMS).await;
            // Not even a connection was tried for.
            assert_eq!(cause(&delivery, 0), "http_private_host", "{host}");
        } else {
            let delivery = world.settled(&tenant, id, SMS).await;
            assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{host} {delivery:?}");
        }
    }
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_whose_owner_opted_out_at_the_provider_is_suppressed() {
    let twilio_says = r#"{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}"#;
    let africastalking_says = r#"{"SMSMessageData":{"Message":"Sent to 0/1","Recipients":[{"statusCode":406,"messageId":"None"}]}}"#;
    for (kind, status, body, code) in [
        (twilio as fn(Endpoint) -> Config, 400, twilio_says, "twilio_21610"),
        (africastalking, 201, africastalking_says, "africastalking_406"),
    ] {
        let scene = Scene::of(kind, [Reply::Answer(status, "", body.to_owned())]).await;
        let (world, tenant) = (&scene.world, &scene.tenant);
        let dispatch = world.dispatch(settings());
        let delivery = scene.settled().await;
        assert!(
            matches!(&delivery.state, DeliveryState::Abandoned { cause } if cause == code),
            "{delivery:?}"
        );
        let mut head = world.commands.log().head();
        let suppressed = tokio::time::timeout(crate::world::DEADLINE, async {
            loop {
                head.borrow_and_update();
                let asked = world.commands.suppression(tenant.id, &delivery.address_ref.unwrap()).await;
                if let Some(suppressed) = asked.unwrap() {
                    return suppressed;
                }
                head.changed().await.unwrap();
            }
        });
        assert_eq!(suppressed.await.expect("in time").cause.as_deref(), Some(code));
        let next = world.trigger(tenant, "e-2").await;
        let skipped = DeliveryState::Skipped { reason: SkipReason::Suppressed };
        assert_eq!(world.settled(tenant, next, SMS).await.state, skipped, "{code}");
        assert_eq!(scene.server.asked().len(), 1);
        dispatch.stop().await;
    }
}
