//! Small reads: idempotency keys, the head, the log's identity. Events are read by `page.rs`.
//!
//! Reads go through connections of the log's own whose plans always use an index; every one has a time limit. A large page
//! on a slow link occupies its connection for long, so pages share theirs with nothing else: the look at the head and the
//! directory's pages have one each, and what callers wait for has two.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::{NotificationId, TenantId, Timestamp};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::epochs::Epochs;
use crate::error::LogError;
use crate::intact::{Found, Identity, Known};
use crate::page::PageBytes;
use crate::patience::Patience;
use crate::position::Position;
use crate::sessions::Sessions;
use crate::upcast::Upcasters;

/// How long a read may take, waiting for a connection included; of a page, each of the two.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// A stream's aggregate type and id.
pub(crate) type StreamKey = (String, String);

/// The log's reading side.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    /// For those that follow the log.
    pages: PgPool,
    /// For what callers wait for: streams, keys, claims.
    callers: PgPool,
    head: PgPool,
    directory: PgPool,
    upcasters: Upcasters,
    page_bytes: Arc<PageBytes>,
    patience: Arc<Patience>,
}

/// How long the sessions may take to end.
const CLOSES_WITHIN: Duration = Duration::from_secs(1);

/// The connections that a page goes over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line {
    /// Of those that follow the log.
    Pages,
    /// Of what callers wait for.
    Callers,
    /// Of the directory.
    Directory,
}

impl Reader {
    pub(crate) fn new(options: &PgConnectOptions, upcasters: Upcasters, sessions: &Sessions) -> Self {
        let options = options.clone().options([
            // Every read goes along an index in its order. Without statistics, which a log that has just grown does not
            // have, the planner collects a page by a bitmap and sorts it, at three times the cost.
            ("enable_seqscan", "off"),
            ("enable_bitmapscan", "off"),
            ("enable_sort", "off"),
            ("jit", "off"),
            ("statement_timeout", "5000"),
        ]);
        let of = |sessions: PgPoolOptions, connections| {
            sessions.max_connections(connections).acquire_timeout(LIMIT).connect_lazy_with(options.clone())
        };
        let pool = |connections| of(sessions.pool(), connections);
        Self {
            pages: of(sessions.pool_for_retried_work(), 4),
            callers: pool(2),
            head: pool(1),
            directory: pool(1),
            upcasters,
            page_bytes: Arc::default(),
            patience: Arc::default(),
        }
    }

    /// The connections for small statements that callers wait for.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.callers
    }

    pub(crate) fn line(&self, line: Line) -> &PgPool {
        match line {
            Line::Pages => &self.pages,
            Line::Callers => &self.callers,
            Line::Directory => &self.directory,
        }
    }

    pub(crate) async fn close(&self) {
        let closing = async {
            for pool in [&self.pages, &self.callers, &self.head, &self.directory] {
                pool.close().await;
            }
        };
        // A session that the network loses while its pool asks it would be waited for without end.
        tokio::time::timeout(CLOSES_WITHIN, closing).await.ok();
    }

    pub(crate) fn upcasters(&self) -> &Upcasters {
        &self.upcasters
    }

    /// How many bytes of events a statement may bring.
    pub(crate) fn page_bytes(&self) -> &PageBytes {
        &self.page_bytes
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
    }

    /// Reads what unexpired idempotency keys stand for.
    pub(crate) async fn idempotency_keys(
        &self,
        keys: Vec<(TenantId, String)>,
        now: Timestamp,
    ) -> Result<Vec<Option<NotificationId>>, LogError> {
        let (tenants, names): (Vec<Uuid>, Vec<String>) =
            keys.into_iter().map(|(tenant, key)| (tenant.as_uuid(), key)).unzip();
        let found: Vec<Option<Uuid>> = limited(
            sqlx::query_scalar(
                "select (select k.notification_id from idempotency_keys k
                          where k.tenant_id = r.tenant_id and k.key = r.key and k.expires_at > $3
                          limit 1)
                   from unnest($1::uuid[], $2::text[]) with ordinality as r (tenant_id, key, ordinal)
                  order by r.ordinal",
            )
            .bind(tenants)
            .bind(names)
            .bind(now.as_datetime())
            .fetch_all(&self.callers),
        )
        .await?;
        Ok(found.into_iter().map(|id| id.map(NotificationId::from_uuid)).collect())
    }

    /// Reads the head, the log's identity, the event at a known position and the database's clock, in one statement: the
    /// index of positions answers all of it.
    pub(crate) async fn head(&self, known: Position) -> Result<(Found, Timestamp), LogError> {
        type Row = (Option<i64>, Option<Uuid>, Uuid, i64, Option<Uuid>, OffsetDateTime);
        let (position, event_id, log_id, epoch, at_known, now): Row = limited(
            sqlx::query_as(
                "select h.position, h.event_id, i.log_id, i.epoch,
                        (select e.event_id from events e where e.position = $1), clock_timestamp()
                   from log_identity i
                   left join lateral (
                        select e.position, e.event_id from events e order by e.position desc limit 1
                        ) h on true",
            )
            .bind(known.get())
            .fetch_one(&self.head),
        )
        .await?;
        let head = Known { position: Position::new(position.unwrap_or(0)), event_id };
        Ok((Found { identity: Identity { log_id, epoch }, head, at_known }, Timestamp::new(now)))
    }

    /// Reads the log's id and epoch, and refuses a server that would lose acknowledged events.
    pub(crate) async fn identity(&self) -> Result<Identity, LogError> {
        let (fsync, full_page_writes): (String, String) = limited(
            sqlx::query_as("select current_setting('fsync'), current_setting('full_page_writes')")
                .fetch_one(&self.head),
        )
        .await?;
        for (setting, value) in [("fsync", fsync), ("full_page_writes", full_page_writes)] {
            if value != "on" {
                return Err(LogError::NotDurable { setting });
            }
        }
        let (log_id, epoch) =
            limited(sqlx::query_as("select log_id, epoch from log_identity").fetch_one(&self.head)).await?;
        Ok(Identity { log_id, epoch })
    }

    /// Reads where each epoch of the log began.
    pub(crate) async fn epochs(&self) -> Result<Epochs, LogError> {
        let select = sqlx::query_as("select epoch, first_position from log_epochs order by epoch");
        limited(select.fetch_all(&self.head)).await.map(Epochs::new)
    }
}

/// Puts the time limit on a read.
pub(crate) async fn limited<T>(read: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, LogError> {
    match tokio::time::timeout(LIMIT, read).await {
        Ok(read) => Ok(read?),
        Err(_) => Err(LogError::Timeout),
    }
}
