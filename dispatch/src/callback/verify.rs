//! Whose a callback is: tried against every entry of its kind that a tenant has, or had a while ago. Entries of one account share
//! its secret, so that it may be of several.
//!
//! A callback costs nothing to send, so that it makes no log line of its own: a secret that cannot be opened is told of once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use orqestra_commands::{TenantEntry, open_text};
use orqestra_domain::ProviderInstanceId;
use orqestra_domain::provider::{HttpConfig, ProviderConfig, ProviderEntry};
use orqestra_event_log::Outage;
use orqestra_vault::KeyError;

use super::{Callback, Receipt, Receipts, Rejected, Verified, receipts, verifying_secret};

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

/// The entries whose secrets could not be opened when they were last asked for.
#[derive(Debug, Default)]
pub(super) struct Unopened(Mutex<HashMap<ProviderInstanceId, Outage>>);

impl Unopened {
    /// Notes a failure. True: the entry's first one since its secret was last opened.
    fn begins(&self, instance: ProviderInstanceId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(instance).or_default().begins()
    }

    /// Notes a success. For how many milliseconds the secret could not be opened, where this ends it.
    fn ends(&self, instance: ProviderInstanceId) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&instance)?.ends()
    }
}

impl Receipts {
    /// Finds the entries that a callback of that kind may be of, and reads its receipts.
    ///
    /// # Errors
    /// If it is of none, cannot be read, or a secret cannot be opened now.
    pub async fn verify(
        &self,
        tenant: &TenantEntry,
        kind: &str,
        callback: &Callback<'_>,
    ) -> Result<(Verified, Vec<Receipt>), Unverified> {
        let mut found: Option<(Verified, Vec<Receipt>)> = None;
        for entry in tenant.record.calling_back(kind, callback.now) {
            let ProviderConfig::Http(config) = &entry.config else { continue };
            let secret = match self.opened(tenant, entry, config).await {
                Ok(secret) => secret,
                Err(unavailable @ KeyError::Unavailable(_)) if found.is_none() => {
                    return Err(Unverified::Unavailable(unavailable));
                }
                // Another entry may have signed it, or has.
                Err(KeyError::Unavailable(_) | KeyError::Gone | KeyError::Corrupt(_)) => continue,
            };
            match receipts(config, secret.as_deref(), callback) {
                Ok(receipts) => match &mut found {
                    Some((verified, _)) => verified.instances.push(entry.instance),
                    None => {
                        let (tenant, instances, kind) = (tenant.id, vec![entry.instance], config.name());
                        found = Some((Verified { tenant, instances, kind }, receipts));
                    }
                },
                Err(Rejected::NoSecret | Rejected::WrongSignature) => {}
                Err(its @ (Rejected::OutOfTime | Rejected::Unreadable)) => return Err(its.into()),
            }
        }
        found.ok_or(Rejected::WrongSignature.into())
    }

    async fn opened(
        &self,
        tenant: &TenantEntry,
        entry: &ProviderEntry,
        config: &HttpConfig,
    ) -> Result<Option<String>, KeyError> {
        let Some((name, sealed)) = verifying_secret(config) else { return Ok(None) };
        let vault = self.commands.vault();
        let opened = open_text(vault, tenant.id, entry.instance, name.field(), sealed).await;
        match &opened {
            Ok(_) => {
                if let Some(duration_ms) = self.unopened.ends(entry.instance) {
                    tracing::info!(tenant.id = %tenant.id, provider = config.name(), duration_ms,
                        "the secret of a provider's callbacks can be opened again");
                }
            }
            Err(KeyError::Unavailable(_)) => {}
            Err(error @ (KeyError::Gone | KeyError::Corrupt(_))) => {
                let kind = config.name();
                metrics::counter!("orqestra_callback_secrets_unopened_total", "provider" => kind)
                    .increment(1);
                if self.unopened.begins(entry.instance) {
                    tracing::error!(tenant.id = %tenant.id, provider = kind, error = %error,
                        "the secret of a provider's callbacks cannot be opened");
                }
            }
        }
        opened.map(Some)
    }
}
