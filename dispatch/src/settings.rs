//! What can be set about dispatch, with defaults that suit two cores and the embedded profile.
//!
//! Invariant: what the reactor runs with has passed [`DispatchSettings::checked`], so nothing in it is zero; and a sweep
//! comes only after a claim's expiry, the provider's timeout and [`SWEEP_GRACE`], when no call can be under way.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::ExpiresIn;
use orqestra_domain::retry::RetrySchedule;

use crate::hosts::PrivateHosts;
use crate::provider::names::NameServers;
use crate::provider::smtp::are_certificates;

/// After a claim's expiry and the provider's timeout, how long until a sweeper calls the outcome unknown.
pub const SWEEP_GRACE: Duration = Duration::from_secs(10);

/// What can be set.
#[derive(Clone, Debug)]
pub struct DispatchSettings {
    /// Deliveries by email and SMS in this process at one time, which mostly wait for their providers. A large one
    /// counts as several. A lane (a tenant's channel) has a share of them that leaves some to the others.
    pub calls: usize,
    /// Deliveries that load, render, seal or append at one time; a large one counts as several.
    pub at_work: usize,
    /// Deliveries of one lane at work at one time, waiting for their provider included.
    pub lane_in_flight: usize,
    /// Rows held in memory, leased and waiting for their turn. Each lane has a share.
    pub queue: usize,
    /// Rows of one lane held in memory.
    pub lane_queue: usize,
    /// How long a row is leased to a process.
    pub lease: Duration,
    /// How often the due table is asked although nothing woke the poller.
    pub poll: Duration,
    /// How often the processes that send count each other.
    pub count: Duration,
    /// How long after its claim a call to a provider may start.
    pub claim: Duration,
    /// How long a call to a provider may take in all.
    pub provider_timeout: Duration,
    /// How long a delivery waits for a receipt after an unknown outcome, where the provider calls back and does not deduplicate.
    pub receipt_within: Duration,
    /// How long a due delivery may lie before it counts as stuck.
    pub stuck_after: Duration,
    /// Most dead letters that a redrive requeues in a second.
    pub redriven_per_second: usize,
    /// The delays between the rounds of one delivery; in a round each usable provider is asked once.
    pub retry_delays: Vec<Duration>,
    /// How long after its acceptance a message is of use, where neither trigger nor template says so: it is retried, and waits
    /// for an operator to mend what keeps it, until then.
    pub lifetime: Duration,
    /// Connections to one tenant's SMTP server.
    pub smtp_connections: usize,
    /// Calls over HTTP to one entry's API at one time.
    pub http_calls: usize,
    /// Certificates in PEM, of authorities that SMTP servers are trusted by beside those of the web.
    pub smtp_authorities: Option<Arc<str>>,
    /// Where the names of providers' hosts are looked up.
    pub name_servers: NameServers,
    /// Whether providers may be on hosts that are not the web's.
    pub private_hosts: PrivateHosts,
    /// The address by which the world reaches the installation, where it is known: what providers are told to call back to.
    pub public_url: Option<Arc<str>>,
    /// Calls to the sandbox for one tenant and channel at one time.
    pub sandbox_calls: usize,
    /// Failures of a whole provider, one after the other, that open its breaker.
    pub breaker_failures: u32,
    /// How long a breaker stays open before one call may try again.
    pub breaker_pause: Duration,
    /// How long sends in flight may take to end when the process stops.
    pub stop_within: Duration,
}

impl Default for DispatchSettings {
    fn default() -> Self {
        let delays = [5, 60, 300, 1_800, 7_200, 18_000, 36_000];
        Self {
            calls: 4_096,
            at_work: 128,
            lane_in_flight: 192,
            queue: 8_192,
            lane_queue: 2_048,
            lease: Duration::from_secs(15),
            poll: Duration::from_millis(500),
            count: Duration::from_secs(1),
            claim: Duration::from_secs(30),
            provider_timeout: Duration::from_mins(1),
            lifetime: ExpiresIn::DEFAULT.duration(),
            receipt_within: Duration::from_mins(5),
            stuck_after: Duration::from_mins(5),
            redriven_per_second: 100,
            retry_delays: delays.map(Duration::from_secs).to_vec(),
            smtp_connections: 32,
            http_calls: 32,
            smtp_authorities: None,
            name_servers: NameServers::default(),
            private_hosts: PrivateHosts::default(),
            public_url: None,
            sandbox_calls: 192,
            breaker_failures: 5,
            breaker_pause: Duration::from_secs(30),
            stop_within: Duration::from_secs(5),
        }
    }
}

/// Settings that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("dispatch.{name}: {problem}")]
pub struct InvalidSetting {
    /// Which.
    pub name: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl DispatchSettings {
    /// Checks that the settings go together.
    ///
    /// # Errors
    /// Names the first that does not.
    pub fn checked(self) -> Result<Self, InvalidSetting> {
        let at_least_one = [
            ("calls", self.calls),
            ("at_work", self.at_work),
            ("lane_in_flight", self.lane_in_flight),
            ("queue", self.queue),
            ("lane_queue", self.lane_queue),
            ("smtp_connections", self.smtp_connections),
            ("http_calls", self.http_calls),
            ("sandbox_calls", self.sandbox_calls),
            ("redriven_per_second", self.redriven_per_second),
        ];
        if let Some((name, _)) = at_least_one.into_iter().find(|(_, value)| *value == 0) {
            return Err(InvalidSetting { name, problem: "must be at least 1" });
        }
        let spans = [
            ("lease", self.lease),
            ("poll", self.poll),
            ("claim", self.claim),
            ("provider_timeout", self.provider_timeout),
        ];
        if let Some((name, _)) = spans.into_iter().find(|(_, value)| value.is_zero()) {
            return Err(InvalidSetting { name, problem: "must be longer than nothing" });
        }
        if self.smtp_authorities.as_deref().is_some_and(|pem| !are_certificates(pem)) {
            return Err(InvalidSetting { name: "smtp_authorities", problem: "must be certificates in PEM" });
        }
        Ok(self)
    }

    /// How long after a claim's expiry its outcome counts as unknown.
    pub(crate) fn sweep_after(&self) -> Duration {
        self.provider_timeout + SWEEP_GRACE
    }

    /// How long an attempt may be open: after its claim, no call of it is under way any more. A process calls no outcome
    /// overdue before it has seen the clock run evenly for so long.
    pub fn open_at_most(&self) -> Duration {
        self.claim + self.sweep_after()
    }

    /// The schedule: a delay after each round.
    pub(crate) fn schedule(&self) -> RetrySchedule {
        RetrySchedule::new(self.retry_delays.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_the_one_set() {
        assert_eq!(DispatchSettings::default().schedule(), RetrySchedule::default());
    }

    #[test]
    fn a_setting_of_nothing_is_named() {
        let none = DispatchSettings { at_work: 0, ..DispatchSettings::default() };
        assert_eq!(none.checked().unwrap_err().name, "at_work");
        let none = DispatchSettings { lease: Duration::ZERO, ..DispatchSettings::default() };
        assert_eq!(none.checked().unwrap_err().to_string(), "dispatch.lease: must be longer than nothing");
        let no_pem = DispatchSettings { smtp_authorities: Some("x".into()), ..DispatchSettings::default() };
        assert_eq!(no_pem.checked().unwrap_err().name, "smtp_authorities");
    }
}
