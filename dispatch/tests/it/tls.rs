//! SMTP over TLS against a real server: both ways in, credentials under it, and certificates that do not fit.

use orqestra_domain::provider::{SmtpConfig, TlsMode};
use orqestra_tests::smtp::Smtp;

use crate::smtp::{Client, config, short, vault, with_credentials};

const MODES: [(&str, TlsMode); 2] = [("starttls", TlsMode::Starttls), ("tls", TlsMode::Tls)];

/// The outcome of one send with this password to a server known by this name, its certificate trusted or not.
async fn one(server: &Smtp, tls: TlsMode, host: &str, password: &[u8], trusted: bool) -> String {
    let vault = vault();
    let config = SmtpConfig { host: host.to_owned(), tls, ..config(server.port()) };
    let config = with_credentials(config, &vault, password);
    let client = Client::with(config, vault);
    let client = if trusted { client.trusting(&server.certificate()) } else { client };
    short(client.send(1).await)
}

#[tokio::test]
async fn a_mail_is_taken_over_either_kind_of_tls_with_credentials() {
    for (mode, tls) in MODES {
        let server = Smtp::start_encrypted(mode);
        assert_eq!(one(&server, tls, "127.0.0.1", b"hunter2", true).await, "taken", "{mode}");
        assert_eq!(server.count(), 1, "{mode}");
        assert_eq!(one(&server, tls, "127.0.0.1", b"hunter3", true).await, "down smtp_535", "{mode}");
        assert_eq!(server.count(), 1, "{mode}");
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_whose_certificate_does_not_fit() {
    for (mode, tls) in MODES {
        let server = Smtp::start_encrypted(mode);
        let (untrusted, other_name) = (
            one(&server, tls, "127.0.0.1", b"hunter2", false).await,
            one(&server, tls, "localhost", b"hunter2", true).await,
        );
        assert_eq!(untrusted, "down smtp_certificate", "{mode}: nobody signed it");
        assert_eq!(other_name, "down smtp_certificate", "{mode}: it is another name's");
        assert_eq!(server.count(), 0, "{mode}");
    }
}

#[tokio::test]
async fn a_server_that_wants_encryption_gets_no_mail_without_it() {
    let server = Smtp::start_encrypted("starttls");
    let outcome = one(&server, TlsMode::None, "127.0.0.1", b"hunter2", true).await;
    assert_eq!(outcome, "down smtp_no_auth_mechanism");
    assert_eq!(server.count(), 0);
}
