//! Peer (a): the same API over the stock postgres-es repository, with the engine's own aggregate.
//!
//! Reads and checks a trigger as the engine does, seals its personal fields and runs the command through
//! `CqrsFramework`. What it leaves out is all in its favour: one key for all recipients, no claim of the idempotency
//! key, no position, no leaf, nobody who is told, nothing sent.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use cqrs_es::persist::PersistedEventStore;
use cqrs_es::{AggregateError, CqrsFramework};
use orqestra_domain::notification::{
    Accepted, Notification, NotificationCommand, PlanInput, TemplateChoice, TemplateRef, TriggerNotification,
    plan,
};
use orqestra_domain::{
    ApiKeyHash, EmailAddress, EventId, EventTypeName, NotificationId, PhoneNumber, StreamId, TemplateId,
    TenantId, TenantName, UserId,
};
use orqestra_event_log::Clock as _;
use orqestra_event_log::source::SystemClock;
use orqestra_vault::{DataKey, FieldContext, IndexKey, KeyScope, MasterKey, OsEntropy, Vault, hash_api_key};
use postgres_es::PostgresEventRepository;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sqlx::postgres::PgPoolOptions;

use super::{serve, signature};

type Framework = CqrsFramework<Notification, PersistedEventStore<PostgresEventRepository, Notification>>;

/// The table that the stock repository writes, as its own documentation gives it.
pub(crate) const TABLE: &str = "create table events (
    aggregate_type text not null,
    aggregate_id text not null,
    sequence bigint check (sequence >= 0) not null,
    event_type text not null,
    event_version text not null,
    payload json not null,
    metadata json not null,
    primary key (aggregate_type, aggregate_id, sequence)
)";

struct Peer {
    framework: Framework,
    vault: Vault,
    key: DataKey,
    index: IndexKey,
    tenants: HashMap<ApiKeyHash, (TenantId, TenantName)>,
    secret: String,
    template: TemplateRef,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    event_type: String,
    event_id: String,
    payload: Recipient,
    variables: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    user_id: String,
    #[serde(rename = "recipientEmail")]
    email: String,
    #[serde(rename = "recipientPhone")]
    phone: String,
}

/// Serves it.
pub(crate) async fn run(
    address: SocketAddr,
    url: &str,
    connections: u32,
    api_key: &str,
    secret: String,
) -> Result<()> {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .min_connections(connections)
        .acquire_timeout(Duration::from_secs(20))
        .test_before_acquire(false)
        .connect(url)
        .await
        .context("the stock store's database")?;
    let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(0xb1));
    let vault = Vault::new(pool.clone(), MasterKey::generate(&OsEntropy), Arc::new(OsEntropy));
    let (_, key) = vault.new_key(tenant, KeyScope::Tenant);
    let (_, index) = vault.new_key(tenant, KeyScope::Index);
    let store = PersistedEventStore::new_event_store(PostgresEventRepository::new(pool));
    let peer = Peer {
        framework: CqrsFramework::new(store, Vec::new(), ()),
        vault,
        key,
        index: IndexKey::new(index).context("a key of this scope")?,
        tenants: HashMap::from([(hash_api_key(api_key), (tenant, TenantName::parse("First")?))]),
        secret,
        template: TemplateRef {
            tenant_id: tenant,
            template_id: TemplateId::from_uuid(uuid::Uuid::from_u128(0x7e)),
            version: 1,
        },
    };
    serve::until_told(address, post(trigger), peer).await
}

async fn trigger(
    State(peer): State<Arc<Peer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, StatusCode> {
    let given = headers.get("x-api-key").and_then(|value| value.to_str().ok());
    let caller = given.and_then(|key| peer.tenants.get(&hash_api_key(key)));
    let (tenant, name) = caller.ok_or(StatusCode::UNAUTHORIZED)?;
    if !signature::is_right(&headers, peer.secret.as_bytes(), &body) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let whole: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let key = headers.get("x-idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (notification, accepted) =
        accept(&peer, *tenant, name, &whole).map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
    let stream = StreamId::notification(*tenant, notification);
    let message = format!("Event {} dispatched securely for {name}", accepted.event_type);
    let metadata = HashMap::from([
        ("actor".to_owned(), "apiKey".to_owned()),
        ("idempotencyKey".to_owned(), key.to_owned()),
        ("recipientRef".to_owned(), accepted.recipient_ref.to_string()),
    ]);
    let command = NotificationCommand::Trigger(TriggerNotification { accepted: Arc::new(accepted) });
    match peer.framework.execute_with_metadata(stream.as_str(), command, metadata).await {
        Ok(()) => Ok(Json(json!({"success": true, "message": message}))),
        Err(AggregateError::UserError(_) | AggregateError::AggregateConflict) => Err(StatusCode::CONFLICT),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn accept(
    peer: &Peer,
    tenant: TenantId,
    name: &TenantName,
    whole: &Value,
) -> Result<(NotificationId, Accepted)> {
    let body = Body::deserialize(whole)?;
    let event_id = EventId::parse(&body.event_id)?;
    let user = UserId::parse(&body.payload.user_id)?;
    let email = EmailAddress::parse(&body.payload.email)?;
    let phone = PhoneNumber::parse(&body.payload.phone)?;
    let notification = NotificationId::of_event(tenant, &event_id);
    let stream = StreamId::notification(tenant, notification);
    let seal = |field, plain: &[u8]| {
        let place = FieldContext { tenant, aggregate_id: stream.as_str(), field };
        peer.vault.seal(&peer.key, &place, plain)
    };
    let contact = json!({
        "userId": user.as_str(), "email": email.as_str(), "phone": phone.as_str(), "eventId": event_id.as_str(),
    });
    let addresses = [
        Some(peer.index.address_ref(&email.normalised())),
        Some(peer.index.address_ref(phone.as_str())),
        None,
    ];
    let accepted = Accepted {
        testing: false,
        event_id: None,
        event_type: EventTypeName::parse(&body.event_type)?,
        tenant_name: name.clone(),
        recipient_ref: peer.index.recipient_ref(&user),
        fingerprint: peer.index.fingerprint(&serde_json_canonicalizer::to_vec(whole)?),
        accepted_at: SystemClock.now(),
        recipient: seal("recipient", &serde_json::to_vec(&contact)?),
        variables: Some(seal("variables", &serde_json::to_vec(&body.variables)?)),
        plan: plan(&PlanInput {
            notification,
            requested: None,
            whitelist: None,
            templates: [TemplateChoice::Use(peer.template), TemplateChoice::Missing, TemplateChoice::Missing],
            addresses,
            providers: [true, true, true],
            expires_at: [None; 3],
        }),
    };
    Ok((notification, accepted))
}
