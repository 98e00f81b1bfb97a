//! `ChangeTenant`: name, standing, keys, secret, limits, channels, sender, push categories.

use std::collections::{BTreeMap, BTreeSet};

use orqestra_domain::notification::UnknownPolicy;
use orqestra_domain::retry::RetryDelays;
use orqestra_domain::tenant::{
    Limits, Standing, Tenant, TenantChange, TenantCommand, TenantRecord, TenantRefusal,
};
use orqestra_domain::{
    ApiKeyId, ApiKeyKind, Channel, EmailAddress, PushCategories, StreamId, TenantId, TenantName,
};
use orqestra_event_log::{ConfigurationRead, Ticket};
use orqestra_vault::{FieldContext, hash_api_key, new_api_key};

use crate::content::WEBHOOK_SECRET_FIELD;
use crate::context::Context;
use crate::directory::TenantEntry;
use crate::error::CommandError;
use crate::execute::{Commands, NotRecorded, TRIES_OF_A_CHANGE, tenant_key_error};
use crate::register_tenant::{api_key_claim, holder_of};

/// What is to change; what is `None` stays. A doubled option tells "none any more" from "as it is".
#[derive(Clone, Debug, Default)]
pub struct TenantPatch {
    /// Another name.
    pub name: Option<TenantName>,
    /// Active or not.
    pub standing: Option<Standing>,
    /// The webhook secret.
    pub webhook_secret: Option<Option<String>>,
    /// Accepted triggers in any 60 s.
    pub rate_per_minute: Option<u32>,
    /// Accepted triggers a UTC day.
    pub daily_cap: Option<Option<u64>>,
    /// The delivery channels.
    pub delivery_channels: Option<Option<BTreeSet<Channel>>>,
    /// The sender mailbox.
    pub sender_email: Option<Option<EmailAddress>>,
    /// The push categories.
    pub push_categories: Option<Option<PushCategories>>,
    /// The retry schedules of these channels.
    pub retry_schedules: BTreeMap<Channel, Option<RetryDelays>>,
    /// The policies for unknown outcomes of these channels.
    pub unknown_policies: BTreeMap<Channel, Option<UnknownPolicy>>,
    /// One more API key of a kind.
    pub issue_api_key: Option<ApiKeyKind>,
    /// One API key less.
    pub revoke_api_key: Option<ApiKeyId>,
}

/// A new API key. Shown here and never again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The key in clear.
    pub api_key: String,
}

impl Commands {
    /// Changes a tenant. The change holds in this process when this returns, and for every trigger that another process accepts
    /// after that; elsewhere within a second.
    ///
    /// # Errors
    /// `UnknownTenant`; `CategoryInUse` where a template names a push category that would be left out; `NoSuchKey` where a key
    /// to revoke is not there; the log's failure.
    pub async fn change_tenant(
        &self,
        tenant: TenantId,
        patch: TenantPatch,
        ctx: &Context,
    ) -> Result<(TenantRecord, Option<IssuedApiKey>), CommandError<TenantRefusal>> {
        let issued = patch.issue_api_key.map(|kind| IssuedApiKey {
            id: ApiKeyId::from_uuid(self.ids().uuid_v7(self.now())),
            api_key: new_api_key(self.entropy(), kind),
        });
        for _ in 0..TRIES_OF_A_CHANGE {
            let up_to = self.directory().position();
            let known = self.directory().tenant(tenant).ok_or(CommandError::UnknownTenant)?;
            if let Some(categories) = &patch.push_categories
                && self.directory().uses_other_categories(tenant, categories.as_ref())
            {
                return Err(CommandError::Refused(TenantRefusal::CategoryInUse));
            }
            let configuration = Some(ConfigurationRead { tenant, up_to });
            let mut ticket = Ticket { configuration, ..Ticket::default() };
            let changes = self.changes(&known, patch.clone(), issued.as_ref(), &mut ticket).await?;
            match self.change(&StreamId::tenant(tenant), changes, &ticket, ctx).await? {
                Some(record) => return Ok((record, issued)),
                None => self.catch_up().await?,
            }
        }
        Err(CommandError::Contended)
    }

    /// The changes that a patch asks for, by the tenant as it stands.
    async fn changes(
        &self,
        known: &TenantEntry,
        patch: TenantPatch,
        issued: Option<&IssuedApiKey>,
        ticket: &mut Ticket,
    ) -> Result<Vec<TenantChange>, CommandError<TenantRefusal>> {
        let tenant = known.id;
        let stream = StreamId::tenant(tenant);
        let mut changes = Vec::new();
        changes.extend(patch.name.map(TenantChange::Rename));
        changes.extend(patch.standing.map(TenantChange::Activate));
        if let Some(secret) = patch.webhook_secret {
            let sealed = match secret {
                None => None,
                Some(secret) => {
                    let key = self.vault().tenant_key(tenant).await.map_err(tenant_key_error)?;
                    ticket.used_keys.push(key.id());
                    let place =
                        FieldContext { tenant, aggregate_id: stream.as_str(), field: WEBHOOK_SECRET_FIELD };
                    Some(self.vault().seal(&key, &place, secret.as_bytes()))
                }
            };
            changes.push(TenantChange::SetWebhookSecret(sealed));
        }
        if patch.rate_per_minute.is_some() || patch.daily_cap.is_some() {
            let now = known.record.limits;
            changes.push(TenantChange::SetLimits(Limits {
                rate_per_minute: patch.rate_per_minute.unwrap_or(now.rate_per_minute),
                daily_cap: patch.daily_cap.unwrap_or(now.daily_cap),
            }));
        }
        changes.extend(patch.delivery_channels.map(TenantChange::SetDeliveryChannels));
        changes.extend(patch.sender_email.map(TenantChange::SetSender));
        changes.extend(patch.push_categories.map(TenantChange::SetPushCategories));
        let schedules = patch.retry_schedules.into_iter();
        changes.extend(schedules.map(|(channel, delays)| TenantChange::SetRetrySchedule { channel, delays }));
        let policies = patch.unknown_policies.into_iter();
        changes.extend(policies.map(|(channel, policy)| TenantChange::SetUnknownPolicy { channel, policy }));
        if let Some((IssuedApiKey { id, api_key }, kind)) = issued.zip(patch.issue_api_key) {
            let hash = hash_api_key(api_key);
            ticket.idempotency_key = Some(api_key_claim(hash, tenant));
            changes.push(TenantChange::IssueApiKey { key_id: *id, hash, kind });
        }
        changes.extend(patch.revoke_api_key.map(TenantChange::RevokeApiKey));
        Ok(changes)
    }

    /// Appends changes of a tenant and waits until they hold here; `None` where the configuration that the ticket names has
    /// changed.
    pub(crate) async fn change(
        &self,
        stream: &StreamId,
        changes: Vec<TenantChange>,
        ticket: &Ticket,
        ctx: &Context,
    ) -> Result<Option<TenantRecord>, CommandError<TenantRefusal>> {
        let command = TenantCommand::Change { changes, at: self.now() };
        let tried = self.on_stream::<Tenant>(stream, command, ticket, (ctx, None)).await?;
        let committed = match tried {
            Ok(committed) => committed,
            Err(NotRecorded::KeyTaken(holder)) => {
                return Err(CommandError::Refused(TenantRefusal::ApiKeyTaken { holder: holder_of(holder) }));
            }
            Err(NotRecorded::Reconfigured) => return Ok(None),
            Err(NotRecorded::Conflict | NotRecorded::KeyRaced(_) | NotRecorded::KeyDead) => {
                return Err(CommandError::Contended);
            }
        };
        self.settle(committed.position).await?;
        match committed.aggregate.record() {
            Some(record) => Ok(Some(record.clone())),
            None => Err(CommandError::Refused(TenantRefusal::NotRegistered)),
        }
    }

    /// Brings the directory up to what is stored now.
    pub(crate) async fn catch_up<R: std::error::Error>(&self) -> Result<(), CommandError<R>> {
        let caught_up = self.directory().catch_up_now().await;
        caught_up.map_err(|error| CommandError::Unavailable(error.to_string()))
    }
}
