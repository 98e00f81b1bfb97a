//! The engine as it ships: prepared once, then started on a clone of that database with chosen roles.
//!
//! All through its own doors: settings in the environment, the admin API for tenants, templates and providers.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::caller::{Credentials, EVENT_TYPE};
use crate::load::Connection;
use crate::postgres::Postgres;
use crate::program::{Program, free_address};

/// The database that rounds clone, and the one for an engine that it is compared with.
pub(crate) const PREPARED: &str = "prepared";
pub(crate) const PREPARED_BASELINE: &str = "prepared_baseline";
/// The first tenant's id.
pub(crate) const FIRST_TENANT: &str = "0190b5a0-0000-7000-8000-0000000000b1";
const ADMIN_TOKEN: &str = "bench-admin-token-0123456789";
/// 32 bytes in base64; it guards nothing but this run.
const MASTER_KEY: &str = "yz+W/wauRqSOUcb4q+x8yAqCIdrP0X93wO0LPkp+VyE=";
const SECRET: &str = "whsec-bench-0123456789abcdef";
const HIGHEST_RATE: u32 = 100_000_000;

/// How to run it.
pub(crate) struct Engine {
    program: PathBuf,
    folder: PathBuf,
    prepared: &'static str,
    first: Credentials,
    second: Option<Credentials>,
}

/// What a process of it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Roles {
    /// `up`: everything.
    All,
    /// Only the API.
    Api,
    /// Only projections and dispatch.
    Work,
    /// Only the relay.
    Relay,
}

impl Engine {
    /// Prepares a database of this name: migrated, two tenants with the sandbox, the template.
    pub(crate) async fn prepare(
        program: PathBuf,
        folder: &Path,
        postgres: &Postgres,
        prepared: &'static str,
    ) -> Result<Self> {
        let first =
            Credentials { api_key: "orq_live_bench_0123456789".to_owned(), secret: SECRET.to_owned() };
        let mut engine = Self { program, folder: folder.to_owned(), prepared, first, second: None };
        postgres.create(prepared, None).await?;
        let running = engine.start(Roles::All, postgres, prepared).await?;
        let tenant = json!({"name": "Second", "webhookSecret": SECRET, "ratePerMinute": HIGHEST_RATE});
        let second = admin(running.address(), "POST", "/admin/v1/tenants", &tenant).await?;
        let text = |name: &str| second[name].as_str().context("an answer with this field").map(str::to_owned);
        engine.second = Some(Credentials { api_key: text("apiKey")?, secret: SECRET.to_owned() });
        let template = json!({
            "subject": "{{ title }}: {{ orderNumber }}",
            "body": "<h1>{{ title }}</h1>\n<p>Dear {{ name }}, your parcel <b>{{ orderNumber }}</b> worth {{ amount }} \
                     is on its way.</p>",
        });
        let sandbox = json!([{"kind": "sandbox"}]);
        for tenant in [FIRST_TENANT, &text("tenantId")?] {
            // What `serve` has only where it is told so.
            for channel in ["EMAIL", "SMS"] {
                let path = format!("/admin/v1/tenants/{tenant}/providers/{channel}");
                admin(running.address(), "PUT", &path, &sandbox).await?;
            }
            let path = format!("/admin/v1/tenants/{tenant}/templates/{EVENT_TYPE}/EMAIL");
            admin(running.address(), "PUT", &path, &template).await?;
        }
        running.end().await?;
        Ok(engine)
    }

    /// The database that its rounds clone.
    pub(crate) fn prepared(&self) -> &'static str {
        self.prepared
    }

    /// The first tenant.
    pub(crate) fn first(&self) -> &Credentials {
        &self.first
    }

    /// The second tenant.
    pub(crate) fn second(&self) -> &Credentials {
        self.second.as_ref().expect("prepare made it")
    }

    /// Sends the first tenant's emails to an SMTP server on this machine.
    pub(crate) async fn send_to(&self, running: &Program, smtp: SocketAddr) -> Result<()> {
        let providers = json!([{
            "kind": "smtp", "host": smtp.ip().to_string(), "port": smtp.port(), "tls": "none",
            "from": "Shop <shop@example.org>",
        }]);
        let path = format!("/admin/v1/tenants/{FIRST_TENANT}/providers/EMAIL");
        admin(running.address(), "PUT", &path, &providers).await.map(drop)
    }

    /// Has the first tenant's event type pushed too.
    pub(crate) async fn also_push(&self, running: &Program) -> Result<()> {
        let template =
            json!({"title": "{{ title }}: {{ orderNumber }}", "body": "Worth {{ amount }}, on its way."});
        let path = format!("/admin/v1/tenants/{FIRST_TENANT}/templates/{EVENT_TYPE}/PUSH");
        admin(running.address(), "PUT", &path, &template).await.map(drop)
    }

    /// Has the first tenant's event type sent as a text message too, by this provider.
    pub(crate) async fn also_text(&self, running: &Program, provider: Value) -> Result<()> {
        let path = format!("/admin/v1/tenants/{FIRST_TENANT}/templates/{EVENT_TYPE}/SMS");
        self.put(running, &path, &json!({"body": "{{ title }}: {{ orderNumber }}"})).await?;
        self.put(running, &format!("/admin/v1/tenants/{FIRST_TENANT}/providers/SMS"), &json!([provider]))
            .await
    }

    /// Registers another tenant: its id and what it shows.
    pub(crate) async fn tenant(&self, running: &Program, name: &str) -> Result<(String, Credentials)> {
        let tenant = json!({"name": name, "webhookSecret": SECRET, "ratePerMinute": HIGHEST_RATE});
        let made = admin(running.address(), "POST", "/admin/v1/tenants", &tenant).await?;
        let text = |name: &str| made[name].as_str().context("an answer with this field").map(str::to_owned);
        Ok((text("tenantId")?, Credentials { api_key: text("apiKey")?, secret: SECRET.to_owned() }))
    }

    /// Sets something through the admin API.
    pub(crate) async fn put(&self, running: &Program, path: &str, body: &Value) -> Result<()> {
        admin(running.address(), "PUT", path, body).await.map(drop)
    }

    /// Starts a process with all roles whose retries follow each other quickly.
    pub(crate) async fn start_with_quick_retries(
        &self,
        postgres: &Postgres,
        database: &str,
    ) -> Result<Program> {
        self.start_with(Roles::All, postgres, database, &[("ORQESTRA_RETRY_DELAYS", "1s,2s,3s".to_owned())])
            .await
    }

    /// Starts a process of it and waits until it is ready.
    pub(crate) async fn start(&self, roles: Roles, postgres: &Postgres, database: &str) -> Result<Program> {
        self.start_with(roles, postgres, database, &[]).await
    }

    /// Starts a process that relays to these brokers, or reads the topic there.
    pub(crate) async fn start_with_kafka(
        &self,
        roles: Roles,
        postgres: &Postgres,
        database: &str,
        brokers: &str,
    ) -> Result<Program> {
        self.start_with(roles, postgres, database, &[("ORQESTRA_KAFKA_BROKERS", brokers.to_owned())]).await
    }

    /// Starts an API process that shares limits through this Redis.
    pub(crate) async fn start_with_redis(
        &self,
        postgres: &Postgres,
        database: &str,
        url: &str,
    ) -> Result<Program> {
        self.start_with(Roles::Api, postgres, database, &[("ORQESTRA_REDIS_URL", url.to_owned())]).await
    }

    async fn start_with(
        &self,
        roles: Roles,
        postgres: &Postgres,
        database: &str,
        more: &[(&str, String)],
    ) -> Result<Program> {
        let address = free_address()?;
        let mut environment = vec![
            ("ORQESTRA_LISTEN", address.to_string()),
            ("ORQESTRA_DATA_DIR", self.folder.join("data").display().to_string()),
            ("ORQESTRA_DATABASE_URL", postgres.app_url(database)),
            ("ORQESTRA_MIGRATION_DATABASE_URL", postgres.owner_url(database)),
            ("ORQESTRA_MASTER_KEY", MASTER_KEY.to_owned()),
            ("ORQESTRA_ADMIN_TOKEN", ADMIN_TOKEN.to_owned()),
            ("ORQESTRA_BOOTSTRAP_TENANT_ID", FIRST_TENANT.to_owned()),
            ("ORQESTRA_BOOTSTRAP_TENANT_NAME", "First".to_owned()),
            ("ORQESTRA_BOOTSTRAP_API_KEY", self.first.api_key.clone()),
            ("ORQESTRA_BOOTSTRAP_WEBHOOK_SECRET", self.first.secret.clone()),
            ("ORQESTRA_BOOTSTRAP_RATE_PER_MINUTE", HIGHEST_RATE.to_string()),
            ("ORQESTRA_SMTP_PRIVATE_HOSTS", "on".to_owned()),
        ];
        environment.extend_from_slice(more);
        let arguments: &[&str] = match roles {
            Roles::All => &["up"],
            Roles::Api => &["serve", "--role", "api"],
            Roles::Work => &["serve", "--role", "project,dispatch"],
            Roles::Relay => &["serve", "--role", "relay"],
        };
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        let mut running = Program::start(&self.program, &arguments, &environment, address, &self.folder)?;
        // What drains a queue is measured from its first moment on.
        if !matches!(roles, Roles::Work | Roles::Relay) {
            running.ready("/readyz").await.context("the engine")?;
        }
        Ok(running)
    }
}

async fn admin(to: SocketAddr, method: &str, path: &str, body: &Value) -> Result<Value> {
    let body = body.to_string();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len(),
    );
    let mut connection = Connection::open(to).await?;
    let status = connection.ask(request.as_bytes()).await?;
    let answer = connection.body();
    ensure!((200..300).contains(&status), "{method} {path}: {status} {}", String::from_utf8_lossy(answer));
    Ok(serde_json::from_slice(answer)?)
}
