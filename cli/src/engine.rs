//! The composition root: opens every room once, starts the tasks of the chosen roles, and ends them in order.
//!
//! The end: the server stops taking requests and finishes those under way, dispatch finishes its sends, the
//! subscriptions stop at a checkpoint, and the log stores what it took.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use orqestra_api::limits::Limits;
use orqestra_api::server::{self, Bounds, Served};
use orqestra_api::{AdminToken, App, AppParts, DemoPage, OfDeliveries, ProbesAt, Process, ProcessParts};
use orqestra_commands::{Commands, DefaultProvider, Directory};
use orqestra_dispatch::callback::Receipts;
use orqestra_dispatch::redrive::RedriveReader;
use orqestra_dispatch::{
    Dispatch, DispatchDeps, DispatchSettings, PrivateHosts, ProviderTester, PushFeed, sandbox,
};
use orqestra_event_log::source::{SystemClock, SystemIds};
use orqestra_event_log::{
    Clock, DatabaseClock, EventLog, Ids, LogError, LogOptions, Sessions, Topic, checkpoints_beyond_head,
    run_shared,
};
use orqestra_kafka::relay;
use orqestra_projections::{DeliveryStatus, EventLookup, Inbox, Projection, Suppressions};
use orqestra_realtime::{Hub, RealtimeTokens};
use orqestra_vault::{Entropy, OsEntropy, Vault};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::database::{self, DatabaseUrls, Pools};
use crate::keep::{DataDir, MASTER_KEY_FILE, Missing, Origin};
use crate::logging;
use crate::readiness::{BeyondHead, EngineReadiness};
use crate::recorder::{Recorder, begin_span_metrics};
use crate::schema;
use crate::secrets::ApiSecrets;
use crate::server::Listeners;
use crate::settings::Settings;

/// How long a request's body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// How long appends may be idle before it is looked whether one would be stored.
const LOOK_AFTER: Duration = Duration::from_millis(600);
/// How often expired idempotency keys are cleared away, and how many at a time.
const PURGE_EVERY: Duration = Duration::from_mins(1);
const PURGE_AT_MOST: i64 = 10_000;
/// How many data keys of expired months one statement deletes.
const KEYS_AT_MOST: i32 = 1_000;
/// Calls to providers take at most one of so many open files; connections to the API and the database take others.
const CALLS_OF_FILES: usize = 4;
/// How long the whole end may take: longer than the server's requests and dispatch's calls, which have 5 s.
pub(crate) const STOP_WITHIN: Duration = Duration::from_millis(6_750);

/// What a process does beside serving its probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Role {
    /// Serves the API
    Api,
    /// Keeps the read models
    Project,
    /// Sends
    Dispatch,
    /// Relays the log to Kafka
    Relay,
}

impl Role {
    /// Its name, as on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Project => "project",
            Self::Dispatch => "dispatch",
            Self::Relay => "relay",
        }
    }
}

/// What an engine serves with.
pub(crate) struct Serving<'a> {
    pub(crate) settings: &'a Settings,
    /// Only the role `api` has any.
    pub(crate) secrets: Option<&'a ApiSecrets>,
    pub(crate) demo: DemoPage,
    pub(crate) private_hosts: PrivateHosts,
    /// What projections and dispatch read in place of the log's tail.
    pub(crate) topic: Option<Arc<dyn Topic>>,
}

/// An engine whose rooms are open; its tasks run from [`Engine::run`] on.
pub(crate) struct Engine {
    pub(crate) commands: Commands,
    pools: Pools,
    vault: Vault,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    entropy: Arc<dyn Entropy>,
    metrics: Recorder,
    beyond: BeyondHead,
    log_token: CancellationToken,
}

impl Engine {
    /// Opens log, vault, directory and commands on a database whose schema is this program's. A tenant's channel that
    /// has no list of providers gets `default_provider`. Only a process that is asked to makes `missing` keys.
    pub(crate) async fn open(
        urls: &DatabaseUrls,
        settings: &Settings,
        data: &DataDir,
        missing: Missing,
        default_provider: DefaultProvider,
    ) -> anyhow::Result<Self> {
        let metrics = Recorder::install()?;
        // Times of events, due times and expiries of claims go by one clock for all processes.
        let database_clock = Arc::new(DatabaseClock::new(Arc::new(SystemClock)));
        let clock: Arc<dyn Clock> = Arc::clone(&database_clock) as _;
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let (master, origin) = data.master_key(settings, missing, &*entropy)?;
        let sessions = Sessions::default();
        let pools = database::connect(urls, &sessions).await?;
        let pool = &pools.callers;
        schema::check(pool).await?;
        let log_token = CancellationToken::new();
        let options = LogOptions {
            database_clock: Some(database_clock),
            sessions,
            look: Some(LOOK_AFTER),
            ..LogOptions::new(Arc::clone(&clock), Arc::clone(&ids))
        };
        let log = EventLog::open(pool.clone(), options, log_token.clone()).await?;
        if let Some((subscription, checkpoint)) = checkpoints_beyond_head(pool).await?.into_iter().next() {
            let head = log.fetch_head().await?;
            return Err(LogError::CheckpointBeyondHead { subscription, checkpoint, head }.into());
        }
        let vault = Vault::new(pool.clone(), master, Arc::clone(&entropy));
        let in_use = match vault.claim_master().await {
            Ok(in_use) => in_use,
            Err(error) => {
                if origin == Origin::Made {
                    data.take_back(MASTER_KEY_FILE);
                }
                return Err(error.into());
            }
        };
        // An installation with such a key goes on, since its data needs it; a new one is told while a change costs nothing.
        if !in_use && vault.master_is_guessable() {
            tracing::warn!(
                "the master key does not come from chance: its bytes repeat or count; make one by `openssl rand -base64 32` \
                 before anything is stored"
            );
        }
        let directory =
            Directory::open(log.clone(), vault.clone(), default_provider, log_token.child_token())
                .await
                .context("the directory of tenants cannot be read")?;
        let commands = Commands::of_process(
            logging::process(),
            log,
            vault.clone(),
            directory,
            Arc::clone(&clock),
            Arc::clone(&ids),
            Arc::clone(&entropy),
        );
        let beyond = BeyondHead::default();
        Ok(Self { commands, pools, vault, clock, ids, entropy, metrics, beyond, log_token })
    }

    pub(crate) const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Runs the roles until `token` ends or one of them fails. Whatever they are, it serves the process's probes.
    pub(crate) async fn run(
        self,
        roles: &BTreeSet<Role>,
        with: Serving<'_>,
        listeners: Listeners,
        token: CancellationToken,
    ) -> anyhow::Result<()> {
        let Listeners { main, probes } = listeners;
        if with.settings.otlp_endpoint.is_some() {
            begin_span_metrics();
        }
        let probes_at = if probes.is_some() { ProbesAt::Elsewhere } else { ProbesAt::Here };
        let mut tasks = JoinSet::new();
        let serving = token.child_token();
        let working = CancellationToken::new();
        let provides = roles.contains(&Role::Api) || roles.contains(&Role::Dispatch);
        let dispatch = provides.then(|| self.dispatch(&with)).transpose()?;
        let tester = dispatch.as_ref().filter(|_| roles.contains(&Role::Api)).map(Dispatch::tester);
        let mut limits = None;
        let served = if let Some(tester) = tester {
            let hub = Hub::new();
            let counted = tokio::select! {
                biased;
                () = token.cancelled() => None,
                counted = self.counting().count(with.settings.redis.clone(), working.child_token()) => Some(counted),
            };
            let Some(counted) = counted else { return self.stop(tasks, &serving, &working).await };
            let (counted, beside) = counted?;
            if let Some(beside) = beside {
                tasks.spawn(async move {
                    beside.await;
                    Ok(())
                });
            }
            let app = self.app(roles, &with, (probes_at, hub.clone()), limits.insert(counted), tester)?;
            let feed = PushFeed::new(self.commands.clone(), hub).run(working.child_token());
            tasks.spawn(async move { Ok(feed.await?) });
            Served::api(app)
        } else {
            Served::probes(self.process(roles, with.settings, limits.as_ref()), probes_at)
        };
        let until = serving.clone();
        let bounds = Bounds { peer_connections: with.settings.peer_connections, ..Bounds::default() };
        tasks.spawn(async move {
            server::serve(main, served, bounds, until).await;
            Ok(())
        });
        if let Some(probes) = probes {
            let (served, until) = (
                Served::probes(self.process(roles, with.settings, limits.as_ref()), ProbesAt::Here),
                serving.clone(),
            );
            tasks.spawn(async move {
                server::serve(probes, served, Bounds::for_probes(), until).await;
                Ok(())
            });
        }
        if roles.contains(&Role::Project) {
            self.start_projections(&mut tasks, with.topic.as_ref(), &working);
        }
        if let Some(dispatch) = dispatch.filter(|_| roles.contains(&Role::Dispatch)) {
            let token = working.child_token();
            tasks.spawn(async move { Ok(dispatch.run(token).await?) });
        }
        if roles.contains(&Role::Relay) {
            self.start_relays(&mut tasks, with.settings, &working);
        }
        self.start_purge(&mut tasks, &working);

        let log = self.commands.log().clone();
        let ended_early = tokio::select! {
            // What ends because it was told to has not ended by itself.
            biased;
            () = token.cancelled() => None,
            // Before what ends because of it.
            changed = log.changed() => Some(Ok(Err(changed.into()))),
            ended = tasks.join_next() => ended,
        };
        drop(log);
        let failure = match ended_early {
            None => None,
            Some(Ok(Ok(()))) => Some(anyhow::anyhow!("a part of the engine ended by itself")),
            Some(Ok(Err(error))) => Some(error),
            Some(Err(error)) => Some(error.into()),
        };
        let stopped = tokio::time::timeout(STOP_WITHIN, self.stop(tasks, &serving, &working)).await;
        match (failure, stopped) {
            (Some(error), _) => Err(error),
            (None, Ok(stopped)) => stopped,
            (None, Err(_)) => {
                bail!("the engine did not end within {STOP_WITHIN:?}; nothing acknowledged is lost")
            }
        }
    }

    /// Ends an engine that ran no role.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        let (serving, working) = (CancellationToken::new(), CancellationToken::new());
        self.stop(JoinSet::new(), &serving, &working).await
    }

    async fn stop(
        self,
        mut tasks: JoinSet<anyhow::Result<()>>,
        serving: &CancellationToken,
        working: &CancellationToken,
    ) -> anyhow::Result<()> {
        serving.cancel();
        working.cancel();
        let mut first_failure = Ok(());
        while let Some(ended) = tasks.join_next().await {
            if let (Ok(()), Ok(Err(error))) = (&first_failure, ended) {
                first_failure = Err(error);
            }
        }
        let log = self.commands.log().clone();
        drop(self.commands);
        self.log_token.cancel();
        log.close().await;
        self.pools.close().await;
        first_failure
    }

    /// What the tenants' limits are counted by.
    fn counting(&self) -> crate::limits::Deps {
        crate::limits::Deps {
            log: self.commands.log().clone(),
            callers: self.pools.callers.clone(),
            retried: self.pools.retried.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        }
    }

    fn process(&self, roles: &BTreeSet<Role>, settings: &Settings, limits: Option<&Limits>) -> Process {
        Process::new(ProcessParts {
            readiness: Arc::new(
                EngineReadiness::new(
                    self.commands.log().clone(),
                    roles.clone(),
                    self.beyond.clone(),
                    dispatch_settings(settings).open_at_most(),
                )
                .with_directory(self.commands.directory().clone())
                .with_relays(settings.relays().map(|to| to.topic.subscription()))
                .with_limits(limits.cloned()),
            ),
            metrics: Arc::new(self.metrics.of(self.commands.log().clone())),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        })
    }

    fn app(
        &self,
        roles: &BTreeSet<Role>,
        with: &Serving<'_>,
        (probes, hub): (ProbesAt, Hub),
        limits: &Limits,
        provider_tests: ProviderTester,
    ) -> anyhow::Result<App> {
        let (pool, vault) = (self.pools.callers.clone(), self.vault.clone());
        let Serving { settings, secrets, demo, private_hosts, .. } = *with;
        let secrets = secrets.context("the role api has no secrets")?;
        Ok(App::new(AppParts {
            commands: self.commands.clone(),
            inbox: Inbox::new(self.pools.callers.clone(), self.vault.clone(), self.commands.log().clone()),
            deliveries: DeliveryStatus::new(self.pools.callers.clone()),
            event_lookup: EventLookup::new(self.pools.callers.clone()),
            suppressions: Suppressions::new(self.pools.callers.clone()),
            sandbox: Arc::new(move |tenant, asked| {
                let (pool, vault) = (pool.clone(), vault.clone());
                Box::pin(async move { sandbox::messages(&pool, &vault, tenant, asked).await })
            }),
            provider_tests,
            receipts: Receipts::new(self.commands.clone(), self.pools.callers.clone()),
            redrives: RedriveReader::new(self.pools.callers.clone()),
            tokens: Arc::new(RealtimeTokens::new(secrets.realtime.as_bytes())?),
            hub,
            allowed_origins: settings.allowed_origins.clone(),
            trusted_proxies: settings.trusted_proxies.clone(),
            limits: limits.clone(),
            admin_token: Some(AdminToken::new(&secrets.admin_token)),
            admin_name: settings.admin_name.clone(),
            demo,
            private_hosts,
            probes,
            public_url: settings.public_url.clone(),
            process: self.process(roles, settings, Some(limits)),
            body_timeout: BODY_WITHIN,
        }))
    }

    fn start_projections(
        &self,
        tasks: &mut JoinSet<anyhow::Result<()>>,
        topic: Option<&Arc<dyn Topic>>,
        token: &CancellationToken,
    ) {
        for projection in Projection::ALL {
            let (log, pool) = (self.commands.log().clone(), self.pools.retried.clone());
            let (topic, token) = (topic.cloned(), token.child_token());
            tasks.spawn(async move {
                run_shared(log, pool, topic, move || projection, projection.options(), token)
                    .await
                    .with_context(|| format!("the projection {} ended", projection.name()))
            });
        }
    }

    /// Makes the topics of the settings and verifies those that are there. A cluster that does not answer keeps no engine from
    /// starting: the relay tries again.
    pub(crate) async fn make_topics(&self, settings: &Settings) -> anyhow::Result<()> {
        for to in settings.relays() {
            match to.topic.make(&to.cluster, self.commands.log()).await {
                Ok(()) => {}
                Err(failure) if failure.passes() => {
                    tracing::warn!(topic = to.topic.name(), %failure, "the topic cannot be looked at yet");
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(())
    }

    fn start_relays(
        &self,
        tasks: &mut JoinSet<anyhow::Result<()>>,
        settings: &Settings,
        token: &CancellationToken,
    ) {
        for to in settings.relays() {
            let (log, pool) = (self.commands.log().clone(), self.pools.retried.clone());
            let (clock, token) = (Arc::clone(&self.clock), token.child_token());
            tasks.spawn(async move {
                let topic = to.topic.name();
                relay(log, pool, to, clock, token)
                    .await
                    .with_context(|| format!("the relay to {topic} ended"))
            });
        }
    }

    /// The providers of this process, by which deliveries and tests go out.
    fn dispatch(&self, with: &Serving<'_>) -> anyhow::Result<Dispatch> {
        let deps = DispatchDeps {
            commands: self.commands.clone(),
            pool: self.pools.retried.clone(),
            candidates: Arc::new(OfDeliveries(DeliveryStatus::new(self.pools.retried.clone()))),
            entropy: Arc::clone(&self.entropy),
            providers: None,
            topic: with.topic.clone(),
            // After the server and the deliveries.
            providers_end: self.log_token.child_token(),
        };
        let settings =
            DispatchSettings { private_hosts: with.private_hosts, ..dispatch_settings(with.settings) };
        Ok(Dispatch::new(deps, settings)?)
    }

    fn start_purge(&self, tasks: &mut JoinSet<anyhow::Result<()>>, token: &CancellationToken) {
        let (log, until) = (self.commands.log().clone(), token.child_token());
        tasks.spawn(async move {
            let mut due = tokio::time::interval(PURGE_EVERY);
            loop {
                tokio::select! {
                    () = until.cancelled() => return Ok(()),
                    _ = due.tick() => {}
                }
                if let Err(error) = log.purge_idempotency_keys(PURGE_AT_MOST).await {
                    tracing::warn!(error = %error, "expired idempotency keys were not cleared away");
                }
                if let Err(error) = destroy_expired_keys(&log, &until).await {
                    tracing::warn!(error = %error, "data keys of expired months were not deleted");
                }
            }
        });
        let (pool, beyond, token) = (self.pools.retried.clone(), self.beyond.clone(), token.child_token());
        tasks.spawn(async move {
            beyond.watch(&pool, token).await;
            Ok(())
        });
    }
}

/// Deletes them batch by batch, so that no statement takes long.
async fn destroy_expired_keys(log: &EventLog, token: &CancellationToken) -> Result<(), LogError> {
    while !token.is_cancelled() && log.destroy_expired_keys(KEYS_AT_MOST).await? >= KEYS_AT_MOST {}
    Ok(())
}

/// Dispatch as this program sets it.
pub(crate) fn dispatch_settings(settings: &Settings) -> DispatchSettings {
    let defaults = DispatchSettings::default();
    DispatchSettings {
        calls: defaults.calls.min(open_files() / CALLS_OF_FILES).max(1),
        retry_delays: settings.retry_delays.clone(),
        lifetime: settings.wait_at_most,
        claim: settings.claim,
        provider_timeout: settings.provider_timeout,
        smtp_authorities: settings.smtp_authorities.clone(),
        public_url: settings.public_url.as_ref().map(|url| url.as_str().into()),
        ..defaults
    }
}

/// How many files the process may have open.
fn open_files() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
