//! The cases of a round, and one run of each: a fresh database, a warm-up, a measured stretch.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::caller::{Credentials, USERS};
use crate::drain;
use crate::engine::{Engine, PREPARED, Roles};
use crate::large_bodies;
use crate::latency::{self, Latency};
use crate::load::{self, Caller, Measured, Requests};
use crate::machine::{self, SLOWEST_SYNC, Ticks};
use crate::neighbours;
use crate::pages::Pages;
use crate::peer::batch::{self, Sample as Event};
use crate::peer::{append, pgbench, stock};
use crate::postgres::Postgres;
use crate::program::{Program, free_address};
use crate::relay;
use crate::report::{Sample, Which};
use crate::sink::Sink;
use crate::sizes::Sizes;
use crate::spread::{self, Reads};
use crate::through_http;
use crate::together::{self, Limits};

const CONNECTIONS: usize = 64;
/// More than any of these programs answers a second here.
const MOST_A_SECOND: usize = 30_000;
/// Triggers a second to the mail server, and of the tenant that repeats itself.
pub(crate) const STEADY: u32 = 200;
const REPEATER: u32 = 2_000;
/// Users with an open page, who get the pushes.
pub(crate) const PAGES: u64 = 100;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// The engine whole: accepted triggers.
    EngineWhole,
    /// The API role alone.
    EngineApi,
    /// So many processes of the API role on one log.
    Apis(usize, Limits),
    /// Peer (a) with so many connections.
    Stock(u32),
    /// Peer (b).
    Echo,
    /// Peer (c).
    SingleRows,
    /// Peer (d).
    Batches,
    /// `append_commands` alone, with so many conflicts in a hundred commands.
    AppendBatch(u32),
    /// `append_commands` by so many writers that share one load.
    Writers(usize),
    /// `append_commands` beside a held snapshot.
    Held,
    /// Trigger to mail accepted.
    Latency,
    /// Trigger to push received.
    Push,
    /// A queue drained.
    Drain,
    /// Triggers sent through a provider's API over HTTP, end to end.
    ThroughHttp,
    /// The relay, catching up with Kafka.
    Relay,
    /// A bare producer of the same records.
    Producer,
    /// Trigger to mail accepted, through Kafka and a process for each of its parts.
    LatencyThroughKafka,
    /// Triggers sent through the sandbox, end to end, with so many processes that project and send.
    EndToEnd(Reads, usize),
    /// What a tenant keeps of its rate beside one that repeats itself.
    Neighbour,
    /// The time of a tenant's answers beside another's bodies of 250 KB, divided by their time alone.
    LargeBodies,
    /// How long a tenant waits for its messages beside tenants that are slow, down, heavy or large.
    Neighbours,
}

impl Case {
    /// Whether it runs the engine, so that two of them can be compared.
    pub(crate) const fn runs_engine(self) -> bool {
        matches!(
            self,
            Self::EngineWhole
                | Self::EngineApi
                | Self::Apis(..)
                | Self::Latency
                | Self::Push
                | Self::Drain
                | Self::ThroughHttp
                | Self::Relay
                | Self::LatencyThroughKafka
                | Self::EndToEnd(..)
                | Self::Neighbour
                | Self::LargeBodies
                | Self::Neighbours
        )
    }

    /// Whether its value is a part of something.
    pub(crate) const fn is_ratio(self) -> bool {
        matches!(self, Self::Neighbour | Self::Neighbours | Self::Held | Self::LargeBodies)
    }

    /// All, in the order of a round.
    pub(crate) const ALL: [Self; 35] = [
        Self::EngineWhole,
        Self::Stock(4),
        Self::EngineApi,
        Self::Apis(2, Limits::Own),
        Self::Apis(4, Limits::Own),
        Self::Apis(1, Limits::Redis),
        Self::Apis(2, Limits::Redis),
        Self::Stock(8),
        Self::Echo,
        Self::Stock(16),
        Self::SingleRows,
        Self::Stock(32),
        Self::Batches,
        Self::AppendBatch(0),
        Self::AppendBatch(1),
        Self::AppendBatch(10),
        Self::Writers(1),
        Self::Writers(2),
        Self::Writers(4),
        Self::Writers(8),
        Self::Held,
        Self::Latency,
        Self::Push,
        Self::Drain,
        Self::ThroughHttp,
        Self::Relay,
        Self::Producer,
        Self::LatencyThroughKafka,
        Self::EndToEnd(Reads::Log, 1),
        Self::EndToEnd(Reads::Log, 4),
        Self::EndToEnd(Reads::Kafka, 1),
        Self::EndToEnd(Reads::Kafka, 4),
        Self::Neighbour,
        Self::LargeBodies,
        Self::Neighbours,
    ];
}

/// What every case runs on.
pub(crate) struct Bench {
    /// The server.
    pub(crate) postgres: Postgres,
    /// The engine, prepared.
    pub(crate) engine: Engine,
    /// Another one, which it is compared with.
    pub(crate) baseline: Option<Engine>,
    /// An event as the engine stores it.
    pub(crate) event: Event,
    /// How long and how much.
    pub(crate) sizes: Sizes,
    /// Where programs write.
    pub(crate) folder: PathBuf,
}

impl Bench {
    /// Runs a case once, with the engine or with the one it is compared with.
    pub(crate) async fn run(&self, case: Case, which: Which) -> Result<Sample> {
        let engine = match which {
            Which::Engine => &self.engine,
            Which::Baseline => self.baseline.as_ref().context("there is no engine to compare with")?,
        };
        // The disk's pace before and after.
        let before = machine::sync_median(self.postgres.folder())?;
        let measured = self.measure(case, engine).await;
        let mut sample = measured.with_context(|| format!("the case {}", case.name()))?;
        let after = machine::sync_median(self.postgres.folder())?;
        sample.case = case.name();
        sample.which = which;
        sample.sync = before.max(after);
        sample.void = sample.sync > SLOWEST_SYNC;
        Ok(sample)
    }

    async fn measure(&self, case: Case, engine: &Engine) -> Result<Sample> {
        match case {
            Case::EngineWhole => self.engine(engine, Roles::All).await,
            Case::EngineApi => self.engine(engine, Roles::Api).await,
            Case::Apis(processes, limits) => {
                let of = (processes, limits);
                let together = together::measure(engine, &self.postgres, of, self.sizes.load).await?;
                Ok(Sample {
                    value: together.rate,
                    p50: Some(together.p50),
                    p99: Some(together.p99),
                    memory: Some(together.memory),
                    ..Sample::default()
                })
            }
            Case::Stock(connections) => self.stock(connections).await,
            Case::Echo => self.echo().await,
            Case::SingleRows => self.single_rows().await,
            Case::Batches => self.batches(None).await,
            Case::AppendBatch(conflicts) => self.batches(Some(conflicts)).await,
            Case::Writers(writers) => self.writers(writers).await,
            Case::Held => self.held().await,
            Case::Latency => self.latency(engine).await,
            Case::Push => self.push(engine).await,
            Case::Drain => {
                let drained = drain::measure(engine, &self.postgres, self.sizes.queued).await?;
                Ok(Sample {
                    value: drained.rate,
                    projected: Some(drained.rate_projected),
                    memory: drained.memory.into_iter().max(),
                    shares: Some(drained.shares),
                    ..Sample::default()
                })
            }
            Case::Relay => {
                let value = relay::catch_up(engine, &self.postgres, self.sizes.relayed).await?;
                Ok(Sample { value, ..Sample::default() })
            }
            Case::Producer => {
                Ok(Sample { value: relay::bare(self.sizes.relayed).await?, ..Sample::default() })
            }
            Case::LatencyThroughKafka => {
                let time = self.sizes.latency;
                let (measured, memory) = spread::latency(engine, &self.postgres, STEADY, time).await?;
                Ok(Sample { memory: Some(memory), ..Sample::from(measured) })
            }
            Case::EndToEnd(reads, processes) => {
                let (of, count) = ((reads, processes), self.sizes.through_http);
                let (value, memory) = spread::end_to_end(engine, &self.postgres, of, count).await?;
                Ok(Sample { value, memory: Some(memory), ..Sample::default() })
            }
            Case::ThroughHttp => {
                let count = self.sizes.through_http;
                let through = through_http::measure(engine, &self.postgres, count).await?;
                Ok(Sample {
                    value: through.rate,
                    memory: Some(through.memory),
                    shares: Some(through.shares),
                    ..Sample::default()
                })
            }
            Case::Neighbour => self.neighbour(engine).await,
            Case::LargeBodies => self.large_bodies(engine).await,
            Case::Neighbours => {
                let stretches = neighbours::measure(engine, &self.postgres, self.sizes.neighbours).await?;
                let quiet = stretches.first().context("a quiet stretch")?;
                let worst = stretches.iter().map(|one| one.ratio(quiet)).fold(0.0, f64::max);
                let memory = stretches.iter().map(|one| one.memory).max();
                Ok(Sample { value: worst, memory, stretches, ..Sample::default() })
            }
        }
    }

    async fn engine(&self, engine: &Engine, roles: Roles) -> Result<Sample> {
        let database = "engine";
        self.postgres.create(database, Some(engine.prepared())).await?;
        let running = engine.start(roles, &self.postgres, database).await?;
        let mut sample = self.load(&running, engine.first(), self.sizes.load, false).await?;
        sample.memory = Some(running.end().await?);
        self.postgres.remove(database).await?;
        Ok(sample)
    }

    async fn stock(&self, connections: u32) -> Result<Sample> {
        let database = "stock";
        self.postgres.create(database, None).await?;
        let mut owner = self.postgres.connect(database).await?;
        sqlx::Executor::execute(&mut owner, stock::TABLE).await?;
        sqlx::Connection::close(owner).await?;
        let first = self.engine.first();
        let address = free_address()?;
        let arguments = [
            "stock".to_owned(),
            address.to_string(),
            self.postgres.owner_url(database),
            connections.to_string(),
            first.api_key.clone(),
            first.secret.clone(),
        ];
        let running = self.peer(&arguments, address).await?;
        let sample = self.load(&running, first, self.sizes.peer_load, false).await?;
        running.end().await?;
        self.postgres.remove(database).await?;
        Ok(sample)
    }

    async fn echo(&self) -> Result<Sample> {
        let address = free_address()?;
        let arguments = ["echo".to_owned(), address.to_string(), self.engine.first().secret.clone()];
        let running = self.peer(&arguments, address).await?;
        let sample = self.load(&running, self.engine.first(), self.sizes.peer_load, true).await?;
        running.end().await?;
        Ok(sample)
    }

    async fn peer(&self, arguments: &[String], address: std::net::SocketAddr) -> Result<Program> {
        let own = std::env::current_exe()?;
        let mut running = Program::start(&own, arguments, &[], address, &self.folder)?;
        running.ready("/readyz").await?;
        Ok(running)
    }

    /// Known users first, a second of the load itself, then what is measured.
    async fn load(
        &self,
        running: &Program,
        credentials: &Credentials,
        time: Duration,
        again: bool,
    ) -> Result<Sample> {
        load::all(running.address(), Arc::new(credentials.first_triggers("known")), CONNECTIONS).await?;
        let most = if again { 20_000 } else { MOST_A_SECOND };
        let seconds = usize::try_from(time.as_secs())?;
        let caller = |requests: Requests| {
            vec![Caller { requests: Arc::new(requests), connections: CONNECTIONS, rate: None, again }]
        };
        let warm = caller(credentials.known_triggers("warm", most));
        let measured = caller(credentials.triggers("load", most * seconds));
        load::run(running.address(), warm, Duration::from_secs(1)).await?;
        let before = Ticks::now(Some(running.pid()), self.postgres.postmaster())?;
        let measured = load::run(running.address(), measured, time).await?.remove(0);
        let shares = Ticks::now(Some(running.pid()), self.postgres.postmaster())?.since(&before);
        none_refused(&measured)?;
        Ok(Sample {
            value: measured.rate(),
            p50: Some(measured.percentile(50)),
            p99: Some(measured.percentile(99)),
            shares: Some(shares),
            ..Sample::default()
        })
    }

    async fn single_rows(&self) -> Result<Sample> {
        let database = "single";
        self.postgres.create(database, Some(PREPARED)).await?;
        let (rate, mean) = pgbench::run(&self.postgres, database, &self.event, self.sizes.peer_load).await?;
        self.postgres.remove(database).await?;
        Ok(Sample { value: rate, mean: Some(mean), ..Sample::default() })
    }

    /// Plain inserts, or calls of the function with so many conflicts.
    async fn batches(&self, conflicts: Option<u32>) -> Result<Sample> {
        let database = "batches";
        self.postgres.create(database, Some(PREPARED)).await?;
        let time = self.sizes.batches;
        let done = match conflicts {
            Some(percent) => append::conflicts(&self.postgres, database, &self.event, percent, time).await?,
            None => batch::insert(&self.postgres, database, &self.event, 100, time).await?,
        };
        self.postgres.remove(database).await?;
        Ok(Sample { value: done.rate, p50: Some(done.p50), p99: Some(done.p99), ..Sample::default() })
    }

    async fn writers(&self, writers: usize) -> Result<Sample> {
        let database = "writers";
        self.postgres.create(database, Some(PREPARED)).await?;
        let time = self.sizes.batches;
        let value = append::writers(&self.postgres, database, &self.event, writers, time).await?;
        self.postgres.remove(database).await?;
        Ok(Sample { value, ..Sample::default() })
    }

    async fn held(&self) -> Result<Sample> {
        let databases = ["held", "free"];
        for database in databases {
            self.postgres.create(database, Some(PREPARED)).await?;
        }
        let value = append::held(&self.postgres, databases, &self.event, self.sizes.held).await?;
        for database in databases {
            self.postgres.remove(database).await?;
        }
        Ok(Sample { value, ..Sample::default() })
    }

    async fn latency(&self, engine: &Engine) -> Result<Sample> {
        let database = "latency";
        self.postgres.create(database, Some(engine.prepared())).await?;
        let running = engine.start(Roles::All, &self.postgres, database).await?;
        let time = self.sizes.latency;
        let sink = Sink::start(usize::try_from((time.as_secs() + 1) * u64::from(STEADY))?).await?;
        engine.send_to(&running, sink.address()).await?;
        let first = engine.first();
        let arrived = || sink.accepted();
        let measured = latency::measure(running.address(), first, USERS, arrived, STEADY, time).await?;
        self.arrivals(measured, running, database).await
    }

    async fn push(&self, engine: &Engine) -> Result<Sample> {
        let database = "push";
        self.postgres.create(database, Some(engine.prepared())).await?;
        let running = engine.start(Roles::All, &self.postgres, database).await?;
        let time = self.sizes.latency;
        let pushes = usize::try_from((time.as_secs() + 1) * u64::from(STEADY))?;
        engine.also_push(&running).await?;
        let first = engine.first();
        let pages = Pages::open(running.address(), first, PAGES, pushes).await?;
        let arrived = || pages.arrived();
        let measured = latency::measure(running.address(), first, PAGES, arrived, STEADY, time).await?;
        drop(pages);
        self.arrivals(measured, running, database).await
    }

    async fn arrivals(&self, measured: Latency, running: Program, database: &str) -> Result<Sample> {
        let memory = Some(running.end().await?);
        self.postgres.remove(database).await?;
        Ok(Sample { memory, ..Sample::from(measured) })
    }

    async fn large_bodies(&self, engine: &Engine) -> Result<Sample> {
        let database = "large";
        self.postgres.create(database, Some(engine.prepared())).await?;
        let running = engine.start(Roles::All, &self.postgres, database).await?;
        // Its requests are made beforehand and are large.
        let (to, time) = (running.address(), self.sizes.load.min(Duration::from_secs(8)));
        let [alone, beside] = large_bodies::measure(to, engine.first(), engine.second(), time).await?;
        none_refused(&alone)?;
        none_refused(&beside)?;
        let memory = Some(running.end().await?);
        self.postgres.remove(database).await?;
        let value = beside.percentile(99).as_secs_f64() / alone.percentile(99).as_secs_f64();
        let (p50, p99) = (Some(beside.percentile(50)), Some(beside.percentile(99)));
        Ok(Sample { value, p50, p99, memory, ..Sample::default() })
    }

    /// One tenant at a fixed rate, without repeats and then with half of them; what the other one is answered meanwhile.
    async fn neighbour(&self, engine: &Engine) -> Result<Sample> {
        let database = "neighbour";
        self.postgres.create(database, Some(engine.prepared())).await?;
        let running = engine.start(Roles::All, &self.postgres, database).await?;
        let time = self.sizes.load;
        let seconds = usize::try_from(time.as_secs())?;
        let fast = seconds * MOST_A_SECOND;
        let slow = seconds * usize::try_from(REPEATER)?;
        let (first, second) = (engine.first(), engine.second());
        for tenant in [first, second] {
            load::all(running.address(), Arc::new(tenant.first_triggers("known")), CONNECTIONS).await?;
        }
        let mut rates = [Vec::new(), Vec::new()];
        // Each kind first and last once, so that a table that grows favours neither.
        for (turn, repeats) in [false, true, true, false].into_iter().enumerate() {
            let run = format!("turn-{turn}");
            let its = if repeats { first.half_repeats(&run, slow) } else { first.triggers(&run, slow) };
            let caller = |requests: Requests, rate| Caller {
                requests: Arc::new(requests),
                connections: CONNECTIONS / 2,
                rate,
                again: false,
            };
            let callers = vec![caller(its, Some(REPEATER)), caller(second.triggers(&run, fast), None)];
            let measured = load::run(running.address(), callers, time).await?;
            for one in &measured {
                none_refused(one)?;
            }
            rates[usize::from(repeats)].push(measured[1].rate());
        }
        let memory = Some(running.end().await?);
        self.postgres.remove(database).await?;
        let [without, with] = rates.map(|rates| rates.iter().sum::<f64>());
        Ok(Sample { value: with / without, memory, ..Sample::default() })
    }
}

fn none_refused(measured: &Measured) -> Result<()> {
    ensure!(measured.refused == 0, "{} refused with {:?}", measured.refused, measured.refusal);
    Ok(())
}
