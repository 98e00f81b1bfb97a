//! `LiftSuppression`: an address that was suppressed is sent to again.

use orqestra_domain::suppression::{SuppressionCommand, SuppressionRefusal};
use orqestra_domain::{AddressRef, TenantId};

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::Commands;

impl Commands {
    /// Lifts the suppression of an address, for all processes when this returns. Deliveries skipped before stay skipped.
    ///
    /// # Errors
    /// `NotSuppressed`; the log's failure.
    pub async fn lift_suppression(
        &self,
        tenant: TenantId,
        address: &AddressRef,
        ctx: &Context,
    ) -> Result<(), CommandError<SuppressionRefusal>> {
        let command = SuppressionCommand::Lift { by: ctx.actor.to_string(), at: self.now() };
        self.on_suppression(tenant, address, command, ctx).await.map(drop)
    }
}
