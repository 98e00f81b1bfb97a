//! `PutTemplate`: what a tenant's template for an event type and channel says from now on; and whether it is used.
//!
//! Whether the text is a template at all is checked by whoever knows the engine, before it comes here.

use orqestra_domain::template::{Template, TemplateCommand, TemplateContent, TemplateRefusal};
use orqestra_domain::{Channel, EventTypeName, StreamId, TemplateId, TenantId};
use orqestra_event_log::{ConfigurationRead, Ticket};

use crate::context::Context;
use crate::directory::TenantEntry;
use crate::error::CommandError;
use crate::execute::{Commands, NotRecorded, TRIES_OF_A_CHANGE};

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
    /// `UnknownTenant`; `OtherCategory` where a push category is named that the tenant does not have; the log's failure.
    pub async fn put_template(
        &self,
        tenant: TenantId,
        event_type: EventTypeName,
        channel: Channel,
        content: TemplateContent,
        active: bool,
        ctx: &Context,
    ) -> Result<PutTemplate, CommandError<TemplateRefusal>> {
        let template_id = TemplateId::of(tenant, &event_type, channel);
        let command = TemplateCommand::Put { event_type, channel, content, active, at: self.now() };
        for _ in 0..TRIES_OF_A_CHANGE {
            let up_to = self.directory().position();
            if tenant != TenantId::PLATFORM {
                let entry = self.directory().tenant(tenant).ok_or(CommandError::UnknownTenant)?;
                if !lists(&entry, &command) {
                    return Err(CommandError::Refused(TemplateRefusal::OtherCategory));
                }
            }
            let configuration = Some(ConfigurationRead { tenant, up_to });
            let ticket = Ticket { configuration, ..Ticket::default() };
            match self.on_template(tenant, template_id, command.clone(), &ticket, ctx).await? {
                Some(put) => return Ok(put),
                None => self.catch_up().await?,
            }
        }
        Err(CommandError::Contended)
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
        let command = TemplateCommand::Switch { active, at: self.now() };
        let switched = self.on_template(tenant, template_id, command, &Ticket::default(), ctx).await?;
        switched.ok_or(CommandError::Contended)
    }

    /// Runs a command on a template; `None` where the configuration that the ticket names has changed.
    async fn on_template(
        &self,
        tenant: TenantId,
        template_id: TemplateId,
        command: TemplateCommand,
        ticket: &Ticket,
        ctx: &Context,
    ) -> Result<Option<PutTemplate>, CommandError<TemplateRefusal>> {
        let stream = StreamId::template(tenant, template_id);
        let committed = match self.on_stream::<Template>(&stream, command, ticket, (ctx, None)).await? {
            Ok(committed) => committed,
            Err(NotRecorded::Reconfigured) => return Ok(None),
            Err(
                NotRecorded::Conflict
                | NotRecorded::KeyTaken(_)
                | NotRecorded::KeyRaced(_)
                | NotRecorded::KeyDead,
            ) => return Err(CommandError::Contended),
        };
        self.settle(committed.position).await?;
        let version = committed.aggregate.current().map_or(0, |current| current.version);
        Ok(Some(PutTemplate { template_id, version }))
    }
}

/// Whether the push category that a template is to name is one of the tenant's.
fn lists(tenant: &TenantEntry, command: &TemplateCommand) -> bool {
    match command {
        TemplateCommand::Put {
            channel: Channel::Push,
            content: TemplateContent { category: Some(named), .. },
            ..
        } => tenant.record.push_categories().contains(&named.as_str()),
        TemplateCommand::Put { .. } | TemplateCommand::Switch { .. } => true,
    }
}
