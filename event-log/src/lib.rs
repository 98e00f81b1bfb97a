//! The append-only log of everything that happened, and the only place that writes or reads its table.
//!
//! Positions are dense and in commit order, sequences are dense in their stream, a command's events are stored all or
//! none, and an acknowledged one is never lost. Nothing here knows HTTP, providers or read models.
//!
//! To read along, implement [`Subscriber`] and hand it to [`run_subscription`]; to write, go through the commands
//! room, which appends by [`EventLog::event_store`]. To change a stored shape, add an upcaster in [`upcast`].

mod append;
mod brought;
mod canonical;
mod claim;
mod clock;
mod coalesce;
mod epochs;
mod error;
pub mod fail_point;
mod hindrance;
mod intact;
mod interest;
mod kinds;
mod log;
mod members;
mod outage;
mod page;
mod partition;
mod patience;
mod plain_keys;
mod position;
mod read;
mod recorded;
mod recovery;
mod repository;
mod ring;
mod room;
mod rush;
pub mod seal;
mod sessions;
mod shared;
pub mod source;
mod store;
mod subscription;
mod tail;
mod tally;
mod unreadable;
pub mod upcast;
mod writer;

pub use append::{
    Append, ConfigurationRead, IdempotencyClaim, KeyDestruction, MAX_EVENT_BYTES, NewEvent, Outcome,
    Priority, Recorded, Slot, Ticket, Told,
};
pub use brought::{EventParts, NotAnEvent};
pub use clock::DatabaseClock;
pub use error::LogError;
pub use fail_point::FailPoint;
pub use hindrance::Hindrance;
pub use intact::LogChange;
pub use interest::Interest;
pub use kinds::SuppressionPage;
pub use log::{EventLog, LogOptions, MAX_CLOCK_SKEW};
pub use members::Members;
pub use outage::Outage;
pub use page::Page;
pub use partition::{
    Frontier, Partition, PartitionKey, Partitions, Progress, settle_topics, store_sent_to_topic,
};
pub use plain_keys::{HASHED_KEY, PlainKey, SESSION_NAME};
pub use position::Position;
pub use recorded::{Metadata, MetadataText, RecordedEvent};
pub use recovery::{end_recovery, fence, settle_checkpoint};
pub use repository::LogRepository;
pub use rush::Caller;
pub use sessions::Sessions;
pub use source::{Clock, ClockStep, Ids};
pub use store::LogStore;
pub use subscription::{
    Assigned, LogTail, OnPoison, Parked, ReadFrom, RecordQueue, Records, Source, Start, Subscriber,
    SubscriberError, SubscriptionError, SubscriptionOptions, SubscriptionState, Topic, TopicContent,
    TopicPartition, TopicPlace, TopicReader, TopicRecord, checkpoint, checkpoint_in, checkpoints_beyond_head,
    parked, parked_by_all, request_retry, run_partition, run_shared, run_subscription,
};
pub use tally::Tally;
pub use unreadable::{PROGRAM, Unreadable};
pub use writer::look_at_appends;

/// Connections to the database, for a room that runs a subscription and no statements of its own.
pub type Pool = sqlx::PgPool;

/// The transaction that a [`Subscriber`] writes through.
pub type Transaction<'t> = sqlx::PgTransaction<'t>;

/// The schema of the whole installation, in order; forward only.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");
