//! Keeping up: the first reading of all tenants and templates, then the log's tail.
//!
//! A secret that cannot be opened because the database is away is tried again; the position does not move past it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use orqestra_domain::recipient::RecipientEvent;
use orqestra_domain::tenant::{Tenant, TenantEvent};
use orqestra_domain::{AnyEvent, StreamId, TemplateId, TenantId};
use orqestra_event_log::{Outage, Position, RecordedEvent};
use orqestra_vault::{FieldContext, IndexKey};
use tokio_util::sync::CancellationToken;

use super::Directory;
use super::entry::{Secret, TenantEntry};
use super::error::DirectoryError;
use crate::content::WEBHOOK_SECRET_FIELD;

const BATCH: usize = 1_000;
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(250);
/// The aggregates whose events say something here; a forgotten person's keys leave this process's memory.
const KINDS: [&str; 3] = ["Tenant", "Template", "Recipient"];

/// Follows the log until the token ends.
pub(super) async fn follow(directory: Directory, token: CancellationToken) {
    let mut head = directory.0.log.head();
    let outage = Outage::default();
    loop {
        tokio::select! {
            () = token.cancelled() => return,
            changed = head.changed() => if changed.is_err() { return },
        }
        head.borrow_and_update();
        while let Err(error) = directory.catch_up().await {
            if outage.begins() {
                tracing::warn!(error = %error, "the directory cannot follow the log");
            }
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(PAUSE_AFTER_FAILURE) => {}
            }
        }
        if let Some(duration_ms) = outage.ends() {
            tracing::info!(duration_ms, "the directory follows the log again");
        }
    }
}

impl Directory {
    pub(super) async fn read_all(&self) -> Result<(), DirectoryError> {
        let head = self.0.log.fetch_head().await?;
        let mut at = Position::ZERO;
        loop {
            let batch = self.0.log.read_configuration_after(at, BATCH).await?;
            let Some(last) = batch.last() else { break };
            at = last.position;
            self.fold_in(&batch).await?;
        }
        self.0.reached.send_replace(at.max(head));
        Ok(())
    }

    async fn catch_up(&self) -> Result<(), DirectoryError> {
        while *self.0.log.head().borrow() > self.position() {
            let batch = self.0.log.read_after(self.position(), BATCH).await?;
            let Some(last) = batch.last() else { break };
            let reached = last.position;
            self.fold_in(&batch).await?;
            self.0.reached.send_replace(reached);
        }
        Ok(())
    }

    async fn fold_in(&self, batch: &[Arc<RecordedEvent>]) -> Result<(), DirectoryError> {
        let mut tenants: HashMap<TenantId, Tenant> = HashMap::new();
        for event in batch.iter().filter(|event| KINDS.contains(&event.aggregate_type.as_ref())) {
            let read = event.event().map_err(|error| DirectoryError::Unreadable {
                position: event.position,
                error: error.to_string(),
            })?;
            match read {
                AnyEvent::Tenant(change) => {
                    let known = || self.fold().states.get(&event.tenant).cloned().unwrap_or_default();
                    let state = tenants.remove(&event.tenant).unwrap_or_else(known);
                    tenants.insert(event.tenant, state.evolve(change));
                    if let TenantEvent::ApiKeyRevoked(revoked) = change {
                        tracing::info!(tenant.id = %event.tenant, key.id = %revoked.key_id, "API key revoked");
                    }
                }
                AnyEvent::Template(change) => {
                    let Some((tenant, id)) = StreamId::split(&event.aggregate_id) else { continue };
                    let mut fold = self.0.fold.write().unwrap_or_else(PoisonError::into_inner);
                    fold.put_template(tenant, TemplateId::from_uuid(id), change);
                }
                AnyEvent::Recipient(RecipientEvent::RecipientForgotten(forgotten)) => {
                    self.0.vault.forget_recipient(event.tenant, forgotten.recipient_ref);
                }
                AnyEvent::Notification(_) => {}
            }
        }
        for (id, state) in tenants {
            if let Some(entry) = self.entry(id, &state).await? {
                let mut fold = self.0.fold.write().unwrap_or_else(PoisonError::into_inner);
                fold.put_tenant(state, Arc::new(entry));
            }
        }
        Ok(())
    }

    async fn entry(&self, id: TenantId, state: &Tenant) -> Result<Option<TenantEntry>, DirectoryError> {
        let Some(record) = state.record().cloned() else { return Ok(None) };
        let index = self.0.vault.index_key(id).await?;
        let webhook_secret = match &record.webhook_secret {
            None => None,
            Some(sealed) => {
                let stream = StreamId::tenant(id);
                let place =
                    FieldContext { tenant: id, aggregate_id: stream.as_str(), field: WEBHOOK_SECRET_FIELD };
                Some(Secret::new(self.0.vault.open_sealed(&place, sealed).await?))
            }
        };
        let index: Arc<IndexKey> = Arc::new(index);
        Ok(Some(TenantEntry { id, record, webhook_secret, index }))
    }
}
