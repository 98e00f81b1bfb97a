//! `RegisterTenant`: a tenant comes to be, with its own keys and a first API key.
//!
//! The append that issues an API key claims the key's hash for the tenant, for ever and over the whole installation: of two
//! processes that issue one key to two tenants, one is refused. A revoked key stays claimed.

use std::collections::BTreeSet;
use std::time::Duration;

use orqestra_domain::tenant::{
    Limits, RegisterTenant as Register, Tenant, TenantChange, TenantCommand, TenantRefusal,
};
use orqestra_domain::{
    ApiKeyHash, ApiKeyId, ApiKeyKind, Channel, EmailAddress, NotificationId, StreamId, TenantId, TenantName,
    Timestamp,
};
use orqestra_event_log::{IdempotencyClaim, Ticket};
use orqestra_vault::{FieldContext, KeyScope, hash_api_key, new_api_key};

use crate::content::WEBHOOK_SECRET_FIELD;
use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, NotRecorded};

/// What a tenant starts with.
#[derive(Clone, Debug)]
pub struct RegisterTenant {
    /// Its id; made if absent.
    pub id: Option<TenantId>,
    /// Its name.
    pub name: TenantName,
    /// Its first API key; made if absent.
    pub api_key: Option<String>,
    /// The secret that triggers must be signed with.
    pub webhook_secret: Option<String>,
    /// Its limits.
    pub limits: Limits,
    /// Its delivery channels; all if absent.
    pub delivery_channels: Option<BTreeSet<Channel>>,
    /// The mailbox its emails come from.
    pub sender_email: Option<EmailAddress>,
}

/// A tenant that came to be. The key is shown here and never again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub tenant_id: TenantId,
    /// Its name.
    pub name: TenantName,
    /// Its API key in clear.
    pub api_key: String,
    /// The key's id.
    pub api_key_id: ApiKeyId,
}

/// The claim of an API key's hash for its tenant. Migration 0011 writes the same for keys that were issued before.
pub(crate) fn api_key_claim(hash: ApiKeyHash, tenant: TenantId) -> IdempotencyClaim {
    IdempotencyClaim {
        tenant: TenantId::API_KEYS,
        key: format!("api-key:{hash}"),
        plain: None,
        notification: NotificationId::from_uuid(tenant.as_uuid()),
        expires_at: Timestamp::EPOCH.plus(Duration::MAX),
    }
}

/// The tenant that a claim of an API key names.
pub(crate) const fn holder_of(claimed: NotificationId) -> TenantId {
    TenantId::from_uuid(claimed.as_uuid())
}

impl Commands {
    /// Registers a tenant. It holds in this process when this returns.
    ///
    /// # Errors
    /// `AlreadyRegistered` where the id is in use; `ApiKeyTaken` where the key was issued to another tenant; the log's
    /// failure.
    pub async fn register_tenant(
        &self,
        input: RegisterTenant,
        ctx: &Context,
    ) -> Result<Registered, CommandError<TenantRefusal>> {
        let at = self.now();
        let tenant = input.id.unwrap_or_else(|| TenantId::from_uuid(self.ids().uuid_v7(at)));
        let stream = StreamId::tenant(tenant);
        let api_key = input.api_key.unwrap_or_else(|| new_api_key(self.entropy(), ApiKeyKind::Live));
        let api_key_id = ApiKeyId::from_uuid(self.ids().uuid_v7(at));
        let (tenant_key, opened) = self.vault().new_key(tenant, KeyScope::Tenant);
        let (index_key, index) = self.vault().new_key(tenant, KeyScope::Index);
        let hash = hash_api_key(&api_key);
        let mut changes =
            vec![TenantChange::IssueApiKey { key_id: api_key_id, hash, kind: ApiKeyKind::Live }];
        if let Some(secret) = &input.webhook_secret {
            let place = FieldContext { tenant, aggregate_id: stream.as_str(), field: WEBHOOK_SECRET_FIELD };
            let sealed = self.vault().seal(&opened, &place, secret.as_bytes());
            changes.push(TenantChange::SetWebhookSecret(Some(sealed)));
        }
        changes.push(TenantChange::SetDeliveryChannels(input.delivery_channels));
        changes.push(TenantChange::SetSender(input.sender_email));
        let command = TenantCommand::Register(Box::new(Register {
            name: input.name.clone(),
            limits: input.limits,
            changes,
            at,
        }));
        let ticket = Ticket {
            idempotency_key: Some(api_key_claim(hash, tenant)),
            new_keys: vec![tenant_key, index_key],
            ..Ticket::default()
        };
        let tried = self.on_stream::<Tenant>(&stream, command, &ticket, (ctx, None)).await?;
        let committed = match tried {
            Ok(committed) => committed,
            Err(NotRecorded::KeyTaken(holder)) if holder_of(holder) != tenant => {
                return Err(CommandError::Refused(TenantRefusal::ApiKeyTaken { holder: holder_of(holder) }));
            }
            Err(
                NotRecorded::Conflict
                | NotRecorded::KeyRaced(_)
                | NotRecorded::KeyDead
                | NotRecorded::Reconfigured
                | NotRecorded::KeyTaken(_),
            ) => return Err(CommandError::Refused(TenantRefusal::AlreadyRegistered)),
        };
        self.vault().remember(&opened);
        self.vault().remember(&index);
        self.settle(committed.position).await?;
        Ok(Registered { tenant_id: tenant, name: input.name, api_key, api_key_id })
    }

    /// Waits until this process's directory holds a change.
    pub(crate) async fn settle<R: std::error::Error>(
        &self,
        position: Option<orqestra_event_log::Position>,
    ) -> Result<(), CommandError<R>> {
        match position {
            Some(position) => {
                let waited = self.directory().wait_for(position).await;
                waited.map_err(|error| CommandError::Unavailable(error.to_string()))
            }
            None => Ok(()),
        }
    }
}
