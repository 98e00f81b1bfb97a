//! Whose fault an answer is, and what follows from it: the next provider, the schedule, or the end.

use std::time::Duration;

use orqestra_dispatch::DispatchSettings;
use orqestra_domain::notification::{Delivery, DeliveryState};
use orqestra_domain::{Channel, NotificationId};

use crate::script::{Answer, Script};
use crate::smtp_server::Step::Say;
use crate::smtp_server::{Manners, SmtpServer};
use crate::world::{Running, World, settings, smtp};

const EMAIL: Channel = Channel::Email;
/// Longer than a delay of the schedule with its jitter.
const ROUND: Duration = Duration::from_secs(73);

/// A tenant whose list of providers has these ports, with dispatch at work on this script.
async fn shop(
    ports: &[u16],
    script: &std::sync::Arc<Script>,
    settings: DispatchSettings,
) -> (World, std::sync::Arc<orqestra_commands::TenantEntry>, Running) {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    world.providers(tenant.id, EMAIL, ports.iter().map(|port| smtp(*port)).collect()).await;
    let dispatch = world.play(script, settings);
    let tenant = world.entry(tenant.id);
    (world, tenant, dispatch)
}

fn touchy() -> DispatchSettings {
    DispatchSettings { breaker_failures: 1, ..settings() }
}

fn is_sent(delivery: &Delivery, by: u32) -> bool {
    matches!(delivery.state, DeliveryState::Sent { attempt, .. } if attempt == by)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_suspended_ends_no_mail() {
    let world = World::new().await;
    for refusal in ["550 5.7.1 account suspended", "553 5.7.1 not your address", "554 5.7.1 no", "550 no"] {
        let suspended = Manners { mail: Say(refusal), ..Manners::GOOD };
        let (refusing, healthy) =
            (SmtpServer::start(std::iter::repeat_n(suspended, 64)).await, SmtpServer::start([]).await);
        let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
        world.providers(tenant.id, EMAIL, vec![smtp(refusing.port), smtp(healthy.port)]).await;
        let tenant = world.entry(tenant.id);
        let dispatch = world.dispatch(settings());
        let mut ids = Vec::new();
        for number in 0..8 {
            ids.push(world.trigger(&tenant, &format!("e-{number}")).await);
        }
        for id in ids {
            let delivery = world.settled(&tenant, id, EMAIL).await;
            assert!(matches!(delivery.state, DeliveryState::Sent { .. }), "{refusal}: {:?}", delivery.state);
        }
        assert_eq!((refusing.taken().len(), healthy.taken().len()), (0, 8), "{refusal}");
        dispatch.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_another_provider_a_suspended_account_leaves_the_mail_to_the_schedule() {
    let world = World::new().await;
    let suspended = Manners { mail: Say("550 5.7.1 account suspended"), ..Manners::GOOD };
    let server = SmtpServer::start([suspended]).await;
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    world.providers(tenant.id, EMAIL, vec![smtp(server.port)]).await;
    let tenant = world.entry(tenant.id);
    let dispatch = world.dispatch(settings());
    let id = world.trigger(&tenant, "e-1").await;
    world.waiting(&tenant, id).await;
    // The next connection behaves well: the account is mended.
    world.clock.advance(ROUND);
    assert!(is_sent(&world.settled(&tenant, id, EMAIL).await, 2));
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_waits_unless_another_provider_is_usable() {
    let script = Script::always(Answer::NotTaken).at(1, Answer::Down).at(2, Answer::NotTaken);
    let (world, tenant, dispatch) = shop(&[1, 2], &script, touchy()).await;
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = waits_after(&world, &tenant, id, 2).await;
    let DeliveryState::Waiting { due, .. } = delivery.state else { unreachable!() };
    assert!(due >= world.now().plus(Duration::from_secs(48)), "the schedule holds: {due}");
    world.read_up().await;
    assert_eq!(script.ports(), [1, 2]);
    // The first one is left alone still: the second one, tried already, is not asked again in the same round.
    let other = world.trigger(&tenant, "e-2").await;
    waits_after(&world, &tenant, other, 1).await;
    world.read_up().await;
    assert_eq!(script.ports(), [1, 2, 2]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_providers_do_not_eat_the_schedule() {
    let script = Script::always(Answer::NotTaken);
    let (world, tenant, dispatch) = shop(&[1, 2, 3], &script, settings()).await;
    let id = world.trigger(&tenant, "e-1").await;
    waits_after(&world, &tenant, id, 3).await;
    assert_eq!(script.ports(), [1, 2, 3]);
    world.clock.advance(ROUND);
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert_eq!(delivery.state, DeliveryState::Abandoned { cause: "busy".to_owned() });
    assert_eq!(script.ports(), [1, 2, 3, 1, 2, 3]);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

/// Waits until an email waits for its next attempt after so many.
async fn waits_after(
    world: &World,
    tenant: &std::sync::Arc<orqestra_commands::TenantEntry>,
    id: NotificationId,
    attempts: usize,
) -> Delivery {
    let now = world.now();
    let is_waiting = |delivery: &Delivery| {
        delivery.attempts.len() == attempts
            && matches!(delivery.state, DeliveryState::Waiting { due, .. } if due > now)
    };
    world.delivery(tenant, id, EMAIL, is_waiting).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_cannot_carry_a_message_passes_it_on_without_blame() {
    let script = Script::always(Answer::Taken).at(1, Answer::RefusedHere);
    let (world, tenant, dispatch) = shop(&[1, 2], &script, touchy()).await;
    for number in 1..=2 {
        let id = world.trigger(&tenant, &format!("e-{number}")).await;
        assert!(is_sent(&world.settled(&tenant, id, EMAIL).await, 2));
    }
    assert_eq!(script.ports(), [1, 2, 1, 2]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_refused_only_where_no_provider_can_carry_it() {
    let script = Script::always(Answer::RefusedHere);
    let (world, tenant, dispatch) = shop(&[1, 2], &script, settings()).await;
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert_eq!(delivery.state, DeliveryState::Abandoned { cause: "no_such_user".to_owned() });
    assert_eq!(script.ports(), [1, 2]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_cannot_carry_a_message_is_not_asked_again_while_there_is_another() {
    let script = Script::always(Answer::NotTaken).at(1, Answer::RefusedHere);
    let (world, tenant, dispatch) = shop(&[1, 2], &script, settings()).await;
    let id = world.trigger(&tenant, "e-1").await;
    waits_after(&world, &tenant, id, 2).await;
    world.clock.advance(ROUND);
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert_eq!(delivery.state, DeliveryState::Abandoned { cause: "busy".to_owned() });
    assert_eq!(script.ports(), [1, 2, 2]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_one_server_cannot_write_to_goes_to_the_next_one() {
    let world = World::new().await;
    let plain = Manners { ehlo: "250-test\r\n250 SIZE 100000", ..Manners::GOOD };
    let (ascii, utf8) = (SmtpServer::start([plain; 8]).await, SmtpServer::start([]).await);
    let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
    world.providers(tenant.id, EMAIL, vec![smtp(ascii.port), smtp(utf8.port)]).await;
    let dispatch = world.dispatch(touchy());
    let tenant = world.entry(tenant.id);
    let beyond = world.trigger_to(&tenant, "e-1", "jörg@example.com").await;
    assert!(is_sent(&world.settled(&tenant, beyond, EMAIL).await, 2));
    let within = world.trigger_to(&tenant, "e-2", "joerg@example.com").await;
    assert!(is_sent(&world.settled(&tenant, within, EMAIL).await, 1));
    assert_eq!((ascii.taken().len(), utf8.taken().len()), (1, 1));
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_that_does_not_exist_is_asked_for_once() {
    let script = Script::always(Answer::Refused);
    let (world, tenant, dispatch) = shop(&[1, 2], &script, settings()).await;
    let id = world.trigger(&tenant, "e-1").await;
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert_eq!(delivery.state, DeliveryState::Abandoned { cause: "no_such_user".to_owned() });
    assert_eq!(script.ports(), [1]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_provider_is_left_alone_for_its_time_and_burns_no_round() {
    // More often than the schedule has rounds.
    let (throttled, failed) = (Answer::Throttled(7), Answer::NotTaken);
    let script = Script::always(Answer::Taken).first([throttled, throttled, throttled, failed]);
    let (world, tenant, dispatch) = shop(&[1], &script, touchy()).await;
    let id = world.trigger(&tenant, "e-1").await;
    for throttled in 1..=3 {
        let delivery = waits_after(&world, &tenant, id, throttled).await;
        let DeliveryState::Waiting { due, .. } = delivery.state else { unreachable!() };
        assert_eq!(due, world.now().plus(Duration::from_secs(7)));
        world.read_up().await;
        assert_eq!(script.calls().len(), throttled);
        world.clock.advance(Duration::from_secs(7));
    }
    // The failure of another kind is the first of the schedule.
    waits_after(&world, &tenant, id, 4).await;
    world.clock.advance(ROUND);
    assert!(is_sent(&world.settled(&tenant, id, EMAIL).await, 5));
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_provider_is_throttled_the_next_one_carries() {
    let script = Script::always(Answer::Taken).at(1, Answer::Throttled(30));
    let (world, tenant, dispatch) = shop(&[1, 2], &script, settings()).await;
    let first = world.trigger(&tenant, "e-1").await;
    assert!(is_sent(&world.settled(&tenant, first, EMAIL).await, 2));
    let second = world.trigger(&tenant, "e-2").await;
    assert!(is_sent(&world.settled(&tenant, second, EMAIL).await, 1));
    assert_eq!(script.ports(), [1, 2, 2]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_is_throttled_still_at_its_deadline_ends() {
    let script = Script::always(Answer::Throttled(7));
    let (world, tenant, dispatch) = shop(&[1], &script, touchy()).await;
    let id = world.trigger(&tenant, "e-1").await;
    waits_after(&world, &tenant, id, 1).await;
    world.clock.advance(Duration::from_hours(71));
    waits_after(&world, &tenant, id, 2).await;
    world.clock.advance(Duration::from_hours(1));
    let delivery = world.settled(&tenant, id, EMAIL).await;
    assert_eq!(delivery.state, DeliveryState::Abandoned { cause: "expired".to_owned() });
    assert_eq!(delivery.attempts.len(), 2);
    dispatch.stop().await;
    world.due_table_is_right().await;
}

/// What a server says to RCPT of its client, of the sender or of a relay, with and without a status.
const TOLD_AT_RCPT: [&str; 8] = [
    "550 relay not permitted",
    "550 account suspended",
    "550 5.1.0 <shop@example.org>: Sender address rejected: User unknown",
    "553 <shop@example.org>: Sender address rejected: not owned by user shop",
    "554 5.7.1 <user@example.com>: Relay access denied",
    "550 5.7.1 Client host rejected",
    "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    "550 5.1.8 bad sender domain",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_the_client_at_rcpt_ends_no_mail_while_another_provider_takes_it() {
    let world = World::new().await;
    for refusal in TOLD_AT_RCPT {
        let refuses = Manners { rcpt: Say(refusal), ..Manners::GOOD };
        let (refusing, healthy) =
            (SmtpServer::start(std::iter::repeat_n(refuses, 64)).await, SmtpServer::start([]).await);
        let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
        world.providers(tenant.id, EMAIL, vec![smtp(refusing.port), smtp(healthy.port)]).await;
        let tenant = world.entry(tenant.id);
        let dispatch = world.dispatch(settings());
        let id = world.trigger(&tenant, "e-1").await;
        let delivery = world.settled(&tenant, id, EMAIL).await;
        assert!(is_sent(&delivery, 2), "{refusal}: {:?}", delivery.state);
        assert_eq!((refusing.taken().len(), healthy.taken().len()), (0, 1), "{refusal}");
        dispatch.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_policy_at_rcpt_ends_the_mail_where_there_is_one_provider() {
    let world = World::new().await;
    for refusal in ["550 relay not permitted", "554 5.7.1 Relay access denied", "550 no such user"] {
        let server = SmtpServer::start([Manners { rcpt: Say(refusal), ..Manners::GOOD }]).await;
        let tenant = world.tenant("acme", &[(EMAIL, "hi")]).await;
        world.providers(tenant.id, EMAIL, vec![smtp(server.port)]).await;
        let tenant = world.entry(tenant.id);
        let dispatch = world.dispatch(settings());
        let id = world.trigger(&tenant, "e-1").await;
        let delivery = world.settled(&tenant, id, EMAIL).await;
        assert!(matches!(delivery.state, DeliveryState::Abandoned { .. }), "{refusal}: {:?}", delivery.state);
        dispatch.stop().await;
    }
}
