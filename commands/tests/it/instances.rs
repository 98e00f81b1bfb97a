//! The instance of a provider entry: it stays with the entry, and the entry's credentials open nowhere else.

use orqestra_commands::{
    ClearSecret, Commands, PROVIDER_PASSWORD_FIELD, ProviderInput, SmtpInput, TenantEntry, open_credential,
};
use orqestra_domain::provider::{
    Endpoint, Host, HttpConfig, ProviderConfig, ProviderEntry, ResendConfig, SANDBOX_INSTANCE, Sender,
    TlsMode,
};
use orqestra_domain::tenant::Tenant;
use orqestra_domain::{ApiKeyKind, Channel, ProviderInstanceId, StreamId, TenantId};
use orqestra_event_log::{Append, Metadata, NewEvent, Outcome, Ticket};
use orqestra_vault::FieldContext;
use serde_json::json;

use crate::support::{World, ctx, tenant};

fn smtp(port: u16, username: Option<&str>, password: &str) -> ProviderInput {
    ProviderInput::Smtp(SmtpInput {
        host: Host::parse("mail.example.org").unwrap(),
        port,
        tls: TlsMode::None,
        from: Some(Sender::parse("shop@example.org").unwrap()),
        username: username.map(str::to_owned),
        password: username.map(|_| password.to_owned()),
    })
}

async fn set(commands: &Commands, tenant: TenantId, list: Vec<ProviderInput>) -> Vec<ProviderInstanceId> {
    let set = commands.set_providers(tenant, Channel::Email, list, &ctx()).await.unwrap();
    set.into_iter().map(|entry| entry.instance).collect()
}

#[tokio::test]
async fn an_entry_keeps_its_instance_whatever_its_place_and_password() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let list = || vec![smtp(25, Some("ann"), "one"), ProviderInput::Sandbox, smtp(26, None, "")];
    let first = set(&commands, shop.id, list()).await;
    assert_eq!(first[1], SANDBOX_INSTANCE);
    assert!(first[0] != first[1] && first[0] != first[2], "two servers of a tenant differ");
    assert_eq!(set(&commands, shop.id, list()).await, first);
    let reordered = vec![smtp(26, None, ""), smtp(25, Some("ann"), "two"), ProviderInput::Sandbox];
    assert_eq!(set(&commands, shop.id, reordered).await, [first[2], first[0], first[1]]);
    assert!(set(&commands, shop.id, Vec::new()).await.is_empty());
    assert_eq!(set(&commands, shop.id, list()).await, first, "put back, it is the same instance");

    let other_user = set(&commands, shop.id, vec![smtp(25, Some("bob"), "one")]).await;
    assert!(!first.contains(&other_user[0]));
    let twice = set(&commands, shop.id, vec![smtp(25, Some("ann"), "a"), smtp(25, Some("ann"), "b")]).await;
    assert_ne!(twice[0], twice[1]);
    let another = tenant(&commands).await;
    assert_ne!(set(&commands, another.id, list()).await[0], first[0], "a tenant's instances are its own");
}

#[tokio::test]
async fn a_credential_that_did_not_change_keeps_its_seal() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let set = async |password| {
        let list = vec![smtp(25, Some("ann"), password), smtp(26, Some("bob"), "his")];
        commands.set_providers(shop.id, Channel::Email, list, &ctx()).await.unwrap()
    };
    let (first, same, changed) = (set("one").await, set("one").await, set("two").await);
    assert_eq!(first, same);
    assert_eq!(first[1], changed[1]);
    let credentials = |entry: &ProviderEntry| {
        let ProviderConfig::Smtp(smtp) = &entry.config else { panic!("an SMTP server") };
        (smtp.username.clone(), smtp.password.clone())
    };
    let ((name, old), (same_name, new)) = (credentials(&first[0]), credentials(&changed[0]));
    assert_eq!(name, same_name);
    assert_ne!(old, new);
    let (instance, new) = (first[0].instance, new.unwrap());
    let opened = open_credential(commands.vault(), shop.id, instance, PROVIDER_PASSWORD_FIELD, &new).await;
    assert_eq!(opened.unwrap(), b"two");
}

#[tokio::test]
async fn a_password_moved_to_another_entry_does_not_open() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let list = vec![smtp(25, Some("ann"), "hers"), smtp(26, Some("bob"), "his")];
    let set = commands.set_providers(shop.id, Channel::Email, list, &ctx()).await.unwrap();
    let sealed = |entry: &ProviderEntry| {
        let ProviderConfig::Smtp(smtp) = &entry.config else { panic!("an SMTP server") };
        smtp.password.clone().unwrap()
    };
    let (hers, his) = (sealed(&set[0]), sealed(&set[1]));
    let open = async |instance, sealed| {
        open_credential(commands.vault(), shop.id, instance, PROVIDER_PASSWORD_FIELD, sealed).await
    };
    assert_eq!(open(set[0].instance, &hers).await.unwrap(), b"hers");
    assert_eq!(open(set[1].instance, &his).await.unwrap(), b"his");
    assert!(open(set[1].instance, &hers).await.is_err());
    assert!(open(set[0].instance, &his).await.is_err());
}

/// Appends a list as the version before wrote it: without instances, the credentials sealed for the tenant alone.
async fn set_as_before(commands: &Commands, shop: &TenantEntry, port: u16) {
    let stream = StreamId::tenant(shop.id);
    let key = commands.vault().tenant_key(shop.id).await.unwrap();
    let seal = |field, plain: &str| {
        let place = FieldContext { tenant: shop.id, aggregate_id: stream.as_str(), field };
        commands.vault().seal(&key, &place, plain.as_bytes())
    };
    let before = commands.log().load("Tenant", &stream).await.unwrap().len();
    let event = NewEvent {
        event_type: "ProvidersSet".to_owned(),
        event_version: "1.0.0".to_owned(),
        payload: json!({"ProvidersSet": {"channel": "EMAIL", "at": commands.now(), "providers": [
            {"kind": "smtp", "host": "mail.example.org", "port": port, "tls": "none",
             "username": seal("provider.username", "ann"), "password": seal("provider.password", "old")},
        ]}}),
        metadata: Metadata::default(),
    };
    let append = Append {
        aggregate_type: "Tenant".to_owned(),
        aggregate_id: stream.as_str().to_owned(),
        expected: i64::try_from(before).unwrap(),
        events: vec![event],
        ticket: Ticket::default(),
    };
    let Outcome::Recorded(recorded) = commands.log().append(append).await else { panic!("it is stored") };
    commands.directory().wait_for(recorded.last).await.unwrap();
}

#[tokio::test]
async fn a_list_of_the_version_before_opens_keeps_its_instance_and_is_sealed_anew() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    set_as_before(&commands, &shop, 25).await;
    let known = commands.directory().tenant(shop.id).unwrap();
    let [entry] = commands.directory().providers(&known, Channel::Email, ApiKeyKind::Live) else {
        panic!("one entry")
    };
    let ProviderConfig::Smtp(old) = &entry.config else { panic!("an SMTP server") };
    let sealed = old.password.clone().unwrap();
    let open = async |instance, sealed| {
        open_credential(commands.vault(), shop.id, instance, PROVIDER_PASSWORD_FIELD, sealed).await
    };
    assert_eq!(open(entry.instance, &sealed).await.unwrap(), b"old");
    assert_eq!(commands.provider_username(shop.id, entry).await.unwrap().as_deref(), Some("ann"));

    let list = vec![smtp(25, Some("ann"), "new")];
    let set = commands.set_providers(shop.id, Channel::Email, list, &ctx()).await.unwrap();
    assert_eq!(set[0].instance, entry.instance, "the same server and user");
    let ProviderConfig::Smtp(new) = &set[0].config else { panic!("an SMTP server") };
    assert!(open(SANDBOX_INSTANCE, new.password.as_ref().unwrap()).await.is_err(), "bound to its instance");
    let store = commands.log().event_store::<Tenant>(Ticket::default());
    let loaded =
        cqrs_es::EventStore::load_aggregate(&store, StreamId::tenant(shop.id).as_str()).await.unwrap();
    assert_eq!(loaded.aggregate.record().unwrap().providers[&Channel::Email], set);
}

#[tokio::test]
async fn a_list_of_the_version_before_that_was_emptied_comes_back_as_the_same_instances() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    set_as_before(&commands, &shop, 25).await;
    set_as_before(&commands, &shop, 26).await;
    let known = commands.directory().tenant(shop.id).unwrap();
    let standing: Vec<_> = commands
        .directory()
        .providers(&known, Channel::Email, ApiKeyKind::Live)
        .iter()
        .map(|entry| entry.instance)
        .collect();
    let again = || vec![smtp(26, Some("ann"), "new")];
    assert!(set(&commands, shop.id, Vec::new()).await.is_empty());
    assert_eq!(set(&commands, shop.id, again()).await, standing, "put back after it was emptied");
    set(&commands, shop.id, vec![smtp(27, None, "")]).await;
    assert_eq!(set(&commands, shop.id, again()).await, standing, "put back after another one");
    // Also another process, which knows the list from the log alone.
    let there = world.process().await;
    assert!(set(&there, shop.id, Vec::new()).await.is_empty());
    assert_eq!(set(&there, shop.id, again()).await, standing);
    let bobs = set(&commands, shop.id, vec![smtp(26, Some("bob"), "new")]).await;
    assert_ne!(bobs, standing, "another user is another instance");
    // An entry from further back, with the same server once more beside it.
    let three = vec![smtp(26, Some("ann"), "a"), smtp(25, Some("ann"), "b"), smtp(26, Some("ann"), "c")];
    let three = set(&commands, shop.id, three).await;
    assert_eq!(three[0], standing[0]);
    assert!(three[1] != three[0] && three[2] != three[0] && three[2] != three[1]);
    assert!(set(&commands, shop.id, Vec::new()).await.is_empty());
    let list = vec![smtp(26, Some("ann"), "x"), smtp(26, Some("ann"), "y")];
    assert_eq!(set(&commands, shop.id, list).await, [three[0], three[2]]);
}

fn resend(key: &str) -> ProviderInput {
    ProviderInput::Http(HttpConfig::Resend(ResendConfig {
        api_key: ClearSecret(key.to_owned()),
        from: Some(Sender::parse("shop@example.org").unwrap()),
        endpoint: Endpoint::default(),
        webhook_secret: Some(ClearSecret("whsec_AAAA".to_owned())),
    }))
}

#[tokio::test]
async fn an_account_keeps_its_instance_by_its_key_else_by_its_place_in_the_list_that_stands() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let set = async |list: Vec<ProviderInput>| set(&commands, shop.id, list).await;
    let first = set(vec![resend("one"), resend("two")]).await;
    assert_ne!(first[0], first[1]);
    let stored = async || commands.log().load("Tenant", &StreamId::tenant(shop.id)).await.unwrap().len();
    let before = stored().await;
    assert_eq!(set(vec![resend("one"), resend("two")]).await, first);
    assert_eq!(stored().await, before, "the same list again is no event");
    assert_eq!(set(vec![resend("two"), resend("one")]).await, [first[1], first[0]]);
    // One key is rotated: the other entry is told by its own.
    assert_eq!(set(vec![resend("new"), resend("one")]).await, [first[1], first[0]]);
    // An entry that was taken away is not that of another account's key, and comes back by its own.
    assert_eq!(set(vec![resend("one")]).await, [first[0]]);
    let other = set(vec![resend("one"), resend("other")]).await;
    assert_eq!(other[0], first[0]);
    assert!(!first.contains(&other[1]));
    assert_eq!(set(vec![resend("new"), resend("one")]).await, [first[1], first[0]]);
    for event in commands.log().load("Tenant", &StreamId::tenant(shop.id)).await.unwrap() {
        for secret in ["\"one\"", "\"two\"", "\"new\"", "whsec_"] {
            assert!(!event.payload.contains(secret), "{secret}: {}", event.payload);
        }
    }
}
