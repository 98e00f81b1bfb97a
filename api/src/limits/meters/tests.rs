//! The laws of the limits, by example and over random traffic.

use std::time::Duration;

use futures::FutureExt;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(7));
/// 2026-11-24T23:00:00Z.
const START: i64 = 1_795_561_200 * MICROS;

/// What the steady clock shows at the start: it has nothing to do with the date.
const STEADY: i64 = 1_000 * MICROS;

/// A moment of clocks that agree.
fn at(micros: i64) -> Moment {
    shown(micros, micros)
}

/// So long after the start by the date and by the steady clock.
fn shown(date: i64, steady: i64) -> Moment {
    Moment {
        date: Timestamp::from_unix_micros(START + date),
        steady: Duration::from_micros(u64::try_from(STEADY + steady).unwrap()),
    }
}

fn limits(rate_per_minute: u32, daily_cap: Option<u64>) -> TenantLimits {
    TenantLimits { rate_per_minute, daily_cap }
}

fn accept(meter: &Meters, limits: TenantLimits, now: Moment) -> Result<(), Exceeded> {
    meter.take(TENANT, limits, now).map(Place::keep).map_err(|refused| refused.exceeded)
}

#[test]
fn the_next_passes_after_exactly_the_time_that_was_told() {
    let meter = Meters::default();
    accept(&meter, limits(2, None), at(500_000)).unwrap();
    accept(&meter, limits(2, None), at(10_000_000)).unwrap();
    let refused = accept(&meter, limits(2, None), at(20_250_000));
    assert_eq!(refused, Err(Exceeded::PerMinute { limit: 2, retry_after: 41 }));
    assert!(accept(&meter, limits(2, None), at(60_999_999)).is_err());
    accept(&meter, limits(2, None), at(61_250_000)).unwrap();
}

#[test]
fn a_dropped_place_is_given_back() {
    let meter = Meters::default();
    drop(meter.take(TENANT, limits(1, Some(1)), at(0)).unwrap());
    accept(&meter, limits(1, Some(1)), at(0)).unwrap();
    assert!(accept(&meter, limits(1, None), at(1)).is_err());
    let other = TenantId::from_uuid(Uuid::from_u128(8));
    meter.take(other, limits(1, Some(1)), at(1)).unwrap().keep();
}

#[test]
fn a_place_given_back_after_its_day_takes_nothing_from_the_next() {
    let meter = Meters::default();
    let late = meter.take(TENANT, limits(10, Some(1)), at(0)).unwrap();
    let midnight = at(3_600 * MICROS);
    accept(&meter, limits(10, Some(1)), midnight).unwrap();
    drop(late);
    assert!(accept(&meter, limits(10, Some(1)), midnight).is_err());
}

#[test]
fn the_daily_cap_resets_at_midnight_utc() {
    let meter = Meters::default();
    accept(&meter, limits(10, Some(1)), at(0)).unwrap();
    let refused = accept(&meter, limits(10, Some(1)), at(500_000));
    assert_eq!(refused, Err(Exceeded::Daily { cap: 1, retry_after: 3_600 }));
    assert!(accept(&meter, limits(10, Some(1)), at(3_600 * MICROS - 1)).is_err());
    accept(&meter, limits(10, Some(1)), at(3_600 * MICROS)).unwrap();
}

const HOUR: i64 = 3_600 * MICROS;
const DAY: i64 = 24 * HOUR;

#[test]
fn a_date_that_goes_wrong_and_right_again_neither_opens_nor_closes_the_window() {
    for wrong in [HOUR, -HOUR, DAY, -DAY, 4_000 * DAY] {
        let meter = Meters::default();
        accept(&meter, limits(2, None), at(0)).unwrap();
        accept(&meter, limits(2, None), shown(wrong, MICROS)).unwrap();
        let refused = |moment| accept(&meter, limits(2, None), moment).unwrap_err();
        let told = |retry_after| Exceeded::PerMinute { limit: 2, retry_after };
        assert_eq!(refused(shown(wrong + MICROS, 2 * MICROS)), told(59), "{wrong}: while it is wrong");
        assert_eq!(refused(at(3 * MICROS)), told(58), "{wrong}: once it is right");
        accept(&meter, limits(2, None), at(61 * MICROS)).unwrap();
        accept(&meter, limits(2, None), at(62 * MICROS)).unwrap();
    }
}

#[test]
fn each_day_keeps_its_count_whatever_order_a_clock_shows_the_days_in() {
    let cap = limits(1_000, Some(2));
    for wrong in [HOUR, DAY, -DAY, 4_000 * DAY] {
        let meter = Meters::default();
        accept(&meter, cap, at(0)).unwrap();
        for _ in 0..2 {
            accept(&meter, cap, shown(wrong, MICROS)).unwrap();
        }
        assert!(accept(&meter, cap, shown(wrong, MICROS)).is_err(), "{wrong}: the wrong day has its own cap");
        accept(&meter, cap, at(2 * MICROS)).unwrap();
        let refused = accept(&meter, cap, at(3 * MICROS));
        assert_eq!(refused, Err(Exceeded::Daily { cap: 2, retry_after: 3_597 }), "{wrong}");
        let passes = accept(&meter, cap, at(2 * DAY)).is_ok();
        assert!(passes, "{wrong}: a later day begins with nothing");
    }
}

#[test]
fn a_date_set_back_before_the_start_opens_nothing() {
    let meter = Meters::opened(at(0));
    let cap = limits(1_000, Some(1));
    accept(&meter, cap, at(0)).unwrap();
    assert!(accept(&meter, cap, shown(-DAY, MICROS)).is_err());
    accept(&meter, cap, shown(-2 * DAY, MICROS)).expect("a date that far off was wrong at the start");
    accept(&meter, cap, at(DAY)).unwrap();
}

#[test]
fn a_limit_of_none_lets_none_through() {
    assert!(accept(&Meters::default(), limits(0, None), at(0)).is_err());
    assert!(accept(&Meters::default(), limits(1, Some(0)), at(0)).is_err());
}

#[test]
fn what_was_accepted_before_a_start_counts_to_the_second() {
    let meter = Meters::default();
    let seconds = [(-61, 5), (-30, 3), (20, 2)].map(|(second, count)| (at(second * MICROS).date, count));
    let day = Timestamp::from_unix_micros(START - 23 * HOUR);
    let later = Timestamp::from_unix_micros(START + HOUR);
    meter.restore(TENANT, &[(day, 11), (later, 3)], &seconds, at(10 * MICROS));
    assert!(accept(&meter, limits(5, None), at(10 * MICROS)).is_err());
    accept(&meter, limits(6, None), at(10 * MICROS)).unwrap();
    let refused = accept(&meter, limits(6, None), at(10 * MICROS));
    assert_eq!(refused, Err(Exceeded::PerMinute { limit: 6, retry_after: 21 }));
    accept(&meter, limits(6, None), at(31 * MICROS)).unwrap();
    assert!(accept(&meter, limits(100, Some(13)), at(31 * MICROS)).is_err());
    accept(&meter, limits(100, Some(14)), at(31 * MICROS)).unwrap();
    assert!(
        accept(&meter, limits(100, Some(3)), at(HOUR)).is_err(),
        "what a wrong clock counted for tomorrow"
    );
    accept(&meter, limits(100, Some(4)), at(HOUR)).unwrap();
}

#[test]
fn as_many_as_allowed_pass_at_once_and_not_one_more() {
    let meter = Meters::default();
    let passed: usize = std::thread::scope(|scope| {
        let take = || (0..200).filter(|_| accept(&meter, limits(500, Some(450)), at(0)).is_ok()).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(passed, 450);
}

#[test]
fn a_refusal_says_to_wait_only_while_a_place_may_be_given_back() {
    let meter = Meters::default();
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
fn a_place_given_back_wakes_one_who_waits_and_the_last_one_settled_wakes_all() {
    let meter = Meters::default();
    let three = limits(3, None);
    let places: Vec<_> = (0..3).map(|_| meter.take(TENANT, three, at(0)).unwrap()).collect();
    let mut waiting: Vec<_> = (0..3)
        .map(|_| meter.take(TENANT, three, at(0)).map(drop).unwrap_err().settling.unwrap())
        .map(|settling| Box::pin(settling.settled()))
        .collect();
    let mut woken = || {
        waiting.retain_mut(|wait| wait.as_mut().now_or_never().is_none());
        waiting.len()
    };
    let [first, second, third] = <[Place; 3]>::try_from(places).ok().unwrap();
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
    /// What the date shows, as microseconds from the start.
    shift: i64,
}

fn call() -> impl Strategy<Value = Call> {
    let gap = prop_oneof![Just(0), 0..500_000_u64, 0..5_000_000_u64, 50_000_000..70_000_000_u64];
    (gap, prop::bool::weighted(0.8), -2 * DAY..2 * DAY).prop_map(|(after, kept, shift)| Call {
        after,
        kept,
        shift,
    })
}

proptest! {
    #[test]
    fn never_more_than_the_limit_in_any_60_seconds_and_strict_by_one_second_at_most(
        limit in 1..8_u32,
        calls in prop::collection::vec(call(), 1..200),
    ) {
        let meter = Meters::default();
        let mut now = at(0);
        let mut accepted: Vec<Moment> = Vec::new();
        let later = |moment: Moment, span: Duration| Moment {
            date: moment.date.plus(span),
            steady: moment.steady + span,
        };
        for Call { after, kept, shift } in calls {
            now = later(now, Duration::from_micros(after));
            now.date = Timestamp::from_unix_micros(START + shift);
            let within = |span: u64| {
                accepted.iter().filter(|t| now.steady.saturating_sub(t.steady) < Duration::from_secs(span)).count()
            };
            match meter.take(TENANT, limits(limit, None), now).map_err(|refused| refused.exceeded) {
                Ok(place) => {
                    prop_assert!(within(60) < limit as usize);
                    if kept {
                        place.keep();
                        accepted.push(now);
                    }
                }
                Err(Exceeded::PerMinute { retry_after, .. }) => {
                    prop_assert!(within(61) >= limit as usize);
                    let then = later(now, Duration::from_secs(retry_after));
                    let before = later(now, Duration::from_secs(retry_after - 1));
                    let snapshot = |moment| {
                        let copy = Meters::default();
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
