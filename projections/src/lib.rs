//! Read models: what the log amounts to, kept in tables for those who ask often.
//!
//! A projection owns its tables and nothing else writes them. It goes by position through the log and by sequence in
//! each stream, so that handling an event again changes nothing; it never writes events and reaches no provider, so
//! that a replay cannot send. Nothing is decided by a read model.
//!
//! To add one: its tables in a migration, a fold, a write and an `apply` in a module of its own, a variant of
//! [`Projection`], and its tables in `docs/read-models.md`. To change what a row holds: a new version of the name and
//! new tables beside the old ones.

pub mod delivery_status;
mod error;
pub mod event_lookup;
mod fact;
mod forgotten;
mod generation;
pub mod inbox;
mod plan;
mod projection;
mod rebuild;
pub mod suppressions;
pub mod usage;

pub use delivery_status::DeliveryStatus;
pub use error::ReadModelError;
pub use event_lookup::EventLookup;
pub use fact::UnreadableFact;
pub use inbox::Inbox;
pub use projection::{Projection, ProjectionTable};
pub use rebuild::{RebuildError, RebuildMode, RebuildReport, TableDifference, rebuild};
pub use suppressions::Suppressions;
pub use usage::Usage;
