//! `orqestra-bench`: the engine against the limit and against the stock store, in one run on one machine.
//!
//! Rounds interleave all cases, so that a machine that changes its pace changes it for each. `soak` is the same, whole;
//! `only CASE,..` runs some. The engine is the binary that `ORQESTRA_BIN` names; where `ORQESTRA_BASELINE_BIN` names
//! another one, as of an earlier version, the cases that run the engine run with both in each round, in turn.

mod caller;
mod case;
mod drain;
mod engine;
mod large_bodies;
mod latency;
mod load;
mod machine;
mod neighbours;
mod pages;
mod peer;
mod postgres;
mod program;
mod provider_api;
mod relay;
mod report;
mod sink;
mod sizes;
mod spread;
mod through_http;
mod together;
mod words;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::case::{Bench, Case};
use crate::engine::{Engine, PREPARED, PREPARED_BASELINE, Roles};
use crate::peer::batch::Sample as Event;
use crate::peer::{echo, stock};
use crate::postgres::Postgres;
use crate::report::{Report, Sample, Which};
use crate::sizes::Sizes;

/// Where results are kept, from the workspace's root.
const KEPT: &str = ".cache/bench";

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        [] => measure(Sizes::SHORT, &Case::ALL).await,
        ["soak"] => measure(Sizes::WHOLE, &Case::ALL).await,
        ["only", names] => measure(Sizes::SHORT, &named(names)?).await,
        ["only", names, "soak"] => measure(Sizes::WHOLE, &named(names)?).await,
        // The peers, started by this program itself.
        ["echo", address, secret] => {
            echo::run(address.parse()?, secret.to_owned()).await?;
            Ok(ExitCode::SUCCESS)
        }
        ["stock", address, url, connections, api_key, secret] => {
            stock::run(address.parse()?, url, connections.parse()?, api_key, secret.to_owned()).await?;
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!(
            "arguments: none, `soak`, or `only CASE,..` with `soak` after it if the whole size is wanted"
        ),
    }
}

fn named(names: &str) -> Result<Vec<Case>> {
    let all: Vec<String> = Case::ALL.into_iter().map(Case::name).collect();
    names
        .split(',')
        .map(|name| {
            let at = all.iter().position(|known| known == name);
            at.map(|at| Case::ALL[at]).with_context(|| format!("{name} is none of {}", all.join(", ")))
        })
        .collect()
}

async fn measure(sizes: Sizes, cases: &[Case]) -> Result<ExitCode> {
    let program = program("ORQESTRA_BIN")?.context("ORQESTRA_BIN is not set")?;
    let folder = Path::new(KEPT).join("run");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;

    say("starting PostgreSQL and preparing the engine")?;
    let postgres = Postgres::start().await?;
    let engine = Engine::prepare(program, &folder, &postgres, PREPARED).await?;
    let baseline = match self::program("ORQESTRA_BASELINE_BIN")? {
        Some(program) => Some(Engine::prepare(program, &folder, &postgres, PREPARED_BASELINE).await?),
        None => None,
    };
    let event = sample(&engine, &postgres).await?;
    let bench = Bench { postgres, engine, baseline, event, sizes, folder };

    let name = OffsetDateTime::now_utc()
        .format(format_description!("[year]-[month]-[day]T[hour][minute][second]Z"))?;
    let mut report = Report::default();
    for round in 1..=sizes.most_rounds {
        for case in cases {
            if report.counting(*case) >= sizes.rounds {
                continue;
            }
            // Neither is always the one that runs on a machine warmed up by the other.
            let both = if round % 2 == 1 {
                [Which::Engine, Which::Baseline]
            } else {
                [Which::Baseline, Which::Engine]
            };
            for which in both {
                if which == Which::Engine || (bench.baseline.is_some() && case.runs_engine()) {
                    let sample = bench.run(*case, which).await?;
                    tell(round, *case, &sample)?;
                    report.add(sample);
                }
            }
        }
        report.save(Path::new(KEPT), &name)?;
        if cases.iter().all(|case| report.counting(*case) >= sizes.rounds) {
            break;
        }
    }
    say(&format!("\n{}\nkept in {KEPT}/{name}.json and .md", report.markdown()))?;
    Ok(if report.floors_hold() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The program that a variable names.
fn program(variable: &str) -> Result<Option<PathBuf>> {
    let Some(program) = std::env::var_os(variable).map(PathBuf::from) else { return Ok(None) };
    let found =
        program.canonicalize().with_context(|| format!("{variable}: no engine at {}", program.display()))?;
    Ok(Some(found))
}

/// Says how a run went as soon as it is over.
fn tell(round: usize, case: Case, sample: &Sample) -> Result<()> {
    say(&format!(
        "round {round}, {}{}: {:.2}{}{}, fdatasync {:?}{}",
        case.name(),
        if sample.which == Which::Baseline { " (baseline)" } else { "" },
        sample.value,
        sample.p50.map_or_else(String::new, |p50| format!(", p50 {p50:.1?}")),
        sample.p99.map_or_else(String::new, |p99| format!(", p99 {p99:.1?}")),
        sample.sync,
        if sample.void { ", void" } else { "" },
    ))?;
    for stretch in &sample.stretches {
        let times: Vec<_> = stretch
            .times
            .iter()
            .map(|of| format!("{} {:.1} and {:.1} ms", of.channel, of.p50 * 1e3, of.p99 * 1e3))
            .collect();
        let times = times.join(", ");
        say(&format!(
            "    {}: {times}; {} missing; {} MB",
            stretch.beside,
            stretch.missing,
            stretch.memory / 1_000
        ))?;
    }
    if let Some(shares) = &sample.shares {
        say(&format!(
            "    processors: engine {:.0} %, PostgreSQL {:.0} %, load {:.0} %, others {:.0} %",
            shares.engine * 100.0,
            shares.postgres * 100.0,
            shares.bench * 100.0,
            shares.others * 100.0
        ))?;
    }
    Ok(())
}

/// An accepted notification of this load, for the peers to store the same.
async fn sample(engine: &Engine, postgres: &Postgres) -> Result<Event> {
    let database = "sample";
    postgres.create(database, Some(PREPARED)).await?;
    let running = engine.start(Roles::Api, postgres, database).await?;
    let mut connection = load::Connection::open(running.address()).await?;
    let status = connection.ask(engine.first().triggers("sample", 1).get(0)).await?;
    ensure!(status == 200, "a trigger was answered {status}: {}", String::from_utf8_lossy(connection.body()));
    let event = Event::of(postgres, database).await?;
    running.end().await?;
    postgres.remove(database).await?;
    Ok(event)
}

fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout().lock(), "{text}").context("writing to standard output")
}
