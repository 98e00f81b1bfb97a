//! One connection to Redis, and the scripts that run there. Calls of many requests go over it together.
//!
//! Every call has a bound; one that fails or is late says nothing of what Redis has done.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use orqestra_domain::TenantId;
use orqestra_domain::tenant::Limits as TenantLimits;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisError, Script, ScriptInvocation, Value};
use uuid::Uuid;

/// How long a call may take before Redis counts as slow.
const ANSWERS_WITHIN: Duration = Duration::from_millis(250);
/// How long a connection may take.
const CONNECTS_WITHIN: Duration = Duration::from_secs(1);
/// How long a recent answer is kept.
const KEPT_FOR: Duration = Duration::from_mins(1);

macro_rules! script {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!($file)));
    };
}

script!(TAKE, "take.lua");
script!(GIVE_BACK, "give_back.lua");
script!(OPEN, "open.lua");
script!(ARRIVE, "arrive.lua");
script!(FOUND, "found.lua");
script!(LEAVE, "leave.lua");

/// Why Redis cannot be counted on.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// A call failed or was late.
    #[error("Redis does not answer: {0}")]
    Call(Arc<RedisError>),
    /// It answered something else than its script says.
    #[error("Redis answered what its script does not: {0}")]
    Odd(String),
    /// It is a replica.
    #[error("Redis is a replica, which cannot be written to")]
    Replica,
    /// It may drop counters.
    #[error("Redis has maxmemory-policy {0}: set noeviction, or it may drop what is counted")]
    Evicts(String),
    /// Several servers share the keys.
    #[error("Redis runs as a cluster; give one server, or one with replicas")]
    Cluster,
}

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Self {
        Self::Call(Arc::new(error))
    }
}

impl Trouble {
    /// The name in metrics.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Call(error) if error.is_timeout() => "slow",
            Self::Call(error) if error.is_connection_refusal() || error.is_connection_dropped() => "away",
            Self::Call(error) if error.code() == Some("READONLY") => "read_only",
            Self::Call(error) if error.code() == Some("OOM") => "full",
            Self::Call(_) => "failed",
            Self::Odd(_) => "odd_answer",
            Self::Replica => "read_only",
            Self::Evicts(_) => "evicts",
            Self::Cluster => "cluster",
        }
    }
}

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// New with each start of the server.
    pub(super) run_id: String,
}

impl Server {
    /// Reads the answer to INFO.
    fn of(info: &str) -> Result<Self, Trouble> {
        let field = |name: &str| {
            info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        if field("cluster_enabled") == Some("1") {
            return Err(Trouble::Cluster);
        }
        if field("role") != Some("master") {
            return Err(Trouble::Replica);
        }
        match field("maxmemory_policy") {
            Some("noeviction") => {}
            Some(other) => return Err(Trouble::Evicts(other.to_owned())),
            None => return Err(Trouble::Odd("INFO without maxmemory_policy".to_owned())),
        }
        match field("run_id") {
            Some(id) if !id.is_empty() => Ok(Self { run_id: id.to_owned() }),
            _ => Err(Trouble::Odd("INFO without run_id".to_owned())),
        }
    }
}

/// The names of keys of one installation.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    generation: String,
    arrivals: String,
    prefix: String,
}

impl Keys {
    /// Of a log and its epoch: another log, or this one restored, knows nothing of what stands under these.
    pub(super) fn new(log: Uuid, epoch: i64) -> Self {
        let prefix = format!("orqestra:{log}:{epoch}");
        Self { generation: format!("{prefix}:generation"), arrivals: format!("{prefix}:arrivals"), prefix }
    }

    fn meter(&self, tenant: TenantId) -> String {
        format!("{}:{{{tenant}}}:meter", self.prefix)
    }

    fn answer(&self, tenant: TenantId, notification: &str) -> String {
        format!("{}:{{{tenant}}}:answer:{notification}", self.prefix)
    }

    fn claim(&self, tenant: TenantId, key: &str) -> String {
        format!("{}:{{{tenant}}}:key:{key}", self.prefix)
    }
}

/// By what a request may be known: the notification that its event id names, and its idempotency key as the log knows it.
#[derive(Clone, Debug, Default)]
pub struct RepeatKeys {
    /// The notification.
    pub notification: Option<String>,
    /// The key.
    pub claim: Option<String>,
}

/// What the script for a trigger says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A place: its second and its day.
    Taken { second: i64, day: i64 },
    /// The answer that was given before.
    Known(Vec<u8>),
    /// Seconds until the next would pass.
    PerMinute(u64),
    /// Seconds until the day ends.
    Daily(u64),
    /// The tenant has no meter in this generation.
    NoMeter,
    /// The generation is over.
    OtherGeneration,
}

/// Whether a meter was begun.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    Open,
    OtherGeneration,
}

/// The state of the gathering.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gathered {
    /// The generation has begun.
    Generation(String),
    /// These are there.
    Waiting(Vec<Uuid>),
}

/// A connection to a fit server.
#[derive(Clone)]
pub(super) struct Link {
    connection: MultiplexedConnection,
    keys: Keys,
}

impl Link {
    /// Connects, and verifies what the server says of itself.
    pub(super) async fn open(client: &Client, keys: Keys) -> Result<(Self, Server), Trouble> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTS_WITHIN))
            .set_response_timeout(Some(ANSWERS_WITHIN));
        let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let link = Self { connection, keys };
        let server = link.server().await?;
        Ok((link, server))
    }

    /// What the server says of itself now.
    pub(super) async fn server(&self) -> Result<Server, Trouble> {
        let info: String = redis::cmd("INFO").query_async(&mut self.connection.clone()).await?;
        Server::of(&info)
    }

    pub(super) async fn generation(&self) -> Result<Option<String>, Trouble> {
        let get = redis::cmd("GET").arg(&self.keys.generation).to_owned();
        Ok(get.query_async(&mut self.connection.clone()).await?)
    }

    async fn call<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Trouble> {
        Ok(script.invoke_async(&mut self.connection.clone()).await?)
    }

    /// Answers requests of one tenant in their order: with places, or what is known of repeats.
    pub(super) async fn take(
        &self,
        generation: &str,
        (tenant, limits): (TenantId, TenantLimits),
        repeats: impl ExactSizeIterator<Item = &RepeatKeys>,
    ) -> Result<Vec<Answer>, Trouble> {
        let count = repeats.len();
        let mut take = TAKE.prepare_invoke();
        take.key(&self.keys.generation).key(self.keys.meter(tenant));
        for repeat in repeats {
            let answer = repeat.notification.as_ref().map(|id| self.keys.answer(tenant, id));
            let claim = repeat.claim.as_ref().map(|key| self.keys.claim(tenant, key));
            take.key(answer.unwrap_or_default()).key(claim.unwrap_or_default());
        }
        let cap = limits.daily_cap.and_then(|cap| i64::try_from(cap).ok()).unwrap_or(-1);
        take.arg(generation).arg(limits.rate_per_minute).arg(cap);
        let answers: Vec<Value> = self.call(&take).await?;
        if answers.len() != count {
            return Err(Trouble::Odd(format!("{} answers to {count} requests", answers.len())));
        }
        answers.iter().map(answer_of).collect()
    }

    pub(super) async fn give_back(
        &self,
        generation: &str,
        tenant: TenantId,
        (second, day): (i64, i64),
    ) -> Result<(), Trouble> {
        let mut give_back = GIVE_BACK.prepare_invoke();
        give_back.key(&self.keys.generation).key(self.keys.meter(tenant));
        give_back.arg(generation).arg(second).arg(day);
        let _: i64 = self.call(&give_back).await?;
        Ok(())
    }

    /// Begins a tenant's meter with the counts of days, and of seconds by their age.
    pub(super) async fn open_meter(
        &self,
        generation: &str,
        tenant: TenantId,
        days: &[(i64, u64)],
        seconds: &[(i64, u32)],
    ) -> Result<Opened, Trouble> {
        let mut open = OPEN.prepare_invoke();
        open.key(&self.keys.generation).key(self.keys.meter(tenant)).arg(generation).arg(days.len());
        for (day, count) in days {
            open.arg(*day).arg(*count);
        }
        for (age, count) in seconds {
            open.arg(*age).arg(*count);
        }
        let told: String = self.call(&open).await?;
        match told.as_str() {
            "open" => Ok(Opened::Open),
            "other generation" => Ok(Opened::OtherGeneration),
            _ => Err(Trouble::Odd(told)),
        }
    }

    pub(super) async fn arrive(&self, own: Uuid, server: &Server, first: bool) -> Result<Gathered, Trouble> {
        let mut arrive = ARRIVE.prepare_invoke();
        arrive.key(&self.keys.generation).key(&self.keys.arrivals);
        arrive.arg(own.to_string()).arg(&server.run_id).arg(if first { "anew" } else { "" });
        let told: Vec<String> = self.call(&arrive).await?;
        match told.split_first() {
            Some((generation, _)) if !generation.is_empty() => Ok(Gathered::Generation(generation.clone())),
            Some((_, here)) => Ok(Gathered::Waiting(here.iter().filter_map(|id| id.parse().ok()).collect())),
            None => Err(Trouble::Odd("nothing".to_owned())),
        }
    }

    /// Begins a generation, and returns the one that has begun.
    pub(super) async fn found(&self, server: &Server, id: Uuid) -> Result<String, Trouble> {
        let mut found = FOUND.prepare_invoke();
        found.key(&self.keys.generation).key(&self.keys.arrivals).arg(format!("{}/{id}", server.run_id));
        self.call(&found).await
    }

    /// Leaves the gathering, or returns the generation that has begun with this process.
    pub(super) async fn leave(&self, own: Uuid, server: &Server) -> Result<Option<String>, Trouble> {
        let mut leave = LEAVE.prepare_invoke();
        leave.key(&self.keys.generation).key(&self.keys.arrivals).arg(own.to_string()).arg(&server.run_id);
        let told: String = self.call(&leave).await?;
        Ok(Some(told).filter(|generation| !generation.is_empty()))
    }

    /// Keeps answers for callers that repeat the request at another process, by tenant.
    pub(super) async fn remember<'a>(
        &self,
        answers: impl Iterator<Item = (TenantId, &'a RepeatKeys, &'a [u8])>,
    ) -> Result<(), Trouble> {
        let (mut all, kept) = (redis::pipe(), KEPT_FOR.as_secs());
        for (tenant, keys, answer) in answers {
            let Some(notification) = &keys.notification else { continue };
            let key = self.keys.answer(tenant, notification);
            all.cmd("SET").arg(&key).arg(answer).arg("EX").arg(kept).ignore();
            if let Some(claim) = &keys.claim {
                all.cmd("SET").arg(self.keys.claim(tenant, claim)).arg(&key).arg("EX").arg(kept).ignore();
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        let () = all.query_async(&mut self.connection.clone()).await?;
        Ok(())
    }
}

fn answer_of(value: &Value) -> Result<Answer, Trouble> {
    let odd = || Trouble::Odd(format!("{value:?}"));
    let Value::Array(parts) = value else { return Err(odd()) };
    let number = |at: usize| match parts.get(at) {
        Some(Value::Int(number)) => Ok(*number),
        _ => Err(odd()),
    };
    let seconds = |at: usize| number(at).map(|seconds| u64::try_from(seconds).unwrap_or(0).max(1));
    let Some(Value::BulkString(word)) = parts.first() else { return Err(odd()) };
    match word.as_slice() {
        b"taken" => Ok(Answer::Taken { second: number(1)?, day: number(2)? }),
        b"known" => match parts.get(1) {
            Some(Value::BulkString(answer)) => Ok(Answer::Known(answer.clone())),
            _ => Err(odd()),
        },
        b"per minute" => seconds(1).map(Answer::PerMinute),
        b"daily" => seconds(1).map(Answer::Daily),
        b"no meter" => Ok(Answer::NoMeter),
        b"other generation" => Ok(Answer::OtherGeneration),
        _ => Err(odd()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(more: &str) -> String {
        format!("# Server\r\nredis_version:7.0.15\r\nrun_id:0a1b\r\n# Replication\r\n{more}\r\n")
    }

    #[test]
    fn a_server_that_may_lose_counters_or_take_none_is_refused() {
        let fit = Server::of(&info("role:master\r\nmaxmemory_policy:noeviction\r\ncluster_enabled:0"));
        assert_eq!(fit.unwrap().run_id, "0a1b");
        for (more, code) in [
            ("role:slave\r\nmaxmemory_policy:noeviction", "read_only"),
            ("role:master\r\nmaxmemory_policy:allkeys-lru", "evicts"),
            ("role:master\r\nmaxmemory_policy:noeviction\r\ncluster_enabled:1", "cluster"),
            ("role:master", "odd_answer"),
        ] {
            assert_eq!(Server::of(&info(more)).unwrap_err().code(), code, "{more}");
        }
    }

    #[test]
    fn an_answer_that_no_script_gives_is_trouble_and_not_a_place() {
        for odd in
            [Value::Nil, Value::Array(vec![]), Value::Array(vec![Value::BulkString(b"taken".to_vec())])]
        {
            assert!(matches!(answer_of(&odd), Err(Trouble::Odd(_))));
        }
        let taken = Value::Array(vec![Value::BulkString(b"taken".to_vec()), Value::Int(7), Value::Int(1)]);
        assert_eq!(answer_of(&taken).unwrap(), Answer::Taken { second: 7, day: 1 });
    }
}
