//! How much a tenant may trigger: so many in any 60 seconds, so many a UTC day.
//!
//! Counted by this process, or by all API processes of the installation through Redis. A place that is not kept is given back,
//! so a repeat or a failed command costs nothing; a caller that is refused while places are unsettled can wait for them.

mod meters;
mod shared;

use futures::future::BoxFuture;
use orqestra_domain::TenantId;
use orqestra_domain::tenant::Limits as TenantLimits;
use tokio_util::sync::CancellationToken;

use self::shared::{Asked, Shared, SharedPlace};

pub use self::meters::{Exceeded, Meters, Moment, Place, Refused, Settling};
pub use self::shared::{InvalidRedisUrl, ReadUsed, RedisUrl, RepeatKeys, SharedParts, Used};

/// The tenants' limits.
#[derive(Clone, Default)]
pub struct Limits {
    /// What this process has let through.
    meters: Meters,
    shared: Option<Shared>,
}

/// One counted trigger; dropped without [`keep`](Self::keep) it is given back.
#[must_use]
pub struct Permit(Counted);

enum Counted {
    Here(Place),
    Shared(SharedPlace),
}

/// What the limits let through.
pub enum Taken {
    /// A new trigger.
    Permit(Permit),
    /// A request that was answered before, with what was kept of the answer. It may not be believed without more.
    Known(Vec<u8>),
    /// Limits are counted anew now, which takes too long.
    NotNow,
}

impl Limits {
    /// Counted by this process alone.
    pub const fn alone(meters: Meters) -> Self {
        Self { meters, shared: None }
    }

    /// Counted by all processes together, with what has to run beside until the token ends.
    pub fn shared(
        meters: Meters,
        parts: SharedParts,
        token: CancellationToken,
    ) -> (Self, BoxFuture<'static, ()>) {
        let (shared, beside) = Shared::new(parts, token);
        (Self { meters, shared: Some(shared) }, beside)
    }

    /// Counts one trigger now, if both limits allow it, unless it is known by its keys.
    ///
    /// # Errors
    /// The limit that says no.
    pub async fn take(
        &self,
        tenant: TenantId,
        limits: TenantLimits,
        now: Moment,
        repeat: impl FnOnce() -> RepeatKeys,
    ) -> Result<Taken, Refused> {
        let Some(shared) = &self.shared else {
            let place = self.meters.take(tenant, limits, now)?;
            return Ok(Taken::Permit(Permit(Counted::Here(place))));
        };
        Ok(match shared.take(&self.meters, tenant, limits, now, &repeat()).await? {
            Asked::Place(place) => Taken::Permit(Permit(Counted::Shared(place))),
            Asked::Known(answer) => Taken::Known(answer),
            Asked::NotNow => Taken::NotNow,
        })
    }

    /// Keeps an answer for those who repeat the request at another process, where there may be any.
    pub fn remember(&self, tenant: TenantId, kept: impl FnOnce() -> (RepeatKeys, Option<Vec<u8>>)) {
        if let Some(shared) = &self.shared {
            shared.remember(tenant, kept);
        }
    }

    /// Why limits are not shared, where they are to be.
    pub fn apart(&self) -> Option<String> {
        self.shared.as_ref().and_then(Shared::apart)
    }
}

impl Permit {
    /// Leaves the trigger counted.
    pub fn keep(self) {
        match self.0 {
            Counted::Here(place) => place.keep(),
            Counted::Shared(place) => place.keep(),
        }
    }
}
