//! The laws of the limits, by example and over random traffic.

use std::time::Duration;

use futures::FutureExt;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(7));
/// 2026-11-24T23:00:00Z.
const START: i64 = 1_795_561_200 * MICROS;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(START + micros)
}

fn limits(rate_per_minute: u32, daily_cap: Option<u64>) -> TenantLimits {
    TenantLimits { rate_per_minute, daily_cap }
}

fn accept(meter: &Limits, limits: TenantLimits, now: Timestamp) -> Result<(), Exceeded> {
    meter.take(TENANT, limits, now).map(Permit::keep).map_err(|refused| refused.exceeded)
}

#[test]
fn the_next_passes_after_exactly_the_time_that_was_told() {
    let meter = Limits::default();
    accept(&meter, limits(2, None), at(500_000)).unwrap();
    accept(&meter, limits(2, None), at(10_000_000)).unwrap();
    let refused = accept(&meter, limits(2, None), at(20_250_000));
    assert_eq!(refused, Err(Exceeded::PerMinute { limit: 2, retry_after: 41 }));
    assert!(accept(&meter, limits(2, None), at(60_999_999)).is_err());
    accept(&meter, limits(2, None), at(61_250_000)).unwrap();
}

#[test]
fn a_dropped_permit_is_given_back() {
    let meter = Limits::default();
    drop(meter.take(TENANT, limits(1, Some(1)), at(0)).unwrap());
    accept(&meter, limits(1, Some(1)), at(0)).unwrap();
    assert!(accept(&meter, limits(1, None), at(1)).is_err());
    let other = TenantId::from_uuid(Uuid::from_u128(8));
    meter.take(other, limits(1, Some(1)), at(1)).unwrap().keep();
}

#[test]
fn a_permit_given_back_after_its_day_takes_nothing_from_the_next() {
    let meter = Limits::default();
    let late = meter.take(TENANT, limits(10, Some(1)), at(0)).unwrap();
    let midnight = at(3_600 * MICROS);
    accept(&meter, limits(10, Some(1)), midnight).unwrap();
    drop(late);
    assert!(accept(&meter, limits(10, Some(1)), midnight).is_err());
}

#[test]
fn the_daily_cap_resets_at_midnight_utc() {
    let meter = Limits::default();
    accept(&meter, limits(10, Some(1)), at(0)).unwrap();
    let refused = accept(&meter, limits(10, Some(1)), at(500_000));
    assert_eq!(refused, Err(Exceeded::Daily { cap: 1, retry_after: 3_600 }));
    assert!(accept(&meter, limits(10, Some(1)), at(3_600 * MICROS - 1)).is_err());
    accept(&meter, limits(10, Some(1)), at(3_600 * MICROS)).unwrap();
}

#[test]
fn a_clock_set_back_opens_nothing() {
    let meter = Limits::default();
    accept(&meter, limits(1, Some(1)), at(0)).unwrap();
    assert!(accept(&meter, limits(1, None), at(-30 * MICROS)).is_err());
    assert!(accept(&meter, limits(9, Some(1)), at(-86_400 * MICROS)).is_err());
}

#[test]
fn a_limit_of_none_lets_none_through() {
    assert!(accept(&Limits::default(), limits(0, None), at(0)).is_err());
    assert!(accept(&Limits::default(), limits(1, Some(0)), at(0)).is_err());
}

#[test]
fn what_was_accepted_before_a_start_counts_to_the_second() {
    let meter = Limits::default();
    let seconds = [(at(-61 * MICROS), 5), (at(-30 * MICROS), 3), (at(20 * MICROS), 2)];
    meter.restore(TENANT, 11, &seconds, at(10 * MICROS));
    assert!(accept(&meter, limits(5, None), at(10 * MICROS)).is_err());
    accept(&meter, limits(6, None), at(10 * MICROS)).unwrap();
    let refused = accept(&meter, limits(6, None), at(10 * MICROS));
    assert_eq!(refused, Err(Exceeded::PerMinute { limit: 6, retry_after: 21 }));
    accept(&meter, limits(6, None), at(31 * MICROS)).unwrap();
    assert!(accept(&meter, limits(100, Some(13)), at(31 * MICROS)).is_err());
    accept(&meter, limits(100, Some(14)), at(31 * MICROS)).unwrap();
}

#[test]
fn as_many_as_allowed_pass_at_once_and_not_one_more() {
    let meter = Limits::default();
    let passed: usize = std::thread::scope(|scope| {
        let take = || (0..200).filter(|_| accept(&meter, limits(500, Some(450)), at(0)).is_ok()).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(passed, 450);
}

#[test]
fn a_refusal_says_to_wait_only_while_a_permit_may_be_given_back() {
    let meter = Limits::default();
    let refused = |limits| meter.take(TENANT, limits, at(0)).map(drop).unwrap_err().settling;
    let (one, two) = (limits(1, None), limits(2, Some(2)));
    let first = meter.take(TENANT, two, at(0)).unwrap();
    assert!(refused(one).is_some());
    let second = meter.take(TENANT, two, at(0)).unwrap();
    assert!(refused(two).is_some());
    first.keep();
    assert!(refused(two).is_some());
    second.keep();
    assert!(refused(two).is_none() && refused(one).is_none());
}

#[test]
fn a_permit_given_back_wakes_one_who_waits_and_the_last_one_settled_wakes_all() {
    let meter = Limits::default();
    let three = limits(3, None);
    let permits: Vec<_> = (0..3).map(|_| meter.take(TENANT, three, at(0)).unwrap()).collect();
    let mut waiting: Vec<_> = (0..3)
        .map(|_| meter.take(TENANT, three, at(0)).map(drop).unwrap_err().settling.unwrap())
        .map(|settling| Box::pin(settling.settled()))
        .collect();
    let mut woken = || {
        waiting.retain_mut(|wait| wait.as_mut().now_or_never().is_none());
        waiting.len()
    };
    let [first, second, third] = <[Permit; 3]>::try_from(permits).ok().unwrap();
    assert_eq!(woken(), 3);
    first.keep();
    assert_eq!(woken(), 3);
    drop(second);
    assert_eq!(woken(), 2);
    third.keep();
    assert_eq!(woken(), 0);
}

#[derive(Clone, Debug)]
struct Call {
    after: u64,
    kept: bool,
}

fn call() -> impl Strategy<Value = Call> {
    let gap = prop_oneof![Just(0), 0..500_000_u64, 0..5_000_000_u64, 50_000_000..70_000_000_u64];
    (gap, prop::bool::weighted(0.8)).prop_map(|(after, kept)| Call { after, kept })
}

proptest! {
    #[test]
    fn never_more_than_the_limit_in_any_60_seconds_and_strict_by_one_second_at_most(
        limit in 1..8_u32,
        calls in prop::collection::vec(call(), 1..200),
    ) {
        let meter = Limits::default();
        let mut now = at(0);
        let mut accepted: Vec<Timestamp> = Vec::new();
        for Call { after, kept } in calls {
            now = now.plus(Duration::from_micros(after));
            let within = |span: u64| {
                accepted.iter().filter(|t| now.since(**t) < Duration::from_secs(span)).count()
            };
            match meter.take(TENANT, limits(limit, None), now).map_err(|refused| refused.exceeded) {
                Ok(permit) => {
                    prop_assert!(within(60) < limit as usize);
                    if kept {
                        permit.keep();
                        accepted.push(now);
                    }
                }
                Err(Exceeded::PerMinute { retry_after, .. }) => {
                    prop_assert!(within(61) >= limit as usize);
                    let then = now.plus(Duration::from_secs(retry_after));
                    let before = now.plus(Duration::from_secs(retry_after - 1));
                    let snapshot = |moment| {
                        let copy = Limits::default();
                        for t in &accepted {
                            copy.take(TENANT, limits(u32::MAX, None), *t).unwrap().keep();
                        }
                        copy.take(TENANT, limits(limit, None), moment).is_ok()
                    };
                    prop_assert!(snapshot(then));
                    prop_assert!(retry_after == 1 || !snapshot(before));
                }
                Err(Exceeded::Daily { .. }) => prop_assert!(false, "no cap was set"),
            }
        }
    }
}
