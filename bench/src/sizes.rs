//! How much and how long: short for every day, whole for a night.

use std::time::Duration;

/// The sizes of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Rounds that must count for each case.
    pub(crate) rounds: usize,
    /// Rounds at most, those that the disk makes void among them.
    pub(crate) most_rounds: usize,
    /// The measured stretch of the engine.
    pub(crate) load: Duration,
    /// The measured stretch of a peer.
    pub(crate) peer_load: Duration,
    /// The time spent in statements of batches.
    pub(crate) batches: Duration,
    /// The steady load to the mail server.
    pub(crate) latency: Duration,
    /// How long a snapshot is held.
    pub(crate) held: Duration,
    /// Notifications queued to be drained.
    pub(crate) queued: usize,
    /// Events relayed to Kafka.
    pub(crate) relayed: usize,
    /// Notifications sent through an API over HTTP.
    pub(crate) through_http: usize,
    /// Each measured stretch beside neighbours.
    pub(crate) neighbours: Duration,
}

impl Sizes {
    /// `make bench`.
    pub(crate) const SHORT: Self = Self {
        rounds: 3,
        most_rounds: 5,
        load: Duration::from_secs(4),
        peer_load: Duration::from_secs(3),
        batches: Duration::from_secs(1),
        latency: Duration::from_secs(10),
        held: Duration::from_secs(30),
        queued: 50_000,
        relayed: 100_000,
        through_http: 10_000,
        neighbours: Duration::from_secs(5),
    };

    /// `make soak`.
    pub(crate) const WHOLE: Self = Self {
        rounds: 7,
        most_rounds: 12,
        load: Duration::from_secs(30),
        peer_load: Duration::from_secs(15),
        batches: Duration::from_secs(5),
        latency: Duration::from_secs(20),
        held: Duration::from_mins(3),
        queued: 50_000,
        relayed: 500_000,
        through_http: 50_000,
        neighbours: Duration::from_secs(20),
    };
}
