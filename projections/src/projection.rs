//! The projections there are: each with a name, a version and tables of its own.
//!
//! As a subscriber a projection writes its live tables in the transaction that moves its checkpoint. It never writes
//! events and causes no effect. An event that it cannot handle sets that event's aggregate aside; others go on.

use std::sync::Arc;
use std::time::Duration;

use cqrs_es::Aggregate;
use orqestra_domain::notification::Notification;
use orqestra_domain::recipient::Recipient;
use orqestra_domain::suppression::Suppression;
use orqestra_event_log::{
    Interest, OnPoison, RecordedEvent, Subscriber, SubscriberError, SubscriptionOptions,
};
use sqlx::{PgConnection, PgTransaction};

use crate::error::ApplyError;
use crate::generation::Generation;
use crate::{delivery_status, event_lookup, inbox, suppressions, usage};

/// Larger batches merge more of what happens to one notification into one write.
const BATCH: usize = 2_000;

/// How far usage may be behind: it is read at a start, together with the log after it.
const GATHER_USAGE: Duration = Duration::from_millis(250);
/// How far the state of deliveries may be behind: people look at it, and nothing is decided by it. A transaction for each
/// moment of each delivery would cost as much as the delivery.
const GATHER_STATUS: Duration = Duration::from_millis(20);
/// How far the list of suppressions may be behind: an operator looks through it now and then.
const GATHER_SUPPRESSIONS: Duration = Duration::from_millis(250);
/// How far the look-up of events may be behind: an operator is asked about an event later than that.
const GATHER_LOOKUP: Duration = Duration::from_millis(250);

/// How far each partition of a topic may be behind, for those that people look at while things happen, and for the others.
const GATHER_PARTITION: Duration = Duration::from_millis(50);
const GATHER_PARTITION_LONG: Duration = Duration::from_secs(1);

/// A projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Projection {
    /// See [`crate::inbox`].
    Inbox,
    /// See [`crate::delivery_status`].
    DeliveryStatus,
    /// See [`crate::usage`].
    Usage,
    /// See [`crate::suppressions`].
    Suppressions,
    /// See [`crate::event_lookup`].
    EventLookup,
}

/// A table and the columns of its primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProjectionTable {
    /// Its name.
    pub name: &'static str,
    /// The columns that name a row.
    pub key: &'static [&'static str],
}

impl Projection {
    /// All projections.
    pub const ALL: [Self; 5] =
        [Self::Inbox, Self::DeliveryStatus, Self::Usage, Self::Suppressions, Self::EventLookup];

    /// Name and version, under which its checkpoint is kept. Another version starts from zero.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox-v1",
            Self::DeliveryStatus => "delivery-status-v1",
            Self::Usage => "usage-v1",
            Self::Suppressions => "suppressions-v1",
            Self::EventLookup => "event-lookup-v1",
        }
    }

    /// The projection of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|projection| projection.name() == name)
    }

    /// How its subscription runs.
    pub fn options(self) -> SubscriptionOptions {
        let usual = SubscriptionOptions {
            batch: BATCH,
            gather_partition: GATHER_PARTITION,
            ..SubscriptionOptions::default()
        };
        let rare =
            SubscriptionOptions { rushed_batch: BATCH, gather_partition: GATHER_PARTITION_LONG, ..usual };
        match self {
            Self::Inbox => usual,
            Self::DeliveryStatus => SubscriptionOptions { gather: GATHER_STATUS, ..usual },
            // However many they are, they come down to a row a tenant.
            Self::Usage => SubscriptionOptions { gather: GATHER_USAGE, ..rare },
            // Of most batches nothing is for it.
            Self::Suppressions => SubscriptionOptions { gather: GATHER_SUPPRESSIONS, ..rare },
            Self::EventLookup => SubscriptionOptions { gather: GATHER_LOOKUP, ..rare },
        }
    }

    /// Whether an event that is handled again would be counted twice. The others go by the sequences that their rows keep.
    pub(crate) const fn counts(self) -> bool {
        matches!(self, Self::Usage)
    }

    /// The events that it reads. It ignores by name what it ignores, so that it meets each event of a name that this
    /// program does not know.
    pub const fn interest(self) -> Interest {
        match self {
            Self::Inbox => Interest::of(&[Notification::TYPE, Recipient::TYPE]).except(&[
                "AttemptStarted",
                "AttemptSucceeded",
                "AttemptFailed",
                "AttemptOutcomeUnknown",
                "OutcomeResolved",
                "DeliveryAbandoned",
                "DeliverySkipped",
            ]),
            Self::DeliveryStatus => Interest::of(&[Notification::TYPE]).except(&["NotificationRead"]),
            Self::Usage => Interest::of(&[Notification::TYPE]).only(&[usage::ACCEPTED]).without_payloads(),
            Self::Suppressions => Interest::of(&[Suppression::TYPE]),
            Self::EventLookup => Interest::of(&[Notification::TYPE, Recipient::TYPE]).except(&[
                "DeliveryRendered",
                "AttemptStarted",
                "AttemptSucceeded",
                "AttemptFailed",
                "AttemptOutcomeUnknown",
                "OutcomeResolved",
                "DeliveryHeld",
                "DeliveryAbandoned",
                "DeliverySkipped",
                "ReceiptRecorded",
                "NotificationRead",
            ]),
        }
    }

    /// The tables that it alone writes, in the order in which its writers lock them.
    pub const fn tables(self) -> &'static [ProjectionTable] {
        match self {
            Self::Inbox => &[
                ProjectionTable { name: "inbox_forgotten", key: &["tenant_id", "recipient_ref"] },
                ProjectionTable { name: "inbox", key: &["tenant_id", "notification_id"] },
            ],
            Self::DeliveryStatus => &[
                ProjectionTable { name: "deliveries", key: &["tenant_id", "notification_id", "channel"] },
                ProjectionTable {
                    name: "attempts",
                    key: &["tenant_id", "notification_id", "channel", "attempt"],
                },
                ProjectionTable { name: "dead_letters", key: &["tenant_id", "notification_id", "channel"] },
            ],
            Self::Usage => &[ProjectionTable { name: "usage_minutes", key: &["minute", "tenant_id"] }],
            Self::Suppressions => {
                &[ProjectionTable { name: "suppressions", key: &["tenant_id", "address_ref"] }]
            }
            Self::EventLookup => &[
                ProjectionTable { name: "event_lookup_forgotten", key: &["tenant_id", "recipient_ref"] },
                ProjectionTable { name: "event_lookup", key: &["tenant_id", "notification_id"] },
            ],
        }
    }

    /// Handles events in log order, in the connection's transaction.
    pub(crate) async fn apply(
        self,
        conn: &mut PgConnection,
        generation: Generation,
        events: &[Arc<RecordedEvent>],
    ) -> Result<(), ApplyError> {
        match self {
            Self::Inbox => inbox::apply(conn, generation, events).await,
            Self::DeliveryStatus => delivery_status::apply(conn, generation, events).await,
            Self::Usage => usage::apply(conn, generation, events).await,
            Self::Suppressions => suppressions::apply(conn, generation, events).await,
            Self::EventLookup => event_lookup::apply(conn, generation, events).await,
        }
    }
}

impl Subscriber for Projection {
    fn name(&self) -> &str {
        (*self).name()
    }

    fn interest(&self) -> Interest {
        (*self).interest()
    }

    async fn handle(
        &mut self,
        tx: &mut PgTransaction<'_>,
        batch: &[Arc<RecordedEvent>],
    ) -> Result<(), SubscriberError> {
        Ok(self.apply(tx, Generation::Live, batch).await?)
    }

    fn on_poison(&self) -> OnPoison {
        OnPoison::Park
    }
}
