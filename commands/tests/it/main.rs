//! Commands against a real PostgreSQL, through the log: once each, whoever else is at it.

#![expect(clippy::unwrap_used, reason = "what a test does not find fails it, also in its own functions")]

mod admin;
mod api_keys;
mod attempts;
mod directory;
mod event_id;
mod forgetting;
mod idempotency_keys;
mod instances;
mod metadata;
mod newer;
mod provider_tests;
mod receipts;
mod support;
mod suppression;
mod trigger;
