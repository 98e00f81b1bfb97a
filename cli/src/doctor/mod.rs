//! `orqestra doctor`: looks at each part and says what to do about what is amiss. Changes nothing.

use std::io::Write as _;
use std::time::Duration;

use anyhow::bail;
use orqestra_event_log::MIGRATOR;
use serde::Serialize;
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::settings::Settings;
use crate::{cluster, place};

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
pub(crate) async fn run(settings: &Settings, json: bool) -> anyhow::Result<()> {
    let mut findings = vec![data_folder(settings), programs(settings).await, address(settings).await];
    match place::urls(settings) {
        Ok(urls) => {
            findings.push(roles(settings));
            findings.extend(database(&urls.app).await);
        }
        Err(error) => findings.push(Finding::amiss("database", error.to_string(), "run `orqestra up`")),
    }
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        if json {
            writeln!(out, "{}", serde_json::to_string(finding)?)?;
        } else {
            let mark = if finding.ok { "ok   " } else { "AMISS" };
            writeln!(out, "{mark}  {:<12} {}", finding.part, finding.found)?;
            if !finding.what_to_do.is_empty() {
                writeln!(out, "       {:<12} -> {}", "", finding.what_to_do)?;
            }
        }
    }
    let amiss = findings.iter().filter(|finding| !finding.ok).count();
    if amiss > 0 {
        bail!("{amiss} of {} parts need something done", findings.len());
    }
    Ok(())
}

fn data_folder(settings: &Settings) -> Finding {
    let path = &settings.data_dir;
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Finding::ok("data folder", shown.to_string()),
        Ok(_) => Finding::amiss("data folder", format!("{shown} is no folder"), "set ORQESTRA_DATA_DIR"),
        Err(_) => Finding::ok("data folder", format!("{shown} will be made by `orqestra up`")),
    }
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
    let listen = settings.listen;
    match tokio::time::timeout(ANSWER_WITHIN, tokio::net::TcpListener::bind(listen)).await {
        Ok(Ok(_)) => Finding::ok("address", format!("{listen} is free")),
        _ => {
            Finding::ok("address", format!("{listen} is in use: by a running engine, or set ORQESTRA_LISTEN"))
        }
    }
}

fn roles(settings: &Settings) -> Finding {
    if settings.database_url.is_some() && settings.migration_database_url.is_none() {
        Finding::amiss(
            "roles",
            "the engine works as the owner of the schema",
            "set ORQESTRA_MIGRATION_DATABASE_URL to the owner and ORQESTRA_DATABASE_URL to a role without rights of its own",
        )
    } else {
        Finding::ok("roles", "the engine works as another role than the owner")
    }
}

async fn database(url: &str) -> Vec<Finding> {
    let connecting = tokio::time::timeout(ANSWER_WITHIN, PgConnection::connect(url));
    let Ok(Ok(mut connection)) = connecting.await else {
        return vec![Finding::amiss("database", "does not answer", "start it, or run `orqestra up`")];
    };
    let mut findings = Vec::new();
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        let shown = sqlx::query("select current_setting($1)").bind(setting).fetch_one(&mut connection).await;
        let value = shown.and_then(|row| row.try_get::<String, _>(0)).unwrap_or_default();
        findings.push(if value == "on" {
            Finding::ok("database", format!("{setting} is on"))
        } else {
            Finding::amiss(
                "database",
                format!("{setting} is {value}"),
                format!("set {setting} = on: a crash would lose accepted events"),
            )
        });
    }
    let head = sqlx::query("select coalesce(max(position), 0) from events").fetch_one(&mut connection).await;
    findings.push(match head.and_then(|row| row.try_get::<i64, _>(0)) {
        Ok(head) => Finding::ok("log", format!("holds {head} events")),
        Err(_) => Finding::amiss("log", "is missing or cannot be read", "run `orqestra migrate`"),
    });
    findings.push(schema(&mut connection).await);
    // The findings stand; how the connection ends does not matter.
    drop(connection.close().await);
    findings
}

async fn schema(connection: &mut PgConnection) -> Finding {
    let asked = sqlx::query("select version from _sqlx_migrations where success").fetch_all(connection).await;
    let read: Result<Vec<i64>, _> =
        asked.and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>());
    let Ok(applied) = read else {
        return Finding::amiss("schema", "its version cannot be read", "run `orqestra migrate`");
    };
    let known: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
    let missing = known.iter().filter(|version| !applied.contains(version)).count();
    let newer = applied.iter().filter(|version| !known.contains(version)).count();
    if newer > 0 {
        let found = format!("has {newer} migrations that this program does not know");
        Finding::amiss("schema", found, "run a newer program")
    } else if missing > 0 {
        Finding::amiss("schema", format!("lacks {missing} migrations"), "run `orqestra migrate`")
    } else {
        Finding::ok("schema", "is this program's")
    }
}
