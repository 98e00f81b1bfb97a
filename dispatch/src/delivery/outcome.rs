//! Recording how an attempt ended: tried again until the log takes it, and never a reason to call a provider again.
//!
//! Also what ends a delivery that was never sent. A refusal by the notification is the last word: somebody else has
//! recorded something by then.

use std::time::Duration;

use orqestra_commands::{CommandError, answer_field};
use orqestra_domain::notification::{
    AfterFailure, DeliveryState, FailureClass, FailureScope, HoldDelivery, MarkOutcomeUnknown, Notification,
    NotificationRefusal, RecordFailure, RecordSuccess, SkipDelivery, SkipReason, Story,
};
use orqestra_domain::retry::{Jitter, RetryDelays, RetrySchedule};
use orqestra_domain::{Cause, Channel, Sealed, StreamId, Timestamp};
use orqestra_event_log::FailPoint;
use orqestra_vault::{DataKey, FieldContext};

use super::doubt::Doubt;
use super::{CommandResult, Deliverer, Later, Settled, unavailable};
use crate::due::{DueKey, DueRow, store, waiting};
use crate::provider::{NotTaken, Sent, kept};
use crate::waiting::WaitReason;

/// The first pause between tries of recording; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a retry is put off, half as long at least and half as long again at most.
const PUT_OFF: Duration = Duration::from_secs(30);

/// A claimed attempt.
pub(super) struct Attempt {
    pub(super) key: DueKey,
    pub(super) number: u32,
    /// The next step if it failed and may be tried again.
    pub(super) then: AfterFailure,
    pub(super) schedule: RetrySchedule,
    /// When the message stops being of use.
    pub(super) deadline: Timestamp,
    pub(super) sealing_key: DataKey,
    pub(super) accepted_at: Timestamp,
}

/// How it ended.
pub(super) enum Verdict {
    Sent(Sent),
    NotTaken(NotTaken),
    /// Refused by this provider, and another one may carry it.
    PassedOn {
        cause: String,
        answer: Option<String>,
    },
    Refused {
        cause: String,
        answer: Option<String>,
        scope: FailureScope,
    },
    /// Refused wherever it is sent from: the recipient told the provider to send no more.
    OptedOut {
        cause: String,
        answer: Option<String>,
    },
    Unknown {
        doubt: Doubt,
        cause: String,
    },
}

/// How an attempt may end, as metrics name it.
const VERDICTS: [&str; 5] = ["sent", "not_taken", "passed_on", "refused", "unknown"];

impl Verdict {
    const fn name(&self) -> &'static str {
        match self {
            Self::Sent(_) => "sent",
            Self::NotTaken(_) => "not_taken",
            Self::PassedOn { .. } => "passed_on",
            Self::Refused { .. } | Self::OptedOut { .. } => "refused",
            Self::Unknown { .. } => "unknown",
        }
    }

    fn answer(&self) -> Option<&str> {
        match self {
            Self::Sent(sent) => sent.answer.as_deref(),
            Self::NotTaken(not_taken) => not_taken.answer.as_deref(),
            Self::Refused { answer, .. } | Self::OptedOut { answer, .. } | Self::PassedOn { answer, .. } => {
                answer.as_deref()
            }
            Self::Unknown { .. } => None,
        }
    }
}

impl Deliverer {
    /// Records a verdict, however long the log takes to accept it.
    pub(super) async fn record(&self, attempt: Attempt, verdict: Verdict) -> Result<(), Later> {
        let at = self.clock.now();
        let jitter = self.jitter();
        let mut answer = verdict.answer().map(|words| self.seal_answer(&attempt, words));
        let mut pause = FIRST_PAUSE;
        FailPoint::OutcomeBeforeAppend.hit();
        loop {
            match self.append(&attempt, &verdict, answer.clone(), jitter, at).await {
                Ok(state) => {
                    FailPoint::OutcomeAfterAppend.hit();
                    if let Some(duration_ms) = self.recording.ends() {
                        tracing::info!(duration_ms, "outcomes are recorded again");
                    }
                    Self::count(&attempt, &verdict, &state, at);
                    if let Verdict::OptedOut { cause, .. } = verdict {
                        self.suppress(attempt.key, &state, cause).await;
                    }
                    return Ok(());
                }
                Err(CommandError::Refused(refusal)) => {
                    let DueKey { tenant, notification, channel } = attempt.key;
                    tracing::info!(tenant.id = %tenant, notification.id = %notification, channel = %channel,
                        attempt = attempt.number, reason = %refusal, "an outcome was recorded before");
                    return Ok(());
                }
                // The answer's key is gone or the answer is too much: the outcome is what counts.
                Err(CommandError::RecipientForgotten | CommandError::TooLarge) if answer.is_some() => {
                    answer = None;
                }
                Err(
                    error @ (CommandError::RecipientForgotten
                    | CommandError::TooLarge
                    | CommandError::UnknownTenant
                    | CommandError::IdempotencyMismatch(_)
                    | CommandError::Corrupt(_)),
                ) => {
                    let DueKey { tenant, notification, channel } = attempt.key;
                    tracing::error!(tenant.id = %tenant, notification.id = %notification, channel = %channel,
                        attempt = attempt.number, error = %error, "an outcome cannot be recorded");
                    return Ok(());
                }
                Err(
                    error @ (CommandError::Overloaded { .. }
                    | CommandError::Contended
                    | CommandError::RightsChanged
                    | CommandError::Unavailable(_)
                    | CommandError::Newer(_)
                    | CommandError::Failed(_)),
                ) => {
                    if self.recording.begins() {
                        tracing::warn!(attempt = attempt.number, error = %error, "outcomes are recorded later");
                    }
                    metrics::counter!("orqestra_outcome_retries_total").increment(1);
                    tokio::select! {
                        () = self.give_up.cancelled() => return Err(Later::Stopping),
                        () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                    }
                }
            }
        }
    }

    async fn append(
        &self,
        attempt: &Attempt,
        verdict: &Verdict,
        answer: Option<Sealed>,
        jitter: Jitter,
        at: Timestamp,
    ) -> CommandResult<Notification> {
        let DueKey { tenant, notification, channel } = attempt.key;
        let used: Vec<_> = answer.iter().map(|sealed| sealed.key_id).collect();
        let failure = |class, scope, cause: &str, retry_after, answer| RecordFailure {
            channel,
            attempt: attempt.number,
            class,
            scope,
            then: attempt.then,
            cause: cause.to_owned(),
            answer,
            retry_after,
            schedule: attempt.schedule.clone(),
            jitter,
            deadline: attempt.deadline,
            at,
        };
        let (commands, context) = (&self.commands, &self.context);
        let committed = match verdict {
            Verdict::Sent(sent) => {
                let success = RecordSuccess {
                    channel,
                    attempt: attempt.number,
                    provider_message_id: sent.provider_message_id.clone(),
                    answer,
                    at,
                };
                commands.record_success(tenant, notification, success, &used, context).await
            }
            Verdict::NotTaken(NotTaken { cause, retry_after, scope, .. }) => {
                let (class, scope) = (FailureClass::Retryable, (*scope).into());
                let failure = failure(class, scope, cause, *retry_after, answer);
                commands.record_failure(tenant, notification, failure, &used, context).await
            }
            Verdict::PassedOn { cause, .. } => {
                let failure = failure(FailureClass::Retryable, FailureScope::Pairing, cause, None, answer);
                commands.record_failure(tenant, notification, failure, &used, context).await
            }
            Verdict::Refused { cause, scope, .. } => {
                let failure = failure(FailureClass::Permanent, *scope, cause, None, answer);
                commands.record_failure(tenant, notification, failure, &used, context).await
            }
            Verdict::OptedOut { cause, .. } => {
                let failure = failure(FailureClass::Permanent, FailureScope::Message, cause, None, answer);
                commands.record_failure(tenant, notification, failure, &used, context).await
            }
            Verdict::Unknown { doubt, cause } => {
                let Doubt { policy, receipt_within, asks_again } = *doubt;
                let mark = MarkOutcomeUnknown {
                    channel,
                    attempt: attempt.number,
                    policy,
                    receipt_within,
                    asks_again,
                    schedule: attempt.schedule.clone(),
                    jitter,
                    cause: cause.clone(),
                    by_sender: true,
                    deadline: attempt.deadline,
                    at,
                };
                commands.mark_outcome_unknown(tenant, notification, mark, &[], context).await
            }
        };
        committed.map(|committed| committed.aggregate)
    }

    fn seal_answer(&self, attempt: &Attempt, words: &str) -> Sealed {
        let DueKey { tenant, notification, channel } = attempt.key;
        let stream = StreamId::notification(tenant, notification);
        let field = answer_field(channel, attempt.number);
        let place = FieldContext { tenant, aggregate_id: stream.as_str(), field: &field };
        self.commands.vault().seal(&attempt.sealing_key, &place, kept(words).as_bytes())
    }

    /// The schedule of a tenant's channel.
    pub(super) fn schedule(&self, key: DueKey) -> RetrySchedule {
        let tenant = self.commands.directory().tenant(key.tenant);
        let own = tenant.as_ref().and_then(|tenant| tenant.record.retry_schedules.get(&key.channel));
        own.map_or_else(|| self.settings.schedule(), RetryDelays::schedule)
    }

    fn jitter(&self) -> Jitter {
        let mut bytes = [0; 2];
        self.entropy.fill(&mut bytes);
        Jitter::from_thousandths(u16::from_be_bytes(bytes) % 1_001)
    }

    fn count(attempt: &Attempt, verdict: &Verdict, state: &Notification, at: Timestamp) {
        let channel = attempt.key.channel.as_str();
        metrics::counter!("orqestra_attempts_total", "channel" => channel, "outcome" => verdict.name())
            .increment(1);
        let ended = match state.delivery(attempt.key.channel).map(|delivery| &delivery.state) {
            Some(DeliveryState::Sent { .. }) => "sent",
            Some(DeliveryState::Abandoned { .. }) => "dead_letter",
            Some(DeliveryState::Held { .. }) => "held",
            Some(
                DeliveryState::Planned
                | DeliveryState::Skipped { .. }
                | DeliveryState::Attempting { .. }
                | DeliveryState::Waiting { .. },
            )
            | None => return,
        };
        metrics::counter!("orqestra_deliveries_total", "channel" => channel, "outcome" => ended).increment(1);
        let taken = at.since(attempt.accepted_at).as_secs_f64();
        metrics::histogram!("orqestra_delivery_seconds", "channel" => channel, "outcome" => ended)
            .record(taken);
    }

    /// Records that nobody knows of an attempt whose outcome never came.
    pub(super) async fn mark_overdue(
        &self,
        key: DueKey,
        attempt: u32,
        Doubt { policy, receipt_within, asks_again }: Doubt,
        deadline: Timestamp,
    ) -> Result<(), Later> {
        let DueKey { tenant, notification, channel } = key;
        let mark = MarkOutcomeUnknown {
            channel,
            attempt,
            policy,
            receipt_within,
            asks_again,
            schedule: self.schedule(key),
            jitter: self.jitter(),
            cause: Cause::NoOutcome.into(),
            by_sender: false,
            deadline,
            at: self.clock.now(),
        };
        match self.commands.mark_outcome_unknown(tenant, notification, mark, &[], &self.context).await {
            Ok(_) => {
                let channel = channel.as_str();
                metrics::counter!("orqestra_swept_total", "channel" => channel).increment(1);
                tracing::warn!(tenant.id = %tenant, notification.id = %notification, channel, attempt,
                    "an attempt's outcome is unknown");
                Ok(())
            }
            Err(CommandError::Refused(NotificationRefusal::StillRunning)) => Err(Later::NotDue),
            Err(CommandError::Refused(_)) => Ok(()),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Leaves a resend to an operator, for a coded cause.
    pub(super) async fn hold(&self, key: DueKey, cause: Cause) -> Result<(), Later> {
        let DueKey { tenant, notification, channel } = key;
        let hold = HoldDelivery { channel, cause: cause.into(), at: self.clock.now() };
        let held = self.commands.hold_delivery(tenant, notification, hold, &self.context).await;
        if held.is_ok() {
            tracing::warn!(tenant.id = %tenant, notification.id = %notification, channel = %channel, %cause,
                "a message that may have arrived is not sent again, and an operator decides");
        }
        ended(&held.map(drop), channel.as_str(), "held")
    }

    /// Lets a delivery wait for an operator to mend what keeps it, or ends it where its deadline has come.
    pub(super) async fn wait(
        &self,
        row: &DueRow,
        (story, deadline): (&Story, Timestamp),
        reason: WaitReason,
    ) -> Result<(), Later> {
        if self.proved_time().await? >= deadline {
            return match reason {
                _ if story.may_have_arrived(row.key.channel) => self.hold(row.key, Cause::Expired).await,
                WaitReason::TenantInactive => self.skip(row.key, SkipReason::TenantInactive).await,
                WaitReason::NoProvider => self.skip(row.key, SkipReason::NoProvider).await,
                WaitReason::NoSender => self.abandon(row.key, Cause::NoSender).await,
            };
        }
        waiting::wait(&self.due, row, reason.as_str(), deadline)
            .await
            .map_err(|error| Later::Unavailable(error.to_string()))
    }

    /// Puts a retry off that the provider's budget has no room for.
    pub(super) async fn put_off(&self, row: &DueRow, provider: &'static str) -> Result<(), Later> {
        metrics::counter!("orqestra_retries_put_off_total", "provider" => provider).increment(1);
        let until = self.clock.now().plus(PUT_OFF.mul_f64(0.5 + self.jitter().share()));
        let put_off = store::put_off(&self.due, row, until).await;
        put_off.map_err(|error| Later::Unavailable(error.to_string()))
    }

    /// Ends a delivery that may not or cannot be sent any more.
    pub(super) async fn skip(&self, key: DueKey, reason: SkipReason) -> Result<(), Later> {
        let DueKey { tenant, notification, channel } = key;
        let skip = SkipDelivery { channel, reason, at: self.clock.now() };
        let skipped = self.commands.skip_delivery(tenant, notification, skip, &[], &self.context).await;
        ended(&skipped.map(drop), channel.as_str(), "skipped")
    }

    /// Gives up a delivery that has nothing to send.
    pub(super) async fn abandon(&self, key: DueKey, cause: Cause) -> Result<(), Later> {
        let DueKey { tenant, notification, channel } = key;
        let failure = RecordFailure {
            channel,
            attempt: 0,
            class: FailureClass::Permanent,
            scope: FailureScope::Message,
            then: AfterFailure::Schedule,
            cause: cause.into(),
            answer: None,
            retry_after: None,
            schedule: self.settings.schedule(),
            jitter: Jitter::NONE,
            deadline: self.clock.now(),
            at: self.clock.now(),
        };
        let abandoned = self.commands.record_failure(tenant, notification, failure, &[], &self.context).await;
        ended(&abandoned.map(drop), channel.as_str(), "dead_letter")
    }

    /// Sorts what became of a claim.
    pub(super) async fn settle<T>(&self, row: &DueRow, done: CommandResult<T>) -> Result<Settled, Later> {
        match done {
            Ok(_) => Ok(Settled::Done),
            Err(CommandError::Refused(_)) => Ok(Settled::NotOurs),
            Err(CommandError::RecipientForgotten) => {
                self.skip(row.key, SkipReason::RecipientForgotten).await?;
                Ok(Settled::NotOurs)
            }
            Err(CommandError::TooLarge) => {
                self.skip(row.key, SkipReason::TooLarge).await?;
                Ok(Settled::NotOurs)
            }
            Err(
                error @ (CommandError::UnknownTenant
                | CommandError::IdempotencyMismatch(_)
                | CommandError::Overloaded { .. }
                | CommandError::Contended
                | CommandError::RightsChanged
                | CommandError::Unavailable(_)
                | CommandError::Newer(_)
                | CommandError::Failed(_)
                | CommandError::Corrupt(_)),
            ) => Err(unavailable(&error)),
        }
    }
}

/// Lets the series begin at zero.
pub(crate) fn begin_metrics() {
    for channel in [Channel::Email, Channel::Sms] {
        let channel = channel.as_str();
        for outcome in VERDICTS {
            metrics::counter!("orqestra_attempts_total", "channel" => channel, "outcome" => outcome)
                .increment(0);
        }
        for outcome in ["sent", "dead_letter", "held"] {
            drop(
                metrics::histogram!("orqestra_delivery_seconds", "channel" => channel, "outcome" => outcome),
            );
        }
        metrics::counter!("orqestra_deliveries_total", "channel" => channel, "outcome" => "held")
            .increment(0);
        metrics::counter!("orqestra_swept_total", "channel" => channel).increment(0);
    }
    for channel in Channel::ALL {
        for outcome in ["sent", "dead_letter", "skipped"] {
            let channel = channel.as_str();
            metrics::counter!("orqestra_deliveries_total", "channel" => channel, "outcome" => outcome)
                .increment(0);
        }
    }
    for provider in orqestra_domain::provider::KINDS {
        metrics::counter!("orqestra_retries_put_off_total", "provider" => provider).increment(0);
        metrics::counter!("orqestra_provider_throttled_total", "provider" => provider).increment(0);
        metrics::counter!("orqestra_breaker_opened_total", "provider" => provider).increment(0);
    }
    metrics::counter!("orqestra_outcome_retries_total").increment(0);
    metrics::counter!("orqestra_dispatch_postponed_total").increment(0);
    metrics::counter!("orqestra_dispatch_leases_dropped_total").increment(0);
}

fn ended(done: &CommandResult<()>, channel: &'static str, outcome: &'static str) -> Result<(), Later> {
    match done {
        Ok(()) => {
            metrics::counter!("orqestra_deliveries_total", "channel" => channel, "outcome" => outcome)
                .increment(1);
            Ok(())
        }
        Err(CommandError::Refused(_)) => Ok(()),
        Err(error) => Err(Later::Unavailable(error.to_string())),
    }
}
