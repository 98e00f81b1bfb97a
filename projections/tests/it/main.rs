//! The read models against a real PostgreSQL: events come through the log, rows through the subscriptions.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod deliveries;
mod event_lookup;
mod forgetting;
mod history;
mod parking;
mod partitions;
mod properties;
mod published;
mod read_your_writes;
mod rebuilding;
mod roles;
mod support;
mod suppressions;
mod usage;
