//! Keeping up: the first reading of all tenants, templates and suppressed addresses, then the log's tail.
//!
//! A secret that cannot be opened because the database is away is tried again; the position does not move past it. A
//! change that this program cannot read halts its tenant and nobody else.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::recipient::RecipientEvent;
use orqestra_domain::tenant::{ApiKeyIssued, Tenant, TenantEvent};
use orqestra_domain::{AnyEvent, StreamId, TemplateId, TenantId};
use orqestra_event_log::{Outage, Position, RecordedEvent};
use orqestra_vault::{FieldContext, IndexKey};
use tokio_util::sync::CancellationToken;

use super::Directory;
use super::entry::{Secret, TenantEntry};
use super::error::DirectoryError;
use crate::content::WEBHOOK_SECRET_FIELD;

/// Most events looked at at once.
const BATCH: usize = 4_000;
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(250);
/// The aggregates whose events say something here; a forgotten person's keys leave this process's memory.
const KINDS: &[&str] = &["Tenant", "Template", RECIPIENT, SUPPRESSION];
const RECIPIENT: &str = "Recipient";
const SUPPRESSION: &str = "Suppression";

/// The age of a batch of events: read at the start of this process, or come since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batch {
    Old,
    New,
}

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
            let page = self.0.log.read_configuration_after(at, BATCH).await?;
            if page.reached == at {
                break;
            }
            at = page.reached;
            self.fold_in(&page.events, Batch::Old).await?;
        }
        // Last, so that no suppression before the position that is reached is missing.
        self.read_suppressions().await?;
        self.0.reached.send_replace(at.max(head));
        Ok(())
    }

    async fn read_suppressions(&self) -> Result<(), DirectoryError> {
        let mut at = Position::ZERO;
        loop {
            let page = self.0.log.read_suppressions_after(at).await?;
            if page.reached == at {
                return Ok(());
            }
            at = page.reached;
            self.fold_mut().suppressed.extend(&page.streams);
        }
    }

    async fn catch_up(&self) -> Result<(), DirectoryError> {
        loop {
            let (head, asked_at) = self.known_head();
            if self.position() < head {
                let page = self.0.log.read_page_for_directory(self.position(), BATCH, KINDS).await?;
                if page.reached == self.position() {
                    return Ok(());
                }
                self.fold_in(&page.events, Batch::New).await?;
                self.0.reached.send_replace(page.reached);
            }
            if self.position() >= head {
                self.prove(asked_at);
            }
            if self.position() >= *self.0.log.head().borrow() {
                return Ok(());
            }
        }
    }

    async fn fold_in(&self, events: &[Arc<RecordedEvent>], batch: Batch) -> Result<(), DirectoryError> {
        let mut tenants: HashMap<TenantId, (Tenant, Position)> = HashMap::new();
        for event in events.iter().filter(|event| KINDS.contains(&event.aggregate_type.as_ref())) {
            if event.aggregate_type == SUPPRESSION {
                // Whatever it says: its stream tells.
                self.fold_mut().suppressed.extend(StreamId::split(&event.aggregate_id).as_ref());
                continue;
            }
            let read = match event.event() {
                Ok(read) => read,
                Err(error) if event.aggregate_type == RECIPIENT => {
                    self.unreadable_recipient(event, error);
                    continue;
                }
                Err(error) => {
                    self.halt(event.tenant, event.position, error);
                    continue;
                }
            };
            if let AnyEvent::Tenant(TenantEvent::ApiKeyIssued(issued) | TenantEvent::TestKeyIssued(issued)) =
                read
            {
                self.issue(event, issued);
            }
            let halted = self.fold().halted.get(&event.tenant).is_some_and(|at| *at < event.position);
            match read {
                AnyEvent::Recipient(RecipientEvent::RecipientForgotten(forgotten)) => {
                    self.0.vault.forget_recipient(event.tenant, forgotten.recipient_ref);
                }
                AnyEvent::Tenant(_) | AnyEvent::Template(_) if halted => {}
                AnyEvent::Tenant(change) => {
                    let known = || self.fold().states.get(&event.tenant).cloned().unwrap_or_default();
                    let state = tenants.remove(&event.tenant).map_or_else(known, |(state, _)| state);
                    tenants.insert(event.tenant, (state.evolve(change), event.position));
                    if let (TenantEvent::ApiKeyRevoked(revoked), Batch::New) = (change, batch) {
                        tracing::info!(tenant.id = %event.tenant, key.id = %revoked.key_id, "API key revoked");
                    }
                }
                AnyEvent::Template(change) => {
                    let Some((tenant, id)) = StreamId::split(&event.aggregate_id) else { continue };
                    self.fold_mut().put_template(tenant, TemplateId::from_uuid(id), change);
                }
                AnyEvent::Notification(_)
                | AnyEvent::Evidence(_)
                | AnyEvent::Suppression(_)
                | AnyEvent::Redrive(_) => {}
            }
        }
        for (id, (state, position)) in tenants {
            match self.entry(id, &state).await {
                Ok(Some(entry)) => self.fold_mut().put_tenant(state, Arc::new(entry)),
                Ok(None) => {}
                Err(error) if error.passes() => return Err(error),
                Err(error) => self.halt(id, position, &error),
            }
        }
        Ok(())
    }

    /// A key's hash belongs to the tenant that the log names first. Appends of today refuse a second one; older logs may hold
    /// one.
    fn issue(&self, event: &RecordedEvent, issued: &ApiKeyIssued) {
        let holder = self.fold_mut().issue(issued.hash, event.tenant);
        if holder != event.tenant {
            tracing::error!(tenant.id = %event.tenant, key.id = %issued.key_id, holder.id = %holder,
                event.position = event.position.get(),
                "an API key was issued to two tenants: it opens the first one and not this one, which needs another key");
        }
    }

    /// Nothing is known about a tenant from a change on that cannot be read: it is served no more.
    fn halt(&self, tenant: TenantId, position: Position, why: &dyn Display) {
        let mut fold = self.fold_mut();
        if let Entry::Vacant(first) = fold.halted.entry(tenant) {
            first.insert(position);
            metrics::gauge!("orqestra_tenants_halted").increment(1.0);
            tracing::error!(tenant.id = %tenant, event.position = position.get(), error = %why,
                "a change of a tenant cannot be read; this process serves it no more");
        }
    }

    /// Whoever it may forget is forgotten here.
    fn unreadable_recipient(&self, event: &RecordedEvent, why: &dyn Display) {
        self.0.vault.forget_recipients(event.tenant);
        tracing::error!(tenant.id = %event.tenant, event.position = event.position.get(), error = %why,
            "an event of a recipient cannot be read");
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
