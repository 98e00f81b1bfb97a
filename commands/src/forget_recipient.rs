//! `ForgetRecipient`: a person's keys are destroyed by the append that says so.
//!
//! The log stays whole and still verifies; what their keys sealed is unreadable from then on.

use std::sync::Arc;

use orqestra_domain::recipient::{Recipient, RecipientCommand, RecipientRefusal};
use orqestra_domain::{StreamId, UserId};
use orqestra_event_log::{KeyDestruction, Position, Ticket};

use crate::context::Context;
use crate::directory::TenantEntry;
use crate::error::CommandError;
use crate::execute::Commands;

impl Commands {
    /// Forgets a person. Asking again is no error: keys may have come since.
    ///
    /// # Errors
    /// The log's failure.
    pub async fn forget_recipient(
        &self,
        tenant: &Arc<TenantEntry>,
        user: &UserId,
        ctx: &Context,
    ) -> Result<Position, CommandError<RecipientRefusal>> {
        let recipient = tenant.index.recipient_ref(user);
        let stream = StreamId::recipient(tenant.id, recipient);
        let command = RecipientCommand::Forget { recipient, at: self.now() };
        let ticket = Ticket {
            destroys: Some(KeyDestruction::Recipient { tenant: tenant.id, recipient }),
            ..Ticket::default()
        };
        let tried = self.on_stream::<Recipient>(&stream, command, &ticket, (ctx, Some(&recipient))).await?;
        self.vault().forget_recipient(tenant.id, recipient);
        match tried {
            Ok(committed) => committed.position.ok_or(CommandError::Contended),
            Err(_) => Err(CommandError::Contended),
        }
    }
}
