//! The queue's fairness and bounds, without a runtime.

use orqestra_domain::NotificationId;
use uuid::Uuid;

use super::*;
use crate::due::Due;

const BOUNDS: Bounds = Bounds { queue: 100, tenant_queue: 60, tenant_in_flight: 10 };

struct Fixed(usize);

impl LaneLimit for Fixed {
    fn limit(&self, _: TenantId, _: Channel) -> usize {
        self.0
    }
}

struct Closed(Channel);

impl LaneLimit for Closed {
    fn limit(&self, _: TenantId, channel: Channel) -> usize {
        if channel == self.0 { 0 } else { 5 }
    }
}

fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

fn entry(of: u128, channel: Channel, kind: DueKind) -> Entry {
    let key = DueKey { tenant: tenant(of), notification: NotificationId::from_uuid(Uuid::nil()), channel };
    let due = Due { kind, at: Timestamp::EPOCH, attempt: 1 };
    Entry { row: DueRow { key, due }, leased_until: Timestamp::EPOCH }
}

fn email(of: u128) -> Entry {
    entry(of, Channel::Email, DueKind::Send)
}

fn take(queue: &FairQueue, limits: &dyn LaneLimit, count: usize) -> Vec<TenantId> {
    std::iter::from_fn(|| queue.pop(limits)).take(count).map(|entry| entry.row.key.tenant).collect()
}

#[test]
fn a_tenant_with_many_rows_does_not_delay_another_ones_single_row() {
    let queue = FairQueue::new(BOUNDS);
    queue.push((0..50).map(|_| email(1)));
    queue.push([email(2)]);
    assert_eq!(take(&queue, &Fixed(10), 3), [tenant(1), tenant(2), tenant(1)]);
}

#[test]
fn a_lane_at_its_limit_waits_until_one_of_it_is_done() {
    let queue = FairQueue::new(BOUNDS);
    queue.push((0..5).map(|_| email(1)));
    assert_eq!(take(&queue, &Fixed(2), 9).len(), 2);
    queue.done(email(1).row.key, Lane::Send(Channel::Email));
    assert_eq!(take(&queue, &Fixed(2), 9).len(), 1);
}

#[test]
fn a_tenant_at_its_limit_waits_whatever_its_lanes_allow() {
    let queue = FairQueue::new(BOUNDS);
    queue.push((0..30).map(|_| email(1)));
    assert_eq!(take(&queue, &Fixed(100), 99).len(), 10);
}

#[test]
fn a_closed_lane_leaves_the_tenants_other_lanes_open() {
    let queue = FairQueue::new(BOUNDS);
    queue.push([email(1), entry(1, Channel::Sms, DueKind::Send), entry(1, Channel::Email, DueKind::Sweep)]);
    assert_eq!(take(&queue, &Closed(Channel::Email), 9).len(), 2);
    queue.look_again();
    assert_eq!(take(&queue, &Fixed(5), 9).len(), 1);
}

#[test]
fn lanes_of_a_tenant_take_turns() {
    let queue = FairQueue::new(BOUNDS);
    queue.push([email(1), email(1), entry(1, Channel::Sms, DueKind::Send)]);
    let order: Vec<_> =
        std::iter::from_fn(|| queue.pop(&Fixed(5))).map(|entry| entry.row.key.channel).collect();
    assert_eq!(order, [Channel::Email, Channel::Sms, Channel::Email]);
}

#[test]
fn there_is_room_up_to_the_bounds() {
    let queue = FairQueue::new(BOUNDS);
    assert!(queue.room(tenant(1), 0, 0));
    assert!(!queue.room(tenant(1), 60, 60));
    queue.push((0..60).map(|_| email(1)));
    assert!(!queue.room(tenant(1), 0, 0));
    assert!(queue.room(tenant(2), 39, 39) && !queue.room(tenant(2), 40, 40));
    assert_eq!((queue.len(), queue.free(), queue.well_supplied()), (60, 40, vec![tenant(1)]));
}

#[test]
fn what_is_done_leaves_nothing_behind() {
    let queue = FairQueue::new(BOUNDS);
    queue.push([email(1)]);
    let taken = queue.pop(&Fixed(1)).unwrap();
    assert!(queue.pop(&Fixed(1)).is_none());
    queue.done(taken.row.key, Lane::of(&taken.row));
    assert!(queue.inner().tenants.is_empty() && queue.inner().round.is_empty());
}

#[test]
fn clearing_gives_back_every_row_that_waits() {
    let queue = FairQueue::new(BOUNDS);
    queue.push([email(1), email(2)]);
    assert_eq!(queue.clear().len(), 2);
    assert_eq!(queue.len(), 0);
    assert!(queue.pop(&Fixed(1)).is_none());
}
