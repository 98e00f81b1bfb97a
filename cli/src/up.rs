//! `orqestra up` and `orqestra serve`: the engine, with all that it needs or on what it is given.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures::FutureExt as _;
use orqestra_api::DemoPage;
use orqestra_commands::DefaultProvider;
use orqestra_domain::TenantId;
use orqestra_event_log::Clock as _;
use orqestra_event_log::Ids as _;
use orqestra_event_log::source::{SystemClock, SystemIds};
use orqestra_vault::OsEntropy;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cluster::{self, Cluster, STOP_WITHIN_AT_LEAST};
use crate::database::DatabaseUrls;
use crate::engine::{Engine, Role, STOP_WITHIN, Serving};
use crate::keep::{DataDir, Missing};
use crate::secrets::{self, ApiSecrets, Database};
use crate::server::Listeners;
use crate::settings::{Bootstrap, Embedded, Settings, local_url};
use crate::{banner, demo, migrate, place};

/// From Ctrl-C to the end of engine and database, whatever hangs: 10 s are promised.
const END_WITHIN: Duration = Duration::from_millis(9_250);
/// How long the last spans may take to be sent, where the rest of the end has left it.
const SPANS_WITHIN: Duration = Duration::from_secs(2);
/// When the program was told to end.
static TOLD: OnceLock<Instant> = OnceLock::new();
const _: () = assert!(
    STOP_WITHIN.as_millis() + STOP_WITHIN_AT_LEAST.as_millis() <= END_WITHIN.as_millis(),
    "the engine's end leaves the database its time"
);

/// Runs everything in one process until Ctrl-C or SIGTERM.
pub(crate) async fn up(settings: &Settings) -> anyhow::Result<()> {
    settings.check_secrets()?;
    let token = stop_signal()?;
    let data = DataDir::open(&settings.data_dir)?;
    let listeners = Listeners::bind(settings).await?;
    let (urls, cluster) = match place::given(settings) {
        Some(urls) => (urls, None),
        None => {
            let cluster = match cluster::start_or_adopt(data.path(), &token).await {
                Err(_) if token.is_cancelled() => return Ok(()),
                started => started?,
            };
            (DatabaseUrls { owner: cluster.owner_url(), app: cluster.app_url() }, Some(cluster))
        }
    };
    let told = tokio::spawn(when_cancelled(token.clone()));
    // However it ends, a panic included, it leaves no database running.
    let running = run(settings, &data, &urls, listeners, cluster.as_ref(), token.clone());
    let ran = AssertUnwindSafe(running).catch_unwind().await;
    token.cancel();
    let mut stopped = Ok(());
    if let Some(cluster) = cluster {
        let told = told.await.unwrap_or_else(|_| Instant::now());
        stopped = cluster.stop(told + END_WITHIN).await;
    }
    ran.unwrap_or_else(|panic| resume_unwind(panic)).and(stopped)
}

/// Until when a database that was started for one command is given time to end.
pub(crate) fn within_the_end() -> Instant {
    Instant::now() + END_WITHIN
}

/// What is left of the time that the end has, for the last spans.
pub(crate) fn left_of_the_end() -> Duration {
    let gone = TOLD.get().map_or(Duration::ZERO, Instant::elapsed);
    END_WITHIN.saturating_sub(gone).min(SPANS_WITHIN)
}

async fn when_cancelled(token: CancellationToken) -> Instant {
    token.cancelled().await;
    Instant::now()
}

struct Prepared {
    engine: Engine,
    tenant: Bootstrap,
    secrets: ApiSecrets,
}

/// Everything up to an engine that could serve. Whatever it is told to end in, the next start takes up.
async fn prepare(
    settings: &Settings,
    data: &DataDir,
    urls: &DatabaseUrls,
    private: bool,
) -> anyhow::Result<Prepared> {
    drop(migrate::migrate(urls).await?);
    if private {
        data.remember_urls(urls)?;
    }
    let engine = Engine::open(urls, settings, data, Missing::Made, DefaultProvider::Sandbox).await?;
    engine.commands.seed_platform().await?;
    let database = if private { Database::Private } else { Database::Given };
    let secrets = ApiSecrets::claimed(settings, data, engine.vault(), (Missing::Made, database)).await?;
    let tenant = first_tenant(settings, data)?;
    demo::ensure(&engine.commands, &tenant).await.context("the first tenant cannot be set up")?;
    Ok(Prepared { engine, tenant, secrets })
}

async fn run(
    settings: &Settings,
    data: &DataDir,
    urls: &DatabaseUrls,
    listeners: Listeners,
    cluster: Option<&Cluster>,
    token: CancellationToken,
) -> anyhow::Result<()> {
    let preparing = prepare(settings, data, urls, cluster.is_some());
    let Prepared { engine, tenant, secrets } = tokio::select! {
        biased;
        () = token.cancelled() => return Ok(()),
        prepared = preparing => prepared?,
    };
    let (address, probes) = listeners.addresses()?;
    let demo = settings.demo.unwrap_or(DemoPage::Served);
    let program = std::env::current_exe().unwrap_or_else(|_| "orqestra".into());
    let terminal = std::io::stdout().is_terminal();
    let entry = engine.commands.directory().tenant(tenant.id);
    let banner = banner::text(&banner::Facts {
        address,
        probes,
        tenant: &tenant,
        record: entry.as_deref().map(|entry| &entry.record),
        demo,
        api_key: banner::Secret::api_key(settings, &tenant.api_key, terminal),
        admin_token: banner::Secret::admin_token(settings, &secrets.admin_token, terminal),
        database: cluster.map(Cluster::home),
        adopted: cluster.is_some_and(Cluster::adopted),
        data: data.path(),
        program: &program,
    });
    // Who closed standard output wants no banner.
    drop(std::io::stdout().lock().write_all(banner.as_bytes()));
    let _announced = data.announce(&local_url(address));
    let mut all = BTreeSet::from([Role::Api, Role::Project, Role::Dispatch]);
    if settings.kafka.is_some() {
        all.insert(Role::Relay);
    }
    let private_hosts = settings.private_hosts(Embedded::Up, address.ip());
    let topic = settings.consumed_topic(Embedded::Up);
    let serving = Serving { settings, secrets: Some(&secrets), demo, private_hosts, topic };
    let ran = engine.run(&all, serving, listeners, token).await;
    tracing::info!("the engine has ended");
    ran
}

/// Runs some roles on a database that is given and migrated. Whatever they are, the process listens for its probes.
pub(crate) async fn serve(settings: &Settings, roles: BTreeSet<Role>) -> anyhow::Result<()> {
    settings.check_secrets()?;
    ensure!(
        settings.kafka.is_some() || !roles.contains(&Role::Relay),
        "the role relay needs kafka_brokers (ORQESTRA_KAFKA_BROKERS)"
    );
    let token = stop_signal()?;
    let data = DataDir::open(&settings.data_dir)?;
    let urls = place::given(settings).context("`serve` needs ORQESTRA_DATABASE_URL; `up` brings its own")?;
    let listeners = Listeners::bind(settings).await?;
    // Two processes that start at once must not make two of a key.
    let serves = roles.contains(&Role::Api);
    if serves {
        ApiSecrets::look(settings, &data)?;
    }
    // No message of a tenant may vanish into a sandbox that it has not asked for.
    let engine = Engine::open(&urls, settings, &data, Missing::Refused, DefaultProvider::None).await?;
    engine.commands.seed_platform().await?;
    // Beside other roles the relay alone stands still: its readiness and its log lines say why.
    if roles.iter().all(|role| *role == Role::Relay) {
        engine.make_topics(settings).await?;
    }
    let given = (Missing::Refused, Database::Given);
    let secrets =
        if serves { Some(ApiSecrets::claimed(settings, &data, engine.vault(), given).await?) } else { None };
    let (address, probes) = listeners.addresses()?;
    tracing::info!(roles = ?roles, address = %address, probes = %probes, "the engine serves");
    // Commands ask the API; a process without it has nothing for them.
    let _announced = serves.then(|| data.announce(&local_url(address)));
    let demo = settings.demo.unwrap_or(DemoPage::Absent);
    let private_hosts = settings.private_hosts(Embedded::Serve, address.ip());
    let topic = settings.consumed_topic(Embedded::Serve);
    let serving = Serving { settings, secrets: secrets.as_ref(), demo, private_hosts, topic };
    engine.run(&roles, serving, listeners, token).await
}

/// What `bootstrap` does to an installation's secret for realtime tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Realtime {
    /// It stays.
    Kept,
    /// Another one takes its place.
    Changed,
}

/// Prepares an installation on a database that is given, once: its schema, its keys, the platform's templates and the first
/// tenant that the settings name. Run again, it changes nothing.
pub(crate) async fn bootstrap(settings: &Settings, realtime: Realtime) -> anyhow::Result<()> {
    settings.check_secrets()?;
    let data = DataDir::open(&settings.data_dir)?;
    let urls = place::given(settings).context(
        "`bootstrap` needs ORQESTRA_DATABASE_URL; `up` brings its own database and prepares it itself",
    )?;
    drop(migrate::migrate(&urls).await?);
    let engine = Engine::open(&urls, settings, &data, Missing::Made, DefaultProvider::None).await?;
    let prepared = async {
        engine.commands.seed_platform().await?;
        if realtime == Realtime::Changed {
            secrets::change_realtime(settings, &data, engine.vault()).await?;
        }
        ApiSecrets::claimed(settings, &data, engine.vault(), (Missing::Made, Database::Given)).await?;
        let Some(tenant) = &settings.bootstrap else { return Ok(None) };
        demo::ensure(&engine.commands, tenant).await.context("the first tenant cannot be set up")?;
        anyhow::Ok(Some(tenant.id))
    };
    let prepared = prepared.await;
    engine.close().await?;
    let tenant = prepared?.map_or_else(
        || "no first tenant: set ORQESTRA_BOOTSTRAP_TENANT_ID, or use `orqestra tenant create`".to_owned(),
        |id| format!("first tenant {id}"),
    );
    let text = format!(
        "database prepared; {tenant}\nkeys that no setting gives are kept in {}: every process needs the same ones\n{}",
        data.path().display(),
        match realtime {
            Realtime::Kept => "",
            Realtime::Changed =>
                "realtime tokens are signed with another secret now: start every API process again with it\n",
        }
    );
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

fn first_tenant(settings: &Settings, data: &DataDir) -> anyhow::Result<Bootstrap> {
    match &settings.bootstrap {
        Some(given) => Ok(given.clone()),
        None => {
            let id = || TenantId::from_uuid(SystemIds.uuid_v7(SystemClock.now()));
            let kept = data.demo_tenant(id, &OsEntropy)?;
            Ok(demo::demo(kept.tenant_id, kept.api_key))
        }
    }
}

fn stop_signal() -> anyhow::Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be heard")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        TOLD.get_or_init(Instant::now);
        tracing::info!("ending: no new requests, finishing what is under way");
        stop.cancel();
    });
    Ok(token)
}
