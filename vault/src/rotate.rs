//! Changing the master key, and whether the one at hand fits what is stored.
//!
//! Only the wrapping of stored keys changes: ids, sealed fields and look-up hashes stay, and so does the log. It
//! runs beside a working engine.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::key::NewKey;
use crate::master::MasterKey;
use crate::reader::{KeyError, ReadFailure, Row, stored_key};
use crate::seal::NONCE;
use crate::vault::Vault;

const TIMEOUT: Duration = Duration::from_secs(30);
const PAGE: i64 = 500;
const FIRST: &str = "select key_id, tenant_id, kind, recipient_ref, month, wrapped from data_keys limit 1";
const NEXT: &str = "select key_id, tenant_id, kind, recipient_ref, month, wrapped from data_keys \
     where key_id > $1 order by key_id limit $2";
const UPDATE: &str = "update data_keys as k set wrapped = n.wrapped \
     from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as n (key_id, old, wrapped) \
     where k.key_id = n.key_id and k.wrapped = n.old";

/// Why a rotation stopped. What is wrapped anew stays so; it can be started again.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// A key cannot be read or unwrapped.
    #[error("data key {key_id} cannot be wrapped anew")]
    Key {
        /// The key.
        key_id: Uuid,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// The database failed.
    #[error("data keys cannot be wrapped anew now")]
    Unavailable(#[source] ReadFailure),
}

impl Vault {
    /// Tries the master key on a stored key, so that a wrong one is noticed at start. True where one unwrapped,
    /// false where none is stored yet.
    ///
    /// # Errors
    /// [`KeyError::Corrupt`] with `OtherMaster` where the key at hand is not the one.
    pub async fn check_master(&self) -> Result<bool, KeyError> {
        let read = sqlx::query_as::<_, Row>(FIRST).fetch_optional(self.pool());
        let row = in_time(read).await.map_err(KeyError::Unavailable)?;
        let Some(row) = row else { return Ok(false) };
        self.unwrap(&stored_key(row)?).map(|_| true)
    }

    /// Wraps all stored keys with a new master key and says how many it changed. Start all processes with the new
    /// key and this one as the former first, and rotate until nothing changes; then the former can go.
    ///
    /// # Errors
    /// [`RotateError`] at the first key or statement that fails.
    pub async fn rotate(&self, new: &MasterKey) -> Result<u64, RotateError> {
        let (mut after, mut changed) = (Uuid::nil(), 0);
        loop {
            let read = sqlx::query_as::<_, Row>(NEXT).bind(after).bind(PAGE).fetch_all(self.pool());
            let page = in_time(read).await.map_err(RotateError::Unavailable)?;
            let Some(last) = page.last() else {
                self.move_claim(new).await.map_err(RotateError::Unavailable)?;
                return Ok(changed);
            };
            after = last.0;
            let (mut ids, mut old, mut wrapped) = (Vec::new(), Vec::new(), Vec::new());
            for row in page {
                let key_id = row.0;
                let rewrapped = stored_key(row).and_then(|stored| self.rewrap(stored, new));
                if let Some((before, key)) =
                    rewrapped.map_err(|source| RotateError::Key { key_id, source })?
                {
                    ids.push(key_id);
                    old.push(before);
                    wrapped.push(key.wrapped);
                }
            }
            let update = sqlx::query(UPDATE).bind(ids).bind(old).bind(wrapped).execute(self.pool());
            changed += in_time(update).await.map_err(RotateError::Unavailable)?.rows_affected();
        }
    }

    fn rewrap(&self, stored: NewKey, new: &MasterKey) -> Result<Option<(Vec<u8>, NewKey)>, KeyError> {
        if new.unwrap(&stored).is_ok() {
            return Ok(None);
        }
        let key = self.unwrap(&stored)?;
        let mut nonce = [0; NONCE];
        self.entropy().fill(&mut nonce);
        Ok(Some((stored.wrapped, new.wrap(&key, nonce))))
    }
}

pub(crate) async fn in_time<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, ReadFailure> {
    match tokio::time::timeout(TIMEOUT, work).await {
        Ok(done) => done.map_err(|error| ReadFailure::Database(Arc::new(error))),
        Err(_) => Err(ReadFailure::TimedOut),
    }
}
