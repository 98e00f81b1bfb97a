//! The keys of messages whose receipts bring no id of ours back: the id that each was taken under, and the last
//! attempts whose outcome is unknown, which have none and are matched by the number.
//!
//! A fold that the subscription of dispatch writes with the due rows, and a rebuild of the due table from the log. It decides
//! nothing: a receipt that is matched by it is still judged by its notification. Both tables are bounded by time.

use std::collections::BTreeMap;
use std::time::Duration;

use orqestra_domain::notification::NotificationEvent;
use orqestra_domain::{NotificationId, ProviderInstanceId, TenantId, Timestamp};
use sqlx::PgConnection;

/// The kind that brings nothing back.
pub(super) const KIND: &str = "africastalking";
/// For how long a message's receipts are matched.
pub(crate) const KNOWN_FOR: Duration = Duration::from_hours(7 * 24);

type Key = (TenantId, NotificationId);

/// The net effect of events on both tables.
#[derive(Debug)]
pub(crate) struct Known {
    since: Timestamp,
    messages: Vec<Message>,
    attempts: BTreeMap<Key, Last>,
}

#[derive(Debug)]
struct Message {
    key: Key,
    instance: ProviderInstanceId,
    id: String,
    at: Timestamp,
}

/// The last attempt of a notification by a provider of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Unknown {
        instance: ProviderInstanceId,
        attempt: u32,
        at: Timestamp,
    },
    /// None up to this one is unknown.
    Told {
        attempt: u32,
    },
}

impl Known {
    /// Of events since that moment.
    pub(crate) const fn since(since: Timestamp) -> Self {
        Self { since, messages: Vec::new(), attempts: BTreeMap::new() }
    }

    /// Of events that are still of use at that moment.
    pub(crate) fn at(now: Timestamp) -> Self {
        Self::since(now.minus(KNOWN_FOR))
    }

    /// Folds in the next event of a notification.
    pub(crate) fn apply(
        &mut self,
        tenant: TenantId,
        notification: NotificationId,
        event: &NotificationEvent,
    ) {
        let key = (tenant, notification);
        match event {
            NotificationEvent::AttemptStarted(started) if started.provider == KIND => {
                // Nothing is to be forgotten of a first one.
                if let Some(before) = started.attempt.checked_sub(1).filter(|before| *before > 0) {
                    self.told(key, before);
                }
            }
            NotificationEvent::AttemptSucceeded(success) if success.provider == KIND => {
                self.taken(key, success.instance, success.provider_message_id.as_deref(), success.at);
                self.told(key, success.attempt);
            }
            NotificationEvent::ReceiptRecorded(receipt) if receipt.provider == KIND && receipt.proves => {
                self.taken(key, Some(receipt.instance), receipt.provider_message_id.as_deref(), receipt.at);
                self.told(key, receipt.attempt);
            }
            NotificationEvent::AttemptFailed(failed) if failed.provider.as_deref() == Some(KIND) => {
                self.told(key, failed.attempt);
            }
            NotificationEvent::AttemptOutcomeUnknown(unknown)
                if unknown.provider.as_deref() == Some(KIND) =>
            {
                if let Some(instance) = unknown.instance {
                    let last = Last::Unknown { instance, attempt: unknown.attempt, at: unknown.at };
                    self.attempts.insert(key, last);
                }
            }
            NotificationEvent::NotificationAccepted(_)
            | NotificationEvent::DeliveryRendered(_)
            | NotificationEvent::AttemptStarted(_)
            | NotificationEvent::AttemptSucceeded(_)
            | NotificationEvent::AttemptFailed(_)
            | NotificationEvent::AttemptOutcomeUnknown(_)
            | NotificationEvent::OutcomeResolved(_)
            | NotificationEvent::DeliveryHeld(_)
            | NotificationEvent::DeliveryRequeued(_)
            | NotificationEvent::DeliveryUnstuck(_)
            | NotificationEvent::DeliveryAbandoned(_)
            | NotificationEvent::DeliverySkipped(_)
            | NotificationEvent::ReceiptRecorded(_)
            | NotificationEvent::NotificationRead(_) => {}
        }
    }

    fn taken(&mut self, key: Key, instance: Option<ProviderInstanceId>, id: Option<&str>, at: Timestamp) {
        let taken = instance.zip(id).filter(|_| at >= self.since);
        self.messages.extend(taken.map(|(instance, id)| Message { key, instance, id: id.to_owned(), at }));
    }

    /// A late word of an earlier attempt says nothing of the last one.
    fn told(&mut self, key: Key, attempt: u32) {
        match self.attempts.get(&key) {
            Some(Last::Unknown { attempt: last, .. } | Last::Told { attempt: last }) if *last > attempt => {}
            Some(_) | None => {
                self.attempts.insert(key, Last::Told { attempt });
            }
        }
    }

    fn unknown(&self) -> Unknown {
        let mut all = Unknown::default();
        for (key, last) in &self.attempts {
            if let Last::Unknown { instance, attempt, at } = last
                && *at >= self.since
            {
                all.keys.push(*key);
                all.instances.push(instance.as_uuid());
                all.attempts.push(stored(*attempt));
                all.times.push(at.as_datetime());
            }
        }
        all
    }

    /// Writes the messages, and forgets them here.
    pub(crate) async fn write_messages(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let messages = std::mem::take(&mut self.messages);
        if messages.is_empty() {
            return Ok(());
        }
        let keys: Keys = messages.iter().map(|message| message.key).collect();
        let instances: Vec<_> = messages.iter().map(|message| message.instance.as_uuid()).collect();
        let times: Vec<_> = messages.iter().map(|message| message.at.as_datetime()).collect();
        let ids: Vec<_> = messages.into_iter().map(|message| message.id).collect();
        sqlx::query(
            "insert into provider_messages (tenant_id, provider, instance, message_id, notification_id, recorded_at)
             select l.tenant_id, $1, l.instance, l.message_id, l.notification_id, l.recorded_at
               from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[])
                 as l (tenant_id, notification_id, instance, message_id, recorded_at)
             on conflict on constraint provider_messages_pkey do nothing",
        )
        .bind(KIND)
        .bind(keys.tenants)
        .bind(keys.notifications)
        .bind(instances)
        .bind(ids)
        .bind(times)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Writes the net effect.
    pub(crate) async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.write_messages(connection).await?;
        self.forget_told(connection).await?;
        self.unknown().write(connection).await
    }

    /// Makes the table of attempts what this says. Only of a fold of the whole log, and under the table's lock.
    pub(crate) async fn replace(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.write_messages(connection).await?;
        let unknown = self.unknown();
        let keys: Keys = unknown.keys.iter().copied().collect();
        sqlx::query(
            "delete from unanswered_attempts u
              where not exists (select from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[])
                                         as k (tenant_id, notification_id, instance, attempt)
                                 where k.tenant_id = u.tenant_id and k.notification_id = u.notification_id
                                   and k.instance = u.instance and k.attempt = u.attempt)",
        )
        .bind(keys.tenants)
        .bind(keys.notifications)
        .bind(&unknown.instances)
        .bind(&unknown.attempts)
        .execute(&mut *connection)
        .await?;
        unknown.write(connection).await
    }

    /// Drops what says nothing any more in a fold of the whole log.
    pub(crate) fn forget_settled(&mut self) {
        self.attempts.retain(|_, last| matches!(last, Last::Unknown { .. }));
    }

    async fn forget_told(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let told = self.attempts.iter().filter_map(|(key, last)| match last {
            Last::Told { attempt } => Some((*key, stored(*attempt))),
            Last::Unknown { .. } => None,
        });
        let (keys, attempts): (Vec<_>, Vec<_>) = told.unzip();
        if keys.is_empty() {
            return Ok(());
        }
        let keys: Keys = keys.into_iter().collect();
        sqlx::query(
            "delete from unanswered_attempts u
              using unnest($1::uuid[], $2::uuid[], $3::int[]) as k (tenant_id, notification_id, attempt)
              where u.tenant_id = k.tenant_id and u.notification_id = k.notification_id and u.attempt <= k.attempt",
        )
        .bind(keys.tenants)
        .bind(keys.notifications)
        .bind(attempts)
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// Keys by column.
#[derive(Default)]
struct Keys {
    tenants: Vec<uuid::Uuid>,
    notifications: Vec<uuid::Uuid>,
}

impl FromIterator<Key> for Keys {
    fn from_iter<I: IntoIterator<Item = Key>>(keys: I) -> Self {
        let (tenants, notifications) =
            keys.into_iter().map(|(tenant, notification)| (tenant.as_uuid(), notification.as_uuid())).unzip();
        Self { tenants, notifications }
    }
}

/// Attempts whose outcome is unknown, by column.
#[derive(Default)]
struct Unknown {
    keys: Vec<Key>,
    instances: Vec<uuid::Uuid>,
    attempts: Vec<i32>,
    times: Vec<time::OffsetDateTime>,
}

impl Unknown {
    /// The address and the time of the claim stand in other events: the look for receipts reads the notification and adds them.
    async fn write(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let keys: Keys = self.keys.into_iter().collect();
        sqlx::query(
            "insert into unanswered_attempts (tenant_id, notification_id, provider, instance, attempt, unknown_at)
             select k.tenant_id, k.notification_id, $1, k.instance, k.attempt, k.unknown_at
               from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::timestamptz[])
                 as k (tenant_id, notification_id, instance, attempt, unknown_at)
             on conflict on constraint unanswered_attempts_pkey do update
                set instance = excluded.instance, attempt = excluded.attempt, unknown_at = excluded.unknown_at,
                    address_ref = null, started_at = null
              where unanswered_attempts.attempt < excluded.attempt",
        )
        .bind(KIND)
        .bind(keys.tenants)
        .bind(keys.notifications)
        .bind(self.instances)
        .bind(self.attempts)
        .bind(self.times)
        .execute(connection)
        .await?;
        Ok(())
    }
}

fn stored(attempt: u32) -> i32 {
    i32::try_from(attempt).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use orqestra_domain::Channel;
    use orqestra_domain::notification::{
        AttemptFailed, AttemptOutcomeUnknown, AttemptStarted, AttemptSucceeded, FailureClass,
    };
    use uuid::Uuid;

    use super::*;

    const AT: Timestamp = Timestamp::EPOCH;

    fn instance() -> ProviderInstanceId {
        ProviderInstanceId::from_uuid(Uuid::nil())
    }

    fn started(attempt: u32) -> NotificationEvent {
        NotificationEvent::AttemptStarted(AttemptStarted {
            channel: Channel::Sms,
            delivery_id: None,
            attempt,
            provider: KIND.to_owned(),
            instance: Some(instance()),
            dedup: None,
            expires_at: AT,
            possible_duplicate: false,
            at: AT,
        })
    }

    fn unknown(attempt: u32, provider: &str) -> NotificationEvent {
        NotificationEvent::AttemptOutcomeUnknown(AttemptOutcomeUnknown {
            channel: Channel::Sms,
            delivery_id: None,
            attempt,
            provider: Some(provider.to_owned()),
            instance: Some(instance()),
            cause: None,
            resend_due: None,
            receipt_until: None,
            possible_duplicate: false,
            settles: false,
            at: AT,
        })
    }

    fn succeeded(attempt: u32) -> NotificationEvent {
        NotificationEvent::AttemptSucceeded(AttemptSucceeded {
            channel: Channel::Sms,
            delivery_id: None,
            attempt,
            provider: KIND.to_owned(),
            instance: Some(instance()),
            provider_message_id: Some("m-1".to_owned()),
            answer: None,
            still_open: None,
            at: AT,
        })
    }

    fn failed(attempt: u32) -> NotificationEvent {
        NotificationEvent::AttemptFailed(AttemptFailed {
            channel: Channel::Sms,
            delivery_id: None,
            attempt,
            provider: Some(KIND.to_owned()),
            instance: Some(instance()),
            class: FailureClass::Permanent,
            scope: None,
            cause: "africastalking_403".to_owned(),
            answer: None,
            next_due: None,
            settles: false,
            at: AT,
        })
    }

    /// The attempt whose outcome is unknown after these, and how many ids are known.
    fn left(events: &[NotificationEvent]) -> (Option<u32>, usize) {
        let mut known = Known::since(AT);
        for event in events {
            known.apply(TenantId::PLATFORM, NotificationId::from_uuid(Uuid::nil()), event);
        }
        let unknown = known.attempts.values().find_map(|last| match last {
            Last::Unknown { attempt, .. } => Some(*attempt),
            Last::Told { .. } => None,
        });
        (unknown, known.messages.len())
    }

    #[test]
    fn the_last_attempt_stands_while_its_outcome_is_unknown() {
        assert_eq!(left(&[started(1)]), (None, 0));
        assert_eq!(left(&[started(1), unknown(1, KIND)]), (Some(1), 0));
        assert_eq!(left(&[unknown(1, "twilio")]), (None, 0), "it brings our ids back");
        assert_eq!(left(&[unknown(1, KIND), succeeded(1)]), (None, 1));
        assert_eq!(left(&[unknown(1, KIND), failed(1)]), (None, 0));
        assert_eq!(left(&[unknown(1, KIND), started(2)]), (None, 0));
        assert_eq!(left(&[unknown(1, KIND), started(2), unknown(2, KIND)]), (Some(2), 0));
    }

    #[test]
    fn a_late_word_of_an_earlier_attempt_says_nothing_of_the_last_one() {
        let late = [unknown(1, KIND), started(2), unknown(2, KIND), succeeded(1)];
        assert_eq!(left(&late), (Some(2), 1));
        assert_eq!(left(&[unknown(1, KIND), started(2), failed(1)]), (None, 0));
    }

    #[test]
    fn what_is_too_old_is_not_written() {
        let mut known = Known::since(AT.plus(Duration::from_secs(1)));
        for event in [unknown(1, KIND), succeeded(1)] {
            known.apply(TenantId::PLATFORM, NotificationId::from_uuid(Uuid::nil()), &event);
        }
        assert!(known.messages.is_empty() && known.unknown().keys.is_empty());
    }
}
