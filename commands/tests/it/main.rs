//! Commands against a real PostgreSQL, through the log: once each, whoever else is at it.

mod admin;
mod attempts;
mod forgetting;
mod support;
mod trigger;
