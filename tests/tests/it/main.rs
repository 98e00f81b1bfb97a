//! End-to-end, fault and architecture tests: one binary, a module a subject.
//!
//! The engine is seen from outside, or its files are read; only what goes through `inside` reaches into rooms.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what a test does not find fails it, also in its own functions; and it may say what it counted"
)]

mod architecture;
mod at_once;
mod bootstrap;
mod chaos;
mod cli;
mod cli_edge;
mod cli_http;
mod complaints;
mod conformance;
mod consumers;
mod crash;
mod dead_letters;
mod demo;
mod description;
mod doctor;
mod earlier;
mod errors;
mod event_id;
mod explanation;
mod exposition;
mod finding;
mod first_run;
mod forgetting;
mod idempotency;
mod independent;
mod inside;
mod isolation;
mod kafka;
mod kafka_network;
mod kill_loop;
mod killed_processes;
mod large;
mod limits;
mod live_outage;
mod lost_answers;
mod lost_records;
mod mail;
mod master_key;
mod metrics;
mod numbers_of_channels;
mod outage;
mod overload;
mod parked;
mod planted;
mod postgres;
mod reading;
mod readme;
mod realtime;
mod reference;
mod relay;
mod remedies;
mod restored;
mod roles;
mod scripts;
mod secrets;
mod sending;
mod several;
mod shared_limits;
mod shutdown;
mod signed;
mod starting;
mod stream;
mod suppressions;
mod templates;
mod test_keys;
mod traces;
