//! Who gets what, under which number, and how many may.

use futures::FutureExt;
use orqestra_domain::UserId;
use uuid::Uuid;

use super::*;

const ONE: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
const OTHER: TenantId = TenantId::from_uuid(Uuid::from_u128(2));

fn recipient(tenant: TenantId, user: u8) -> Recipient {
    Recipient { tenant, reference: RecipientRef::from_bytes([user; 32]) }
}

fn enter(hub: &Hub, tenant: TenantId) -> Result<Seat, NoSeat> {
    hub.enter(recipient(tenant, 1), RealtimeUser::of(&UserId::parse("u").unwrap()))
}

fn content(text: u64) -> Content {
    Content(serde_json::value::to_raw_value(&text).unwrap().into())
}

/// Publishes a push to the user of a tenant that tells its position.
fn publish(hub: &Hub, tenant: TenantId, position: u64) {
    hub.publish(recipient(tenant, 1), position, &[("orders", Some(content(position)))]);
}

/// Joins the channel, which stands at this number; its client knows what it has.
fn join(seat: &Seat, number: u64) {
    seat.join("orders");
    assert!(seat.settle("orders", ("e", number), number));
}

fn got(seat: &Seat) -> Vec<String> {
    let lines = seat.outbox.take().now_or_never().unwrap_or_else(|| Ok(std::collections::VecDeque::new()));
    lines.unwrap().iter().map(ToString::to_string).collect()
}

fn line(position: u64, number: u64) -> String {
    format!(r#"{{"push":{{"channel":"orders#u","pub":{{"data":{position},"offset":{number}}}}}}}"#)
}

#[test]
fn who_joined_gets_what_comes_after_and_nothing_of_other_categories_or_tenants() {
    let hub = Hub::new();
    let (mine, theirs) = (enter(&hub, ONE).unwrap(), enter(&hub, OTHER).unwrap());
    publish(&hub, ONE, 1);
    assert_eq!(mine.join("orders").position, 1);
    assert!(mine.settle("orders", ("e", 1), 1));
    join(&theirs, 0);
    publish(&hub, ONE, 2);
    hub.publish(recipient(ONE, 1), 3, &[("global_system", Some(content(3)))]);
    hub.publish(recipient(ONE, 2), 4, &[("orders", Some(content(4)))]);
    assert_eq!(got(&mine), [line(2, 2)]);
    assert!(got(&theirs).is_empty());
    mine.leave("orders");
    publish(&hub, ONE, 5);
    assert!(got(&mine).is_empty());
}

#[test]
fn numbers_of_a_channel_have_no_gaps_whatever_else_the_installation_does() {
    let hub = Hub::new();
    let (mine, theirs) = (enter(&hub, ONE).unwrap(), enter(&hub, OTHER).unwrap());
    hub.fed(4_711);
    join(&mine, 0);
    join(&theirs, 7);
    for position in [4_712, 5_000, 90_000] {
        publish(&hub, ONE, position);
        publish(&hub, OTHER, position + 1);
        hub.publish(recipient(ONE, 1), position + 2, &[("global_system", Some(content(0)))]);
        hub.publish(recipient(ONE, 2), position + 3, &[("orders", Some(content(0)))]);
        hub.fed(position + 100);
    }
    assert_eq!(got(&mine), [line(4_712, 1), line(5_000, 2), line(90_000, 3)]);
    assert_eq!(got(&theirs), [line(4_713, 8), line(5_001, 9), line(90_001, 10)]);
}

#[test]
fn what_comes_before_the_number_is_known_waits_and_is_numbered_then() {
    let hub = Hub::new();
    let (first, second) = (enter(&hub, ONE).unwrap(), enter(&hub, ONE).unwrap());
    assert!(first.join("orders").stands.is_none());
    publish(&hub, ONE, 3);
    let second_joins = second.join("orders");
    assert!((second_joins.position, second_joins.stands.is_none()) == (3, true));
    publish(&hub, ONE, 4);
    assert!(got(&first).is_empty() && got(&second).is_empty());
    // The one that joined later is told first.
    assert!(second.settle("orders", ("e", 11), 11));
    assert_eq!(got(&second), [line(4, 12)]);
    assert!(first.settle("orders", ("e", 10), 10));
    assert_eq!(got(&first), [line(3, 11), line(4, 12)]);
    // Whoever joins now is told at once.
    let third = enter(&hub, ONE).unwrap();
    let (epoch, number) = third.join("orders").stands.unwrap();
    assert_eq!((&*epoch, number), ("e", 12));
    publish(&hub, ONE, 5);
    assert!(third.settle("orders", (&epoch, number), number));
    for seat in [&first, &second, &third] {
        assert_eq!(got(seat), [line(5, 13)]);
    }
}

#[test]
fn what_cannot_be_shown_has_its_number() {
    let hub = Hub::new();
    let seat = enter(&hub, ONE).unwrap();
    join(&seat, 0);
    hub.publish(recipient(ONE, 1), 1, &[("orders", None)]);
    publish(&hub, ONE, 2);
    assert_eq!(got(&seat), [line(2, 2)]);
}

#[test]
fn a_position_is_published_once() {
    let hub = Hub::new();
    let seat = enter(&hub, ONE).unwrap();
    hub.fed(5);
    join(&seat, 0);
    for position in [4, 5, 6, 6] {
        publish(&hub, ONE, position);
    }
    assert_eq!(got(&seat), [line(6, 1)]);
}

#[test]
fn what_a_client_knows_already_from_another_hub_is_not_sent_again() {
    let hub = Hub::new();
    let seat = enter(&hub, ONE).unwrap();
    seat.join("orders");
    publish(&hub, ONE, 6);
    assert!(seat.settle("orders", ("e", 5), 7));
    publish(&hub, ONE, 7);
    publish(&hub, ONE, 8);
    assert_eq!(got(&seat), [line(8, 8)]);
}

#[test]
fn a_channel_that_everybody_left_is_asked_for_again() {
    let hub = Hub::new();
    let seat = enter(&hub, ONE).unwrap();
    join(&seat, 3);
    let other = enter(&hub, ONE).unwrap();
    assert!(other.join("orders").stands.is_some());
    other.leave("orders");
    drop(other);
    seat.leave("orders");
    publish(&hub, ONE, 1);
    assert!(seat.join("orders").stands.is_none());
}

#[tokio::test]
async fn numbers_that_do_not_fit_and_those_of_somebody_forgotten_begin_anew() {
    let hub = Hub::new();
    let (one, other) = (enter(&hub, ONE).unwrap(), enter(&hub, ONE).unwrap());
    let theirs = enter(&hub, OTHER).unwrap();
    join(&one, 3);
    join(&theirs, 3);
    other.join("orders");
    assert!(!other.settle("orders", ("e", 4), 4));
    for seat in [&one, &other] {
        assert_eq!(seat.outbox.over().await, Disconnect::INSUFFICIENT_STATE);
    }
    publish(&hub, ONE, 1);
    let back = enter(&hub, ONE).unwrap();
    assert!(back.join("orders").stands.is_none());
    assert!(back.settle("orders", ("e", 5), 5));

    hub.forget(recipient(ONE, 1), 2);
    assert_eq!(back.outbox.over().await, Disconnect::INSUFFICIENT_STATE);
    let again = enter(&hub, ONE).unwrap();
    let joining = again.join("orders");
    assert!((joining.position, joining.stands.is_none()) == (2, true));
    assert!(again.settle("orders", ("e-2", 0), 0));
    publish(&hub, ONE, 3);
    assert_eq!(got(&again), [line(3, 1)]);
    assert!(theirs.outbox.over().now_or_never().is_none());
}

#[tokio::test]
async fn too_much_that_waits_for_its_numbers_ends_the_connection() {
    let hub = Hub::new();
    let seat = enter(&hub, ONE).unwrap();
    seat.join("orders");
    let large = "x".repeat(outbox::MAX_BYTES / 4);
    let large = Content(serde_json::value::to_raw_value(&large).unwrap().into());
    for position in 1..=4 {
        assert!(seat.outbox.over().now_or_never().is_none());
        hub.publish(recipient(ONE, 1), position, &[("orders", Some(large.clone()))]);
    }
    assert_eq!(seat.outbox.over().await, Disconnect::SLOW);
}

#[test]
fn a_position_is_passed_only_where_nobody_would_miss_it() {
    let hub = Hub::new();
    assert!(hub.pass(5));
    let seat = enter(&hub, ONE).unwrap();
    assert!(!hub.pass(6) && !hub.pass_tenant(ONE, 6) && !hub.pass_recipient(recipient(ONE, 1), 6));
    assert_eq!(seat.join("orders").position, 5);
    assert!(hub.pass_tenant(OTHER, 7) && hub.pass_recipient(recipient(ONE, 2), 8));
    assert_eq!(seat.join("orders").position, 8);
    hub.fed(9);
    assert_eq!(seat.join("orders").position, 9);
    drop(seat);
    assert!(hub.pass(10) && hub.pass_tenant(ONE, 10));
}

#[tokio::test]
async fn a_tenant_that_is_ended_loses_its_connections_and_no_other_does() {
    let hub = Hub::new();
    let (mine, theirs) = (enter(&hub, ONE).unwrap(), enter(&hub, OTHER).unwrap());
    hub.end_tenant(ONE, 4);
    assert_eq!(mine.outbox.over().await, Disconnect::PERMISSION_DENIED);
    assert!(theirs.outbox.over().now_or_never().is_none());
    assert_eq!(theirs.join("orders").position, 4);
}

#[test]
fn a_user_has_only_so_many_connections() {
    let hub = Hub::new();
    let mut seats: Vec<_> = (0..MAX_USER_CONNECTIONS).map(|_| enter(&hub, ONE).unwrap()).collect();
    assert_eq!(enter(&hub, ONE).err(), Some(NoSeat::TooMany));
    assert!(enter(&hub, OTHER).is_ok());
    seats.pop();
    assert!(enter(&hub, ONE).is_ok());
}

#[test]
fn a_tenant_does_not_take_all_seats_nor_those_without_a_token_any() {
    let hub = Hub::new();
    let user = |number: usize| {
        let mut reference = [0; 32];
        reference[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let recipient = Recipient { tenant: ONE, reference: RecipientRef::from_bytes(reference) };
        hub.enter(recipient, RealtimeUser::of(&UserId::parse("u").unwrap()))
    };
    let seats: Vec<_> = (0..MAX_TENANT_CONNECTIONS).map(|number| user(number).unwrap()).collect();
    assert_eq!(user(seats.len()).err(), Some(NoSeat::TooMany));
    let unknown: Vec<_> = (0..unknown::MOST).map(|_| hub.place().unwrap()).collect();
    assert!(hub.place().is_none());
    assert!(enter(&hub, OTHER).is_ok());
    drop(unknown);
    assert!(hub.place().is_some());
}

#[tokio::test]
async fn a_hub_that_closes_waits_for_its_connections_and_takes_no_more() {
    let hub = Hub::new();
    let place = hub.place().unwrap();
    let mut closing = Box::pin(hub.close());
    assert!(closing.as_mut().now_or_never().is_none());
    assert!(hub.place().is_none());
    drop(place);
    closing.await;
}
