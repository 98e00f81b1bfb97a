//! The installation's claim on one secret of a kind, so that two processes do not each work with their own.
//!
//! The database holds the secret's id, an HMAC by the platform's index key: it outlives a change of the master key, and
//! tells nothing of the secret to a reader of the database. The claim needs the platform's tenant, and so comes after the
//! claim of the master key.

use orqestra_domain::TenantId;

use crate::reader::{KeyError, ReadFailure};
use crate::rotate::in_time;
use crate::vault::Vault;

const CLAIM: &str = "insert into installation_secrets (name, id) values ($1, $2) \
     on conflict on constraint installation_secrets_pkey do nothing";
const CLAIMED: &str = "select id from installation_secrets where name = $1";
const REPLACE: &str = "insert into installation_secrets as s (name, id) values ($1, $2) \
     on conflict on constraint installation_secrets_pkey do update \
     set id = excluded.id, claimed_at = clock_timestamp() where s.id <> excluded.id";

/// A secret that the processes of an installation share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallationSecret {
    /// The one that realtime tokens are signed with.
    Realtime,
    /// The admin token, where a data folder made it. One that a setting gives is the operator's own affair.
    Admin,
}

impl InstallationSecret {
    const fn name(self) -> &'static str {
        match self {
            Self::Realtime => "realtime",
            Self::Admin => "admin",
        }
    }
}

/// The reasons for which a secret is not claimed.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Another one is.
    #[error("the database belongs to another one (id {claimed}, got {given})")]
    Other {
        /// The id of the claimed secret, hexadecimal.
        claimed: String,
        /// The id of the secret at hand, hexadecimal.
        given: String,
    },
    /// The platform's index key cannot be read.
    #[error("the id of the secret cannot be computed")]
    Key(#[source] KeyError),
    /// The database failed.
    #[error("the claim of the secret cannot be read")]
    Unavailable(#[source] ReadFailure),
}

impl Vault {
    /// Claims the installation for this secret, or finds that it is claimed for it already.
    ///
    /// # Errors
    /// [`SecretError::Other`] where another one is claimed.
    pub async fn claim_secret(&self, kind: InstallationSecret, secret: &str) -> Result<(), SecretError> {
        let id = self.secret_id(secret).await?;
        let claim = sqlx::query(CLAIM).bind(kind.name()).bind(id.to_vec()).execute(self.pool());
        in_time(claim).await.map_err(SecretError::Unavailable)?;
        match self.claimed(kind).await? {
            Some(claimed) if claimed != id => {
                Err(SecretError::Other { claimed: hex::encode(claimed), given: hex::encode(id) })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Claims the installation for this secret in place of another one.
    ///
    /// # Errors
    /// [`SecretError`] where the database or the platform's key cannot be read.
    pub async fn replace_secret(&self, kind: InstallationSecret, secret: &str) -> Result<(), SecretError> {
        let id = self.secret_id(secret).await?;
        let replace = sqlx::query(REPLACE).bind(kind.name()).bind(id.to_vec()).execute(self.pool());
        in_time(replace).await.map(drop).map_err(SecretError::Unavailable)
    }

    /// Whether this secret is the claimed one; nothing where none is. Claims nothing.
    ///
    /// # Errors
    /// [`SecretError`] where the database or the platform's key cannot be read.
    pub async fn is_claimed(
        &self,
        kind: InstallationSecret,
        secret: &str,
    ) -> Result<Option<bool>, SecretError> {
        let Some(claimed) = self.claimed(kind).await? else { return Ok(None) };
        Ok(Some(claimed == self.secret_id(secret).await?))
    }

    async fn claimed(&self, kind: InstallationSecret) -> Result<Option<Vec<u8>>, SecretError> {
        let read = sqlx::query_scalar(CLAIMED).bind(kind.name()).fetch_optional(self.pool());
        in_time(read).await.map_err(SecretError::Unavailable)
    }

    async fn secret_id(&self, secret: &str) -> Result<[u8; 8], SecretError> {
        let index = self.index_key(TenantId::PLATFORM).await.map_err(SecretError::Key)?;
        Ok(index.secret_id(secret))
    }
}
