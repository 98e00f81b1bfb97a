//! The queue's fairness and bounds, without a runtime.

use orqestra_domain::{Channel, NotificationId};
use orqestra_event_log::source::ManualClock;
use uuid::Uuid;

use super::*;
use crate::due::{Due, DueKind};

const BOUNDS: Bounds = Bounds { queue: 100, lane_queue: 60, lane_in_flight: 10, calls: 40, local: 40 };

/// Every lane alike, but one.
struct Gated {
    all: Gate,
    but: Mutex<Option<(TenantId, Channel, Gate)>>,
}

impl Gates for Gated {
    fn gate(&self, tenant: TenantId, channel: Channel) -> Gate {
        match *self.but.lock().unwrap() {
            Some((its, of, gate)) if its == tenant && of == channel => gate,
            _ => self.all,
        }
    }

    fn shut(&self) -> Vec<(TenantId, Channel, Gate)> {
        self.but.lock().unwrap().iter().copied().collect()
    }
}

struct Played {
    queue: Arc<FairQueue>,
    gates: Arc<Gated>,
    clock: Arc<ManualClock>,
}

fn played(bounds: Bounds, most: usize) -> Played {
    let gates = Arc::new(Gated { all: Gate::Open(most), but: Mutex::default() });
    let clock = Arc::new(ManualClock::at(Timestamp::EPOCH));
    let queue =
        FairQueue::new(bounds, Arc::clone(&gates) as Arc<dyn Gates>, Arc::clone(&clock) as Arc<dyn Clock>);
    Played { queue: Arc::new(queue), gates, clock }
}

fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

fn entry(of: u128, channel: Channel, kind: DueKind) -> Entry {
    let key = DueKey { tenant: tenant(of), notification: NotificationId::from_uuid(Uuid::nil()), channel };
    let due = Due { kind, at: Timestamp::EPOCH, attempt: 1 };
    let leased_until = Timestamp::EPOCH.plus(std::time::Duration::from_secs(15));
    Entry { row: DueRow { key, due }, leased_until }
}

fn email(of: u128) -> Entry {
    entry(of, Channel::Email, DueKind::Send)
}

fn text(of: u128) -> Entry {
    entry(of, Channel::Sms, DueKind::Send)
}

fn emails(of: u128, count: usize) -> impl Iterator<Item = Entry> {
    (0..count).map(move |_| email(of))
}

fn take(queue: &Arc<FairQueue>, count: usize) -> Vec<(Entry, Place)> {
    std::iter::from_fn(|| queue.pop()).take(count).collect()
}

fn whose(taken: &[(Entry, Place)]) -> Vec<TenantId> {
    taken.iter().map(|(entry, _)| entry.row.key.tenant).collect()
}

#[test]
fn a_tenant_with_many_rows_does_not_delay_another_ones_single_row() {
    let Played { queue, .. } = played(BOUNDS, 10);
    queue.push(emails(1, 50));
    queue.push([email(2)]);
    assert_eq!(whose(&take(&queue, 3)), [tenant(1), tenant(2), tenant(1)]);
}

#[test]
fn a_lane_at_its_limit_waits_until_one_of_it_is_done() {
    let Played { queue, .. } = played(BOUNDS, 2);
    queue.push(emails(1, 5));
    let mut working = take(&queue, 9);
    assert_eq!(working.len(), 2);
    working.pop();
    assert_eq!(take(&queue, 9).len(), 1);
}

#[test]
fn a_lane_at_its_limit_holds_up_no_other_lane_of_its_tenant() {
    let Played { queue, .. } = played(Bounds { calls: 80, ..BOUNDS }, 100);
    queue.push(emails(1, 15));
    let working = take(&queue, 99);
    assert_eq!(working.len(), 10, "no lane has more at work than its bound");
    queue.push([text(1), entry(1, Channel::Push, DueKind::Send), entry(1, Channel::Email, DueKind::Sweep)]);
    assert_eq!(take(&queue, 99).len(), 3);
}

#[test]
fn rows_of_a_closed_lane_are_given_back_and_other_lanes_go_on() {
    let Played { queue, gates, .. } = played(BOUNDS, 5);
    *gates.but.lock().unwrap() = Some((tenant(1), Channel::Email, Gate::Closed));
    queue.push([email(1), text(1), entry(1, Channel::Email, DueKind::Sweep)]);
    assert_eq!(take(&queue, 9).len(), 2);
    assert_eq!((queue.len(), queue.returned()), (0, vec![email(1).row.key]));
    assert_eq!(queue.room(&email(1).row, 0, 0), Room::Closed);
    assert_eq!(queue.room(&text(1).row, 0, 0), Room::Yes);
    assert_eq!(queue.demand().lanes, [(tenant(1), Lane::Send(Channel::Email), 0)]);
}

#[test]
fn a_trial_takes_one_row() {
    let Played { queue, gates, .. } = played(BOUNDS, 5);
    *gates.but.lock().unwrap() = Some((tenant(1), Channel::Email, Gate::Trial));
    assert_eq!(queue.demand().lanes, [(tenant(1), Lane::Send(Channel::Email), 1)]);
    queue.push([email(1)]);
    assert_eq!(queue.room(&email(1).row, 0, 0), Room::Closed);
    let trial = take(&queue, 9);
    assert_eq!((trial.len(), queue.room(&email(1).row, 0, 0)), (1, Room::Closed));
    assert_eq!(queue.demand().lanes, [(tenant(1), Lane::Send(Channel::Email), 0)]);
}

#[test]
fn lanes_of_a_tenant_take_turns() {
    let Played { queue, .. } = played(BOUNDS, 5);
    queue.push([email(1), email(1), text(1)]);
    let order: Vec<_> = take(&queue, 9).iter().map(|(entry, _)| entry.row.key.channel).collect();
    assert_eq!(order, [Channel::Email, Channel::Sms, Channel::Email]);
}

#[test]
fn however_many_lanes_are_full_there_is_room_for_another_one() {
    let Played { queue, .. } = played(BOUNDS, 5);
    for of in 1..=60 {
        while queue.room(&email(of).row, 0, 0) == Room::Yes {
            queue.push([email(of)]);
        }
        queue.demand();
        assert_eq!(queue.room(&text(of).row, 0, 0), Room::Yes, "{of} lanes have taken everything");
    }
    assert!(queue.room(&email(1).row, 0, 0) == Room::Full);
    queue.returned();
    queue.demand();
    assert_eq!(queue.returned(), [], "nothing goes back and forth");
}

#[test]
fn what_comes_in_at_once_counts_too() {
    let Played { queue, .. } = played(BOUNDS, 5);
    assert_eq!(queue.room(&email(1).row, 19, 19), Room::Yes);
    assert_eq!(queue.room(&email(1).row, 20, 20), Room::Full);
    assert_eq!(queue.room(&text(1).row, 20, 0), Room::Yes);
    assert_eq!(queue.room(&text(1).row, 100, 0), Room::Full);
}

#[test]
fn lanes_that_call_leave_units_for_another_one_and_take_none_of_the_local_ones() {
    let Played { queue, .. } = played(BOUNDS, 10);
    let mut working = Vec::new();
    for of in 1..=12 {
        queue.push(emails(of, 10));
        queue.demand();
        working.extend(take(&queue, 99));
        assert!(working.len() < BOUNDS.calls, "{of} lanes have {} of {}", working.len(), BOUNDS.calls);
    }
    queue.push([email(99), entry(99, Channel::Push, DueKind::Send)]);
    assert_eq!(take(&queue, 9).len(), 2);
    // A lane that waits for the others' units goes on as soon as some are free.
    working.truncate(working.len() / 2);
    assert!(!take(&queue, 9).is_empty());
}

#[test]
fn what_calls_nobody_goes_on_while_every_call_is_taken() {
    let Played { queue, .. } = played(Bounds { calls: 1, ..BOUNDS }, 10);
    queue.push(emails(1, 10));
    let calling = take(&queue, 99);
    assert_eq!(calling.len(), 1);
    queue.push((0..5).map(|_| entry(1, Channel::Push, DueKind::Send)));
    assert_eq!(take(&queue, 99).len(), 5);
    drop(calling);
    assert_eq!(take(&queue, 99).len(), 1, "pushes at work take no call");
}

#[test]
fn large_content_counts_as_many() {
    let Played { queue, .. } = played(BOUNDS, 10);
    queue.push(emails(1, 10));
    let mut first = take(&queue, 1);
    first[0].1.weigh(20 * 16 * 1024);
    assert_eq!(take(&queue, 9).len(), 0, "one of them has all the units that its lane may have");
    first.clear();
    assert_eq!(take(&queue, 9).len(), 1, "the next is taken for as large");
}

#[test]
fn rows_whose_lease_is_over_are_dropped() {
    let Played { queue, clock, .. } = played(BOUNDS, 1);
    queue.push(emails(1, 30));
    let working = take(&queue, 9);
    clock.advance(std::time::Duration::from_secs(16));
    queue.demand();
    assert_eq!((queue.len(), queue.returned().len()), (0, 0));
    queue.push(emails(1, 1));
    drop(working);
    assert!(take(&queue, 9).is_empty());
    // It is given less from now on: half of what did not get its turn.
    let held = (0..100).find(|held| queue.room(&email(1).row, *held, *held) == Room::Full);
    assert!(held < Some(60), "{held:?}");
}

#[test]
fn what_is_done_leaves_nothing_behind() {
    let Played { queue, .. } = played(BOUNDS, 1);
    queue.push([email(1)]);
    let taken = take(&queue, 1);
    assert!(queue.pop().is_none());
    drop(taken);
    let inner = queue.inner();
    assert!(inner.tenants.is_empty() && inner.round.is_empty());
    assert!(inner.at_work.iter().all(|(used, _)| *used == 0));
}

#[test]
fn clearing_gives_back_every_row_that_waits() {
    let Played { queue, .. } = played(BOUNDS, 5);
    queue.push([email(1), email(2)]);
    assert_eq!(queue.clear().len(), 2);
    assert_eq!(queue.len(), 0);
    assert!(queue.pop().is_none());
}
