//! `PutTemplate`: what a tenant's template for an event type and channel says from now on; and whether it is used.
//!
//! Whether the text is a template at all is checked by whoever knows the engine, before it comes here.

use orqestra_domain::template::{Template, TemplateCommand, TemplateContent, TemplateRefusal};
use orqestra_domain::{Channel, EventTypeName, StreamId, TemplateId, TenantId};
use orqestra_event_log::Ticket;

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::Commands;

/// A template that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PutTemplate {
    /// Its id.
    pub template_id: TemplateId,
    /// Its newest version.
    pub version: u32,
}

impl Commands {
    /// Makes a template say this; the same content again makes no new version.
    ///
    /// # Errors
    /// `UnknownTenant`; the log's failure.
    pub async fn put_template(
        &self,
        tenant: TenantId,
        event_type: EventTypeName,
        channel: Channel,
        content: TemplateContent,
        active: bool,
        ctx: &Context,
    ) -> Result<PutTemplate, CommandError<TemplateRefusal>> {
        if tenant != TenantId::PLATFORM {
            self.directory().tenant(tenant).ok_or(CommandError::UnknownTenant)?;
        }
        let template_id = TemplateId::of(tenant, &event_type, channel);
        let command = TemplateCommand::Put { event_type, channel, content, active, at: self.now() };
        self.on_template(tenant, template_id, command, ctx).await
    }

    /// Uses a template, or keeps it unused; what it says stays.
    ///
    /// # Errors
    /// `UnknownTenant`; `NotPublished` where there is no such template; the log's failure.
    pub async fn switch_template(
        &self,
        tenant: TenantId,
        event_type: &EventTypeName,
        channel: Channel,
        active: bool,
        ctx: &Context,
    ) -> Result<PutTemplate, CommandError<TemplateRefusal>> {
        self.directory().tenant(tenant).ok_or(CommandError::UnknownTenant)?;
        let template_id = TemplateId::of(tenant, event_type, channel);
        self.on_template(tenant, template_id, TemplateCommand::Switch { active, at: self.now() }, ctx).await
    }

    async fn on_template(
        &self,
        tenant: TenantId,
        template_id: TemplateId,
        command: TemplateCommand,
        ctx: &Context,
    ) -> Result<PutTemplate, CommandError<TemplateRefusal>> {
        let stream = StreamId::template(tenant, template_id);
        let tried = self.on_stream::<Template>(&stream, command, &Ticket::default(), (ctx, None)).await?;
        let Ok(committed) = tried else { return Err(CommandError::Contended) };
        self.settle(committed.position).await?;
        let version = committed.aggregate.current().map_or(0, |current| current.version);
        Ok(PutTemplate { template_id, version })
    }
}
