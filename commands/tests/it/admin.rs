//! Tenants, templates and providers: a change holds in the answering process at once, elsewhere within a second.

use orqestra_commands::{
    CommandError, PROVIDER_PASSWORD_FIELD, ProviderInput, RegisterTenant, SmtpInput, TenantPatch,
    open_credential,
};
use orqestra_domain::notification::TemplateChoice;
use orqestra_domain::provider::{
    Host, ProviderConfig, ProviderEntry, SANDBOX_INSTANCE, Sender, TlsMode, Username,
};
use orqestra_domain::template::TemplateContent;
use orqestra_domain::tenant::{Standing, TenantRefusal};
use orqestra_domain::{ApiKeyKind, Channel, EventTypeName, StreamId, TenantId};
use uuid::Uuid;

use crate::support::{World, ctx, shop, tenant};

#[tokio::test]
async fn a_key_opens_its_tenant_at_once_and_a_revoked_one_nothing() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let registered = here.register_tenant(shop(), &ctx()).await.unwrap();
    let opened = here.directory().authenticate(&registered.api_key).unwrap().unwrap();
    assert_eq!((opened.tenant.id, opened.key), (registered.tenant_id, registered.api_key_id));
    assert_eq!(opened.tenant.webhook_secret.as_ref().unwrap().expose(), b"a secret");

    let revoke = TenantPatch { revoke_api_key: Some(registered.api_key_id), ..TenantPatch::default() };
    here.change_tenant(registered.tenant_id, revoke, &ctx()).await.unwrap();
    assert!(here.directory().authenticate(&registered.api_key).unwrap().is_none());
    let head = here.log().fetch_head().await.unwrap();
    there.directory().wait_for(head).await.unwrap();
    assert!(there.directory().authenticate(&registered.api_key).unwrap().is_none());
}

#[tokio::test]
async fn a_tenant_is_registered_once() {
    let world = World::new().await;
    let commands = world.process().await;
    let id = Some(TenantId::from_uuid(Uuid::from_u128(5)));
    commands.register_tenant(RegisterTenant { id, ..shop() }, &ctx()).await.unwrap();
    let error = commands.register_tenant(RegisterTenant { id, ..shop() }, &ctx()).await.unwrap_err();
    assert!(matches!(error, CommandError::Refused(TenantRefusal::AlreadyRegistered)), "{error}");
}

#[tokio::test]
async fn what_a_patch_does_not_name_stays() {
    let world = World::new().await;
    let commands = world.process().await;
    let before = tenant(&commands).await;
    let patch = TenantPatch {
        standing: Some(Standing::Inactive),
        daily_cap: Some(Some(7)),
        webhook_secret: Some(None),
        ..TenantPatch::default()
    };
    let (record, issued) = commands.change_tenant(before.id, patch, &ctx()).await.unwrap();
    assert!(issued.is_none());
    assert_eq!(record.name, before.record.name);
    assert_eq!(record.limits.rate_per_minute, before.record.limits.rate_per_minute);
    assert_eq!(record.limits.daily_cap, Some(7));
    let after = commands.directory().tenant(before.id).unwrap();
    assert!(!after.record.active);
    assert!(after.webhook_secret.is_none());
    let nobody = TenantId::from_uuid(Uuid::from_u128(404));
    let error = commands.change_tenant(nobody, TenantPatch::default(), &ctx()).await.unwrap_err();
    assert!(matches!(error, CommandError::UnknownTenant), "{error}");
}

#[tokio::test]
async fn a_global_type_falls_back_to_the_platform_channel_by_channel() {
    let world = World::new().await;
    let commands = world.process().await;
    commands.seed_platform().await.unwrap();
    let head = commands.log().fetch_head().await.unwrap();
    commands.seed_platform().await.unwrap();
    assert_eq!(commands.log().fetch_head().await.unwrap(), head, "seeding again appends nothing");

    let shop = tenant(&commands).await;
    let global = EventTypeName::parse("global.info").unwrap();
    let own = TemplateContent {
        subject: None,
        title: None,
        body: "own".to_owned(),
        category: None,
        expires_in: None,
    };
    commands.put_template(shop.id, global.clone(), Channel::Sms, own, false, &ctx()).await.unwrap();
    let [email, sms, push] = commands.directory().templates(shop.id, &global);
    assert!(matches!(email, TemplateChoice::Use(template) if template.tenant_id == TenantId::PLATFORM));
    assert_eq!(sms, TemplateChoice::Inactive, "the tenant's own inactive template is a skip");
    assert!(matches!(push, TemplateChoice::Use(template) if template.tenant_id == TenantId::PLATFORM));
    let other = EventTypeName::parse("order.confirmed").unwrap();
    assert_eq!(commands.directory().templates(shop.id, &other), [TemplateChoice::Missing; 3]);
}

#[tokio::test]
async fn a_template_keeps_every_version_and_makes_none_for_the_same_content() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let event_type = EventTypeName::parse("order.confirmed").unwrap();
    let mut versions = Vec::new();
    for body in ["one", "one", "two"] {
        let content = TemplateContent {
            subject: None,
            title: None,
            body: body.to_owned(),
            category: None,
            expires_in: None,
        };
        let put = commands
            .put_template(shop.id, event_type.clone(), Channel::Sms, content, true, &ctx())
            .await
            .unwrap();
        versions.push(put.version);
    }
    assert_eq!(versions, [1, 1, 2]);
    let TemplateChoice::Use(newest) = commands.directory().templates(shop.id, &event_type)[1] else {
        panic!("an active template");
    };
    let oldest = orqestra_domain::notification::TemplateRef { version: 1, ..newest };
    assert_eq!(commands.directory().template_version(&oldest).unwrap().content.body, "one");
    assert_eq!(commands.directory().template_version(&newest).unwrap().content.body, "two");
}

#[tokio::test]
async fn a_providers_credentials_are_nowhere_in_clear_and_open_with_the_tenants_key() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let smtp = ProviderInput::Smtp(SmtpInput {
        host: Host::parse("127.0.0.1").unwrap(),
        port: 1025,
        tls: TlsMode::None,
        from: Some(Sender::parse("shop@example.org").unwrap()),
        username: Some("ann@example.org".to_owned()),
        password: Some("correct horse".to_owned()),
    });
    commands.set_providers(shop.id, Channel::Email, vec![smtp.clone()], &ctx()).await.unwrap();
    let error = commands.set_providers(shop.id, Channel::Sms, vec![smtp], &ctx()).await.unwrap_err();
    assert!(matches!(error, CommandError::Refused(TenantRefusal::WrongChannel { .. })), "{error}");
    let stream = StreamId::tenant(shop.id);
    for event in commands.log().load("Tenant", &stream).await.unwrap() {
        for secret in ["correct horse", "a secret", "ann@example.org"] {
            assert!(!event.payload.contains(secret), "{secret}");
        }
    }
    let known = commands.directory().tenant(shop.id).unwrap();
    let providers = commands.directory().providers(&known, Channel::Email, ApiKeyKind::Live);
    let [ProviderEntry { instance, config: ProviderConfig::Smtp(config), .. }] = providers else {
        panic!("one SMTP server")
    };
    let (password, vault) = (config.password.as_ref().unwrap(), commands.vault());
    let open = |instance| open_credential(vault, shop.id, instance, PROVIDER_PASSWORD_FIELD, password);
    assert_eq!(open(*instance).await.unwrap(), b"correct horse");
    assert!(open(SANDBOX_INSTANCE).await.is_err(), "moved to another instance it does not open");
    let username = commands.provider_username(shop.id, &providers[0]).await.unwrap();
    assert_eq!(username.as_deref(), Some("ann@example.org"));
    assert!(matches!(config.username, Some(Username::Sealed(_))));
}
