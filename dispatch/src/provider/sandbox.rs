//! The sandbox: messages are kept in this installation, to be looked at, and go nowhere.
//!
//! A delivery stands here once, however often it is sent. What is personal is sealed with the recipient's key, so a
//! forgotten person's messages cannot be read any more. Many sends share one statement.
//!
//! | what happens | outcome |
//! |---|---|
//! | stored, or stored before | taken |
//! | the database fails or does not answer | not taken: sending again is safe, for it is kept once |
//! | an address of [`simulated`] | what it stands for |

use std::collections::HashSet;
use std::time::Duration;

use futures::future::BoxFuture;
use orqestra_domain::provider::{Dedup, SANDBOX};
use orqestra_domain::{Cause, Channel, DeliveryId, NotificationId, Sealed, StreamId, TenantId, Timestamp};
use orqestra_event_log::{Outage, Sessions};
use orqestra_vault::{FieldContext, KeyError, Vault};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, Row};
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::simulated::Simulated;
use super::{Message, NotTaken, Provider, Scope, SendError, Sent};

mod simulated;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Most messages stored by one statement.
const TOGETHER: usize = 256;
/// Most messages that wait to be stored.
const QUEUE: usize = 4_096;
/// Bytes of sealed messages after which a page ends.
const PAGE_BYTES: i64 = 2 * 1024 * 1024;

/// The name under which a channel's message is sealed.
const fn field(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "sandbox:EMAIL",
        Channel::Sms => "sandbox:SMS",
        Channel::Push => "sandbox:PUSH",
    }
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
}

struct Waiting {
    /// The key that the message is kept once by.
    kept_by: Uuid,
    delivery: Uuid,
    tenant: Uuid,
    notification: Uuid,
    channel: &'static str,
    sealed: Sealed,
    at: Timestamp,
    /// Whether it is new; nothing where it was not stored.
    stored: oneshot::Sender<Option<IsNew>>,
}

/// Whether a message was not kept before.
type IsNew = bool;

/// The sandbox of this process. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    vault: Vault,
    waiting: mpsc::Sender<Waiting>,
}

impl Sandbox {
    /// Starts the task that stores messages; it ends when the token does and everything that waits is stored.
    pub fn start(pool: &PgPool, sessions: &Sessions, vault: Vault, token: CancellationToken) -> Self {
        let (waiting, queue) = mpsc::channel(QUEUE);
        // Each batch waits for the disk: an outcome that could not be recorded during a crash is recorded after it, and
        // would then tell of a message that the crash took back.
        let options = pool.connect_options().as_ref().clone();
        let own = sessions.pool().max_connections(1).acquire_timeout(TIMEOUT).connect_lazy_with(options);
        tokio::spawn(store_what_waits(own, queue, token));
        Self { vault, waiting }
    }
}

async fn store_what_waits(pool: PgPool, mut queue: mpsc::Receiver<Waiting>, token: CancellationToken) {
    let mut batch = Vec::with_capacity(TOGETHER);
    let outage = Outage::default();
    loop {
        let received = tokio::select! {
            biased;
            received = queue.recv_many(&mut batch, TOGETHER) => received,
            () = token.cancelled() => {
                queue.close();
                queue.recv_many(&mut batch, TOGETHER).await
            }
        };
        if received == 0 {
            break;
        }
        let new = match tokio::time::timeout(TIMEOUT, store(&pool, &batch)).await {
            Ok(Ok(new)) => {
                if let Some(duration_ms) = outage.ends() {
                    tracing::info!(provider = SANDBOX, duration_ms, "messages are kept again");
                }
                Some(new)
            }
            Ok(Err(error)) => {
                if outage.begins() {
                    tracing::warn!(error = %error, provider = SANDBOX, "messages cannot be kept");
                }
                None
            }
            Err(_) => {
                if outage.begins() {
                    tracing::warn!(provider = SANDBOX, "messages cannot be kept in time");
                }
                None
            }
        };
        for waiting in batch.drain(..) {
            let is_new = new.as_ref().map(|new| new.contains(&waiting.kept_by));
            waiting.stored.send(is_new).ok();
        }
    }
    pool.close().await;
}

/// Stores messages, and tells which of them were not there.
async fn store(pool: &PgPool, batch: &[Waiting]) -> Result<HashSet<Uuid>, sqlx::Error> {
    let column = |of: fn(&Waiting) -> Uuid| batch.iter().map(of).collect::<Vec<_>>();
    let new: Vec<Uuid> = sqlx::query_scalar(
        "insert into sandbox_messages
                (delivery_id, tenant_id, notification_id, channel, key_id, sealed, created_at, requeued_delivery_id)
         select kept_by, tenant_id, notification_id, channel, key_id, sealed, created_at, nullif(delivery_id, kept_by)
           from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::timestamptz[],
                       $8::uuid[])
                as k (kept_by, tenant_id, notification_id, channel, key_id, sealed, created_at, delivery_id)
             on conflict on constraint sandbox_messages_pkey do nothing
         returning delivery_id",
    )
    .bind(column(|waiting| waiting.kept_by))
    .bind(column(|waiting| waiting.tenant))
    .bind(column(|waiting| waiting.notification))
    .bind(batch.iter().map(|waiting| waiting.channel).collect::<Vec<_>>())
    .bind(column(|waiting| waiting.sealed.key_id.as_uuid()))
    .bind(batch.iter().map(|waiting| waiting.sealed.data.as_str()).collect::<Vec<_>>())
    .bind(batch.iter().map(|waiting| waiting.at.as_datetime()).collect::<Vec<_>>())
    .bind(column(|waiting| waiting.delivery))
    .fetch_all(pool)
    .await?;
    Ok(new.into_iter().collect())
}

/// The sandbox as one tenant's provider for one channel.
pub struct SandboxLane {
    sandbox: Sandbox,
    calls: usize,
}

impl SandboxLane {
    /// Takes that many calls at one time.
    pub fn new(sandbox: Sandbox, calls: usize) -> Self {
        Self { sandbox, calls }
    }
}

impl Provider for SandboxLane {
    fn name(&self) -> &'static str {
        SANDBOX
    }

    fn concurrency(&self) -> usize {
        self.calls
    }

    fn dedup(&self) -> Option<Dedup> {
        Some(Dedup::FOR_EVER)
    }

    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async move {
            match Simulated::of(message) {
                None => self.keep(message).await.map(|_| taken(message)),
                Some(simulated) => simulated.answer(self.keep(message)).await.map(|()| taken(message)),
            }
        })
    }
}

fn taken(message: &Message) -> Sent {
    Sent { provider_message_id: Some(message.dedup_key.to_string()), answer: None }
}

impl SandboxLane {
    /// Keeps a message.
    async fn keep(&self, message: &Message) -> Result<IsNew, SendError> {
        let kept = Kept {
            to: message.to.clone(),
            subject: message.content.subject.clone(),
            body: message.content.body.clone(),
            event_id: message.event_id.as_ref().map(|id| id.as_str().to_owned()),
        };
        let plain = serde_json::to_vec(&kept).expect("texts are always JSON");
        let stream = StreamId::notification(message.tenant, message.notification);
        let place = FieldContext {
            tenant: message.tenant,
            aggregate_id: stream.as_str(),
            field: field(message.channel),
        };
        let (stored, answer) = oneshot::channel();
        let waiting = Waiting {
            kept_by: message.dedup_key.as_uuid(),
            delivery: message.delivery.as_uuid(),
            tenant: message.tenant.as_uuid(),
            notification: message.notification.as_uuid(),
            channel: message.channel.as_str(),
            sealed: self.sandbox.vault.seal(&message.key, &place, &plain),
            at: message.at,
            stored,
        };
        let handed_in = async {
            self.sandbox.waiting.send(waiting).await.ok()?;
            answer.await.ok()?
        };
        if let Ok(Some(is_new)) = tokio::time::timeout(2 * TIMEOUT, handed_in).await {
            return Ok(is_new);
        }
        Err(SendError::NotTaken(NotTaken {
            cause: Cause::SandboxUnavailable.into(),
            retry_after: None,
            answer: None,
            scope: Scope::Provider,
        }))
    }
}

/// A message that the sandbox kept.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxMessage {
    /// The delivery; each has one message here, and one more for each time that it was requeued.
    pub delivery_id: DeliveryId,
    /// Of which notification.
    pub notification_id: NotificationId,
    /// On which channel.
    pub channel: Channel,
    /// The address.
    pub to: String,
    /// The subject of an email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The body.
    pub body: String,
    /// The tenant's own id of the event; absent in messages from before it was sealed with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// When it was taken.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for SandboxMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SandboxMessage({}, {})", self.delivery_id, self.channel)
    }
}

/// Why the sandbox's messages cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The database failed.
    #[error("the sandbox cannot be read: {0}")]
    Database(#[from] sqlx::Error),
    /// It did not answer in time.
    #[error("the sandbox did not answer in time")]
    Timeout,
    /// A key cannot be read, or a message cannot be opened.
    #[error("a message of the sandbox cannot be opened: {0}")]
    Sealed(#[from] KeyError),
    /// A row holds what the sandbox never wrote.
    #[error("the sandbox holds an unreadable {0}")]
    Corrupt(&'static str),
}

/// Which of a tenant's messages are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Of one channel, or of all.
    pub channel: Option<Channel>,
    /// Most messages.
    pub limit: u32,
    /// The key of the last message of the page before.
    pub after: Option<DeliveryId>,
}

/// Some of a tenant's messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxPage {
    /// Newest first. Fewer than asked for where they are large, or where people were forgotten.
    pub messages: Vec<SandboxMessage>,
    /// Where the next page begins; nothing after the last one.
    pub next: Option<DeliveryId>,
}

/// A page measured by the database: rows beyond `$6` bytes come without what is sealed, and are for the next page. The first
/// one always has it.
const PAGE: &str = "select delivery_id, requeued_delivery_id, notification_id, channel, key_id, case when before < $6 then sealed end as sealed,
        created_at
   from (
        select page.*,
               sum(octet_length(sealed)) over (order by created_at desc, delivery_id desc) - octet_length(sealed)
                   as before
          from (
               select m.delivery_id, m.requeued_delivery_id, m.notification_id, m.channel, m.key_id, m.sealed, m.created_at
                 from sandbox_messages m
                where m.tenant_id = $1 and ($2::text is null or m.channel = $2)
                  and (m.created_at, m.delivery_id) < ($3, $4)
                  and exists (select from data_keys k where k.key_id = m.key_id)
                order by m.created_at desc, m.delivery_id desc
                limit $5
               ) page
        ) measured
  order by created_at desc, delivery_id desc";

/// A tenant's messages, newest first. Those of forgotten people are left out. `None`: the page begins after a message that
/// the tenant does not have.
///
/// # Errors
/// If the database cannot be read or a message cannot be opened.
pub async fn messages(
    pool: &PgPool,
    vault: &Vault,
    tenant: TenantId,
    asked: Asked,
) -> Result<Option<SandboxPage>, SandboxError> {
    // Later than any message.
    let mut place = (OffsetDateTime::new_utc(time::Date::MAX, time::Time::MIDNIGHT), Uuid::max());
    if let Some(after) = asked.after {
        let found = sqlx::query_as(
            "select created_at, delivery_id from sandbox_messages where tenant_id = $1 and delivery_id = $2",
        )
        .bind(tenant.as_uuid())
        .bind(after.as_uuid());
        let Some(found) = limited(found.fetch_optional(pool)).await? else { return Ok(None) };
        place = found;
    }
    let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    let query = sqlx::query(PAGE)
        .bind(tenant.as_uuid())
        .bind(asked.channel.map(Channel::as_str))
        .bind(place.0)
        .bind(place.1)
        .bind(i64::from(asked.limit) + 1)
        .bind(PAGE_BYTES);
    let rows = limited(query.fetch_all(pool)).await?;
    let mut messages = Vec::with_capacity(rows.len());
    let (mut last, mut more) = (None, false);
    for (index, row) in rows.iter().enumerate() {
        let sealed: Option<String> = row.try_get("sealed")?;
        let Some(data) = sealed.filter(|_| index < limit) else {
            more = true;
            break;
        };
        let key = DeliveryId::from_uuid(row.try_get("delivery_id")?);
        last = Some(key);
        let requeued: Option<Uuid> = row.try_get("requeued_delivery_id")?;
        let delivery = requeued.map_or(key, DeliveryId::from_uuid);
        let notification = NotificationId::from_uuid(row.try_get("notification_id")?);
        let channel: Channel =
            row.try_get::<&str, _>("channel")?.parse().map_err(|_| SandboxError::Corrupt("channel"))?;
        let key_id = orqestra_domain::KeyId::from_uuid(row.try_get("key_id")?);
        let sealed = Sealed { key_id, data };
        let stream = StreamId::notification(tenant, notification);
        let place = FieldContext { tenant, aggregate_id: stream.as_str(), field: field(channel) };
        let plain = match vault.open_sealed(&place, &sealed).await {
            Ok(plain) => plain,
            Err(KeyError::Gone) => continue,
            Err(error) => return Err(error.into()),
        };
        let kept: Kept = serde_json::from_slice(&plain).map_err(|_| SandboxError::Corrupt("message"))?;
        messages.push(SandboxMessage {
            delivery_id: delivery,
            notification_id: notification,
            channel,
            to: kept.to,
            subject: kept.subject,
            body: kept.body,
            event_id: kept.event_id,
            created_at: Timestamp::new(row.try_get::<OffsetDateTime, _>("created_at")?),
        });
    }
    Ok(Some(SandboxPage { messages, next: last.filter(|_| more) }))
}

async fn limited<T>(read: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, SandboxError> {
    match tokio::time::timeout(TIMEOUT, read).await {
        Ok(read) => Ok(read?),
        Err(_) => Err(SandboxError::Timeout),
    }
}
