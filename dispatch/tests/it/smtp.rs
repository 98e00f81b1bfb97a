//! Each row of the SMTP table against a server that behaves so, and the pool of connections.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use orqestra_commands::RenderedContent;
use orqestra_dispatch::{
    Message, NameServers, NotTaken, PrivateHosts, Provider, Reach, Scope, SendError, Sent, Smtp, SmtpLimits,
};
use orqestra_domain::provider::{Host, Sender, SmtpConfig, TlsMode, Username};
use orqestra_domain::{
    Channel, DeliveryId, NotificationId, ProviderInstanceId, StreamId, TenantId, Timestamp,
};
use orqestra_vault::{DataKey, FieldContext, KeyScope, MasterKey, SeededEntropy, Vault};
use sqlx::PgPool;
use tokio::time::Instant;
use uuid::Uuid;

use crate::smtp_server::Step::{Cut, Flood, Hang, Raw, Say};
use crate::smtp_server::{Manners, SmtpServer};

/// Longer than a busy machine takes for any call that comes to an answer, and than for the steps before one that does not.
const PATIENCE: Duration = Duration::from_secs(30);
/// The entry that the servers of these tests stand for.
const INSTANCE: ProviderInstanceId = ProviderInstanceId::from_uuid(Uuid::from_u128(25));
const HASTE: Duration = Duration::from_secs(2);

pub(crate) struct Client {
    smtp: Smtp,
    key: DataKey,
}

pub(crate) fn vault() -> Vault {
    let entropy = Arc::new(SeededEntropy::new(1));
    let pool = PgPool::connect_lazy("postgres://nowhere").unwrap();
    Vault::new(pool, MasterKey::generate(&*entropy), entropy)
}

pub(crate) fn config(port: u16) -> SmtpConfig {
    SmtpConfig {
        host: Host::parse("127.0.0.1").unwrap(),
        port,
        tls: TlsMode::None,
        from: Some(Sender::parse("Shop <shop@example.org>").unwrap()),
        username: None,
        password: None,
    }
}

/// With a user name and this password.
pub(crate) fn with_credentials(config: SmtpConfig, vault: &Vault, password: &[u8]) -> SmtpConfig {
    let (_, key) = vault.new_key(TenantId::PLATFORM, KeyScope::Tenant);
    vault.remember(&key);
    let stream = StreamId::tenant(TenantId::PLATFORM);
    let seal = |field, plain: &[u8]| {
        let place = FieldContext { tenant: TenantId::PLATFORM, aggregate_id: stream.as_str(), field };
        Some(vault.seal(&key, &place, plain))
    };
    let username = seal(orqestra_commands::PROVIDER_USERNAME_FIELD, b"shop").map(Username::Sealed);
    let password = seal(orqestra_commands::PROVIDER_PASSWORD_FIELD, password);
    SmtpConfig { username, password, ..config }
}

impl Client {
    pub(crate) fn with(config: SmtpConfig, vault: Vault) -> Self {
        Self::within(PATIENCE, config, vault)
    }

    pub(crate) fn within(whole_call: Duration, config: SmtpConfig, vault: Vault) -> Self {
        let limits = SmtpLimits { connections: 2, whole_call };
        let (_, key) = vault.new_key(TenantId::PLATFORM, KeyScope::Tenant);
        let smtp = Smtp::new(TenantId::PLATFORM, INSTANCE, config, vault, limits);
        Self { smtp: smtp.reaching(PrivateHosts::Allowed), key }
    }

    fn reaching(self, private_hosts: PrivateHosts) -> Self {
        Self { smtp: self.smtp.reaching(private_hosts), ..self }
    }

    pub(crate) fn asking(self, servers: NameServers) -> Self {
        Self { smtp: self.smtp.asking(servers), ..self }
    }

    pub(crate) fn trusting(self, authorities: &str) -> Self {
        Self { smtp: self.smtp.trusting(Some(authorities.into())), ..self }
    }

    fn to(server: &SmtpServer) -> Self {
        Self::with(config(server.port), vault())
    }

    pub(crate) fn message(&self, number: u128) -> Message {
        Message {
            tenant: TenantId::PLATFORM,
            notification: NotificationId::from_uuid(Uuid::from_u128(number)),
            delivery: DeliveryId::from_uuid(Uuid::from_u128(number)),
            dedup_key: orqestra_domain::DedupKey::from_uuid(Uuid::from_u128(number)),
            channel: Channel::Email,
            to: "user@example.com".to_owned(),
            content: RenderedContent {
                subject: Some("Grüße".to_owned()),
                title: None,
                body: "<p>.\n.hello</p>".to_owned(),
                text: Some(".\n.hello".to_owned()),
            },
            event_id: None,
            sender: None,
            key: self.key.clone(),
            accepted_at: Timestamp::from_unix_micros(1_776_859_200_000_000),
            expires_at: Timestamp::from_unix_micros(1_776_859_200_000_000)
                .plus(std::time::Duration::from_hours(72)),
            at: Timestamp::EPOCH,
        }
    }

    pub(crate) async fn send(&self, number: u128) -> Result<Sent, SendError> {
        self.smtp.send(&self.message(number)).await
    }

    pub(crate) async fn send_message(&self, message: &Message) -> Result<Sent, SendError> {
        self.smtp.send(message).await
    }
}

/// The outcome of one send to a server that behaves so in its first connections.
async fn one(manners: Manners) -> String {
    let server = SmtpServer::start([manners, manners]).await;
    // Who is never answered has to wait until its time is over.
    let whole_call = if manners.hangs() { HASTE } else { PATIENCE };
    short(Client::within(whole_call, config(server.port), vault()).send(1).await)
}

pub(crate) fn short(outcome: Result<Sent, SendError>) -> String {
    match outcome {
        Ok(_) => "taken".to_owned(),
        Err(SendError::NotTaken(NotTaken { cause, scope: Scope::Provider, .. })) => format!("down {cause}"),
        Err(SendError::NotTaken(NotTaken { cause, .. })) => format!("not taken {cause}"),
        Err(SendError::Refused { cause, reach: Reach::Everywhere, .. }) => format!("refused {cause}"),
        Err(SendError::Refused { cause, reach: Reach::ThisProvider, .. }) => format!("refused here {cause}"),
        Err(SendError::Refused { cause, reach: Reach::OptedOut, .. }) => format!("opted out {cause}"),
        Err(SendError::Unknown { cause, .. }) => format!("unknown {cause}"),
        Err(SendError::NotAsked { cause, .. }) => format!("not asked {cause}"),
    }
}

#[tokio::test]
async fn a_message_that_the_server_takes_is_taken_with_its_words() {
    let server = SmtpServer::start([]).await;
    let sent = Client::to(&server).send(1).await.unwrap();
    let id = "<00000000-0000-0000-0000-000000000001@deliveries.orqestra>";
    assert_eq!(sent.provider_message_id.as_deref(), Some(id));
    assert_eq!(sent.answer.as_deref(), Some("250 2.0.0 queued as 42"));
    let [taken] = &server.taken()[..] else { panic!("{:?}", server.taken()) };
    assert_eq!(
        (taken.from.as_str(), taken.to.as_str()),
        ("MAIL FROM:<shop@example.org>", "RCPT TO:<user@example.com>")
    );
    for header in
        [&format!("Message-ID: {id}\r\n"), "From: Shop <shop@example.org>\r\n", "To: user@example.com\r\n"]
    {
        assert!(taken.content.contains(header), "{header} in {}", taken.content);
    }
    assert!(taken.content.contains("=\r\n") || taken.content.contains(".hello"));
}

#[tokio::test]
async fn every_row_of_the_table_before_the_message() {
    let good = Manners::GOOD;
    for (manners, outcome) in [
        (Manners { banner: Say("421 not now"), ..good }, "down smtp_421"),
        (Manners { banner: Say("554 go away"), ..good }, "down smtp_554"),
        (Manners { banner: Cut, ..good }, "down smtp_connect"),
        (Manners { banner: Hang, ..good }, "down smtp_timeout"),
        (Manners { banner: Say("HTTP/1.1 400 Bad Request"), ..good }, "down smtp_garbled"),
        (Manners { ehlo: "550 not you", ..good }, "down smtp_550"),
    ] {
        assert_eq!(one(manners).await, outcome, "{manners:?}");
    }
}

#[tokio::test]
async fn every_row_of_the_table_up_to_the_content() {
    let good = Manners::GOOD;
    for (step, to_mail, outcome) in [
        (Say("451 later"), "down smtp_451", "not taken smtp_451"),
        (Say("550 no such user"), "down smtp_550", "refused smtp_550"),
        (Say("550 5.7.1 account suspended"), "down smtp_550", "refused here smtp_550"),
        (Say("552 5.3.4 too big"), "refused here smtp_552", "refused here smtp_552"),
        (Say("421 closing"), "down smtp_421", "down smtp_421"),
        (Say("530 authenticate first"), "down smtp_530", "down smtp_530"),
        (Say("what?"), "down smtp_garbled", "down smtp_garbled"),
        (Cut, "down smtp_connection_lost", "down smtp_connection_lost"),
        (Hang, "down smtp_timeout", "down smtp_timeout"),
    ] {
        assert_eq!(one(Manners { mail: step, ..good }).await, to_mail, "MAIL {step:?}");
        assert_eq!(one(Manners { rcpt: step, ..good }).await, outcome, "RCPT {step:?}");
        assert_eq!(one(Manners { data: step, ..good }).await, outcome, "DATA {step:?}");
    }
    assert_eq!(one(Manners { data: Say("250 ok"), ..good }).await, "down smtp_garbled");
}

#[tokio::test]
async fn every_row_of_the_table_after_the_content() {
    for (step, outcome) in [
        (Say("451 later"), "not taken smtp_451"),
        (Say("452 full"), "not taken smtp_452"),
        (Say("550 spam"), "refused here smtp_550"),
        (Say("421 closing"), "down smtp_421"),
        (Say("what?"), "unknown smtp_garbled"),
        (Say("354 go on"), "unknown smtp_garbled"),
        (Cut, "unknown smtp_connection_lost"),
        (Hang, "unknown smtp_timeout"),
    ] {
        assert_eq!(one(Manners { end: step, ..Manners::GOOD }).await, outcome, "{step:?}");
    }
}

#[tokio::test]
async fn a_reply_without_an_end_is_read_up_to_a_bound() {
    let good = Manners::GOOD;
    let endless_line = Flood("250 and so on and on");
    for (manners, outcome) in [
        (Manners { banner: endless_line, ..good }, "down smtp_reply_too_long"),
        (Manners { mail: endless_line, ..good }, "down smtp_reply_too_long"),
        (Manners { rcpt: endless_line, ..good }, "down smtp_reply_too_long"),
        (Manners { data: endless_line, ..good }, "down smtp_reply_too_long"),
        (Manners { rcpt: Flood("550 and so on"), ..good }, "refused smtp_550"),
        (Manners { mail: Flood("550-and so on\r\n"), ..good }, "down smtp_550"),
        (Manners { end: Flood("and so on and on"), ..good }, "unknown smtp_reply_too_long"),
        (Manners { end: Flood("552-and so on\r\n"), ..good }, "refused here smtp_552"),
        (Manners { mail: Say("250 \u{ff}"), ..good }, "taken"),
    ] {
        assert_eq!(one(manners).await, outcome, "{manners:?}");
    }
}

#[tokio::test]
async fn a_final_answer_is_what_its_code_says_however_long_it_is() {
    let one_line = format!("250 {}\r\n", "x".repeat(70_000));
    let lines = format!("{}250 ok\r\n", "250-queued and so on and on\r\n".repeat(2_500));
    let whole = [one_line, lines].map(|said| Raw(String::leak(said).as_bytes()));
    let endless = [Flood("250 and so on and on"), Flood("250-and so on and on and on\r\n")];
    for end in whole.into_iter().chain(endless) {
        let server = SmtpServer::start([Manners { end, ..Manners::GOOD }]).await;
        let client = Client::to(&server);
        // What is left of a long answer is not the answer to the next message.
        for number in 1..=2 {
            assert_eq!(short(client.send(number).await), "taken", "message {number}");
        }
        assert_eq!(server.taken().len(), 2);
        assert!(!endless.contains(&end) || server.opened() == 2, "the connection was used again");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_has_not_taken_it() {
    let server = SmtpServer::start([]).await;
    let port = server.port;
    let unused = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    assert_ne!(port, unused);
    let gone = Client::with(config(unused), vault());
    assert_eq!(short(gone.send(1).await), "down smtp_connect_refused");
    let nowhere = SmtpConfig { host: Host::parse("nowhere.invalid").unwrap(), ..config(port) };
    assert!(short(Client::with(nowhere, vault()).send(1).await).starts_with("down smtp_"));
}

#[tokio::test]
async fn encryption_that_cannot_be_had_is_not_done_without() {
    let server = SmtpServer::start([]).await;
    let starttls = SmtpConfig { tls: TlsMode::Starttls, ..config(server.port) };
    assert_eq!(short(Client::with(starttls, vault()).send(1).await), "down smtp_no_starttls");
    let tls = SmtpConfig { tls: TlsMode::Tls, ..config(server.port) };
    let outcome = short(Client::with(tls, vault()).send(1).await);
    assert!(outcome.starts_with("down smtp_"), "{outcome}");
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn a_sealed_password_opens_the_server_and_a_wrong_one_is_the_providers_fault() {
    let vault = vault();
    let server = SmtpServer::start([Manners {
        auth: Say("535 wrong"),
        ehlo: "250-test\r\n250 AUTH PLAIN",
        ..Manners::GOOD
    }])
    .await;
    let config = with_credentials(config(server.port), &vault, b"hunter2");
    let client = Client::with(config, vault);
    assert_eq!(short(client.send(1).await), "down smtp_535");
    assert_eq!(short(client.send(2).await), "taken");
    let no_auth = Manners { ehlo: "250 test", ..Manners::GOOD };
    let server = SmtpServer::start([no_auth]).await;
    let vault = self::vault();
    let config = with_credentials(self::config(server.port), &vault, b"");
    assert_eq!(short(Client::with(config, vault).send(1).await), "down smtp_no_auth_mechanism");
}

#[tokio::test]
async fn connections_are_used_again_and_replaced_when_the_server_has_closed_them() {
    let server = SmtpServer::start([Manners { messages: 3, ..Manners::GOOD }]).await;
    let client = Client::to(&server);
    for number in 1..=5 {
        assert_eq!(short(client.send(number).await), "taken", "message {number}");
    }
    assert_eq!((server.taken().len(), server.opened()), (5, 2));
}

#[tokio::test]
async fn no_letter_waits_for_a_delayed_acknowledgement() {
    const DELAYED_ACKNOWLEDGEMENT: Duration = Duration::from_millis(40);
    let server = SmtpServer::start([]).await;
    let client = Client::to(&server);
    let mut took = Vec::new();
    for number in 1..=50 {
        let began = Instant::now();
        assert_eq!(short(client.send(number).await), "taken");
        took.push(began.elapsed());
    }
    took.sort_unstable();
    assert_eq!(server.opened(), 1);
    // A busy machine delays some; the acknowledgement would have delayed nearly all.
    let quarter = took[took.len() / 4];
    assert!(quarter < DELAYED_ACKNOWLEDGEMENT / 2, "a quarter took more than {quarter:?}");
}

#[tokio::test]
async fn a_connection_in_which_a_recipient_was_refused_is_used_again() {
    let server = SmtpServer::start([Manners { rcpt: Say("550 no"), ..Manners::GOOD }]).await;
    let client = Client::to(&server);
    assert_eq!(short(client.send(1).await), "refused smtp_550");
    assert_eq!(short(client.send(2).await), "refused smtp_550");
    assert_eq!(server.opened(), 1);
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_takes_it() {
    let plain = Manners { ehlo: "250 test", ..Manners::GOOD };
    let server = SmtpServer::start([plain]).await;
    let client = Client::to(&server);
    let mut message = client.message(1);
    message.to = "jörg@example.com".to_owned();
    assert_eq!(short(client.smtp.send(&message).await), "refused here smtp_no_utf8");
    let server = SmtpServer::start([]).await;
    let client = Client::to(&server);
    assert_eq!(short(client.smtp.send(&message).await), "taken");
    assert!(server.taken()[0].from.contains("SMTPUTF8"));
}

#[tokio::test]
async fn bodies_arrive_whole_whatever_their_lines_are() {
    let server = SmtpServer::start([]).await;
    let client = Client::to(&server);
    let mut message = client.message(1);
    message.content.text = None;
    message.content.body = "é\n.\r\n..\r.\n".to_owned();
    client.smtp.send(&message).await.unwrap();
    let content = &server.taken()[0].content;
    let (_, body) = content.split_once("\r\n\r\n").unwrap();
    let decoded = STANDARD.decode(body.replace("\r\n", "")).unwrap();
    assert_eq!(String::from_utf8(decoded).unwrap(), "é\r\n.\r\n..\r\n.\r\n");
}

#[tokio::test]
async fn a_private_host_gets_no_mail_unless_the_installation_allows_it() {
    let server = SmtpServer::start([]).await;
    let outcome = Client::to(&server).reaching(PrivateHosts::Refused).send(1).await;
    assert_eq!(short(outcome), "down smtp_private_host");
    // A name that answered with another address when the entry was saved.
    let by_name = SmtpConfig { host: Host::parse("localhost").unwrap(), ..config(server.port) };
    let outcome = Client::with(by_name, vault()).reaching(PrivateHosts::Refused).send(2).await;
    assert_eq!(short(outcome), "down smtp_private_host");
    let outcome = Client::to(&server).reaching(PrivateHosts::Allowed).send(3).await;
    assert!(outcome.is_ok(), "{outcome:?}");
}
