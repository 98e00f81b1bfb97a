//! Connections and roles: the pools that the engine works on, and the role that its rights are granted to. The schema is
//! `migrate.rs`'s.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use orqestra_api::percent_encoded;
use orqestra_event_log::{SESSION_NAME, Sessions};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool};

/// Connections for what requests read; the log keeps a few of its own.
const CALLERS_CONNECTIONS: u32 = 8;
/// Four subscriptions, the poller, and what looks now and then.
const RETRIED_CONNECTIONS: u32 = 8;
/// Those of a command that recovers.
const CONNECTIONS: u32 = 12;
pub(crate) const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The role that migrations grant to.
const APP_ROLE: &str = "orqestra_app";

/// Where the database is, as its owner and as the engine.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DatabaseUrls {
    pub(crate) owner: String,
    pub(crate) app: String,
}

impl DatabaseUrls {
    /// The addresses to write down: without passwords, which PostgreSQL's own programs find in this file.
    pub(crate) fn without_passwords(&self, passwords: &Path) -> Self {
        let file = percent_encoded(&passwords.display().to_string());
        let strip = |url: &str| match url.split_once("://").and_then(|(_, rest)| rest.split_once('@')) {
            Some((who, rest)) => {
                let role = who.split(':').next().unwrap_or(who);
                format!("postgres://{role}@{rest}&passfile={file}")
            }
            None => url.to_owned(),
        };
        Self { owner: strip(&self.owner), app: strip(&self.app) }
    }

    /// The addresses that were written down, with the passwords of that file.
    pub(crate) fn with_passwords(&self, passwords: &str) -> Self {
        let fill = |url: &str| {
            let told = url.split_once("&passfile=").map(|(url, _)| url);
            let parts = told.and_then(|url| url.strip_prefix("postgres://")?.split_once('@'));
            let filled = parts.and_then(|(role, rest)| {
                let password = password_of(role, passwords)?;
                Some(format!("postgres://{role}:{password}@{rest}"))
            });
            filled.unwrap_or_else(|| url.to_owned())
        };
        Self { owner: fill(&self.owner), app: fill(&self.app) }
    }

    pub(crate) fn parsed(url: &str) -> anyhow::Result<PgConnectOptions> {
        // The address may hold a password, so the error does not repeat it.
        url.parse::<PgConnectOptions>()
            .ok()
            .context("the database URL is not of the form postgres://user@host/name")
    }
}

/// A role's password in a file of libpq's form, as this program writes it: of plain characters only.
pub(crate) fn password_of<'a>(role: &str, passwords: &'a str) -> Option<&'a str> {
    passwords.lines().find_map(|line| line.strip_prefix("*:*:*:")?.strip_prefix(role)?.strip_prefix(':'))
}

/// The engine's pools, whose sessions are looked at as all of this process's are.
pub(crate) struct Pools {
    /// For requests, whose callers wait for one answer.
    pub(crate) callers: PgPool,
    /// For subscriptions and due work, which are retried until they succeed.
    pub(crate) retried: PgPool,
}

impl Pools {
    pub(crate) async fn close(&self) {
        self.callers.close().await;
        self.retried.close().await;
    }
}

/// Opens the engine's pools; the first session is opened at once, so that a database that does not answer is told now.
pub(crate) async fn connect(urls: &DatabaseUrls, sessions: &Sessions) -> anyhow::Result<Pools> {
    let options = DatabaseUrls::parsed(&urls.app)?.application_name(SESSION_NAME).options([
        ("statement_timeout", "30s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "30s"),
    ]);
    let of = |sessions: PgPoolOptions, connections| {
        sessions.max_connections(connections).acquire_timeout(CONNECT_WITHIN)
    };
    let retried =
        of(sessions.pool_for_retried_work(), RETRIED_CONNECTIONS).connect_lazy_with(options.clone());
    let callers = of(sessions.pool(), CALLERS_CONNECTIONS)
        .connect_with(options)
        .await
        .context("the database cannot be reached; `orqestra doctor` says what is missing")?;
    Ok(Pools { callers, retried })
}

/// Opens a pool of the owner's, for work that takes as long as the log is.
pub(crate) async fn connect_as_owner(urls: &DatabaseUrls) -> anyhow::Result<PgPool> {
    let options = DatabaseUrls::parsed(&urls.owner)?.application_name("orqestra recover");
    Sessions::default()
        .pool()
        .max_connections(CONNECTIONS)
        .acquire_timeout(CONNECT_WITHIN)
        .connect_with(options)
        .await
        .context("the database cannot be reached as its owner; `orqestra doctor` says what is missing")
}

/// Makes the app role where it is missing and lets the engine's user act as it.
pub(crate) async fn ensure_app_role(owner: &mut PgConnection, app_user: &str) -> anyhow::Result<()> {
    let (role, user): (bool, bool) = sqlx::query_as(
        "select exists (select from pg_roles where rolname = $1), exists (select from pg_roles where rolname = $2)",
    )
    .bind(APP_ROLE)
    .bind(app_user)
    .fetch_one(&mut *owner)
    .await?;
    if !user {
        bail!("the role {app_user} of ORQESTRA_DATABASE_URL does not exist");
    }
    if !role {
        sqlx::query("create role orqestra_app nologin")
            .execute(&mut *owner)
            .await
            .context("the role orqestra_app is missing and the owner may not create it")?;
    }
    if app_user != APP_ROLE {
        let (granted,): (bool,) = sqlx::query_as("select pg_has_role($1, $2, 'member')")
            .bind(app_user)
            .bind(APP_ROLE)
            .fetch_one(&mut *owner)
            .await?;
        if !granted {
            let statement = format!("grant orqestra_app to \"{}\"", app_user.replace('"', "\"\""));
            sqlx::query(&statement)
                .execute(&mut *owner)
                .await
                .context("orqestra_app cannot be granted to the role of ORQESTRA_DATABASE_URL")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_names_the_file_of_passwords_and_holds_none() {
        let url = |role: &str| {
            format!("postgres://{role}:pass-of-{role}@localhost:5432/orqestra?host=/a/b&sslmode=disable")
        };
        let urls = DatabaseUrls { owner: url("owner"), app: url("app") };
        let written = urls.without_passwords(Path::new("/my data/postgres.pass"));
        assert_eq!(
            written.owner,
            "postgres://owner@localhost:5432/orqestra?host=/a/b&sslmode=disable&passfile=%2Fmy%20data%2Fpostgres.pass"
        );
        let passwords = "*:*:*:postgres:x\n*:*:*:owner:pass-of-owner\n*:*:*:app:pass-of-app\n";
        let read = written.with_passwords(passwords);
        assert_eq!((read.owner, read.app), (urls.owner, urls.app));
        // One of an engine of before.
        let before =
            DatabaseUrls { owner: "postgres://owner@localhost/a?host=/x".into(), app: String::new() };
        assert_eq!(before.with_passwords(passwords).owner, before.owner);
    }
}
