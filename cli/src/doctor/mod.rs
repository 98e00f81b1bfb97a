//! `orqestra doctor`: looks at each part and says what to do about what is amiss. Changes nothing.

mod database;
mod engine;
mod folder;
mod kafka;
mod reach;
mod redis;

use std::io::{ErrorKind, Write as _};
use std::time::Duration;

use anyhow::bail;
use serde::Serialize;

use self::engine::Database;
use crate::remote::Where;
use crate::settings::Settings;
use crate::{cluster, place, trust};

const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// What was found of one part.
#[derive(Debug, Serialize)]
struct Finding {
    part: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    found: String,
    #[serde(rename = "whatToDo", skip_serializing_if = "String::is_empty")]
    what_to_do: String,
}

impl Finding {
    fn ok(part: &'static str, found: impl Into<String>) -> Self {
        Self { part, ok: true, found: found.into(), what_to_do: String::new() }
    }

    fn amiss(part: &'static str, found: impl Into<String>, what_to_do: impl Into<String>) -> Self {
        Self { part, ok: false, found: found.into(), what_to_do: what_to_do.into() }
    }
}

/// Looks at everything; fails where something needs doing.
pub(crate) async fn run(settings: &Settings, at: &Where, json: bool) -> anyhow::Result<()> {
    let mut findings = folder::look(settings);
    findings.push(programs(settings).await);
    findings.push(address(settings).await);
    let engine = engine::look(at, settings).await;
    match place::urls(settings) {
        Ok(urls) => {
            let (of_database, database) = database::look(&urls.app, settings).await;
            findings.push(engine.beside(&database));
            findings.extend(of_database);
        }
        Err(error) => {
            let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            // A folder that has seen no engine has none that runs.
            let down = kind == Some(ErrorKind::NotFound);
            findings.push(engine.beside(if down { &Database::PrivateAndDown } else { &Database::Unknown }));
            findings.push(match (trust::why(&error), kind) {
                (Some(why), _) => {
                    Finding::amiss("database", format!("not asked: {}", why.found()), why.remedy())
                }
                (None, Some(ErrorKind::NotFound)) => {
                    Finding::amiss("database", error.to_string(), "run `orqestra up`")
                }
                (None, Some(ErrorKind::PermissionDenied)) => Finding::amiss(
                    "database",
                    format!("{error:#}"),
                    "run this as the user that runs the engine",
                ),
                (None, _) => Finding::amiss(
                    "database",
                    format!("{error:#}"),
                    "run `orqestra up`, which writes it anew",
                ),
            });
        }
    }
    findings.extend(kafka::look(settings).await);
    findings.extend(redis::look(settings).await);
    let width = findings.iter().map(|finding| finding.part.len()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        if json {
            writeln!(out, "{}", serde_json::to_string(finding)?)?;
        } else {
            let mark = if finding.ok { "ok   " } else { "AMISS" };
            writeln!(out, "{mark}  {:<width$}  {}", finding.part, finding.found)?;
            if !finding.what_to_do.is_empty() {
                writeln!(out, "       {:<width$}  -> {}", "", finding.what_to_do)?;
            }
        }
    }
    let amiss = findings.iter().filter(|finding| !finding.ok).count();
    if amiss > 0 {
        let need = if amiss == 1 { "needs" } else { "need" };
        bail!("{amiss} of {} parts {need} something done", findings.len());
    }
    Ok(())
}

async fn programs(settings: &Settings) -> Finding {
    if settings.database_url.is_some() {
        return Finding::ok("postgresql", "no server programs are needed here: the database is given");
    }
    match cluster::programs().await {
        Ok(folder) => Finding::ok("postgresql", format!("server programs are in {}", folder.display())),
        Err(error) => Finding::amiss(
            "postgresql",
            format!("{error:#}"),
            "apt-get install postgresql, or set ORQESTRA_DATABASE_URL to a server elsewhere",
        ),
    }
}

async fn address(settings: &Settings) -> Finding {
    let listen = &settings.listen;
    let addresses = match listen.addresses().await {
        Ok(addresses) => addresses,
        Err(error) => {
            return Finding::amiss(
                "address",
                format!("{listen}: {error:#}"),
                "set ORQESTRA_LISTEN to an address",
            );
        }
    };
    match tokio::time::timeout(ANSWER_WITHIN, tokio::net::TcpListener::bind(&*addresses)).await {
        Ok(Ok(_)) => Finding::ok("address", format!("{listen} is free")),
        _ => {
            let found = format!(
                "{listen} is in use, as it is while the engine runs; where another program has it, set ORQESTRA_LISTEN"
            );
            Finding::ok("address", found)
        }
    }
}
