//! Time from trigger to SENT of a healthy tenant, by push, SMS through an API over HTTP and email by SMTP: alone, then beside
//! tenants whose servers and APIs refuse, hang or answer late, beside heavy templates, beside large bodies.
//!
//! Each stretch has a database and a process of its own. A time runs from the moment a trigger is due until the outcome is
//! recorded, by the clock of this machine; a delivery without an outcome counts as long as was waited for it.

mod servers;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use orqestra_domain::{EventId, NotificationId, TenantId};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use time::OffsetDateTime;
use tokio::time::{Instant, interval};

use self::servers::{Manner, Refusing, Server};
use crate::caller::{Credentials, USERS};
use crate::engine::{Engine, FIRST_TENANT};
use crate::load::{self, Caller, Requests, due, percentile};
use crate::postgres::Postgres;
use crate::program::Program;
use crate::provider_api::{self, ProviderApi};
use crate::sink::Sink;

/// The healthy tenant's triggers a second, each on three channels.
const STEADY: u32 = 40;
const CONNECTIONS: usize = 8;
/// How long the last outcomes are waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How late the slow servers and APIs answer.
const LATE: Duration = Duration::from_secs(4);
/// Mails that wait for each server that refuses.
const BACKLOG: usize = 1_400;
/// Messages that wait for each API that fails.
const FAILING_BACKLOG: usize = 2_500;
/// Renders that wait, for each measured second: more than are done in it.
const RENDERS: usize = 150;
/// Large bodies a second, and their size.
const LARGE: u32 = 40;
const LARGE_BODY: usize = 245 * 1_000;

/// The neighbours that the healthy tenant is measured beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Alone,
    Refusing,
    Slow,
    Failing,
    Heavy,
    Large,
}

impl Beside {
    const ALL: [Self; 6] = [Self::Alone, Self::Refusing, Self::Slow, Self::Failing, Self::Heavy, Self::Large];

    const fn name(self) -> &'static str {
        match self {
            Self::Alone => "quiet",
            Self::Refusing => "12 tenants whose SMTP refuses, 1,400 mails each",
            Self::Slow => "20 tenants whose SMTP answers after 4 s",
            Self::Failing => "12 tenants whose APIs refuse, hang or answer after 4 s, 2,500 messages each",
            Self::Heavy => "a tenant with heavy templates",
            Self::Large => "a tenant that triggers 250 KB bodies",
        }
    }

    /// The aim: the 99th percentile of the healthy tenant within so many times its quiet value.
    const fn most_times(self) -> f64 {
        match self {
            Self::Failing => 2.0,
            Self::Alone | Self::Refusing | Self::Slow | Self::Heavy | Self::Large => 3.0,
        }
    }
}

/// One channel's times.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Times {
    pub(crate) channel: &'static str,
    /// Seconds, as the others.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// One stretch.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stretch {
    /// The neighbours of the measurement; the first is quiet.
    pub(crate) beside: &'static str,
    /// The aim for the ratio to the quiet one.
    pub(crate) most_times: f64,
    pub(crate) times: Vec<Times>,
    /// Deliveries without an outcome.
    pub(crate) missing: usize,
    /// The most memory that the engine held, in KB.
    pub(crate) memory: u64,
}

impl Stretch {
    /// How many times the quiet 99th percentile the worst channel's is.
    pub(crate) fn ratio(&self, quiet: &Self) -> f64 {
        let of = |now: &Times, then: &Times| now.p99 / then.p99;
        self.times.iter().zip(&quiet.times).map(|(now, then)| of(now, then)).fold(0.0, f64::max)
    }
}

/// Measures all stretches, for `time` each.
pub(crate) async fn measure(engine: &Engine, postgres: &Postgres, time: Duration) -> Result<Vec<Stretch>> {
    let mut stretches = Vec::new();
    for beside in Beside::ALL {
        let stretch = stretch(engine, postgres, beside, time).await;
        stretches.push(stretch.with_context(|| format!("beside: {}", beside.name()))?);
    }
    Ok(stretches)
}

/// A tenant that loads the engine.
struct Neighbour {
    credentials: Credentials,
    path: String,
}

impl Neighbour {
    async fn join(engine: &Engine, running: &Program, number: usize) -> Result<Self> {
        let (tenant, credentials) = engine.tenant(running, &format!("Neighbour {number}")).await?;
        Ok(Self { credentials, path: format!("/admin/v1/tenants/{tenant}") })
    }

    async fn sends_to(&self, engine: &Engine, running: &Program, server: SocketAddr) -> Result<()> {
        let smtp = json!({
            "kind": "smtp", "host": server.ip().to_string(), "port": server.port(), "tls": "none",
            "from": "Shop <shop@example.org>",
        });
        self.mails_by(engine, running, smtp).await
    }

    async fn mails_by(&self, engine: &Engine, running: &Program, provider: Value) -> Result<()> {
        self.sends(engine, running, "EMAIL", json!({"subject": "s", "body": "<p>Hello</p>"}), provider).await
    }

    async fn texts_by(&self, engine: &Engine, running: &Program, provider: Value, body: &str) -> Result<()> {
        self.sends(engine, running, "SMS", json!({"body": body}), provider).await
    }

    async fn sends(
        &self,
        engine: &Engine,
        running: &Program,
        channel: &str,
        template: Value,
        provider: Value,
    ) -> Result<()> {
        engine.put(running, &format!("{}/templates/parcel.sent/{channel}", self.path), &template).await?;
        engine.put(running, &format!("{}/providers/{channel}", self.path), &json!([provider])).await
    }

    /// Texts whose templates take a thread for as long as a template may.
    async fn renders(&self, engine: &Engine, running: &Program) -> Result<()> {
        let body = format!(
            "{}{{% for a in (1..90) %}}{{% for b in (1..900) %}}{{% endfor %}}{{% endfor %}}done",
            "{% comment %}filling{% endcomment %}".repeat(300),
        );
        self.texts_by(engine, running, json!({"kind": "sandbox"}), &body).await
    }
}

async fn stretch(engine: &Engine, postgres: &Postgres, beside: Beside, time: Duration) -> Result<Stretch> {
    let database = "neighbours";
    postgres.create(database, Some(engine.prepared())).await?;
    let running = engine.start_with_quick_retries(postgres, database).await?;
    let seconds = usize::try_from(time.as_secs())?;
    let healthy = engine.first();
    let count = (seconds + 1) * STEADY as usize;
    let sink = Sink::start(count).await?;
    engine.send_to(&running, sink.address()).await?;
    engine.also_push(&running).await?;
    let healthy_api = ProviderApi::start(provider_api::Manner::AtOnce).await?;
    engine.also_text(&running, provider_api::twilio(healthy_api.address())).await?;

    let refusing = (Refusing::bind()?, Server::start(Manner::Busy).await?);
    let slow = Server::start(Manner::Slow(LATE)).await?;
    let hanging = ProviderApi::start(provider_api::Manner::Never).await?;
    let late = ProviderApi::start(provider_api::Manner::After(LATE)).await?;
    let unavailable = ProviderApi::start(provider_api::Manner::Unavailable).await?;
    let mut callers = vec![Caller {
        requests: Arc::new(triggers(healthy, count)),
        connections: CONNECTIONS,
        rate: Some(STEADY),
        again: false,
    }];
    match beside {
        Beside::Alone => {}
        Beside::Refusing => {
            for number in 0..12 {
                let tenant = Neighbour::join(engine, &running, number).await?;
                let address = if number % 2 == 0 { refusing.0.address()? } else { refusing.1.address() };
                tenant.sends_to(engine, &running, address).await?;
                fill(&running, &tenant, BACKLOG).await?;
            }
        }
        Beside::Slow => {
            // Enough for all the sessions to be taken to the end.
            let mails = 32 * (2 + (seconds + 1).div_ceil(4));
            for number in 0..20 {
                let tenant = Neighbour::join(engine, &running, number).await?;
                tenant.sends_to(engine, &running, slow.address()).await?;
                fill(&running, &tenant, mails).await?;
            }
        }
        Beside::Failing => {
            // Of each three one refuses, of those every second one the connection.
            let apis = [
                [refusing.0.address()?, hanging.address(), late.address()],
                [unavailable.address(), hanging.address(), late.address()],
            ];
            for (number, api) in apis.concat().into_iter().cycle().take(12).enumerate() {
                let tenant = Neighbour::join(engine, &running, number).await?;
                // Every fourth sends text messages: one by an API of each manner.
                if number % 4 == 0 {
                    tenant.texts_by(engine, &running, provider_api::twilio(api), "Hello").await?;
                } else {
                    tenant.mails_by(engine, &running, provider_api::resend(api)).await?;
                }
                fill(&running, &tenant, FAILING_BACKLOG).await?;
            }
        }
        Beside::Heavy => {
            let tenant = Neighbour::join(engine, &running, 0).await?;
            tenant.renders(engine, &running).await?;
            fill(&running, &tenant, RENDERS * (seconds + 1)).await?;
        }
        Beside::Large => {
            let tenant = Neighbour::join(engine, &running, 0).await?;
            tenant.sends_to(engine, &running, sink.address()).await?;
            let requests =
                tenant.credentials.large_mails("large", LARGE as usize * (seconds + 1), LARGE_BODY);
            callers.push(Caller {
                requests: Arc::new(requests),
                connections: CONNECTIONS / 2,
                rate: Some(LARGE),
                again: false,
            });
        }
    }

    let began = (Instant::now(), OffsetDateTime::now_utc());
    let measured = load::run(running.address(), callers, time + Duration::from_mins(1)).await?;
    for one in &measured {
        ensure!(one.refused == 0, "{} triggers were refused with {:?}", one.refused, one.refusal);
    }
    let started = began.1 + (measured[0].started - began.0);
    let mut owner = postgres.connect(database).await?;
    let sent = outcomes(&mut owner, count).await?;
    let texts = sent.keys().filter(|(_, channel)| channel == "SMS").count();
    ensure!(healthy_api.texts() >= texts, "its API took {} of {texts} text messages", healthy_api.texts());
    owner.close().await?;
    let memory = running.end().await?;
    postgres.remove(database).await?;
    times(beside, &sent, started, count, memory)
}

fn triggers(credentials: &Credentials, count: usize) -> Requests {
    let mut requests = Requests::default();
    let mut wire = Vec::new();
    for number in 0..count as u64 {
        credentials.trigger(&mut wire, RUN, number, number % USERS, &format!("n{number}@example.com"));
        requests.push(&wire);
    }
    requests
}

/// A number that keeps the healthy tenant's event ids apart.
const RUN: &str = "healthy";

async fn fill(running: &Program, tenant: &Neighbour, count: usize) -> Result<()> {
    // Few connections: with many the engine takes it for a rush and sends nothing meanwhile.
    let requests = Arc::new(tenant.credentials.triggers("fill", count));
    load::all(running.address(), requests, CONNECTIONS).await.map(drop)
}

type Outcomes = HashMap<(String, String), OffsetDateTime>;

/// When each of the healthy tenant's deliveries was recorded as sent; waits for all of them, up to a deadline.
async fn outcomes(owner: &mut PgConnection, count: usize) -> Result<Outcomes> {
    let deadline = Instant::now() + PATIENCE;
    let mut look = interval(Duration::from_millis(250));
    loop {
        look.tick().await;
        let found: Vec<(String, String, OffsetDateTime)> = sqlx::query_as(
            "select aggregate_id, payload -> 'AttemptSucceeded' ->> 'channel', recorded_at from events
              where event_type = 'AttemptSucceeded' and tenant_id = $1::text::uuid",
        )
        .bind(FIRST_TENANT)
        .fetch_all(&mut *owner)
        .await?;
        if found.len() >= 3 * count || Instant::now() > deadline {
            return Ok(found.into_iter().map(|(stream, channel, at)| ((stream, channel), at)).collect());
        }
    }
}

fn times(
    beside: Beside,
    sent: &Outcomes,
    started: OffsetDateTime,
    count: usize,
    memory: u64,
) -> Result<Stretch> {
    let tenant: TenantId = FIRST_TENANT.parse()?;
    let mut missing = 0;
    let mut times = Vec::new();
    for channel in ["PUSH", "SMS", "EMAIL"] {
        let mut took = Vec::new();
        // The first second warms up.
        for number in STEADY as usize..count {
            let event = EventId::parse(&format!("evt-{RUN}-{number}"))?;
            let stream = format!("{tenant}/{}", NotificationId::of_event(tenant, &event));
            let due = started + due(number, STEADY);
            let time = sent.get(&(stream, channel.to_owned())).map(|at| *at - due);
            missing += usize::from(time.is_none());
            took.push(time.map_or(PATIENCE, |time| time.try_into().unwrap_or_default()));
        }
        took.sort_unstable();
        let (p50, p99) = (percentile(&took, 50).as_secs_f64(), percentile(&took, 99).as_secs_f64());
        times.push(Times { channel, p50, p99 });
    }
    Ok(Stretch { beside: beside.name(), most_times: beside.most_times(), times, missing, memory })
}
