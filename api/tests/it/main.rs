//! The REST room over the real rooms below it and a real PostgreSQL, driven through its router.

mod admin;
mod errors;
mod idempotency;
mod isolation;
mod limits;
mod notifications;
mod openapi;
mod order;
mod probes;
mod trigger;
mod wire;
mod world;
