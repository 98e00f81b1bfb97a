//! The engine seen from inside: its rooms opened on a world's database, beside the engine or while none runs.
//!
//! What is checked here holds whatever happened before: the log is dense, each leaf is the hash of its row, and what
//! is rebuilt from the log is what stands in the tables. It writes nothing but what a test asks for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use orqestra_commands::{Commands, DefaultProvider, Directory};
use orqestra_dispatch::{DispatchSettings, SUBSCRIPTION, rebuild_due};
use orqestra_event_log::seal::{LeafInput, leaf};
use orqestra_event_log::source::{SystemClock, SystemIds};
use orqestra_event_log::{EventLog, LogOptions, checkpoint};
use orqestra_projections::{Projection, RebuildMode, rebuild};
use orqestra_tests::wait;
use orqestra_tests::world::World;
use orqestra_vault::{MasterKey, OsEntropy, Vault};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row as _};
use tokio_util::sync::CancellationToken;

const CATCHES_UP_WITHIN: Duration = Duration::from_secs(30);

/// Rooms on a world's database, as the schema's owner.
pub(crate) struct Inside {
    pub(crate) pool: PgPool,
    pub(crate) log: EventLog,
    token: CancellationToken,
}

impl Inside {
    pub(crate) async fn of(world: &World) -> Self {
        let options = world.pool().connect_options().as_ref().clone();
        let pool = PgPoolOptions::new().max_connections(6).connect_lazy_with(options);
        let token = CancellationToken::new();
        let options = LogOptions::new(Arc::new(SystemClock), Arc::new(SystemIds));
        let log = EventLog::open(pool.clone(), options, token.clone()).await.unwrap();
        Self { pool, log, token }
    }

    /// The door to the log, with the master key of the world's engine.
    pub(crate) async fn commands(&self, world: &World) -> Commands {
        let key = std::fs::read_to_string(world.folder().join("data/master.key")).unwrap();
        let (log, entropy) = (self.log.clone(), Arc::new(OsEntropy));
        let vault =
            Vault::new(self.pool.clone(), MasterKey::from_base64(&key).unwrap(), Arc::clone(&entropy) as _);
        let token = self.token.child_token();
        let directory =
            Directory::open(log.clone(), vault.clone(), DefaultProvider::Sandbox, token).await.unwrap();
        Commands::new(log, vault, directory, Arc::new(SystemClock), Arc::new(SystemIds), entropy)
    }

    pub(crate) async fn close(self) {
        self.token.cancel();
        self.log.close().await;
        self.pool.close().await;
    }
}

/// Checks a world whose work is done and whose readers have caught up: the log, and every table made of it.
pub(crate) async fn agrees(world: &World) {
    let inside = Inside::of(world).await;
    let events = checked_log(&inside.pool).await;
    assert!(events > 0, "the log holds something");
    for projection in Projection::ALL {
        wait::until("a projection at the head", CATCHES_UP_WITHIN, async || {
            let reached = checkpoint(&inside.pool, projection.name()).await.ok()??;
            (reached.least().get() >= events).then_some(())
        })
        .await;
        let report = rebuild(&inside.log, &inside.pool, projection, RebuildMode::Verify).await.unwrap();
        assert!(report.position.get() >= events, "{report:?}");
        assert_eq!(report.differences(), 0, "{}: {report:?}", projection.name());
    }
    wait::until("dispatch at the head", CATCHES_UP_WITHIN, async || {
        let reached = checkpoint(&inside.pool, SUBSCRIPTION).await.ok()??;
        (reached.least().get() >= events).then_some(())
    })
    .await;
    let timeout = world.launch().settings["ORQESTRA_PROVIDER_TIMEOUT_SECONDS"].parse().unwrap();
    let settings =
        DispatchSettings { provider_timeout: Duration::from_secs(timeout), ..DispatchSettings::default() };
    let report = rebuild_due(&inside.log, &inside.pool, &settings).await.unwrap();
    assert_eq!(report.differences, 0, "the due table: {report:?}");
    inside.close().await;
}

/// Checks that positions and sequences are dense and that each leaf is the hash of what is stored; gives the head.
async fn checked_log(pool: &PgPool) -> i64 {
    let (mut head, mut versions) = (0, HashMap::new());
    let mut rows = sqlx::query(
        "select position, sequence, aggregate_type, aggregate_id, tenant_id::text, event_id::text, event_type,
                event_version, metadata::text, payload::text, leaf,
                to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as recorded_at
           from events order by position",
    )
    .fetch(pool);
    while let Some(row) = rows.try_next().await.unwrap() {
        let (position, sequence): (i64, i64) = (row.get("position"), row.get("sequence"));
        head += 1;
        assert_eq!(position, head, "positions are dense");
        let input = LeafInput {
            aggregate_id: row.get("aggregate_id"),
            aggregate_type: row.get("aggregate_type"),
            event_id: row.get("event_id"),
            event_type: row.get("event_type"),
            event_version: row.get("event_version"),
            metadata: row.get("metadata"),
            payload: row.get("payload"),
            recorded_at: row.get("recorded_at"),
            sequence,
            tenant_id: row.get("tenant_id"),
        };
        assert_eq!(leaf(&input).as_slice(), row.get::<&[u8], _>("leaf"), "the leaf of {position}");
        let stream = (input.aggregate_type.to_owned(), input.aggregate_id.to_owned());
        let version = versions.entry(stream).or_insert(0);
        *version += 1;
        assert_eq!(sequence, *version, "sequences are dense, at {position}");
    }
    head
}
