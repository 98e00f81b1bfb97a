//! The call of `append_commands`, and the look-up of what a call whose answer was lost has stored.
//!
//! Both take a batch as arrays, one round trip each.

use std::collections::HashMap;

use orqestra_domain::{KeyId, NotificationId, Timestamp};
use orqestra_vault::{KeyScope, NewKey};
use serde::Deserialize;
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::flush::Verdict;
use super::queued::Queued;
use crate::append::{KeyDestruction, Outcome};
use crate::intact::{Identity, Known};
use crate::position::Position;

/// Appends only where the log is the one known: its identity, and the event at the last position known. The function
/// looks at both once it has its turn, so that nothing that waited for it is stored in a log that has changed meanwhile.
const CALL: &str = "select command, status, first_position, actual, detail
   from append_commands($34, $35, $36, $37, $1,
                        row($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)::append_events,
                        row($16, $17, $18, $19, $20)::append_claims,
                        row($21, $22, $23, $24, $25, $26, $27)::append_new_keys,
                        row($28, $29)::append_used_keys,
                        row($30, $31, $32, $33)::append_destroyed,
                        row($38, $39, $40, $41)::append_configured)
  order by command";

type Row = (i32, i16, Option<i64>, i64, Option<Value>);

#[derive(Default)]
struct Events<'a> {
    command: Vec<i32>,
    first: Vec<bool>,
    aggregate_type: Vec<&'a str>,
    aggregate_id: Vec<&'a str>,
    sequence: Vec<i64>,
    event_type: Vec<&'a str>,
    event_version: Vec<&'a str>,
    payload: Vec<&'a str>,
    metadata: Vec<&'a str>,
    event_id: Vec<Uuid>,
    tenant_id: Vec<Uuid>,
    recorded_at: Vec<OffsetDateTime>,
    leaf: Vec<&'a [u8]>,
}

#[derive(Default)]
struct Claims<'a> {
    command: Vec<i32>,
    tenant_id: Vec<Uuid>,
    key: Vec<&'a str>,
    notification_id: Vec<Uuid>,
    expires_at: Vec<OffsetDateTime>,
}

#[derive(Default)]
struct NewKeys<'a> {
    command: Vec<i32>,
    key_id: Vec<Uuid>,
    tenant_id: Vec<Uuid>,
    kind: Vec<i16>,
    recipient_ref: Vec<Option<&'a [u8]>>,
    month: Vec<Option<i32>>,
    wrapped: Vec<&'a [u8]>,
    keys: Vec<&'a NewKey>,
}

#[derive(Default)]
struct Destroyed<'a> {
    command: Vec<i32>,
    tenant_id: Vec<Uuid>,
    recipient_ref: Vec<Option<&'a [u8]>>,
    month: Vec<Option<i32>>,
}

#[derive(Default)]
struct Configurations {
    command: Vec<i32>,
    tenant_id: Vec<Uuid>,
    position: Vec<i64>,
    oldest: Option<i64>,
}

impl<'a> NewKeys<'a> {
    fn push(&mut self, command: i32, key: &'a NewKey) {
        let (kind, recipient, month) = match &key.scope {
            KeyScope::Tenant => (0, None, None),
            KeyScope::Index => (1, None, None),
            KeyScope::Recipient { recipient, month } => {
                (2, Some(recipient.as_bytes().as_slice()), Some(*month))
            }
        };
        self.command.push(command);
        self.key_id.push(key.id.as_uuid());
        self.tenant_id.push(key.tenant.as_uuid());
        self.kind.push(kind);
        self.recipient_ref.push(recipient);
        self.month.push(month);
        self.wrapped.push(&key.wrapped);
        self.keys.push(key);
    }
}

impl<'a> Destroyed<'a> {
    fn push(&mut self, command: i32, destruction: &'a KeyDestruction) {
        let (tenant, recipient, month) = match destruction {
            KeyDestruction::Recipient { tenant, recipient } => {
                (tenant, Some(recipient.as_bytes().as_slice()), None)
            }
            KeyDestruction::Month { tenant, month } => (tenant, None, Some(*month)),
        };
        self.command.push(command);
        self.tenant_id.push(tenant.as_uuid());
        self.recipient_ref.push(recipient);
        self.month.push(month);
    }
}

/// An array as the function takes it: null where it is empty.
fn some<T>(entries: Vec<T>) -> Option<Vec<T>> {
    Some(entries).filter(|entries| !entries.is_empty())
}

/// Stores a batch and tells each command's outcome; `None` where the database holds another log than the one known, so
/// that nothing was stored.
pub(super) async fn append_batch(
    connection: &mut PgConnection,
    batch: &[&Queued],
    now: Timestamp,
    (identity, known): (Identity, Known),
) -> Result<Option<Vec<Verdict>>, sqlx::Error> {
    let mut counts = Vec::with_capacity(batch.len());
    let mut events = Events::default();
    let mut claims = Claims::default();
    let mut new_keys = NewKeys::default();
    let mut used: (Vec<i32>, Vec<Uuid>) = Default::default();
    let mut destroyed = Destroyed::default();
    let mut configurations = Configurations::default();
    for (queued, command) in batch.iter().zip(1_i32..) {
        counts.push(i32::try_from(queued.events.len()).unwrap_or(i32::MAX));
        for (index, event) in queued.events.iter().enumerate() {
            events.command.push(command);
            events.first.push(index == 0);
            events.aggregate_type.push(&event.aggregate_type);
            events.aggregate_id.push(&event.aggregate_id);
            events.sequence.push(event.sequence);
            events.event_type.push(&event.event_type);
            events.event_version.push(&event.event_version);
            events.payload.push(&event.payload);
            events.metadata.push(event.metadata.text());
            events.event_id.push(event.event_id);
            events.tenant_id.push(event.tenant.as_uuid());
            events.recorded_at.push(event.recorded_at.as_datetime());
            events.leaf.push(&event.leaf);
        }
        if let Some(claim) = &queued.ticket.idempotency_key {
            let plain = claim.plain.iter().map(|plain| (&plain.key, plain.until));
            for (key, until) in std::iter::once((&claim.key, claim.expires_at)).chain(plain) {
                claims.command.push(command);
                claims.tenant_id.push(claim.tenant.as_uuid());
                claims.key.push(key);
                claims.notification_id.push(claim.notification.as_uuid());
                claims.expires_at.push(until.as_datetime());
            }
        }
        for key in &queued.ticket.new_keys {
            new_keys.push(command, key);
        }
        for key in &queued.ticket.used_keys {
            if queued.ticket.new_keys.iter().all(|new| new.id != *key) {
                used.0.push(command);
                used.1.push(key.as_uuid());
            }
        }
        if let Some(read) = &queued.ticket.configuration {
            configurations.command.push(command);
            configurations.tenant_id.push(read.tenant.as_uuid());
            let up_to = read.up_to.get();
            configurations.position.push(up_to);
            configurations.oldest = Some(configurations.oldest.map_or(up_to, |oldest| oldest.min(up_to)));
        }
        if let Some(destruction) = &queued.ticket.destroys {
            destroyed.push(command, destruction);
        }
    }
    let rows: Vec<Row> = sqlx::query_as(CALL)
        .bind(now.as_datetime())
        .bind(counts)
        .bind(events.command)
        .bind(events.first)
        .bind(events.aggregate_type)
        .bind(events.aggregate_id)
        .bind(events.sequence)
        .bind(events.event_type)
        .bind(events.event_version)
        .bind(events.payload)
        .bind(events.metadata)
        .bind(events.event_id)
        .bind(events.tenant_id)
        .bind(events.recorded_at)
        .bind(events.leaf)
        .bind(some(claims.command))
        .bind(some(claims.tenant_id))
        .bind(some(claims.key))
        .bind(some(claims.notification_id))
        .bind(some(claims.expires_at))
        .bind(some(new_keys.command))
        .bind(some(new_keys.key_id))
        .bind(some(new_keys.tenant_id))
        .bind(some(new_keys.kind))
        .bind(some(new_keys.recipient_ref))
        .bind(some(new_keys.month))
        .bind(some(new_keys.wrapped))
        .bind(some(used.0))
        .bind(some(used.1))
        .bind(some(destroyed.command))
        .bind(some(destroyed.tenant_id))
        .bind(some(destroyed.recipient_ref))
        .bind(some(destroyed.month))
        .bind(known.position.get())
        .bind(known.event_id)
        .bind(identity.log_id)
        .bind(identity.epoch)
        .bind(some(configurations.command))
        .bind(some(configurations.tenant_id))
        .bind(some(configurations.position))
        .bind(configurations.oldest)
        .fetch_all(&mut *connection)
        .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    if rows.len() != batch.len() {
        return Err(sqlx::Error::Protocol("append_commands did not answer for each command".to_owned()));
    }
    let verdicts = rows.into_iter().map(|row| {
        verdict(row, &new_keys.keys)
            .ok_or_else(|| sqlx::Error::Protocol("append_commands answered in an unknown form".to_owned()))
    });
    verdicts.collect::<Result<_, _>>().map(Some)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    ordinal: usize,
    key_id: Uuid,
    wrapped: String,
}

fn verdict((_, status, first, actual, detail): Row, new_keys: &[&NewKey]) -> Option<Verdict> {
    Some(match status {
        0 => Verdict::Placed { first: Position::new(first?) },
        1 => Verdict::Refused(Outcome::Conflict { actual }),
        2 => {
            let notification = NotificationId::from_uuid(serde_json::from_value(detail?).ok()?);
            Verdict::Refused(Outcome::KeyTaken { notification })
        }
        3 => {
            let key = KeyId::from_uuid(serde_json::from_value(detail?).ok()?);
            Verdict::Refused(Outcome::KeyDead { key })
        }
        5 => Verdict::Refused(Outcome::Reconfigured),
        4 => {
            let held: Vec<Held> = serde_json::from_value(detail?).ok()?;
            let winners = held.into_iter().map(|held| {
                let ours = new_keys.get(held.ordinal.checked_sub(1)?)?;
                let wrapped = hex::decode(held.wrapped).ok()?;
                Some(NewKey {
                    id: KeyId::from_uuid(held.key_id),
                    tenant: ours.tenant,
                    scope: ours.scope,
                    wrapped,
                })
            });
            Verdict::Refused(Outcome::KeyRaced { winners: winners.collect::<Option<_>>()? })
        }
        _ => return None,
    })
}

/// Finds which commands are stored, by the id of the event that stands where their first would: the first's position,
/// one entry a command.
pub(super) async fn look_up(
    connection: &mut PgConnection,
    batch: &[&Queued],
) -> Result<Vec<Option<Position>>, sqlx::Error> {
    let firsts = batch.iter().map(|queued| queued.first());
    let types: Vec<_> = firsts.clone().map(|event| event.aggregate_type.as_ref()).collect();
    let ids: Vec<_> = firsts.clone().map(|event| event.aggregate_id.as_str()).collect();
    let sequences: Vec<_> = firsts.clone().map(|event| event.sequence).collect();
    let event_ids: Vec<_> = firsts.map(|event| event.event_id).collect();
    let found: Vec<(i64, i64)> = sqlx::query_as(
        "select r.ordinal, e.position
           from unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[]) with ordinality
                as r (aggregate_type, aggregate_id, sequence, event_id, ordinal)
          cross join lateral (
                select v.position from events v
                 where v.aggregate_type = r.aggregate_type and v.aggregate_id = r.aggregate_id
                   and v.sequence = r.sequence and v.event_id = r.event_id
                 limit 1
                ) e",
    )
    .bind(types)
    .bind(ids)
    .bind(sequences)
    .bind(event_ids)
    .fetch_all(&mut *connection)
    .await?;
    let found: HashMap<i64, i64> = found.into_iter().collect();
    let positions =
        (1_i64..).take(batch.len()).map(|ordinal| found.get(&ordinal).copied().map(Position::new));
    Ok(positions.collect())
}
