//! Reads stored keys: whoever waits while a read is under way shares the next one.
//!
//! One statement at a time, each with a deadline. A caller that goes away takes nobody's answer with it: whoever
//! it was reading for reads again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orqestra_domain::{KeyId, TenantId};
use sqlx::PgPool;
use tokio::sync::{Mutex as TurnMutex, oneshot};
use uuid::Uuid;

use crate::key::{KeyScope, NewKey};
use crate::master::UnwrapError;
use crate::seal::OpenError;

/// A request waits for this one, so it is short.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Most keys that one statement reads.
const BATCH: usize = 2_000;

/// Why a key cannot be had, or what it sealed cannot be opened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not stored: destroyed, for ever, where a stored event names it.
    #[error("the data key does not exist (any more)")]
    Gone,
    /// It could not be read now.
    #[error("data keys cannot be read now")]
    Unavailable(#[source] ReadFailure),
    /// It is there and cannot be used; a matter for an operator.
    #[error("sealed data cannot be opened")]
    Corrupt(#[source] Corruption),
}

/// Why a read failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadFailure {
    /// No answer within the deadline.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The database refused or the connection broke.
    #[error("the database failed")]
    Database(#[source] Arc<sqlx::Error>),
}

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Corruption {
    /// The stored key does not unwrap.
    #[error(transparent)]
    Wrap(#[from] UnwrapError),
    /// The sealed value does not open.
    #[error(transparent)]
    Field(#[from] OpenError),
    /// The row names no scope that there is, or a scope that it may not have.
    #[error("the stored key has an unknown or wrong scope")]
    Scope,
}

/// How a key is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    Id(KeyId),
    Scope(TenantId, KeyScope),
}

/// The stored row, or that there is none.
type Answer = Result<Option<NewKey>, KeyError>;
type Waiting = HashMap<Wanted, Vec<oneshot::Sender<Answer>>>;
pub(crate) type Row = (Uuid, Uuid, i16, Option<Vec<u8>>, Option<i32>, Vec<u8>);

pub(crate) struct KeyReader {
    pool: PgPool,
    waiting: Mutex<Waiting>,
    turn: TurnMutex<()>,
}

impl KeyReader {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, waiting: Mutex::default(), turn: TurnMutex::new(()) }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) async fn read(&self, wanted: Wanted) -> Answer {
        loop {
            let (sender, mut answer) = oneshot::channel();
            self.with_waiting(|waiting| waiting.entry(wanted).or_default().push(sender));
            tokio::select! {
                biased;
                given = &mut answer => if let Ok(given) = given { return given },
                turn = self.turn.lock() => {
                    // The answer may have come with the turn.
                    if let Ok(given) = answer.try_recv() {
                        return given;
                    }
                    self.read_waiting().await;
                    drop(turn);
                    if let Ok(given) = answer.try_recv() {
                        return given;
                    }
                }
            }
        }
    }

    async fn read_waiting(&self) {
        let batch = self.with_waiting(|waiting| {
            if waiting.len() <= BATCH {
                return std::mem::take(waiting);
            }
            let first: Vec<Wanted> = waiting.keys().take(BATCH).copied().collect();
            first.into_iter().filter_map(|wanted| waiting.remove_entry(&wanted)).collect()
        });
        let found = match tokio::time::timeout(TIMEOUT, self.select(&batch)).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(ReadFailure::Database(Arc::new(error))),
            Err(_) => Err(ReadFailure::TimedOut),
        };
        for (wanted, senders) in batch {
            let answer = match &found {
                Ok(rows) => rows.get(&wanted).cloned().transpose(),
                Err(failure) => Err(KeyError::Unavailable(failure.clone())),
            };
            for sender in senders {
                // Whoever is gone does not want it any more.
                let _ = sender.send(answer.clone());
            }
        }
    }

    async fn select(
        &self,
        batch: &Waiting,
    ) -> Result<HashMap<Wanted, Result<NewKey, KeyError>>, sqlx::Error> {
        let (mut ids, mut plain_tenants, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        let (mut tenants, mut recipients, mut months) = (Vec::new(), Vec::new(), Vec::new());
        for wanted in batch.keys() {
            match *wanted {
                Wanted::Id(id) => ids.push(id.as_uuid()),
                Wanted::Scope(tenant, KeyScope::Recipient { recipient, month }) => {
                    tenants.push(tenant.as_uuid());
                    recipients.push(recipient.as_bytes().to_vec());
                    months.push(month);
                }
                Wanted::Scope(tenant, scope @ (KeyScope::Tenant | KeyScope::Index)) => {
                    plain_tenants.push(tenant.as_uuid());
                    kinds.push(scope.kind());
                }
            }
        }
        let rows: Vec<Row> = sqlx::query_as(include_str!("read_keys.sql"))
            .bind(ids)
            .bind(plain_tenants)
            .bind(kinds)
            .bind(tenants)
            .bind(recipients)
            .bind(months)
            .fetch_all(&self.pool)
            .await?;
        let mut found = HashMap::with_capacity(rows.len() * 2);
        for row in rows {
            let id = KeyId::from_uuid(row.0);
            let stored = stored_key(row);
            if let Ok(NewKey { tenant, scope, .. }) = stored {
                found.insert(Wanted::Scope(tenant, scope), stored.clone());
            }
            found.insert(Wanted::Id(id), stored);
        }
        Ok(found)
    }

    fn with_waiting<T>(&self, change: impl FnOnce(&mut Waiting) -> T) -> T {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) fn stored_key((id, tenant, kind, recipient, month, wrapped): Row) -> Result<NewKey, KeyError> {
    let scope = KeyScope::from_columns(kind, recipient.as_deref(), month)
        .ok_or(KeyError::Corrupt(Corruption::Scope))?;
    Ok(NewKey { id: KeyId::from_uuid(id), tenant: TenantId::from_uuid(tenant), scope, wrapped })
}
