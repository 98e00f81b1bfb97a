//! Whose a callback is: tried against every entry of its kind that a tenant has, or had a while ago.

use orqestra_commands::{Commands, TenantEntry, open_text};
use orqestra_domain::provider::{HttpConfig, ProviderConfig, ProviderEntry};
use orqestra_vault::KeyError;

use super::{Callback, Receipt, Rejected, Verified, receipts, verifying_secret};

/// Why a callback is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Unverified {
    /// It is of no entry, or cannot be read.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A secret cannot be opened now.
    #[error(transparent)]
    Unavailable(KeyError),
}

/// Finds the entry that a callback of that kind is of, and reads its receipts.
///
/// # Errors
/// If it is of none, cannot be read, or a secret cannot be opened now.
pub async fn verify(
    commands: &Commands,
    tenant: &TenantEntry,
    kind: &str,
    callback: &Callback<'_>,
) -> Result<(Verified, Vec<Receipt>), Unverified> {
    for entry in tenant.record.calling_back(kind, callback.now) {
        let ProviderConfig::Http(config) = &entry.config else { continue };
        let secret = match opened(commands, tenant, entry, config).await {
            Ok(secret) => secret,
            Err(unavailable @ KeyError::Unavailable(_)) => return Err(Unverified::Unavailable(unavailable)),
            Err(error @ (KeyError::Gone | KeyError::Corrupt(_))) => {
                tracing::error!(tenant.id = %tenant.id, provider = kind, error = %error,
                    "a provider's webhook secret cannot be opened");
                continue;
            }
        };
        match receipts(config, secret.as_deref(), callback) {
            Ok(receipts) => {
                let verified = Verified { tenant: tenant.id, instance: entry.instance, kind: config.name() };
                return Ok((verified, receipts));
            }
            Err(Rejected::NoSecret | Rejected::WrongSignature) => {}
            Err(its @ (Rejected::OutOfTime | Rejected::Unreadable)) => return Err(its.into()),
        }
    }
    Err(Rejected::WrongSignature.into())
}

async fn opened(
    commands: &Commands,
    tenant: &TenantEntry,
    entry: &ProviderEntry,
    config: &HttpConfig,
) -> Result<Option<String>, KeyError> {
    let Some((name, sealed)) = verifying_secret(config) else { return Ok(None) };
    open_text(commands.vault(), tenant.id, entry.instance, name.field(), sealed).await.map(Some)
}
