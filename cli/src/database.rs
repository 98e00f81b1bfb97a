//! Connections and roles: the pool that the engine works on, and the role that its rights are granted to. The schema is
//! `migrate.rs`'s.

use std::time::Duration;

use anyhow::{Context as _, bail};
use orqestra_event_log::Sessions;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;
use sqlx::{PgConnection, PgPool};

/// Connections for commands' reads, projections and dispatch; the log keeps a few of its own.
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
    pub(crate) fn parsed(url: &str) -> anyhow::Result<PgConnectOptions> {
        // The address may hold a password, so the error does not repeat it.
        url.parse::<PgConnectOptions>()
            .ok()
            .context("the database URL is not of the form postgres://user@host/name")
    }
}

/// Opens the engine's pool, whose sessions are looked at as all of this process's are.
pub(crate) async fn connect(urls: &DatabaseUrls, sessions: &Sessions) -> anyhow::Result<PgPool> {
    let options = DatabaseUrls::parsed(&urls.app)?.application_name("orqestra").options([
        ("statement_timeout", "30s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "30s"),
    ]);
    sessions
        .pool()
        .max_connections(CONNECTIONS)
        .acquire_timeout(CONNECT_WITHIN)
        .connect_with(options)
        .await
        .context("the database cannot be reached; `orqestra doctor` says what is missing")
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
