//! SMTP over TLS against a real server: both ways in, credentials under it, and certificates that do not fit.

use orqestra_domain::provider::{Host, SmtpConfig, TlsMode};
use orqestra_tests::smtp::Smtp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::smtp::{Client, config, short, vault, with_credentials};

const MODES: [(&str, TlsMode); 2] = [("starttls", TlsMode::Starttls), ("tls", TlsMode::Tls)];

/// The outcome of one send with this password to a server known by this name, its certificate trusted or not.
async fn one(server: &Smtp, tls: TlsMode, host: &str, password: &[u8], trusted: bool) -> String {
    let vault = vault();
    let config = SmtpConfig { host: Host::parse(host).unwrap(), tls, ..config(server.port()) };
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

/// Stands between a client and the server on this port, and adds bytes of its own in clear behind the server's 220 to
/// STARTTLS: in the same segment, or once the client's handshake has begun. Says its port.
async fn injector(server: u16, injected: &'static [u8], in_the_handshake: bool) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await?;
        let mut server = TcpStream::connect(("127.0.0.1", server)).await?;
        let mut asked = Vec::new();
        // Greeting and answer to EHLO pass as they are.
        for step in 0..3 {
            let mut answer = reply(&mut server).await?;
            if step == 2 && !in_the_handshake {
                answer.extend_from_slice(injected);
            }
            client.write_all(&answer).await?;
            if step < 2 {
                asked = read(&mut client).await?;
                server.write_all(&asked).await?;
            }
        }
        assert_eq!(asked, b"STARTTLS\r\n");
        if in_the_handshake {
            let hello = read(&mut client).await?;
            client.write_all(injected).await?;
            server.write_all(&hello).await?;
        }
        tokio::io::copy_bidirectional(&mut client, &mut server).await
    });
    port
}

/// Reads up to the last line of a reply.
async fn reply(from: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        all.extend_from_slice(&read(from).await?);
        let last = all.strip_suffix(b"\r\n").and_then(|lines| lines.split(|byte| *byte == b'\n').next_back());
        if all.is_empty() || last.is_some_and(|line| line.get(3) == Some(&b' ')) {
            return Ok(all);
        }
    }
}

async fn read(from: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4_096];
    let length = from.read(&mut bytes).await?;
    bytes.truncate(length);
    Ok(bytes)
}

#[tokio::test]
async fn no_reply_that_came_in_clear_counts_under_tls() {
    let replies =
        b"250-mail\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 queued\r\n";
    let send = async |injected, in_the_handshake| {
        let server = Smtp::start_encrypted("starttls");
        let port = injector(server.port(), injected, in_the_handshake).await;
        let vault = vault();
        let config = SmtpConfig { tls: TlsMode::Starttls, ..config(port) };
        let client = Client::with(with_credentials(config, &vault, b"hunter2"), vault);
        let outcome = short(client.trusting(&server.certificate()).send(1).await);
        (outcome, server.count())
    };
    assert_eq!(send(b"".as_slice(), false).await, ("taken".to_owned(), 1), "nothing is injected");
    for injected in
        [replies.as_slice(), b"250-mail\r\n250 AUTH PLAIN\r\n", b"250-mail\r\n250-", b"2", b"\r\n"]
    {
        let outcome = send(injected, false).await;
        assert_eq!(outcome, ("down smtp_out_of_step".to_owned(), 0), "{}", injected.escape_ascii());
        let (outcome, taken) = send(injected, true).await;
        assert!(outcome.starts_with("down smtp_") && taken == 0, "{outcome}: {}", injected.escape_ascii());
    }
}
