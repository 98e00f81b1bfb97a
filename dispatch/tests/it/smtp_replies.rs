//! Replies of real SMTP servers: the code of a reply decides, whatever stands around it, and no reply counts twice.

use std::time::Duration;

use orqestra_commands::RenderedContent;
use orqestra_domain::provider::SmtpConfig;

use crate::smtp::{Client, config, short, vault, with_credentials};
use crate::smtp_server::Step::{Drip, Last, Raw, Say};
use crate::smtp_server::{Manners, SmtpServer, Step};

const GOOD: Manners = Manners::GOOD;

/// The outcome of one send to a server that behaves so at first, and how many messages it took.
async fn one(manners: Manners) -> (String, usize) {
    let server = SmtpServer::start([manners]).await;
    let outcome = short(Client::with(config(server.port), vault()).send(1).await);
    (outcome, server.taken().len())
}

/// The outcome of one send with a user name and a password.
async fn authenticated(manners: Manners) -> (String, Vec<[String; 2]>) {
    let server = SmtpServer::start([manners]).await;
    let vault = vault();
    let config: SmtpConfig = with_credentials(config(server.port), &vault, b"hunter2");
    let outcome = short(Client::with(config, vault).send(1).await);
    (outcome, server.logins())
}

#[tokio::test]
async fn a_positive_code_is_an_acceptance_whatever_its_text_is() {
    static LONG: [u8; 5_000] = {
        let mut line = [b'x'; 5_000];
        (line[0], line[1], line[2], line[3]) = (b'2', b'5', b'0', b' ');
        (line[4_998], line[4_999]) = (b'\r', b'\n');
        line
    };
    let answers: [Step; 20] = [
        Say("250-queued\r\n 451 kB in 3 parts\r\n250 ok"),
        Say("250-queued\r\n451 kB in 3 parts\r\n250 ok"),
        Say("250-queued\r\n 256 kB\r\n 250 parts\r\n250 ok"),
        Say("250-queued\r\n256 kB\r\n250 ok"),
        Drip(b"250-queued\r\n451 kB in 3 parts\r\n250 ok\r\n"),
        Say("250"),
        Say("250 "),
        Say("250\tok"),
        Say("250 für Zustellung"),
        Say("250-2.0.0 queued\r\n250-as 1\r\n250 ok"),
        Say("250-2.0.0 queued\r\n as 1\r\n250"),
        Say("250-queued\r\n251 ok"),
        Raw(b"250 f\xfcr Zustellung\r\n"),
        Raw(b"250 \xd3\xca\xbc\xfe\xd2\xd1\xbd\xd3\xca\xd5\r\n"),
        Raw(b"250 nul \0 bell \x07\r\n"),
        Raw(b"250 ok\n"),
        Raw(b"250-first\n250 last\n"),
        Raw(b"250 ok\r\r\n"),
        Raw(&LONG),
        Drip(b"250-2.0.0 queued\r\n250 as 42\r\n"),
    ];
    for answer in answers {
        for manners in [
            Manners { end: answer, ..GOOD },
            Manners { rcpt: answer, ..GOOD },
            Manners { mail: answer, ..GOOD },
        ] {
            assert_eq!(one(manners).await, ("taken".to_owned(), 1), "{manners:?}");
        }
    }
}

#[tokio::test]
async fn every_code_of_the_right_class_is_a_yes() {
    for manners in [
        Manners { rcpt: Say("251 User not local; will forward"), ..GOOD },
        Manners { rcpt: Say("252 Cannot verify"), ..GOOD },
        Manners { rcpt: Say("259 odd"), ..GOOD },
        Manners { mail: Say("200 fine"), ..GOOD },
        Manners { data: Say("354"), ..GOOD },
        Manners { data: Say("350 go on"), ..GOOD },
        Manners { data: Say("354-go on\r\n354 and on"), ..GOOD },
        Manners { data: Raw(b"354 Envoyez, termin\xe9 par .\r\n"), ..GOOD },
        Manners { end: Say("200 fine"), ..GOOD },
        Manners { banner: Say("220-test\r\n220-welcome\r\n220 to it"), ..GOOD },
        Manners { banner: Raw(b"220 serveur pr\xeat\r\n"), ..GOOD },
        Manners { banner: Drip(b"220 slow\r\n"), ..GOOD },
        Manners { ehlo: "250", ..GOOD },
    ] {
        assert_eq!(one(manners).await, ("taken".to_owned(), 1), "{manners:?}");
    }
}

#[tokio::test]
async fn a_yes_before_the_connection_ends_is_a_yes() {
    for end in [Last(b"250 ok\r\n"), Last(b"250 ok"), Last(b"250"), Last(b"250-queued\r\n")] {
        assert_eq!(one(Manners { end, ..GOOD }).await, ("taken".to_owned(), 1), "{end:?}");
    }
    for end in [Last(b"25"), Last(b"\r\n"), Last(b"")] {
        let (outcome, _) = one(Manners { end, ..GOOD }).await;
        assert!(outcome.starts_with("unknown smtp_"), "{end:?}: {outcome}");
    }
    assert_eq!(one(Manners { rcpt: Last(b"550 no"), ..GOOD }).await.0, "refused smtp_550");
}

#[tokio::test]
async fn replies_that_contradict_themselves_are_not_an_answer() {
    for (manners, outcome) in [
        (Manners { end: Say("250-ok\r\n550 no"), ..GOOD }, "unknown smtp_garbled"),
        (Manners { end: Say("2500 ok"), ..GOOD }, "unknown smtp_garbled"),
        (Manners { rcpt: Say("250-ok\r\n550 no"), ..GOOD }, "down smtp_garbled"),
        (Manners { mail: Say("354 go on"), ..GOOD }, "down smtp_garbled"),
    ] {
        assert_eq!(one(manners).await.0, outcome, "{manners:?}");
    }
}

#[tokio::test]
async fn a_reply_that_was_there_before_its_command_is_not_its_answer() {
    for manners in [
        Manners { banner: Raw(b"220 test\r\n250 test\r\n"), ..GOOD },
        Manners { ehlo: "250 test\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 2.0.0 queued", ..GOOD },
        Manners { mail: Raw(b"250 ok\r\n250 ok\r\n"), ..GOOD },
        Manners { mail: Raw(b"250 ok\r\n25"), ..GOOD },
        Manners { rcpt: Raw(b"250 ok\r\n354 go on\r\n250 2.0.0 queued\r\n"), ..GOOD },
        Manners { data: Raw(b"354 go on\r\n250 2.0.0 queued\r\n"), ..GOOD },
    ] {
        assert_eq!(one(manners).await, ("down smtp_out_of_step".to_owned(), 0), "{manners:?}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_before_the_content_has_ended_does_not_accept_it() {
    let server = SmtpServer::start([
        Manners { early: true, ..GOOD },
        Manners { early: true, end: Say("552 5.3.4 too big"), ..GOOD },
    ])
    .await;
    let client = Client::with(config(server.port), vault());
    let mut message = client.message(1);
    // More than the sockets hold, so that the answer is there before the end of the content can be written.
    message.content = RenderedContent { body: "x".repeat(24 << 20), ..message.content };
    assert_eq!(short(client.send_message(&message).await), "down smtp_out_of_step");
    assert_eq!(short(client.send_message(&message).await), "refused here smtp_552");
    assert_eq!(server.taken().len(), 0);
}

#[tokio::test]
async fn what_an_idle_server_says_is_not_the_answer_to_the_next_message() {
    for end in [
        Raw(b"250 queued\r\n421 too long idle\r\n"),
        Raw(b"250 queued\r\n250 ok\r\n"),
        Last(b"250 queued\r\n421 closing\r\n"),
        Last(b"250 queued\r\n"),
    ] {
        let server = SmtpServer::start([Manners { end, ..GOOD }]).await;
        let client = Client::with(config(server.port), vault());
        for number in 1..=2 {
            assert_eq!(short(client.send(number).await), "taken", "message {number} after {end:?}");
        }
        assert_eq!((server.taken().len(), server.opened()), (2, 2), "{end:?}");
    }
}

#[tokio::test]
async fn a_server_that_knows_only_helo_is_spoken_to() {
    for ehlo in ["500 what", "502 not implemented", "504 5.5.2 not here", "501 Syntax"] {
        assert_eq!(one(Manners { ehlo, ..GOOD }).await, ("taken".to_owned(), 1), "{ehlo}");
    }
    assert_eq!(one(Manners { ehlo: "421 busy", ..GOOD }).await.0, "down smtp_421");
}

#[tokio::test]
async fn keywords_count_in_any_case_of_letters_and_in_the_old_form() {
    for ehlo in [
        "250-test\r\n250 auth plain login",
        "250-test\r\n250 Auth Plain",
        "250-test\r\n250 AUTH=LOGIN PLAIN",
        "250-test\r\n250 auth=login",
        "250-test\r\n250-AUTH GSSAPI\r\n250 AUTH=LOGIN",
    ] {
        assert_eq!(authenticated(Manners { ehlo, ..GOOD }).await.0, "taken", "{ehlo}");
    }
    for ehlo in ["250-test\r\n250 smtputf8", "250-test\r\n250-8BitMime\r\n250 SmtpUtf8"] {
        let server = SmtpServer::start([Manners { ehlo, ..GOOD }]).await;
        let client = Client::with(config(server.port), vault());
        let mut message = client.message(1);
        message.to = "jörg@example.com".to_owned();
        assert_eq!(short(client.send_message(&message).await), "taken", "{ehlo}");
        let from = &server.taken()[0].from;
        assert!(
            from.contains("SMTPUTF8") && from.contains("BODY=8BITMIME") == ehlo.contains("Mime"),
            "{from}"
        );
    }
}

#[tokio::test]
async fn login_is_tried_where_plain_is_refused_or_not_there() {
    let credentials = [["c2hvcA==".to_owned(), "aHVudGVyMg==".to_owned()]];
    for plain in ["504 5.5.4 unrecognized", "534 5.7.9 too weak", "535 5.7.8 not by PLAIN", "503 what"] {
        let (outcome, logins) = authenticated(Manners { auth: Say(plain), ..GOOD }).await;
        assert_eq!((outcome.as_str(), &logins[..]), ("taken", &credentials[..]), "{plain}");
    }
    for login in [
        [Say("334"), Say("334"), Say("235")],
        [Say("334 "), Say("334 Password:"), Say("250 fine")],
        [Say("334 cGFzc3dvcmQ6"), Say("334 dXNlcm5hbWU6"), Say("235 2.7.0 ok")],
        [Raw(b"334 Ben\xfctzername\r\n"), Say("334 VXNlciBOYW1lAA=="), Say("235-2.7.0\r\n235 ok")],
    ] {
        let manners = Manners { ehlo: "250-test\r\n250 AUTH LOGIN", login, ..GOOD };
        let (outcome, logins) = authenticated(manners).await;
        assert_eq!((outcome.as_str(), &logins[..]), ("taken", &credentials[..]), "{login:?}");
    }
    for auth in [Say("235"), Say("235-hello\r\n235 there"), Say("250 fine"), Say("334")] {
        assert_eq!(authenticated(Manners { auth, ..GOOD }).await.0, "taken", "{auth:?}");
    }
}

#[tokio::test]
async fn refused_credentials_are_the_providers_fault_by_every_mechanism() {
    let wrong = Say("535 5.7.8 wrong");
    let login = [Say("334"), Say("334"), wrong];
    let (outcome, logins) = authenticated(Manners { auth: wrong, login, ..GOOD }).await;
    assert_eq!((outcome.as_str(), logins.len()), ("down smtp_535", 1));
    let endless = [Say("334"), Say("334"), Say("334")];
    let (outcome, _) = authenticated(Manners { auth: wrong, login: endless, ..GOOD }).await;
    assert_eq!(outcome, "down smtp_garbled");
    let temporary = Manners { auth: Say("454 4.7.0 later"), ..GOOD };
    assert_eq!(authenticated(temporary).await, ("down smtp_454".to_owned(), Vec::new()));
}

#[tokio::test]
async fn a_message_above_the_servers_size_is_not_offered_to_it() {
    let small = Manners { ehlo: "250-test\r\n250 SIZE 100", mail: Step::Cut, ..GOOD };
    assert_eq!(one(small).await, ("refused here smtp_too_large".to_owned(), 0));
    for ehlo in ["250-test\r\n250 SIZE 100000", "250-test\r\n250 SIZE 0", "250-test\r\n250 size"] {
        assert_eq!(one(Manners { ehlo, ..GOOD }).await, ("taken".to_owned(), 1), "{ehlo}");
    }
}

#[tokio::test]
async fn a_final_answer_whose_text_never_ends_is_what_its_code_says() {
    // It never ends its line; what it said by then is its answer.
    let haste = Duration::from_secs(2);
    for (end, outcome) in [(Raw(b"250 queued"), "taken"), (Raw(b"25"), "unknown smtp_timeout")] {
        let server = SmtpServer::start([Manners { end, ..GOOD }]).await;
        let client = Client::within(haste, config(server.port), vault());
        assert_eq!(short(client.send(1).await), outcome, "{end:?}");
    }
}
