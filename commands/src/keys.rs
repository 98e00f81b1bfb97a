//! Which data key seals what: the recipient's key of the month, the tenant's own keys.
//!
//! A key that no append has stored yet travels in the append that first uses it. Where another was first, its key
//! is adopted and the command seals again.

use orqestra_domain::notification::{NotificationRefusal, Story};
use orqestra_domain::{KeyId, RecipientRef, TenantId, Timestamp};
use orqestra_vault::{DataKey, KeyScope, NewKey};

use crate::error::CommandError;
use crate::execute::Commands;

/// A key to seal with, and whether it must travel with the append.
pub(crate) struct SealingKey {
    pub(crate) key: DataKey,
    pub(crate) new: Option<NewKey>,
}

impl SealingKey {
    /// What the append has to check: a key that is not new must still be there.
    pub(crate) fn relied_on(&self) -> Vec<KeyId> {
        if self.new.is_some() { Vec::new() } else { vec![self.key.id()] }
    }
}

impl Commands {
    /// The key that seals a notification's later fields: the one its recipient was sealed with.
    ///
    /// # Errors
    /// `RecipientForgotten` where it is gone.
    pub async fn sealing_key(&self, story: &Story) -> Result<DataKey, CommandError<NotificationRefusal>> {
        Ok(self.vault().key(story.accepted.recipient.key_id).await?)
    }

    pub(crate) fn recipient_key(
        &self,
        tenant: TenantId,
        recipient: RecipientRef,
        accepted_at: Timestamp,
    ) -> SealingKey {
        let scope = KeyScope::Recipient { recipient, month: accepted_at.month() };
        if let Some(key) = self.vault().cached(tenant, scope) {
            return SealingKey { key, new: None };
        }
        let (new, key) = self.vault().new_key(tenant, scope);
        SealingKey { key, new: Some(new) }
    }

    pub(crate) fn adopt<R: std::error::Error>(
        &self,
        tenant: TenantId,
        winner: &NewKey,
    ) -> Result<(), CommandError<R>> {
        let adopted = self.vault().adopt(winner.id, tenant, winner.scope, &winner.wrapped);
        adopted.map(drop).map_err(|error| CommandError::Corrupt(error.to_string()))
    }
}
