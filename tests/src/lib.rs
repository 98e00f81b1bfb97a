//! What the engine's tests share: a real PostgreSQL, a real SMTP server, and the engine itself as a child process.
//!
//! The harness drives the engine from outside and depends on none of its rooms. Nothing it starts outlives the
//! process that started it, however that process ends.

pub mod apis;
pub mod audit;
pub mod browser;
pub mod collector;
pub mod described;
pub mod engine;
pub mod folder;
pub mod http;
pub mod kafka;
mod keeper;
pub mod load;
mod piped;
pub mod postgres;
pub mod proxy;
pub mod raw;
pub mod realtime;
pub mod redis;
pub mod server;
pub mod shop;
pub mod smtp;
mod speak;
pub mod state;
pub mod stream;
pub mod tenant;
pub mod wait;
pub mod world;
