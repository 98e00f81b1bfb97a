//! The look-up finds an event by its recipient, addresses and id alone, and not after the recipient was forgotten.

use std::time::Duration;

use orqestra_domain::{Channel, NotificationId, TenantId, Timestamp};
use orqestra_projections::event_lookup::{LookupKey, LookupPage};
use orqestra_projections::{EventLookup, Projection};

use crate::support::{World, address, tenant};

const ALL: LookupPage = LookupPage { since: Timestamp::EPOCH, after: None, limit: 100 };

async fn found(world: &World, of: TenantId, key: LookupKey, page: LookupPage) -> Vec<NotificationId> {
    let found = EventLookup::new(world.pool().clone()).find(of, key, page).await.unwrap();
    found.into_iter().map(|event| event.notification).collect()
}

fn email(user: &str) -> LookupKey {
    LookupKey::Email(address(user, Channel::Email))
}

fn phone(user: &str) -> LookupKey {
    LookupKey::Phone(address(user, Channel::Sms))
}

#[tokio::test]
async fn an_event_is_found_by_person_address_number_and_id_of_its_own_tenant_alone() {
    let world = World::new().await;
    let (ours, theirs) = (tenant(1), tenant(2));
    let ann = world.trigger(ours, "ann", &[Channel::Email]).await;
    world.clock.advance(Duration::from_secs(1));
    let again = world.pushed(ours, "ann", "again").await;
    world.trigger(ours, "bob", &[Channel::Email]).await;
    let other = world.trigger(theirs, "ann", &[]).await;
    world.project(Projection::EventLookup).await;
    let newest_first = [again.id, ann.id];
    for key in [LookupKey::Recipient(world.recipient(ours, "ann")), email("ann"), phone("ann")] {
        assert_eq!(found(&world, ours, key, ALL).await, newest_first, "{key:?}");
    }
    assert_eq!(found(&world, ours, LookupKey::Notification(ann.id), ALL).await, [ann.id]);
    for key in [LookupKey::Recipient(world.recipient(ours, "ann")), LookupKey::Notification(ann.id)] {
        assert_eq!(found(&world, theirs, key, ALL).await, []);
    }
    assert_eq!(found(&world, theirs, email("ann"), ALL).await, [other.id]);
    // A number is not an address, and a person neither.
    assert_eq!(found(&world, ours, LookupKey::Phone(address("ann", Channel::Email)), ALL).await, []);
}

#[tokio::test]
async fn pages_go_on_behind_the_last_event_and_nothing_is_older_than_asked_for() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for number in 0..7 {
        expected.insert(0, world.trigger(tenant(1), "ann", &[]).await.id);
        // Two events of one moment stand in the order of the log.
        if number % 2 == 1 {
            world.clock.advance(Duration::from_secs(1));
        }
    }
    world.project(Projection::EventLookup).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = found(&world, tenant(1), email("ann"), LookupPage { after, limit: 2, ..ALL }).await;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        seen.extend(page);
    }
    assert_eq!(seen, expected);
    let since = LookupPage { since: world.now(), ..ALL };
    assert_eq!(found(&world, tenant(1), email("ann"), since).await, expected[..1]);
}

#[tokio::test]
async fn a_forgotten_person_is_found_by_nothing_and_another_one_at_the_same_address_still_is() {
    let world = World::new().await;
    let ours = tenant(1);
    let ann = world.trigger(ours, "ann", &[Channel::Email]).await;
    // Two people read one mailbox.
    let shared = world.trigger_to(ours, "bob", "ann", &[Channel::Email]).await;
    world.forget(ours, "ann").await;
    world.clock.advance(Duration::from_secs(1));
    let back = world.trigger(ours, "ann", &[Channel::Email]).await;
    world.project(Projection::EventLookup).await;
    let person = LookupKey::Recipient(world.recipient(ours, "ann"));
    assert_eq!(found(&world, ours, person, ALL).await, [back.id], "what came after the forgetting is found");
    assert_eq!(found(&world, ours, email("ann"), ALL).await, [back.id, shared.id]);
    assert_eq!(found(&world, ours, LookupKey::Notification(ann.id), ALL).await, []);

    let rows = world.rows(Projection::EventLookup).await;
    let log = world.whole_log().await;
    world.redeliver(Projection::EventLookup, &log[..1]).await;
    assert_eq!(world.rows(Projection::EventLookup).await, rows, "handled again, it does not come back");
    for row in &rows {
        assert!(!row.contains(&ann.id.to_string()), "{row}");
    }
}

#[tokio::test]
async fn forgetting_after_the_rows_were_written_deletes_them() {
    let world = World::new().await;
    world.trigger(tenant(1), "ann", &[]).await;
    let bob = world.trigger(tenant(1), "bob", &[]).await;
    world.project(Projection::EventLookup).await;
    world.forget(tenant(1), "ann").await;
    world.project(Projection::EventLookup).await;
    assert_eq!(found(&world, tenant(1), email("ann"), ALL).await, []);
    assert_eq!(found(&world, tenant(1), email("bob"), ALL).await, [bob.id]);
}

#[tokio::test]
async fn the_channels_of_found_events_are_told_in_one_question() {
    let world = World::new().await;
    let pushed = world.pushed(tenant(1), "ann", "a").await;
    let other = world.pushed(tenant(1), "ann", "b").await;
    world.project(Projection::DeliveryStatus).await;
    let told = world.deliveries.of_notifications(tenant(1), &[pushed.id]).await.unwrap();
    let shown: Vec<_> = told.iter().map(|one| (one.notification, one.channel, one.status.as_str())).collect();
    let of = |channel, status| (pushed.id, channel, status);
    let expected = [of(Channel::Email, "SKIPPED"), of(Channel::Sms, "SKIPPED"), of(Channel::Push, "SENT")];
    assert_eq!(shown, expected);
    assert_eq!((told[0].reason.as_deref(), told[0].ended_at), (Some("not_requested"), Some(world.now())));
    assert!(world.deliveries.of_notifications(tenant(2), &[other.id]).await.unwrap().is_empty());
}
