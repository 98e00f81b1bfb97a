//! The REST room over the real rooms below it and a real PostgreSQL, driven through its router.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod admin;
mod callbacks;
mod callbacks_by_kind;
mod dead_letters;
mod deadlines;
mod demo;
mod described;
mod errors;
mod events;
mod idempotency;
mod isolation;
mod limits;
mod notifications;
mod openapi;
mod order;
mod probes;
mod providers;
mod slow_readers;
mod suppressions;
mod too_large;
mod trigger;
mod wire;
mod world;
