//! The reactor: the subscription that learns what is due, the poller that finds what nobody was handed, and the pump
//! that works on it; beside them the census that counts it.
//!
//! When told to stop it takes nothing new, lets calls in flight end within a deadline, and gives back the leases of
//! what still waits. What is cut off even so is an open attempt, and the sweeper's.

mod census;
mod mended;
mod poller;
mod pump;

use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{Commands, Context};
use orqestra_event_log::{Outage, SubscriptionError, SubscriptionOptions, run_subscription};
use orqestra_vault::Entropy;
use sqlx::PgPool;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::callback::Receipts;
use crate::delivery::compose::Composer;
use crate::delivery::turn::AtWork;
use crate::delivery::{Deliverer, begin_metrics};
use crate::due::store;
use crate::due::subscriber::DueSubscriber;
use crate::provider::carriers::{Carriers, MakeProvider, Providers};
use crate::provider::sandbox::Sandbox;
use crate::queue::{Bounds, FairQueue, Gates};
use crate::settings::{DispatchSettings, InvalidSetting};
use census::Census;
use mended::Mended;
use poller::Poller;
use pump::Pump;

/// How long what was cut off may take to notice, and leases to be given back.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Pushes and sweeps in their lanes for each that may be at work: the others wait for a thread that renders.
const LOCAL: usize = 8;

/// What dispatch stands on.
#[derive(Clone)]
pub struct DispatchDeps {
    /// The door to the log.
    pub commands: Commands,
    /// For the due table and the sandbox.
    pub pool: PgPool,
    /// For jitter.
    pub entropy: Arc<dyn Entropy>,
    /// Makes providers; `None` for the ones that this engine has.
    pub providers: Option<Arc<dyn MakeProvider>>,
}

/// Why dispatch ended although nobody told it to.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// Its settings do not go together.
    #[error(transparent)]
    Settings(#[from] InvalidSetting),
    /// Its subscription ended.
    #[error("the subscription of dispatch ended: {0}")]
    Subscription(#[from] SubscriptionError),
    /// One of its tasks panicked.
    #[error("a task of dispatch panicked")]
    Crashed,
}

/// The room's composition root.
pub struct Dispatch;

impl Dispatch {
    /// Runs until the token is cancelled and everything in flight has ended.
    ///
    /// # Errors
    /// If it cannot go on; whoever runs it decides what then.
    pub async fn run(
        deps: DispatchDeps,
        settings: DispatchSettings,
        token: CancellationToken,
    ) -> Result<(), DispatchError> {
        let settings = settings.checked()?;
        begin_metrics();
        let DispatchDeps { commands, pool, entropy, providers } = deps;
        let log = commands.log().clone();
        let clock = Arc::clone(log.clock());
        let owner = log.ids().uuid_v7(clock.now());
        // Whatever ends first ends the others.
        let running = token.child_token();
        let _ends_with_this = running.clone().drop_guard();
        let sandbox_may_end = CancellationToken::new();
        let give_up = CancellationToken::new();

        let providers = providers.unwrap_or_else(|| {
            let vault = commands.vault().clone();
            let sandbox = Sandbox::start(&pool, log.sessions(), vault, sandbox_may_end.clone());
            Arc::new(Providers::new(sandbox, commands.vault().clone(), &settings))
        });
        let directory = commands.directory().clone();
        let carriers = Arc::new(Carriers::new(directory.clone(), providers, Arc::clone(&clock), &settings));
        let bounds = Bounds {
            queue: settings.queue,
            lane_queue: settings.lane_queue,
            lane_in_flight: settings.lane_in_flight,
            calls: settings.calls,
            local: LOCAL * settings.at_work,
        };
        let gates = Arc::clone(&carriers) as Arc<dyn Gates>;
        let queue = Arc::new(FairQueue::new(bounds, gates, Arc::clone(&clock)));

        let subscriber = DueSubscriber::new(
            Arc::clone(&queue),
            Arc::clone(&clock),
            owner,
            settings.lease,
            settings.sweep_after(),
        );
        let options = SubscriptionOptions::default();
        let mut subscription = tokio::spawn(run_subscription(
            log.clone(),
            pool.clone(),
            subscriber,
            options,
            running.child_token(),
        ));

        let census = Census { pool: pool.clone(), clock: Arc::clone(&clock) };
        let counting = tokio::spawn(census.run(running.child_token()));

        // Twice the poller's pause: what is mended goes on within seconds.
        let pause = settings.poll * 2;
        let mended = Mended { pool: pool.clone(), directory: directory.clone(), pause };
        let mending = tokio::spawn(mended.run(running.child_token()));

        let receipts = Receipts::new(commands.clone(), pool.clone());
        let matching = tokio::spawn(receipts.run(settings.poll * 4, running.child_token()));

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
            settings: settings.clone(),
        };
        let tracker = TaskTracker::new();
        let pump = Pump {
            queue: Arc::clone(&queue),
            deliverer: Arc::new(deliverer),
            at_work: AtWork::new(settings.at_work),
            tracker: tracker.clone(),
            give_up: give_up.clone(),
        };
        let mut pumping = tokio::spawn(pump.run(running.child_token()));

        let ended = tokio::select! {
            ended = &mut subscription => ended.map_err(|_| DispatchError::Crashed).and_then(|ended| Ok(ended?)),
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
            for task in [polling, pumping, counting, mending, matching] {
                if !task.is_finished() {
                    task.await.ok();
                }
            }
            if !subscription.is_finished() {
                subscription.await.ok();
            }
        };
        timeout_at(until + LAST_WORDS, leaving).await.ok();
        sandbox_may_end.cancel();
        let releasing = store::release(&pool, owner, queue.clear().into_iter());
        match timeout(LAST_WORDS, releasing).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error, "leases are left to run out"),
            Err(_) => tracing::warn!("leases are left to run out"),
        }
        ended
    }
}
