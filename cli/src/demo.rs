//! The tenant to try with: from the environment, or the data folder's own, with templates for `order.confirmed`.

use anyhow::bail;
use orqestra_commands::{CommandError, Commands, Context, RegisterTenant};
use orqestra_domain::template::TemplateContent;
use orqestra_domain::tenant::{Limits, TenantRefusal};
use orqestra_domain::{Channel, EventTypeName, TenantId, TenantName};

use orqestra_vault::hash_api_key;

use crate::settings::Bootstrap;

/// Registers the tenant where it is missing and gives it templates where it has none.
pub(crate) async fn ensure(commands: &Commands, tenant: &Bootstrap) -> anyhow::Result<()> {
    let ctx = Context::engine("bootstrap");
    if commands.directory().readable(tenant.id).is_err() {
        // An error line has told of it. Others can be served.
        return Ok(());
    }
    if commands.directory().tenant(tenant.id).is_none() {
        tenant.check_secrets()?;
        let register = RegisterTenant {
            id: Some(tenant.id),
            name: tenant.name.clone(),
            api_key: Some(tenant.api_key.clone()),
            webhook_secret: tenant.webhook_secret.clone(),
            limits: tenant.limits,
            delivery_channels: None,
            sender_email: None,
        };
        match commands.register_tenant(register, &ctx).await {
            Ok(_) => {}
            // Another process was first, and this one does not know of it yet.
            Err(CommandError::Refused(TenantRefusal::AlreadyRegistered)) => {
                commands.directory().catch_up_now().await?;
            }
            Err(CommandError::Refused(TenantRefusal::ApiKeyTaken { holder })) => {
                bail!(another_tenants(tenant.id, holder));
            }
            Err(error) => return Err(error.into()),
        }
    }
    match commands.directory().authenticate(&tenant.api_key)? {
        Some(found) if found.tenant.id != tenant.id => {
            let holds_it_too = commands.directory().tenant(tenant.id).is_some_and(|own| {
                own.record.api_keys.values().any(|hash| *hash == hash_api_key(&tenant.api_key))
            });
            // A log of a version before may hold one key for two tenants. An error line has told of it.
            if !holds_it_too {
                bail!(another_tenants(tenant.id, found.tenant.id));
            }
        }
        Some(_) => {}
        None => {
            tracing::warn!(tenant.id = %tenant.id, "the tenant exists with other API keys; the one given opens nothing");
        }
    }
    ensure_templates(commands, tenant.id, &ctx).await
}

fn another_tenants(tenant: TenantId, holder: TenantId) -> String {
    format!(
        "bootstrap_api_key (ORQESTRA_BOOTSTRAP_API_KEY): expected a key of the tenant {tenant} alone, got one that was issued to \
         the tenant {holder}; give {tenant} another key, or set bootstrap_tenant_id (ORQESTRA_BOOTSTRAP_TENANT_ID) to {holder}"
    )
}

async fn ensure_templates(commands: &Commands, tenant: TenantId, ctx: &Context) -> anyhow::Result<()> {
    let event_type = EventTypeName::parse("order.confirmed")?;
    let present = commands.directory().templates(tenant, &event_type);
    for (channel, choice) in Channel::ALL.into_iter().zip(present) {
        if choice == orqestra_domain::notification::TemplateChoice::Missing {
            commands.put_template(tenant, event_type.clone(), channel, content(channel), true, ctx).await?;
        }
    }
    Ok(())
}

fn content(channel: Channel) -> TemplateContent {
    let (subject, title, body) = match channel {
        Channel::Email => (
            Some("{{ title }}: {{ orderNumber }}"),
            None,
            "<h1>{{ title }}</h1>\n<p>Your order <b>{{ orderNumber }}</b> over {{ amount }} has been confirmed.</p>",
        ),
        Channel::Sms => (None, None, "{{ title }}: order {{ orderNumber }}, {{ amount }}"),
        Channel::Push => (None, Some("{{ title }}"), "Your order {{ orderNumber }} has been confirmed."),
    };
    TemplateContent {
        subject: subject.map(str::to_owned),
        title: title.map(str::to_owned),
        body: body.to_owned(),
        category: None,
        expires_in: None,
    }
}

/// The demo tenant of a data folder.
pub(crate) fn demo(id: TenantId, api_key: String) -> Bootstrap {
    Bootstrap {
        id,
        name: TenantName::parse("Demo Shop").expect("a short plain name"),
        api_key,
        webhook_secret: None,
        limits: Limits::default(),
    }
}
