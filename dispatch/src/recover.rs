//! Open attempts after the log has lost its end: no process records their outcomes any more.
//!
//! The processes that made them are fenced. What became of them is not known, so each waits for an operator; only where
//! the provider deduplicates is it sent again by itself.

use orqestra_commands::{CommandError, Commands, Context};
use orqestra_domain::notification::{AttemptOutcome, MarkOutcomeUnknown, NotificationRefusal, UnknownPolicy};
use orqestra_domain::retry::{Jitter, RetrySchedule};
use orqestra_domain::{Cause, ExpiresIn};
use sqlx::PgPool;

use crate::due::DueKind;
use crate::due::store::{self, DueError};

/// Why open attempts could not be held.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The due table cannot be used.
    #[error(transparent)]
    Due(#[from] DueError),
    /// An attempt's outcome could not be recorded.
    #[error(transparent)]
    Command(#[from] CommandError<NotificationRefusal>),
}

/// Calls the outcome of each open attempt unknown, so that it waits for an operator, and says how many. The due table
/// must be as the log has it.
///
/// # Errors
/// If the due table or the log cannot be used.
pub async fn hold_open_attempts(commands: &Commands, pool: &PgPool) -> Result<u64, HoldError> {
    let mut connection = pool.acquire().await.map_err(DueError::from)?;
    let rows = store::all(&mut connection).await?;
    drop(connection);
    let context = Context::engine("recover");
    let mut held = 0;
    for row in rows.iter().filter(|row| row.due.kind == DueKind::Sweep) {
        let (tenant, notification, channel) = (row.key.tenant, row.key.notification, row.key.channel);
        let story = commands.story(tenant, notification).await?;
        let Some(story) = story else { continue };
        let delivery = story.deliveries.get(&channel);
        let open = delivery
            .and_then(|delivery| delivery.attempt(row.due.attempt))
            .is_some_and(|attempt| attempt.outcome == AttemptOutcome::Open);
        if !open {
            continue;
        }
        let mark = MarkOutcomeUnknown {
            channel,
            attempt: row.due.attempt,
            policy: UnknownPolicy::Hold,
            receipt_within: None,
            asks_again: true,
            schedule: RetrySchedule::default(),
            jitter: Jitter::NONE,
            cause: Cause::Restored.into(),
            // Its own process cannot say so any more, and its claim's end need not be waited for.
            by_sender: true,
            deadline: story.deadline(channel, ExpiresIn::DEFAULT.duration()),
            at: commands.now(),
        };
        match commands.mark_outcome_unknown(tenant, notification, mark, &[], &context).await {
            Ok(_) => held += 1,
            Err(CommandError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(held)
}
