//! The log's laws against a real PostgreSQL; one database a test.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod append;
mod claims;
mod configuration;
mod conformance;
mod contention;
mod ending;
mod faults;
mod gathering;
mod guards;
mod held;
mod hindrance;
mod intact;
mod keys;
mod late;
mod lease;
mod neighbours;
mod newer;
mod paging;
mod partitions;
mod priority;
mod reading;
mod sessions;
mod strangers;
mod subscription;
mod support;
mod tally;
mod topic;
mod uncertain;
