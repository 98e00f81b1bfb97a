//! Limits that all API processes of an installation share through Redis, and what this process does while it cannot.
//!
//! Counting is exact while Redis answers ([ADR 44](../../../../docs/adr/0044-limits-are-counted-anew-where-redis-may-have-lost-some.md)).
//! Nothing is decided by Redis but whether a trigger is let through now: what was accepted is in the log.

mod gate;
mod keeper;
mod link;
mod lost;
mod takes;
mod told;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use orqestra_domain::tenant::Limits as TenantLimits;
use orqestra_domain::{TenantId, Timestamp};
use orqestra_event_log::{Clock, Ids};
use redis::Client;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::gate::{Counting, Gate, Generation, Pass};
use self::keeper::{Apart, Keeper};
use self::link::{Answer, Keys, Opened, Trouble};
use self::lost::Lost;
use self::told::Told;
use super::meters::{Exceeded, Meters, Moment, Place, Refused};

pub use self::link::RepeatKeys;

/// How long a trigger waits while limits are counted anew: somewhat more than that may take.
const OPENS_WITHIN: Duration = Duration::from_secs(5);
/// Places given back and answers that wait for Redis; what does not find room costs a new count, or an answer.
const WAITING: usize = 4_096;
/// Sent together.
const TOGETHER: usize = 128;
/// Locks of tenants whose meters are begun.
const LOCKS: usize = 16;
const MICROS: i64 = 1_000_000;

/// What a tenant has used, as the log has it.
#[derive(Clone, Debug, Default)]
pub struct Used {
    /// By the midnight of each day.
    pub days: Vec<(Timestamp, u64)>,
    /// By the start of each second of the last two minutes.
    pub seconds: Vec<(Timestamp, u32)>,
}

/// Reads what a tenant has used. Everything that was accepted before the call is in it.
pub type ReadUsed = dyn Fn(TenantId, Timestamp) -> BoxFuture<'static, Result<Used, String>> + Send + Sync;

/// What sharing needs of the installation.
pub struct SharedParts {
    /// The server: `redis://` or `rediss://`.
    pub url: RedisUrl,
    /// The log's id and epoch, which keys carry.
    pub log: (Uuid, i64),
    /// This process.
    pub own: Uuid,
    /// The live processes that share limits, this one among them.
    pub live: watch::Receiver<BTreeSet<Uuid>>,
    /// What a tenant has used.
    pub used: Arc<ReadUsed>,
    /// Makes names of generations.
    pub ids: Arc<dyn Ids>,
    /// The date.
    pub clock: Arc<dyn Clock>,
}

/// Where Redis is. Its `Debug` form shows no password.
#[derive(Clone)]
pub struct RedisUrl(Client);

impl std::fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisUrl(..)")
    }
}

/// That a text names no Redis server. It does not repeat the text, which may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("expected redis://[user:password@]host[:port][/database], or rediss:// for TLS")]
pub struct InvalidRedisUrl;

impl RedisUrl {
    /// Parses the URL of a server.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidRedisUrl> {
        let scheme = text.starts_with("redis://") || text.starts_with("rediss://");
        let client = Client::open(text).ok().filter(|_| scheme);
        client.map(Self).ok_or(InvalidRedisUrl)
    }

    /// Connects once and verifies that limits can be counted there.
    ///
    /// # Errors
    /// What is wrong, in words that hold no password.
    pub async fn look(&self) -> Result<(), String> {
        let keys = Keys::new(Uuid::nil(), 0);
        link::Link::open(&self.0, keys).await.map(drop).map_err(|trouble| trouble.to_string())
    }
}

/// What this process takes of a tenant's day while it counts apart.
#[derive(Clone, Copy)]
struct Day {
    date: i64,
    /// It began after so many generations.
    after: u64,
    /// What the log held, and this process's own count, when it began.
    used: u64,
    own: u64,
}

struct Inner {
    gate: Gate,
    lost: Arc<Lost>,
    told: Arc<Told>,
    live: watch::Receiver<BTreeSet<Uuid>>,
    used: Arc<ReadUsed>,
    locks: [tokio::sync::Mutex<()>; LOCKS],
    days: Mutex<HashMap<TenantId, Day>>,
    later: mpsc::Sender<Later>,
}

/// What Redis is told after the answer was given.
enum Later {
    GiveBack { generation: Arc<Generation>, tenant: TenantId, at: (i64, i64), settled: (Place, Pass) },
    Remember { generation: Arc<Generation>, tenant: TenantId, keys: RepeatKeys, answer: Vec<u8> },
}

/// The limits as all processes share them.
#[derive(Clone)]
pub(super) struct Shared(Arc<Inner>);

/// A place, wherever it is counted; dropped without [`keep`](Self::keep) it is given back.
pub(super) struct SharedPlace {
    shared: Shared,
    tenant: TenantId,
    /// Where Redis has counted it.
    taken: Option<(Arc<Generation>, (i64, i64))>,
    counted: Option<(Place, Pass)>,
}

/// What came of asking.
pub(super) enum Asked {
    Place(SharedPlace),
    /// The answer to the same request.
    Known(Vec<u8>),
    /// Limits are being counted anew, and that takes too long.
    NotNow,
}

impl Shared {
    /// The limits, and what has to run beside them until the token ends.
    pub(super) fn new(parts: SharedParts, token: CancellationToken) -> (Self, BoxFuture<'static, ()>) {
        begin_metrics();
        let SharedParts { url: RedisUrl(client), log: (log, epoch), own, live, used, ids, clock } = parts;
        let (later, waiting) = mpsc::channel(WAITING);
        let (gate, lost, told) = (Gate::closed(), Arc::new(Lost::default()), Arc::new(Told::default()));
        let keeper = Keeper {
            client,
            keys: Keys::new(log, epoch),
            gate: gate.clone(),
            lost: Arc::clone(&lost),
            own,
            live: live.clone(),
            ids,
            clock,
            told: Arc::clone(&told),
        };
        let inner = Inner {
            gate,
            lost: Arc::clone(&lost),
            told,
            live,
            used,
            locks: Default::default(),
            days: Mutex::default(),
            later,
        };
        let beside = async move {
            let (until, gate) = (token.clone(), keeper.gate.clone());
            tokio::join!(keeper.run(token), tell_later(waiting, lost, gate, until));
        };
        (Self(Arc::new(inner)), Box::pin(beside))
    }

    /// Why limits are not shared, where they are not.
    pub(super) fn apart(&self) -> Option<String> {
        let why = self.0.told.reason()?;
        let processes = self.processes();
        Some(format!("each of {processes} processes lets through its part of a tenant's limits alone: {why}"))
    }

    fn processes(&self) -> u64 {
        u64::try_from(self.0.live.borrow().len()).unwrap_or(u64::MAX).max(1)
    }

    /// Asks for a place.
    pub(super) async fn take(
        &self,
        meters: &Meters,
        tenant: TenantId,
        limits: TenantLimits,
        now: Moment,
        repeat: &RepeatKeys,
    ) -> Result<Asked, Refused> {
        loop {
            let Some((pass, counting)) = self.0.gate.pass(OPENS_WITHIN).await else {
                return Ok(Asked::NotNow);
            };
            let generation = match counting {
                Counting::Shared(generation) => generation,
                Counting::Apart(generations) => {
                    let counted = self.take_apart(meters, tenant, limits, (now, generations)).await?;
                    let counted = Some((counted, pass));
                    return Ok(Asked::Place(SharedPlace {
                        shared: self.clone(),
                        tenant,
                        taken: None,
                        counted,
                    }));
                }
            };
            match generation.takes.take(tenant, limits, repeat).await {
                Ok(Answer::Taken { second, day }) => {
                    let counted = Some((meters.add(tenant, now), pass));
                    let taken = Some((generation, (second, day)));
                    return Ok(Asked::Place(SharedPlace { shared: self.clone(), tenant, taken, counted }));
                }
                Ok(Answer::Known(answer)) => {
                    metrics::counter!("orqestra_shared_answers_total").increment(1);
                    return Ok(Asked::Known(answer));
                }
                Ok(Answer::PerMinute(retry_after)) => {
                    let exceeded = Exceeded::PerMinute { limit: limits.rate_per_minute, retry_after };
                    return Err(Refused { exceeded, settling: meters.settling(tenant) });
                }
                Ok(Answer::Daily(retry_after)) => {
                    let cap = limits.daily_cap.unwrap_or_default();
                    let exceeded = Exceeded::Daily { cap, retry_after };
                    return Err(Refused { exceeded, settling: meters.settling(tenant) });
                }
                Ok(Answer::NoMeter) => self.open(&generation, tenant, now.date).await,
                Ok(Answer::OtherGeneration) => self.end(&generation, None),
                Err(trouble) => self.end(&generation, Some(trouble)),
            }
        }
    }

    /// Ends a generation for this process, before the keeper comes to it. What Redis has done of the last call is not known.
    fn end(&self, generation: &Arc<Generation>, trouble: Option<Trouble>) {
        let current = matches!(
            self.0.gate.counting(),
            Some(Counting::Shared(current)) if Arc::ptr_eq(&current, generation)
        );
        if !current {
            return;
        }
        self.0.gate.close();
        match trouble {
            None => self.0.lost.generation(),
            Some(trouble) => {
                self.0.gate.soil();
                self.0.lost.trouble(trouble);
            }
        }
    }

    /// Begins a tenant's meter by what the log holds. Nothing of the tenant is under way in a generation without its meter.
    async fn open(&self, generation: &Arc<Generation>, tenant: TenantId, now: Timestamp) {
        let lock = &self.0.locks[usize::from(tenant.as_uuid().as_bytes()[15]) % LOCKS];
        let _one_at_a_time = lock.lock().await;
        let used = match (self.0.used)(tenant, now).await {
            Ok(used) => used,
            Err(reason) => {
                return self.end(
                    generation,
                    Some(Trouble::Odd(format!("the log's count cannot be read: {reason}"))),
                );
            }
        };
        let days: Vec<_> = used.days.iter().map(|(midnight, count)| (day_of(*midnight), *count)).collect();
        let seconds: Vec<_> = used.seconds.iter().map(|(start, count)| (age(*start, now), *count)).collect();
        match generation.link.open_meter(&generation.name, tenant, &days, &seconds).await {
            Ok(Opened::Open) => {}
            Ok(Opened::OtherGeneration) => self.end(generation, None),
            Err(trouble) => self.end(generation, Some(trouble)),
        }
    }

    /// Lets through this process's part.
    async fn take_apart(
        &self,
        meters: &Meters,
        tenant: TenantId,
        limits: TenantLimits,
        (now, generations): (Moment, u64),
    ) -> Result<Place, Refused> {
        let processes = self.processes();
        let part = |of: u64| (of / processes).max(1).min(of);
        let rate = u32::try_from(part(limits.rate_per_minute.into())).unwrap_or(u32::MAX);
        let daily_cap = match limits.daily_cap {
            None => None,
            Some(cap) => {
                let Day { used, own, .. } = self.day(meters, tenant, (now, generations)).await;
                Some(own + part(cap.saturating_sub(used)))
            }
        };
        let own = TenantLimits { rate_per_minute: rate, daily_cap };
        meters.take(tenant, own, now).map_err(|refused| {
            // The caller is told the tenant's limit, as always.
            let exceeded = match refused.exceeded {
                Exceeded::PerMinute { retry_after, .. } => {
                    Exceeded::PerMinute { limit: limits.rate_per_minute, retry_after }
                }
                Exceeded::Daily { cap, retry_after } => {
                    Exceeded::Daily { cap: limits.daily_cap.unwrap_or(cap), retry_after }
                }
            };
            Refused { exceeded, ..refused }
        })
    }

    /// Where a tenant's day stood when this process began to count it apart.
    async fn day(&self, meters: &Meters, tenant: TenantId, (now, after): (Moment, u64)) -> Day {
        let (day, own) = meters.today(tenant, now);
        let known = |days: &HashMap<TenantId, Day>| {
            days.get(&tenant).copied().filter(|known| (known.date, known.after) == (day, after))
        };
        if let Some(known) = known(&self.0.days.lock().unwrap_or_else(PoisonError::into_inner)) {
            return known;
        }
        // Without the log nothing is accepted either way.
        let used = (self.0.used)(tenant, now.date).await.unwrap_or_default();
        let used =
            used.days.iter().filter(|(midnight, _)| day_of(*midnight) == day).map(|(_, count)| count).sum();
        let mut days = self.0.days.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known(&days) {
            return known;
        }
        let begun = Day { date: day, after, used, own };
        days.insert(tenant, begun);
        begun
    }

    /// Keeps an answer for those who repeat the request at another process.
    pub(super) fn remember(&self, tenant: TenantId, kept: impl FnOnce() -> (RepeatKeys, Option<Vec<u8>>)) {
        let Some(Counting::Shared(generation)) = self.0.gate.counting() else { return };
        let Ok(room) = self.0.later.try_reserve() else { return };
        if let (keys, Some(answer)) = kept() {
            room.send(Later::Remember { generation, tenant, keys, answer });
        }
    }
}

impl SharedPlace {
    /// Leaves the trigger counted.
    pub(super) fn keep(mut self) {
        if let Some((place, pass)) = self.counted.take() {
            place.keep();
            drop(pass);
        }
    }
}

impl Drop for SharedPlace {
    fn drop(&mut self) {
        let Some(settled) = self.counted.take() else { return };
        let Some((generation, at)) = self.taken.take() else { return };
        let current = Arc::clone(&generation);
        let later = Later::GiveBack { generation, tenant: self.tenant, at, settled };
        if self.shared.0.later.try_send(later).is_err() {
            self.shared
                .end(&current, Some(Trouble::Odd("too many places are given back at once".to_owned())));
        }
    }
}

/// Shows the counters at zero, so that a rate sees the first of each.
fn begin_metrics() {
    metrics::counter!("orqestra_limits_counted_anew_total").increment(0);
    metrics::counter!("orqestra_shared_answers_total").increment(0);
    for code in Apart::CODES {
        metrics::counter!("orqestra_redis_failures_total", "reason" => code).increment(0);
    }
}

/// Tells Redis what waits until the token ends.
async fn tell_later(
    mut waiting: mpsc::Receiver<Later>,
    lost: Arc<Lost>,
    gate: Gate,
    token: CancellationToken,
) {
    let mut together = Vec::with_capacity(TOGETHER);
    loop {
        tokio::select! {
            () = token.cancelled() => return,
            count = waiting.recv_many(&mut together, TOGETHER) => if count == 0 { return },
        }
        if let Some(trouble) = tell(together.drain(..)).await {
            // A place may be given back or not: the next count is by the log.
            gate.soil();
            lost.trouble(trouble);
        }
    }
}

/// Tells Redis all of it at once; the answers of a generation in one call.
async fn tell(all: impl Iterator<Item = Later>) -> Option<Trouble> {
    let mut places = Vec::new();
    let mut answers = Vec::<(Arc<Generation>, Vec<(TenantId, RepeatKeys, Vec<u8>)>)>::new();
    for later in all {
        match later {
            Later::GiveBack { generation, tenant, at, settled } => places.push(async move {
                let _until_it_is_told = settled;
                generation.link.give_back(&generation.name, tenant, at).await
            }),
            Later::Remember { generation, tenant, keys, answer } => {
                let answer = (tenant, keys, answer);
                match answers.iter_mut().find(|(other, _)| Arc::ptr_eq(other, &generation)) {
                    Some((_, kept)) => kept.push(answer),
                    None => answers.push((generation, vec![answer])),
                }
            }
        }
    }
    let answers = answers.iter().map(|(generation, kept)| {
        generation.link.remember(kept.iter().map(|(tenant, keys, answer)| (*tenant, keys, &**answer)))
    });
    let (places, answers) = tokio::join!(join_all(places), join_all(answers));
    places.into_iter().chain(answers).find_map(Result::err)
}

/// The day of a midnight, counted from the Unix epoch.
fn day_of(midnight: Timestamp) -> i64 {
    midnight.unix_micros().div_euclid(86_400 * MICROS)
}

/// How many whole seconds ago a second ended, less one for clocks that differ: what happened in it leaves the window no earlier than it
/// may.
fn age(start: Timestamp, now: Timestamp) -> i64 {
    let ended = now.unix_micros() - start.unix_micros() - MICROS;
    (ended.div_euclid(MICROS) - 1).max(0)
}
