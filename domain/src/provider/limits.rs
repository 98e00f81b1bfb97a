//! How much a provider is given at most, as its operator says.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// The limits of one entry. Stored ones are read whatever they are, a zero as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderLimits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    per_second: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
}

/// A limit out of its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProviderLimit {
    /// The rate.
    #[error("must be a number from {} to {}", ProviderLimits::RATES.start(), ProviderLimits::RATES.end())]
    Rate,
    /// The concurrency.
    #[error("must be a number from {} to {}", ProviderLimits::CALLS.start(), ProviderLimits::CALLS.end())]
    Concurrency,
}

impl ProviderLimits {
    /// No limit beside the provider's own.
    pub const NONE: Self = Self { per_second: None, concurrency: None };
    /// The rates that can be set, in calls a second.
    pub const RATES: RangeInclusive<u64> = 1..=100_000;
    /// The numbers of calls at one time that can be set.
    pub const CALLS: RangeInclusive<u64> = 1..=1_000;

    /// Limits within their bounds.
    ///
    /// # Errors
    /// Names the limit that is out of its bounds.
    pub fn new(per_second: Option<u32>, concurrency: Option<u32>) -> Result<Self, InvalidProviderLimit> {
        if per_second.is_some_and(|rate| !Self::RATES.contains(&rate.into())) {
            return Err(InvalidProviderLimit::Rate);
        }
        if concurrency.is_some_and(|calls| !Self::CALLS.contains(&calls.into())) {
            return Err(InvalidProviderLimit::Concurrency);
        }
        Ok(Self { per_second, concurrency })
    }

    /// Calls that may start in any second, in all processes together.
    pub fn per_second(&self) -> Option<u32> {
        self.per_second.map(|rate| rate.max(1))
    }

    /// Calls at one time, in all processes together.
    pub fn concurrency(&self) -> Option<u32> {
        self.concurrency.map(|calls| calls.max(1))
    }

    /// Whether nothing is limited.
    pub const fn is_none(&self) -> bool {
        self.per_second.is_none() && self.concurrency.is_none()
    }
}
