//! `RegisterTenant`: a tenant comes to be, with its own keys and a first API key.

use std::collections::BTreeSet;

use orqestra_domain::tenant::{
    Limits, RegisterTenant as Register, Tenant, TenantChange, TenantCommand, TenantRefusal,
};
use orqestra_domain::{ApiKeyId, Channel, EmailAddress, StreamId, TenantId, TenantName};
use orqestra_event_log::Ticket;
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

impl Commands {
    /// Registers a tenant. It holds in this process when this returns.
    ///
    /// # Errors
    /// `AlreadyRegistered` where the id is in use; the log's failure.
    pub async fn register_tenant(
        &self,
        input: RegisterTenant,
        ctx: &Context,
    ) -> Result<Registered, CommandError<TenantRefusal>> {
        let at = self.now();
        let tenant = input.id.unwrap_or_else(|| TenantId::from_uuid(self.ids().uuid_v7(at)));
        let stream = StreamId::tenant(tenant);
        let api_key = input.api_key.unwrap_or_else(|| new_api_key(self.entropy()));
        let api_key_id = ApiKeyId::from_uuid(self.ids().uuid_v7(at));
        let (tenant_key, opened) = self.vault().new_key(tenant, KeyScope::Tenant);
        let (index_key, index) = self.vault().new_key(tenant, KeyScope::Index);
        let mut changes =
            vec![TenantChange::IssueApiKey { key_id: api_key_id, hash: hash_api_key(&api_key) }];
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
        let ticket = Ticket { new_keys: vec![tenant_key, index_key], ..Ticket::default() };
        let tried = self.on_stream::<Tenant>(&stream, command, &ticket, (ctx, None)).await?;
        let committed = match tried {
            Ok(committed) => committed,
            Err(
                NotRecorded::Conflict
                | NotRecorded::KeyRaced(_)
                | NotRecorded::KeyDead
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
