//! Dispatch's laws against a real PostgreSQL, scripted providers and a scripted SMTP server; one database a test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod callbacks;
mod candidates;
mod clock;
mod deadlines;
mod doubt;
mod due;
mod failover;
mod fairness;
mod flow;
mod http;
mod http_connections;
mod http_server;
mod lists;
mod name_server;
mod names;
mod neighbours;
mod peers;
mod permission;
mod providers;
mod receipts;
mod recorded;
mod redrive;
mod resend;
mod retrying;
mod sandbox;
mod script;
mod secrets;
mod smtp;
mod smtp_replies;
mod smtp_server;
mod stuck;
mod stuck_held;
mod suppression;
mod tls;
mod trial;
mod unknown;
mod waiting;
mod world;
