//! The secrets that all API processes of an installation share: read, made where they are missing, and claimed.
//!
//! They are made only once the master key's claim has succeeded, and the secret for realtime tokens before the admin token,
//! so that a process that is refused leaves none of its own behind.

use anyhow::Context as _;
use orqestra_vault::{InstallationSecret, OsEntropy, SecretError, Vault};

use crate::keep::{ADMIN_TOKEN_FILE, DataDir, Missing, Origin, REALTIME_SECRET_FILE};
use crate::settings::Settings;

const REALTIME_REMEDY: &str = "this is not the secret that the installation's realtime tokens are signed with: give every process \
     the same one by ORQESTRA_CENTRIFUGO_TOKEN_SECRET, or the data folder that has it; `orqestra bootstrap \
     --change-realtime-secret` puts this process's in its place";
const ADMIN_REMEDY: &str = "another data folder made the installation's admin token: give every process that one or one of your \
     own by ORQESTRA_ADMIN_TOKEN, or the data folder that has it";

/// How the database belongs to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    /// The data folder's own: no other process has another secret, and what the folder or a setting says now holds.
    Private,
    /// Given: other processes may work on it.
    Given,
}

/// The secrets.
pub(crate) struct ApiSecrets {
    pub(crate) admin_token: String,
    pub(crate) realtime: String,
}

impl ApiSecrets {
    /// Reads them, makes `missing` ones and claims them.
    ///
    /// # Errors
    /// Where the installation has others, with the remedy; where they are missing and not made.
    pub(crate) async fn claimed(
        settings: &Settings,
        data: &DataDir,
        vault: &Vault,
        (missing, database): (Missing, Database),
    ) -> anyhow::Result<Self> {
        let (realtime, origin) = data.realtime_secret(settings, missing, &OsEntropy)?;
        let claim = match database {
            Database::Private => vault.replace_secret(InstallationSecret::Realtime, &realtime).await,
            Database::Given => vault.claim_secret(InstallationSecret::Realtime, &realtime).await,
        };
        if let Err(error) = claim {
            if origin == Origin::Made {
                data.take_back(REALTIME_SECRET_FILE);
            }
            return Err(told(error, REALTIME_REMEDY));
        }
        let (admin_token, origin) = data.admin_token(settings, missing, &OsEntropy)?;
        if settings.admin_token.is_none() {
            claim_admin(data, vault, (&admin_token, origin), database).await?;
        }
        Ok(Self { admin_token, realtime })
    }

    /// Looks whether they are there, for a process that makes none.
    ///
    /// # Errors
    /// Where one is missing, with what to do.
    pub(crate) fn look(settings: &Settings, data: &DataDir) -> anyhow::Result<()> {
        data.realtime_secret(settings, Missing::Refused, &OsEntropy)?;
        data.admin_token(settings, Missing::Refused, &OsEntropy)?;
        Ok(())
    }
}

/// Claims the folder's admin token. One that was kept before is good beside the claimed one; a second one is not made.
async fn claim_admin(
    data: &DataDir,
    vault: &Vault,
    (token, origin): (&str, Origin),
    database: Database,
) -> anyhow::Result<()> {
    let claim = match database {
        Database::Private => vault.replace_secret(InstallationSecret::Admin, token).await,
        Database::Given => vault.claim_secret(InstallationSecret::Admin, token).await,
    };
    match (claim, origin) {
        (Ok(()), _) | (Err(SecretError::Other { .. }), Origin::AtHand) => Ok(()),
        (Err(error), Origin::Made) => {
            data.take_back(ADMIN_TOKEN_FILE);
            Err(told(error, ADMIN_REMEDY))
        }
        (Err(error), Origin::AtHand) => Err(error.into()),
    }
}

/// Puts another secret for realtime tokens in the place of the installation's.
pub(crate) async fn change_realtime(
    settings: &Settings,
    data: &DataDir,
    vault: &Vault,
) -> anyhow::Result<()> {
    let secret = data.another_realtime_secret(settings, &OsEntropy)?;
    let replaced = vault.replace_secret(InstallationSecret::Realtime, &secret).await;
    replaced.context("the secret for realtime tokens was not replaced; run it again")
}

fn told(error: SecretError, remedy: &'static str) -> anyhow::Error {
    match error {
        SecretError::Other { .. } => anyhow::Error::new(error).context(remedy),
        SecretError::Key(_) | SecretError::Unavailable(_) => error.into(),
    }
}
