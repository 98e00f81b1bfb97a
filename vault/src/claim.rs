//! The installation's claim on one master key, so that two processes that start at once cannot wrap with two.
//!
//! The first key that is claimed is the installation's; a rotation moves the claim when everything is wrapped anew. A
//! process whose key is not the claimed one must not wrap anything.

use crate::master::MasterKey;
use crate::reader::{KeyError, ReadFailure};
use crate::rotate::in_time;
use crate::vault::Vault;

const CLAIM: &str =
    "insert into master_key (id) values ($1) on conflict on constraint master_key_pkey do nothing";
const CLAIMED: &str = "select id from master_key";
const MOVE: &str = "update master_key set id = $2, claimed_at = clock_timestamp() where id = $1";

/// The reasons for which a master key is not this installation's.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Another key is claimed.
    #[error(
        "the database belongs to another master key (id {claimed}, got {given}); give every process the key that the \
         first one made, by ORQESTRA_MASTER_KEY or ORQESTRA_MASTER_KEY_FILE"
    )]
    Other {
        /// The id of the claimed key, hexadecimal.
        claimed: String,
        /// The id of the key at hand, hexadecimal.
        given: String,
    },
    /// A stored data key does not unwrap.
    #[error("this is not the master key of what the database holds")]
    Stored(#[source] KeyError),
    /// The database failed.
    #[error("the claim of the master key cannot be read")]
    Unavailable(#[source] ReadFailure),
}

impl Vault {
    /// Claims the installation for the master key at hand, or finds that it is claimed for it already. True where data
    /// keys are stored, false where nothing is.
    ///
    /// # Errors
    /// [`ClaimError`] where another key is claimed, or a stored data key was wrapped with another one.
    pub async fn claim_master(&self) -> Result<bool, ClaimError> {
        // A database from before claims holds data keys and no claim: only their own key may claim it.
        let in_use = self.check_master().await.map_err(ClaimError::Stored)?;
        let (master, former) = self.masters();
        let claim = sqlx::query(CLAIM).bind(master.id().to_vec()).execute(self.pool());
        in_time(claim).await.map_err(ClaimError::Unavailable)?;
        let read = sqlx::query_scalar::<_, Vec<u8>>(CLAIMED).fetch_one(self.pool());
        let claimed = in_time(read).await.map_err(ClaimError::Unavailable)?;
        let is_ours = |key: &MasterKey| claimed == key.id();
        if is_ours(master) || former.is_some_and(is_ours) {
            return Ok(in_use);
        }
        Err(ClaimError::Other { claimed: hex::encode(claimed), given: hex::encode(master.id()) })
    }

    /// Moves the claim to a new master key, once no data key is wrapped with this one.
    pub(crate) async fn move_claim(&self, new: &MasterKey) -> Result<(), ReadFailure> {
        let (master, _) = self.masters();
        let moved = sqlx::query(MOVE).bind(master.id().to_vec()).bind(new.id().to_vec()).execute(self.pool());
        in_time(moved).await.map(drop)
    }
}
