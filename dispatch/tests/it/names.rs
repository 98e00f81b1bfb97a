//! Looking up the names of mail servers: what comes of it, and that no mail waits for another host's name server.

use std::time::Duration;

use orqestra_commands::{ProviderInput, SmtpInput};
use orqestra_dispatch::{DispatchSettings, NameServers};
use orqestra_domain::Channel;
use orqestra_domain::notification::DeliveryState;
use orqestra_domain::provider::{Host, SmtpConfig};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::name_server::{NameServer, Reply};
use crate::smtp::{Client, config, short, vault};
use crate::smtp_server::{Manners, SmtpServer};
use crate::world::{DEADLINE, World, settings, smtp};

const EMAIL: Channel = Channel::Email;

/// The entry of a server by its name.
fn named(host: &str, port: u16) -> ProviderInput {
    let ProviderInput::Smtp(input) = smtp(port) else { unreachable!() };
    ProviderInput::Smtp(SmtpInput { host: Host::parse(host).unwrap(), ..input })
}

fn client(host: &str, port: u16, servers: NameServers) -> Client {
    // As it is stored: an earlier rule may have taken it.
    let host: Host = serde_json::from_value(host.into()).unwrap();
    let config = SmtpConfig { host, ..config(port) };
    // A name server or a host that never answers has to be waited for.
    Client::within(Duration::from_secs(2), config, vault()).asking(servers)
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_never_answered_hold_up_no_other_tenant() {
    const SILENT: usize = 16;
    const SESSIONS: usize = 32;
    let world = World::new().await;
    let names =
        NameServer::start([(".silent.example", Reply::Silence), (".healthy.example", Reply::Address)]).await;
    let server = SmtpServer::start([]).await;
    for number in 0..SILENT {
        let tenant = world.tenant(&format!("silent-{number}"), &[(EMAIL, "hi")]).await;
        let host = format!("mail-{number}.silent.example");
        world.providers(tenant.id, EMAIL, vec![named(&host, server.port)]).await;
        let tenant = world.entry(tenant.id);
        for mail in 0..SESSIONS {
            world.trigger(&tenant, &format!("e-{mail}")).await;
        }
    }
    let healthy = world.tenant("healthy", &[(EMAIL, "hi")]).await;
    world.providers(healthy.id, EMAIL, vec![named("mail.healthy.example", server.port)]).await;
    let healthy = world.entry(healthy.id);
    let asking = DispatchSettings { name_servers: names.servers(), ..settings() };
    let dispatch = world.dispatch(asking);
    names.asked(".silent.example", SILENT).await;
    under_way(&world, SILENT * SESSIONS).await;
    // A look-up without an answer takes 10 seconds.
    let quick = Duration::from_secs(5);
    let sending = async {
        for number in 0..5 {
            let id = world.trigger(&healthy, &format!("e-{number}")).await;
            let delivery = world.settled(&healthy, id, EMAIL).await;
            assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{:?}", delivery.state);
        }
        // What a large body and a template wait for.
        tokio::task::spawn_blocking(|| ()).await.unwrap();
    };
    tokio::time::timeout(quick, sending).await.expect("the healthy tenant's mail is sent at once");
    assert_eq!(server.taken().len(), 5);
    dispatch.stop().await;
}

/// Waits until so many attempts were claimed.
async fn under_way(world: &World, attempts: usize) {
    let mut head = world.commands.log().head();
    let claimed = async {
        loop {
            head.borrow_and_update();
            let query = "select count(*) from events where event_type = 'AttemptStarted'";
            let count: i64 = sqlx::query_scalar(query).fetch_one(world.pool()).await.unwrap();
            if usize::try_from(count).unwrap() >= attempts {
                return;
            }
            head.changed().await.unwrap();
        }
    };
    tokio::time::timeout(DEADLINE, claimed).await.expect("they are claimed");
}

#[tokio::test]
async fn why_a_server_cannot_be_reached_is_told() {
    let names = NameServer::start([
        (".absent.example", Reply::NoSuchName),
        (".broken.example", Reply::CannotTell),
        (".silent.example", Reply::Silence),
        (".known.example", Reply::Address),
    ])
    .await;
    let server = SmtpServer::start([]).await;
    let unused = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let (full, _held) = full_listener().await;
    let full = (full.local_addr().unwrap().port(), full);
    for (host, port, outcome) in [
        ("mail.known.example", server.port, "taken"),
        ("MAIL.known.example", server.port, "taken"),
        ("127.0.0.1", server.port, "taken"),
        ("mail.absent.example", server.port, "down smtp_dns"),
        ("mail.broken.example", server.port, "down smtp_dns"),
        ("no name at all", server.port, "down smtp_dns"),
        ("mail.silent.example", server.port, "down smtp_dns_timeout"),
        ("mail.known.example", unused, "down smtp_connect_refused"),
        ("mail.known.example", full.0, "down smtp_connect_timeout"),
    ] {
        let client = client(host, port, names.servers());
        assert_eq!(short(client.send(1).await), outcome, "{host}");
    }
    assert_eq!(names.asked_for("127.0.0.1"), 0);
}

/// A server that accepts no connection, and the connections that keep it so.
async fn full_listener() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    // Nothing is accepted, so that the queue is full after a few.
    let patience = Duration::from_millis(300);
    while let Ok(stream) = tokio::time::timeout(patience, TcpStream::connect(address)).await {
        held.push(stream.unwrap());
    }
    (listener, held)
}

#[tokio::test]
async fn a_name_is_asked_for_once_as_long_as_its_answer_holds() {
    let names = NameServer::start([(".known.example", Reply::Address)]).await;
    let server = SmtpServer::start([Manners { messages: 1, ..Manners::GOOD }; 3]).await;
    let client = client("mail.known.example", server.port, names.servers());
    for number in 1..=3 {
        assert_eq!(short(client.send(number).await), "taken");
    }
    assert_eq!(server.opened(), 3);
    // One question for each family of addresses.
    assert_eq!(names.asked_for("mail.known.example"), 2);
}

#[tokio::test]
async fn a_name_that_had_no_address_is_asked_for_again() {
    let names = NameServer::start([(".known.example", Reply::CannotTell)]).await;
    let server = SmtpServer::start([]).await;
    let client = client("mail.known.example", server.port, names.servers());
    assert_eq!(short(client.send(1).await), "down smtp_dns");
    names.reply(".known.example", Reply::Address);
    assert_eq!(short(client.send(2).await), "taken");
}

#[tokio::test]
async fn the_machines_own_names_are_known() {
    let server = SmtpServer::start([]).await;
    let client = client("localhost", server.port, NameServers::OfTheMachine);
    assert_eq!(short(client.send(1).await), "taken");
}
