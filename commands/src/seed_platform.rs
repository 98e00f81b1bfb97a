//! The platform's own tenant and its `global.*` templates, which every tenant falls back to.
//!
//! Done at each start; what already stands yields no event.

use orqestra_domain::template::{TemplateContent, TemplateRefusal};
use orqestra_domain::tenant::{Limits, TenantRefusal};
use orqestra_domain::{Channel, EventTypeName, TenantId, TenantName};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::Commands;
use crate::register_tenant::RegisterTenant;

const GLOBAL: [(&str, &str); 5] = [
    ("info", "#2563eb"),
    ("success", "#15803d"),
    ("warning", "#b45309"),
    ("alert", "#c2410c"),
    ("error", "#b91c1c"),
];

/// Why the platform could not be seeded.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// Its tenant could not be registered.
    #[error("the platform's tenant: {0}")]
    Tenant(CommandError<TenantRefusal>),
    /// A template could not be put.
    #[error("a platform template: {0}")]
    Template(CommandError<TemplateRefusal>),
}

impl Commands {
    /// Puts the platform's tenant and templates where they are missing.
    ///
    /// # Errors
    /// The log's failure.
    pub async fn seed_platform(&self) -> Result<(), SeedError> {
        let ctx = Context::engine("seed");
        if self.directory().tenant(TenantId::PLATFORM).is_none() {
            let platform = RegisterTenant {
                id: Some(TenantId::PLATFORM),
                name: TenantName::parse("Orqestra").expect("a short plain name"),
                api_key: None,
                webhook_secret: None,
                limits: Limits::default(),
                delivery_channels: None,
                sender_email: None,
            };
            match self.register_tenant(platform, &ctx).await {
                Ok(_) | Err(CommandError::Refused(TenantRefusal::AlreadyRegistered)) => {}
                Err(error) => return Err(SeedError::Tenant(error)),
            }
        }
        for (kind, colour) in GLOBAL {
            let event_type = EventTypeName::parse(&format!("global.{kind}")).expect("a short plain name");
            for channel in Channel::ALL {
                let content = content(channel, colour);
                self.put_template(TenantId::PLATFORM, event_type.clone(), channel, content, true, &ctx)
                    .await
                    .map_err(SeedError::Template)?;
            }
        }
        Ok(())
    }
}

fn content(channel: Channel, colour: &str) -> TemplateContent {
    let (subject, title, body) = match channel {
        Channel::Email => (
            Some("{{ title }}".to_owned()),
            None,
            format!(
                "<mjml><mj-head><mj-attributes><mj-all font-family=\"Helvetica, Arial, sans-serif\" />\
                 </mj-attributes></mj-head><mj-body><mj-section border-top=\"4px solid {colour}\"><mj-column>\
                 <mj-text font-size=\"20px\" font-weight=\"bold\">{{{{ title }}}}</mj-text>\
                 <mj-text>{{{{ message }}}}</mj-text>\
                 </mj-column></mj-section></mj-body></mjml>"
            ),
        ),
        Channel::Sms => (None, None, "{{ title }}: {{ message }}".to_owned()),
        Channel::Push => (None, Some("{{ title }}".to_owned()), "{{ message }}".to_owned()),
    };
    let category = (channel == Channel::Push).then(|| "global_system".to_owned());
    TemplateContent { subject, title, body, category, expires_in: None }
}
