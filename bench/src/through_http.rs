//! From triggers to recorded outcomes through a provider's API over HTTP on this machine: one process with all roles, given
//! more than it can send.

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::json;
use sqlx::Connection as _;
use tokio::time::Instant;

use crate::drain;
use crate::engine::{Engine, FIRST_TENANT, Roles};
use crate::load;
use crate::machine::{Shares, Ticks};
use crate::postgres::Postgres;
use crate::provider_api::{self, Manner, ProviderApi};

const CONNECTIONS: usize = 64;
/// Accepted, rendered, started, succeeded.
const EVENTS: i64 = 4;

/// The result of a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Through {
    /// Notifications a second, from the first trigger until the last outcome was recorded.
    pub(crate) rate: f64,
    /// The most memory of the process, in KB.
    pub(crate) memory: u64,
    /// Shares of the processors.
    pub(crate) shares: Shares,
}

/// Sends `count` notifications.
pub(crate) async fn measure(engine: &Engine, postgres: &Postgres, count: usize) -> Result<Through> {
    let database = "through_http";
    postgres.create(database, Some(engine.prepared())).await?;
    let running = engine.start(Roles::All, postgres, database).await?;
    let api = ProviderApi::start(Manner::AtOnce).await?;
    let path = format!("/admin/v1/tenants/{FIRST_TENANT}/providers/EMAIL");
    engine.put(&running, &path, &json!([provider_api::resend(api.address())])).await?;
    let requests = Arc::new(engine.first().triggers("through", count));
    let mut owner = postgres.connect(database).await?;
    let wanted = drain::head(&mut owner).await? + EVENTS * i64::try_from(count)?;
    let before = Ticks::now(Some(running.pid()), postgres.postmaster())?;
    let started = Instant::now();
    load::all(running.address(), requests, CONNECTIONS).await?;
    let took = drain::recorded(&mut owner, wanted, started).await?;
    let shares = Ticks::now(Some(running.pid()), postgres.postmaster())?.since(&before);
    ensure!(api.emails() == count, "the provider took {} of {count} emails", api.emails());
    let memory = running.end().await?;
    owner.close().await?;
    postgres.remove(database).await?;
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    let rate = count as f64 / took.as_secs_f64();
    Ok(Through { rate, memory, shares })
}
