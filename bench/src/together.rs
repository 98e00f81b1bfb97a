//! Several processes with the role `api` on one log: what they accept together, from one set of connections, and what sharing their limits
//! through Redis takes from it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::future::try_join_all;
use orqestra_tests::redis::TestRedis;

use crate::caller::Credentials;
use crate::engine::{Engine, Roles};
use crate::load::{self, Caller, Measured, Requests};
use crate::postgres::Postgres;
use crate::program::Program;

/// Connections, shared by the processes.
const CONNECTIONS: usize = 64;
/// More than any process answers a second here.
const MOST_A_SECOND: usize = 20_000;

/// How the processes count a tenant's triggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limits {
    /// Each its own.
    Own,
    /// All through one Redis.
    Redis,
}

/// Result of a run.
pub(crate) struct Together {
    /// By all processes, a second.
    pub(crate) rate: f64,
    /// Of the process that was slowest.
    pub(crate) p50: Duration,
    /// The same.
    pub(crate) p99: Duration,
    /// The most memory that a process had, in bytes.
    pub(crate) memory: u64,
}

/// Makes so many requests of a run.
type Make = fn(&Credentials, &str, usize) -> Requests;

/// Sends triggers to that many processes at once, as fast as they are answered.
pub(crate) async fn measure(
    engine: &Engine,
    postgres: &Postgres,
    (processes, limits): (usize, Limits),
    time: Duration,
) -> Result<Together> {
    let database = "together";
    postgres.create(database, Some(engine.prepared())).await?;
    let mut running: Vec<Program> = Vec::new();
    let redis = match limits {
        Limits::Own => None,
        Limits::Redis => Some(TestRedis::start().await?),
    };
    for _ in 0..processes {
        running.push(match &redis {
            None => engine.start(Roles::Api, postgres, database).await?,
            Some(redis) => engine.start_with_redis(postgres, database, &redis.url()).await?,
        });
    }
    // The first trigger to a recipient in a process meets the key that another one has made, and is sealed anew.
    for (number, process) in running.iter().enumerate() {
        let known = Arc::new(engine.first().first_triggers(&format!("known-{number}")));
        load::all(process.address(), known, CONNECTIONS).await?;
    }
    let connections = CONNECTIONS / processes;
    let callers = |make: Make, run: &str, seconds: usize| -> Vec<Caller> {
        let most = MOST_A_SECOND * seconds / processes;
        let requests = |process| Arc::new(make(engine.first(), &format!("{run}-{process}"), most));
        let caller = |process| Caller { requests: requests(process), connections, rate: None, again: false };
        (0..processes).map(caller).collect()
    };
    let warm = callers(Credentials::known_triggers, "warm", 1);
    let load = callers(Credentials::triggers, "load", usize::try_from(time.as_secs())?);
    send(&running, warm, Duration::from_secs(1)).await?;
    let measured = send(&running, load, time).await?;
    let mut memory = 0;
    for process in running {
        memory = memory.max(process.end().await?);
    }
    postgres.remove(database).await?;
    let slowest =
        |percent| measured.iter().map(|one| one.percentile(percent)).max().unwrap_or(Duration::ZERO);
    let rate = measured.iter().map(Measured::rate).sum();
    Ok(Together { rate, p50: slowest(50), p99: slowest(99), memory })
}

/// Sends each process its own requests.
async fn send(running: &[Program], callers: Vec<Caller>, time: Duration) -> Result<Vec<Measured>> {
    let each = running.iter().zip(callers);
    let sending = each.map(|(process, caller)| load::run(process.address(), vec![caller], time));
    let measured = try_join_all(sending).await?.into_iter().flatten().collect::<Vec<_>>();
    for one in &measured {
        anyhow::ensure!(one.refused == 0, "{} refused with {:?}", one.refused, one.refusal);
    }
    Ok(measured)
}
