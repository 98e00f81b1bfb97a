//! The key of an event: `<tenant>|<recipient reference>` for what concerns one recipient, else `<tenant>|<stream>`.
//!
//! A notification names its recipient in its first event alone. A process remembers those references, and reads the others, those
//! of many streams in one statement. An event that this program cannot decode has its key all the
//! same, or programs of two versions would part the log differently.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cqrs_es::Aggregate;
use orqestra_domain::notification::Notification;
use orqestra_domain::recipient::Recipient;
use orqestra_domain::{RecipientRef, TenantId};
use serde::Deserialize;
use uuid::Uuid;

use super::{Frontier, Partition};
use crate::error::LogError;
use crate::log::EventLog;
use crate::read::{Line, limited};
use crate::recorded::RecordedEvent;

/// Notifications whose recipients are remembered: twice as many at most, of about 200 bytes each.
const REMEMBERED: usize = 100_000;
/// Streams that one statement looks up.
const TOGETHER: usize = 1_000;

/// The key by which an event finds its partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionKey(String);

impl PartitionKey {
    fn new(tenant: TenantId, rest: &str) -> Self {
        Self(format!("{tenant}|{rest}"))
    }

    /// The key of what concerns a recipient.
    pub fn of_recipient(tenant: TenantId, recipient: RecipientRef) -> Self {
        Self::new(tenant, &recipient.to_string())
    }

    /// The bytes, as a topic's records have them.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// A key of a test.
    #[cfg(test)]
    pub(super) fn of_text(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which notification's events have which key.
#[derive(Default)]
pub(crate) struct PartitionKeys(Mutex<Recipients>);

impl EventLog {
    /// Returns the key of each event, in their order.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn partition_keys(&self, events: &[Arc<RecordedEvent>]) -> Result<Vec<PartitionKey>, LogError> {
        let known = &self.shared().partition_keys;
        let mut keys: Vec<Option<PartitionKey>> = Vec::with_capacity(events.len());
        let mut unknown = HashSet::new();
        for event in events {
            let key = known.at_hand(event);
            if key.is_none() {
                unknown.insert((event.aggregate_type.as_ref(), event.aggregate_id.as_str()));
            }
            keys.push(key);
        }
        let unknown: Vec<_> = unknown.into_iter().collect();
        let mut found = HashMap::new();
        for streams in unknown.chunks(TOGETHER) {
            self.look_up_keys(streams, &mut found).await?;
        }
        let of = |(event, key): (&Arc<RecordedEvent>, Option<PartitionKey>)| match key {
            Some(key) => Ok(key),
            // Each event's stream has a first one.
            None => found.get(&event.aggregate_id).cloned().ok_or(LogError::Corrupt {
                position: event.position.get(),
                reason: "its stream has no first event",
            }),
        };
        events.iter().zip(keys).map(of).collect()
    }

    /// Leaves the events of one partition.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn of_partition(
        &self,
        partition: Partition,
        events: Vec<Arc<RecordedEvent>>,
    ) -> Result<Vec<Arc<RecordedEvent>>, LogError> {
        if partition.is_whole() {
            return Ok(events);
        }
        let keys = self.partition_keys(&events).await?;
        let of_it = |(event, key): (_, PartitionKey)| (partition.of().of(&key) == partition).then_some(event);
        Ok(events.into_iter().zip(keys).filter_map(of_it).collect())
    }

    /// Leaves the events that a subscription has handled which stands there.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn handled_at(
        &self,
        frontier: &Frontier,
        events: Vec<Arc<RecordedEvent>>,
    ) -> Result<Vec<Arc<RecordedEvent>>, LogError> {
        let (least, furthest) = (frontier.least(), frontier.furthest());
        if least == furthest || events.last().is_none_or(|last| last.position <= least) {
            return Ok(events.into_iter().filter(|event| event.position <= least).collect());
        }
        let keys = self.partition_keys(&events).await?;
        let handled = |(event, key): (Arc<RecordedEvent>, PartitionKey)| {
            (event.position <= frontier.of_key(&key)).then_some(event)
        };
        Ok(events.into_iter().zip(keys).filter_map(handled).collect())
    }

    /// Reads the keys of streams by the recipients that their first events name.
    async fn look_up_keys(
        &self,
        streams: &[(&str, &str)],
        found: &mut HashMap<String, PartitionKey>,
    ) -> Result<(), LogError> {
        let (types, ids): (Vec<&str>, Vec<&str>) = streams.iter().copied().unzip();
        // The reference alone travels: the variables of a first event may be large.
        let first = sqlx::query_as(
            "select e.aggregate_id, e.tenant_id,
                    (select p.value ->> 'recipientRef' from json_each(e.payload) as p limit 1)
               from unnest($1::text[], $2::text[]) as s (type, id)
               join events e on e.aggregate_type = s.type and e.aggregate_id = s.id and e.sequence = 1",
        );
        let shared = self.shared();
        let reading = first.bind(types).bind(ids).fetch_all(shared.reader.line(Line::Pages));
        let rows: Vec<(String, Uuid, Option<String>)> = limited(reading).await?;
        let mut recipients = shared.partition_keys.lock();
        for (stream, tenant, recipient) in rows {
            let tenant = TenantId::from_uuid(tenant);
            let key = PartitionKey::new(tenant, recipient.as_deref().unwrap_or(&stream));
            recipients.remember(stream.clone(), key.clone());
            found.insert(stream, key);
        }
        Ok(())
    }
}

impl PartitionKeys {
    fn lock(&self) -> MutexGuard<'_, Recipients> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key, where it needs no look into the database.
    fn at_hand(&self, event: &RecordedEvent) -> Option<PartitionKey> {
        if event.aggregate_type != Notification::TYPE && event.aggregate_type != Recipient::TYPE {
            return Some(of_stream(event));
        }
        let mut recipients = self.lock();
        if let Some(key) = recipients.get(&event.aggregate_id) {
            return Some(key);
        }
        // An event that was read without its payload does not tell its recipient.
        let whole = event.sequence == 1 && !event.payload.is_empty();
        let key = whole.then(|| named_by(event).unwrap_or_else(|| of_stream(event)))?;
        recipients.remember(event.aggregate_id.clone(), key.clone());
        Some(key)
    }
}

fn of_stream(event: &RecordedEvent) -> PartitionKey {
    PartitionKey::new(event.tenant, &event.aggregate_id)
}

fn named_by(event: &RecordedEvent) -> Option<PartitionKey> {
    recipient(&event.payload).map(|recipient| PartitionKey::new(event.tenant, &recipient))
}

/// The recipient reference that a stored payload names, whatever the version of its shape.
fn recipient(payload: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "recipientRef")]
        recipient: String,
    }
    let by_type: HashMap<String, Named> = serde_json::from_str(payload).ok()?;
    by_type.into_values().next().map(|named| named.recipient)
}

/// The keys of notifications by stream: those that were asked for of late, in two halves of which the older one is dropped as a
/// whole.
#[derive(Default)]
struct Recipients {
    new: HashMap<String, PartitionKey>,
    old: HashMap<String, PartitionKey>,
}

impl Recipients {
    fn get(&mut self, stream: &str) -> Option<PartitionKey> {
        if let Some(key) = self.new.get(stream) {
            return Some(key.clone());
        }
        let (stream, key) = self.old.remove_entry(stream)?;
        self.remember(stream, key.clone());
        Some(key)
    }

    fn remember(&mut self, stream: String, key: PartitionKey) {
        if self.new.len() >= REMEMBERED {
            self.old = mem::take(&mut self.new);
        }
        self.new.insert(stream, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_names_its_recipient_in_every_version() {
        let golden = std::fs::read_dir("../domain/golden").unwrap();
        let mut seen = 0;
        for file in golden.map(|file| file.unwrap().path()) {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            let names = ["NotificationAccepted-", "RecipientForgotten-"];
            let payload: serde_json::Value =
                serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let found = recipient(&payload.to_string());
            let expected = names.iter().any(|start| name.starts_with(start));
            assert_eq!(found.is_some_and(|found| found.len() == 64), expected, "{name}");
            seen += usize::from(expected);
        }
        assert!(seen > 3, "{seen}");
        let newer = r#"{"NotificationAccepted":{"new":[1],"recipientRef":"ab"}}"#;
        assert_eq!(recipient(newer), Some("ab".to_owned()));
        assert_eq!(recipient(r#"{"NotificationRead":{"at":"x"}}"#), None);
        assert_eq!(recipient(""), None);
    }

    #[test]
    fn what_was_asked_for_of_late_is_remembered_and_the_rest_is_dropped() {
        let mut recipients = Recipients::default();
        let key = |number: usize| PartitionKey::of_text(&number.to_string());
        for number in 0..=REMEMBERED {
            recipients.remember(number.to_string(), key(number));
        }
        assert_eq!(recipients.get("0"), Some(key(0)), "the older half");
        for number in 1..=REMEMBERED {
            recipients.remember(format!("later-{number}"), key(number));
        }
        assert_eq!(recipients.get("0"), Some(key(0)), "it was asked for");
        assert_eq!(recipients.get("1"), None);
    }
}
