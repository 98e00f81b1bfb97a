//! The reactor: the subscription that learns what is due, the poller that finds what nobody was handed, and the pump
//! that works on it; beside them the census that counts it.
//!
//! When told to stop it takes nothing new, lets calls in flight end within a deadline, and gives back the leases of
//! what still waits. What is cut off even so is an open attempt, and the sweeper's.

/// Tells once that something fails, and once that it works again, as the module in which it stands.
macro_rules! tell {
    ($outage:expr, $done:expr, $works:literal, $fails:literal) => {
        match $done {
            Ok(()) => {
                if let Some(duration_ms) = $outage.ends() {
                    tracing::info!(duration_ms, $works);
                }
            }
            Err(error) => {
                if $outage.begins() {
                    tracing::warn!(error = %error, $fails);
                }
            }
        }
    };
}

mod census;
mod expiry;
mod mended;
mod peers;
mod poller;
mod pump;
mod stuck;

use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{Commands, Context};
use orqestra_event_log::{
    Outage, SubscriptionError, SubscriptionOptions, Topic, run_shared, run_subscription,
};
use orqestra_vault::Entropy;
use sqlx::PgPool;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::callback::Receipts;
use crate::candidates::Candidates;
use crate::delivery::compose::Composer;
use crate::delivery::turn::AtWork;
use crate::delivery::{Deliverer, begin_metrics};
use crate::due::store;
use crate::due::subscriber::DueSubscriber;
use crate::due::suspects::Suspects;
use crate::provider::carriers::{Carriers, MakeProvider, Providers};
use crate::provider::sandbox::Sandbox;
use crate::queue::{Bounds, FairQueue, Gates};
use crate::redrive;
use crate::redrive::run::Redrives;
use crate::redrive::subscriber::RedriveSubscriber;
use crate::settings::{DispatchSettings, InvalidSetting};
use crate::trial::ProviderTester;
use census::Census;
use expiry::Expiry;
use mended::Mended;
use peers::Peers;
use poller::Poller;
use pump::Pump;
use stuck::Stuck;

/// How long what was cut off may take to notice, and leases to be given back.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Pushes and sweeps in their lanes for each that may be at work: the others wait for a thread that renders.
const LOCAL: usize = 8;

/// How long each partition of a topic waits for more: a delivery comes later by half of it where many come, and by none where
/// few do.
const GATHER_PARTITION: Duration = Duration::from_millis(10);

/// What dispatch stands on.
#[derive(Clone)]
pub struct DispatchDeps {
    /// The door to the log.
    pub commands: Commands,
    /// For the due table and the sandbox.
    pub pool: PgPool,
    /// The read model in which stuck deliveries and dead letters are looked for.
    pub candidates: Arc<dyn Candidates>,
    /// For jitter.
    pub entropy: Arc<dyn Entropy>,
    /// Makes providers; `None` for the ones that this engine has.
    pub providers: Option<Arc<dyn MakeProvider>>,
    /// The topic that the subscription reads in place of the log's tail, if there is one.
    pub topic: Option<Arc<dyn Topic>>,
    /// Ends what providers run beside calls, once neither deliveries nor tests are under way.
    pub providers_end: CancellationToken,
}

/// Why dispatch ended although nobody told it to.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// Its subscription ended.
    #[error("the subscription of dispatch ended: {0}")]
    Subscription(#[from] SubscriptionError),
    /// One of its tasks panicked.
    #[error("a task of dispatch panicked")]
    Crashed,
}

/// The room's composition root: the providers of this process, and the reactor that delivers by them.
pub struct Dispatch {
    deps: DispatchDeps,
    settings: DispatchSettings,
    carriers: Arc<Carriers>,
}

impl Dispatch {
    /// Opens the providers. Nothing is delivered before [`Dispatch::run`].
    ///
    /// # Errors
    /// If the settings do not go together.
    pub fn new(deps: DispatchDeps, settings: DispatchSettings) -> Result<Self, InvalidSetting> {
        let settings = settings.checked()?;
        let (log, vault) = (deps.commands.log(), deps.commands.vault());
        let providers = deps.providers.clone().unwrap_or_else(|| {
            let until = deps.providers_end.clone();
            let sandbox = Sandbox::start(&deps.pool, log.sessions(), vault.clone(), until);
            Arc::new(Providers::new(sandbox, vault.clone(), &settings))
        });
        let (directory, clock) = (deps.commands.directory().clone(), Arc::clone(log.clock()));
        let carriers = Arc::new(Carriers::new(directory, providers, clock, &settings));
        Ok(Self { deps, settings, carriers })
    }

    /// Sends test messages by the same providers: their limits hold for deliveries and tests together.
    pub fn tester(&self) -> ProviderTester {
        let (commands, carriers) = (self.deps.commands.clone(), Arc::clone(&self.carriers));
        ProviderTester::new(commands, carriers, self.settings.provider_timeout)
    }

    /// Runs until the token is cancelled and everything in flight has ended.
    ///
    /// # Errors
    /// If it cannot go on; whoever runs it decides what then.
    pub async fn run(self, token: CancellationToken) -> Result<(), DispatchError> {
        begin_metrics();
        stuck::begin_metrics();
        redrive::run::begin_metrics();
        let Self { deps, settings, carriers } = self;
        let DispatchDeps { commands, pool, entropy, candidates, topic, .. } = deps;
        let log = commands.log().clone();
        let clock = Arc::clone(log.clock());
        let owner = log.ids().uuid_v7(clock.now());
        // Whatever ends first ends the others.
        let running = token.child_token();
        let _ends_with_this = running.clone().drop_guard();
        let give_up = CancellationToken::new();
        let directory = commands.directory().clone();
        let bounds = Bounds {
            queue: settings.queue,
            lane_queue: settings.lane_queue,
            lane_in_flight: settings.lane_in_flight,
            calls: settings.calls,
            local: LOCAL * settings.at_work,
        };
        let gates = Arc::clone(&carriers) as Arc<dyn Gates>;
        let queue = Arc::new(FairQueue::new(bounds, Arc::clone(&gates), Arc::clone(&clock)));

        let peers =
            Peers { pool: pool.clone(), owner, pause: settings.count, shares: Arc::clone(carriers.shares()) };
        peers.shares.not_counted_yet(Instant::now());
        // The others count this process for as long as it makes calls.
        let calls_end = CancellationToken::new();
        let _calls_end_with_this = calls_end.clone().drop_guard();
        let counting_peers = tokio::spawn(peers.run(calls_end.clone()));

        let subscriber = {
            let (queue, clock) = (Arc::clone(&queue), Arc::clone(&clock));
            let (lease, sweep_after) = (settings.lease, settings.sweep_after());
            move || DueSubscriber::new(Arc::clone(&queue), Arc::clone(&clock), owner, lease, sweep_after)
        };
        let options =
            SubscriptionOptions { gather_partition: GATHER_PARTITION, ..SubscriptionOptions::default() };
        let until = running.child_token();
        let mut subscription =
            tokio::spawn(run_shared(log.clone(), pool.clone(), topic, subscriber, options, until));
        let (options, until) = (redrive::subscriber::options(), running.child_token());
        let mut requests =
            tokio::spawn(run_subscription(log.clone(), pool.clone(), RedriveSubscriber, options, until));

        let census = Census { pool: pool.clone(), clock: Arc::clone(&clock) };
        let counting = tokio::spawn(census.run(running.child_token()));

        // Twice the poller's pause: what is mended goes on within seconds.
        let pause = settings.poll * 2;
        let mended = Mended { pool: pool.clone(), directory: directory.clone(), pause };
        let mending = tokio::spawn(mended.run(running.child_token()));

        let matching = Receipts::new(commands.clone(), pool.clone()).matching(settings.open_at_most());
        let matching = tokio::spawn(matching.run(settings.poll * 4, running.child_token()));

        let poller = Poller {
            pool: pool.clone(),
            log,
            queue: Arc::clone(&queue),
            clock: Arc::clone(&clock),
            owner,
            lease: settings.lease,
            pause: settings.poll,
            open_at_most: settings.open_at_most(),
            share: settings.lane_queue.div_ceil(2),
        };
        let mut polling = tokio::spawn(poller.run(running.child_token()));

        let redrives = Redrives {
            commands: commands.clone(),
            pool: pool.clone(),
            candidates: Arc::clone(&candidates),
            owner,
            pause: settings.poll * 2,
            per_second: settings.redriven_per_second,
            context: Context::engine("redrive"),
        };
        let redriving = tokio::spawn(redrives.run(running.child_token()));

        let deliverer = Deliverer {
            postponing: Outage::default(),
            recording: Outage::default(),
            due: pool.clone(),
            commands,
            carriers,
            composer: Composer::new(directory, Arc::clone(&clock)),
            clock,
            entropy,
            give_up: give_up.clone(),
            context: Context::engine("dispatch"),
            suspects: Suspects::default(),
            settings: settings.clone(),
        };
        let deliverer = Arc::new(deliverer);
        let stuck = Stuck {
            deliverer: Arc::clone(&deliverer),
            candidates: Arc::clone(&candidates),
            pause: settings.poll * 20,
            context: Context::engine("sweeper"),
        };
        let unsticking = tokio::spawn(stuck.run(running.child_token()));
        let pause = settings.poll * 4;
        let expiry = Expiry { deliverer: Arc::clone(&deliverer), gates, owner, pause };
        let expiring = tokio::spawn(expiry.run(running.child_token()));
        let tracker = TaskTracker::new();
        let pump = Pump {
            queue: Arc::clone(&queue),
            deliverer,
            at_work: AtWork::new(settings.at_work),
            tracker: tracker.clone(),
            give_up: give_up.clone(),
        };
        let mut pumping = tokio::spawn(pump.run(running.child_token()));

        let ended = tokio::select! {
            ended = &mut subscription => ended.map_err(|_| DispatchError::Crashed).and_then(|ended| Ok(ended?)),
            ended = &mut requests => ended.map_err(|_| DispatchError::Crashed).and_then(|ended| Ok(ended?)),
            ended = &mut polling => ended.map_err(|_| DispatchError::Crashed),
            ended = &mut pumping => ended.map_err(|_| DispatchError::Crashed),
        };
        running.cancel();
        tracker.close();
        let until = Instant::now() + settings.stop_within;
        if timeout_at(until, tracker.wait()).await.is_err() {
            tracing::warn!(deliveries = tracker.len(), "calls to providers are cut off");
        }
        give_up.cancel();
        let leaving = async {
            tracker.wait().await;
            calls_end.cancel();
            let others = [counting, counting_peers, mending, expiring, matching, unsticking, redriving];
            for task in [polling, pumping].into_iter().chain(others) {
                if !task.is_finished() {
                    task.await.ok();
                }
            }
            for task in [subscription, requests] {
                if !task.is_finished() {
                    task.await.ok();
                }
            }
        };
        timeout_at(until + LAST_WORDS, leaving).await.ok();
        let releasing = store::release(&pool, owner, queue.clear().into_iter());
        match timeout(LAST_WORDS, releasing).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error, "leases are left to run out"),
            Err(_) => tracing::warn!("leases are left to run out"),
        }
        ended
    }
}
