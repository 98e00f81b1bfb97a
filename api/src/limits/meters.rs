//! What one process has let through: a meter for each tenant, of 60 seconds and of UTC days.
//!
//! Exact under concurrency: a tenant's meter is one short critical section, never held across an
//! await. A place that is not kept is given back, so a repeat or a failed command costs nothing; until it is settled
//! it counts, and a caller that is refused meanwhile can wait for it. The clock is handed in with each call: the 60 seconds go by
//! one that cannot be set, and the day by the date, so that a date set wrong and right again harms neither.

mod day;
mod window;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orqestra_domain::tenant::Limits as TenantLimits;
use orqestra_domain::{TenantId, Timestamp};
use orqestra_event_log::Clock;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use self::day::Days;
use self::window::Window;

const SHARDS: usize = 16;
const MICROS: i64 = 1_000_000;

/// Every tenant's meter in this process.
#[derive(Clone, Default)]
pub struct Meters(Arc<Shards>);

#[derive(Default)]
struct Shards {
    /// The day on which counting began: what was accepted before it is not known here.
    opened: Option<i64>,
    shards: [Mutex<HashMap<TenantId, Meter>>; SHARDS],
}

#[derive(Default)]
struct Meter {
    window: Window,
    days: Days,
    /// Places that are neither kept nor given back.
    unsettled: u32,
    settled: Arc<Notify>,
}

/// A moment, by the date and by a clock that cannot be set.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The date and time.
    pub date: Timestamp,
    /// How long the process has counted.
    pub steady: Duration,
}

impl Moment {
    /// Now.
    pub fn now(clock: &dyn Clock) -> Self {
        Self { date: clock.now(), steady: clock.steady() }
    }

    /// Microseconds of the steady clock.
    fn micros(self) -> i64 {
        i64::try_from(self.steady.as_micros()).unwrap_or(i64::MAX)
    }
}

/// Which limit said no, and when it would say yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// The one over 60 seconds.
    PerMinute {
        /// Triggers in any 60 seconds.
        limit: u32,
        /// Whole seconds until the next would pass, at least one.
        retry_after: u64,
    },
    /// The one over a UTC day.
    Daily {
        /// Triggers a day.
        cap: u64,
        /// Whole seconds until midnight UTC, at least one.
        retry_after: u64,
    },
}

/// That no place was given, and what to wait for.
#[derive(Debug)]
pub struct Refused {
    /// The limit that said no.
    pub exceeded: Exceeded,
    /// There if a place that counts may still be given back.
    pub settling: Option<Settling>,
}

/// A tenant's places that are being settled.
#[derive(Debug)]
pub struct Settling(Pin<Box<OwnedNotified>>);

impl Settling {
    /// Waits until a place was given back or the last one was settled. Then it is worth another try; it may be in
    /// vain, for others try too.
    pub async fn settled(self) {
        self.0.await;
    }
}

/// One counted trigger; dropped without [`Place::keep`] it is given back.
#[must_use]
pub struct Place {
    meters: Meters,
    tenant: TenantId,
    second: i64,
    day: i64,
    kept: bool,
}

impl Meters {
    /// Meters that count from now on, and that a [`restore`](Self::restore) tells what was before.
    pub fn opened(now: Moment) -> Self {
        let opened = Some(Days::of(now.date.unix_micros()));
        Self(Arc::new(Shards { opened, ..Shards::default() }))
    }

    /// The day that counts on a date. The one before counting began is not known, and would have all of its cap left.
    fn day(&self, date: i64) -> i64 {
        let day = Days::of(date);
        if self.0.opened == Some(day + 1) { day + 1 } else { day }
    }

    /// Counts one trigger now, if both limits allow it.
    ///
    /// # Errors
    /// The limit that says no; the daily cap is asked first, for it says no for longer.
    pub fn take(&self, tenant: TenantId, limits: TenantLimits, now: Moment) -> Result<Place, Refused> {
        let (date, micros) = (now.date.unix_micros(), now.micros());
        let mut shard = self.shard(tenant);
        let meter = shard.entry(tenant).or_default();
        let day = self.day(date);
        if let Some(cap) = limits.daily_cap
            && meter.days.count(day) >= cap
        {
            let retry_after = whole_seconds(Days::end(day) - date);
            return Err(meter.refuse(Exceeded::Daily { cap, retry_after }));
        }
        let second = meter.window.advance(micros.div_euclid(MICROS));
        let limit = limits.rate_per_minute;
        if meter.window.count() >= u64::from(limit) {
            let free = meter.window.free_at(limit);
            let retry_after = whole_seconds(free * MICROS - micros);
            return Err(meter.refuse(Exceeded::PerMinute { limit, retry_after }));
        }
        meter.add(second, day);
        drop(shard);
        Ok(Place { meters: self.clone(), tenant, second, day, kept: false })
    }

    /// Counts one trigger that another count has let through.
    pub fn add(&self, tenant: TenantId, now: Moment) -> Place {
        let day = self.day(now.date.unix_micros());
        let mut shard = self.shard(tenant);
        let meter = shard.entry(tenant).or_default();
        let second = meter.window.advance(now.micros().div_euclid(MICROS));
        meter.add(second, day);
        drop(shard);
        Place { meters: self.clone(), tenant, second, day, kept: false }
    }

    /// How many stand in today's count, and which day that is, counted from the Unix epoch.
    pub fn today(&self, tenant: TenantId, now: Moment) -> (i64, u64) {
        let day = self.day(now.date.unix_micros());
        (day, self.shard(tenant).get(&tenant).map_or(0, |meter| meter.days.count(day)))
    }

    /// There if a place of this tenant may still be given back.
    pub fn settling(&self, tenant: TenantId) -> Option<Settling> {
        self.shard(tenant).get(&tenant).and_then(Meter::settling)
    }

    /// Adds what the log says was accepted before this process started: each day's number by its midnight, and the newest
    /// seconds by their starts, at least the last 61. What another process's clock puts into the future counts as of now.
    pub fn restore(
        &self,
        tenant: TenantId,
        days: &[(Timestamp, u64)],
        seconds: &[(Timestamp, u32)],
        now: Moment,
    ) {
        let (date, micros) = (now.date.unix_micros(), now.micros());
        let mut shard = self.shard(tenant);
        let meter = shard.entry(tenant).or_default();
        let newest = meter.window.advance(micros.div_euclid(MICROS));
        for (midnight, count) in days {
            meter.days.add(Days::of(midnight.unix_micros()), *count);
        }
        for (start, count) in seconds {
            // Its last moment: what was accepted in it leaves the window no earlier than it may.
            let last = start.unix_micros() - date + micros + MICROS - 1;
            meter.window.add(last.div_euclid(MICROS).min(newest), *count);
        }
    }

    fn settle(&self, place: &Place) {
        if let Some(meter) = self.shard(place.tenant).get_mut(&place.tenant) {
            meter.unsettled = meter.unsettled.saturating_sub(1);
            if !place.kept {
                meter.window.remove(place.second);
                meter.days.remove(place.day);
            }
            if meter.unsettled == 0 {
                // Whoever still waits is told for good.
                meter.settled.notify_waiters();
            } else if !place.kept {
                // One place is free for one of those who wait.
                meter.settled.notify_one();
            }
        }
    }

    fn shard(&self, tenant: TenantId) -> MutexGuard<'_, HashMap<TenantId, Meter>> {
        let last = tenant.as_uuid().as_bytes()[15];
        self.0.shards[usize::from(last) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meter {
    fn add(&mut self, second: i64, day: i64) {
        self.window.add(second, 1);
        self.days.add(day, 1);
        self.unsettled += 1;
    }

    fn settling(&self) -> Option<Settling> {
        (self.unsettled > 0).then(|| {
            let mut settled = Box::pin(Arc::clone(&self.settled).notified_owned());
            // Told from now on, not only once it is awaited.
            settled.as_mut().enable();
            Settling(settled)
        })
    }

    fn refuse(&self, exceeded: Exceeded) -> Refused {
        Refused { exceeded, settling: self.settling() }
    }
}

impl Place {
    /// Leaves the trigger counted.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.meters.settle(self);
    }
}

/// Rounds up to whole seconds, at least one.
fn whole_seconds(micros: i64) -> u64 {
    u64::try_from(micros).unwrap_or(0).div_ceil(MICROS.unsigned_abs()).max(1)
}

#[cfg(test)]
mod tests;
