//! An API key belongs to one tenant of the installation, for ever, whichever processes issue it.

use orqestra_commands::{CommandError, Commands, RegisterTenant, TenantPatch};
use orqestra_domain::tenant::{Limits, TenantRefusal};
use orqestra_domain::{ApiKeyId, ApiKeyKind, StreamId, TenantId, TenantName};
use orqestra_event_log::{Append, Metadata, NewEvent, Outcome, Ticket};
use orqestra_vault::hash_api_key;
use serde_json::json;
use uuid::Uuid;

use crate::support::{World, ctx, shop};

const KEY: &str = "a-key-that-was-chosen";

fn with_key(number: u128) -> RegisterTenant {
    let id = TenantId::from_uuid(Uuid::from_u128(number));
    RegisterTenant { id: Some(id), api_key: Some(KEY.to_owned()), ..shop() }
}

fn opens(commands: &Commands, key: &str) -> Option<TenantId> {
    commands.directory().authenticate(key).unwrap().map(|found| found.tenant.id)
}

#[tokio::test]
async fn a_key_of_one_tenant_is_refused_to_another_in_whichever_process() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    let registered = here.register_tenant(with_key(1), &ctx()).await.unwrap();
    for commands in [&here, &there] {
        let error = commands.register_tenant(with_key(2), &ctx()).await.unwrap_err();
        let CommandError::Refused(TenantRefusal::ApiKeyTaken { holder }) = error else { panic!("{error}") };
        assert_eq!(holder, registered.tenant_id);
        assert!(commands.directory().tenant(TenantId::from_uuid(Uuid::from_u128(2))).is_none());
    }
    assert_eq!(opens(&here, KEY), Some(registered.tenant_id));
}

#[tokio::test]
async fn a_further_key_of_a_tenant_is_refused_to_another_like_its_first_one() {
    let world = World::new().await;
    let commands = world.process().await;
    let registered = commands.register_tenant(with_key(1), &ctx()).await.unwrap();
    let patch = TenantPatch { issue_api_key: Some(ApiKeyKind::Live), ..TenantPatch::default() };
    let (_, issued) = commands.change_tenant(registered.tenant_id, patch, &ctx()).await.unwrap();
    let further = issued.unwrap().api_key;
    let other = RegisterTenant { api_key: Some(further.clone()), ..with_key(2) };
    let error = commands.register_tenant(other, &ctx()).await.unwrap_err();
    let CommandError::Refused(TenantRefusal::ApiKeyTaken { holder }) = error else { panic!("{error}") };
    assert_eq!(holder, registered.tenant_id);
    assert_eq!(opens(&commands, &further), Some(registered.tenant_id));
}

#[tokio::test]
async fn of_two_processes_that_issue_one_key_at_once_one_wins() {
    let world = World::new().await;
    let (here, there) = (world.process().await, world.process().await);
    for round in 0..8_u128 {
        let key = format!("a-key-of-the-round-{round}");
        let with =
            |number| RegisterTenant { api_key: Some(key.clone()), ..with_key(100 + 2 * round + number) };
        let context = ctx();
        let (one, other) =
            tokio::join!(here.register_tenant(with(0), &context), there.register_tenant(with(1), &context));
        let (won, lost) = match (one, other) {
            (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
            both => panic!("{both:?}"),
        };
        assert!(matches!(lost, CommandError::Refused(TenantRefusal::ApiKeyTaken { .. })), "{lost}");
        let head = here.log().fetch_head().await.unwrap();
        for commands in [&here, &there] {
            commands.directory().wait_for(head).await.unwrap();
            assert_eq!(opens(commands, &key), Some(won.tenant_id));
        }
    }
}

#[tokio::test]
async fn a_revoked_key_is_issued_to_no_other_tenant() {
    let world = World::new().await;
    let commands = world.process().await;
    let registered = commands.register_tenant(with_key(1), &ctx()).await.unwrap();
    let patch = TenantPatch { revoke_api_key: Some(registered.api_key_id), ..TenantPatch::default() };
    commands.change_tenant(registered.tenant_id, patch, &ctx()).await.unwrap();
    let error = commands.register_tenant(with_key(2), &ctx()).await.unwrap_err();
    assert!(matches!(error, CommandError::Refused(TenantRefusal::ApiKeyTaken { .. })), "{error}");
    assert_eq!(opens(&commands, KEY), None);
}

/// Appends an issued key as a version did that claimed none.
async fn issue_unclaimed(commands: &Commands, tenant: TenantId) {
    let stream = StreamId::tenant(tenant);
    let at = commands.now();
    let stored = commands.log().load("Tenant", &stream).await.unwrap();
    let issued = NewEvent {
        event_type: "ApiKeyIssued".to_owned(),
        event_version: "1.0.0".to_owned(),
        payload: json!({"ApiKeyIssued": {
            "keyId": ApiKeyId::from_uuid(tenant.as_uuid()), "hash": hash_api_key(KEY), "at": at}}),
        metadata: Metadata::default(),
    };
    let append = Append {
        aggregate_type: "Tenant".to_owned(),
        aggregate_id: stream.as_str().to_owned(),
        expected: i64::try_from(stored.len()).unwrap(),
        events: vec![issued],
        ticket: Ticket::default(),
    };
    let outcome = commands.log().append(append).await;
    let Outcome::Recorded(recorded) = outcome else { panic!("{outcome:?}") };
    commands.directory().wait_for(recorded.last).await.unwrap();
}

#[tokio::test]
async fn a_key_that_an_older_log_holds_for_two_tenants_opens_the_first_at_every_start() {
    let world = World::new().await;
    let commands = world.process().await;
    let mut tenants = Vec::new();
    for _ in 0..6 {
        tenants.push(commands.register_tenant(shop(), &ctx()).await.unwrap().tenant_id);
    }
    // Neither the lowest id nor the last one in the log.
    tenants.rotate_left(3);
    for tenant in &tenants {
        issue_unclaimed(&commands, *tenant).await;
    }
    assert_eq!(opens(&commands, KEY), Some(tenants[0]));
    for _ in 0..8 {
        assert_eq!(opens(&world.process().await, KEY), Some(tenants[0]));
    }
    // A later change of another tenant takes nothing away, and the first one's revocation opens no other.
    let rename = TenantPatch { name: Some(TenantName::parse("Other").unwrap()), ..TenantPatch::default() };
    commands.change_tenant(tenants[1], rename, &ctx()).await.unwrap();
    assert_eq!(opens(&commands, KEY), Some(tenants[0]));
    let revoke = TenantPatch {
        revoke_api_key: Some(ApiKeyId::from_uuid(tenants[0].as_uuid())),
        ..TenantPatch::default()
    };
    commands.change_tenant(tenants[0], revoke, &ctx()).await.unwrap();
    assert_eq!(opens(&commands, KEY), None);
    assert_eq!(opens(&world.process().await, KEY), None);
}

#[tokio::test]
async fn a_limit_that_an_event_cannot_hold_is_refused_before_anything_is_stored() {
    let world = World::new().await;
    let commands = world.process().await;
    let limits = Limits { rate_per_minute: 5, daily_cap: Some(u64::MAX) };
    let error = commands.register_tenant(RegisterTenant { limits, ..with_key(1) }, &ctx()).await.unwrap_err();
    assert!(matches!(error, CommandError::Failed(_)), "{error}");
    let limits = Limits { rate_per_minute: 5, daily_cap: Some(9) };
    let registered =
        commands.register_tenant(RegisterTenant { limits, ..with_key(1) }, &ctx()).await.unwrap();
    assert_eq!(opens(&commands, KEY), Some(registered.tenant_id), "neither the tenant nor its key was taken");
}

#[tokio::test]
async fn a_tenant_whose_cap_was_stored_rounded_is_read_and_can_be_changed() {
    let world = World::new().await;
    let commands = world.process().await;
    let registered = commands.register_tenant(with_key(1), &ctx()).await.unwrap();
    let stream = StreamId::tenant(registered.tenant_id);
    let stored = commands.log().load("Tenant", &stream).await.unwrap();
    let payload = r#"{"LimitsChanged":{"at":"2026-11-24T12:00:00.000000Z","limits":{"dailyCap":18446744073709552000,"ratePerMinute":7}}}"#;
    // As a version stored it that let RFC 8785 round the number; the append of today refuses it.
    let sequence = stored.len() + 1;
    let sql = format!(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                             position, event_id, tenant_id, recorded_at, leaf)
         select aggregate_type, aggregate_id, {sequence}, 'LimitsChanged', event_version, '{payload}', metadata,
                (select max(position) + 1 from events), gen_random_uuid(), tenant_id, recorded_at, leaf
           from events where aggregate_type = 'Tenant' and aggregate_id = '{stream}' and sequence = 1"
    );
    world.database.run(&sql).await;
    let restarted = world.process().await;
    assert_eq!(opens(&restarted, KEY), Some(registered.tenant_id), "the tenant is served");
    let patch = TenantPatch { rate_per_minute: Some(8), ..TenantPatch::default() };
    let (record, _) = restarted.change_tenant(registered.tenant_id, patch, &ctx()).await.unwrap();
    assert_eq!(record.limits, Limits { rate_per_minute: 8, daily_cap: Some(1 << 53) });
    let patch = TenantPatch { daily_cap: Some(Some(9)), ..TenantPatch::default() };
    let (record, _) = restarted.change_tenant(registered.tenant_id, patch, &ctx()).await.unwrap();
    assert_eq!(record.limits.daily_cap, Some(9));
}
