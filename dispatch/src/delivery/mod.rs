//! One delivery, from a due row to a recorded outcome.
//!
//! Order: may it still be sent, what is sent, a provider with a permit in hand, the claim, the call, the outcome. The
//! claim is the event `AttemptStarted`: whoever's append is refused stops. An outcome that cannot be recorded is tried
//! again alone and never repeats the call. Whatever ends early leaves the row to its lease.

mod choose;
pub(crate) mod compose;
mod doubt;
mod expiry;
mod heavy;
mod learned;
mod outcome;
mod prepare;
mod span;
mod suppressed;
pub(crate) mod turn;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{CommandError, Commands, Context, RecipientContact};
use orqestra_domain::notification::{
    AttemptOutcome, DeliverPush, DeliveryState, FailureClass, NotificationRefusal, StartAttempt, Story,
};
use orqestra_domain::retry::RetrySchedule;
use orqestra_domain::{Cause, Channel, Timestamp};
use orqestra_event_log::{Clock, FailPoint, Outage};
use orqestra_vault::{DataKey, Entropy};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use self::choose::{Asking, Choice, Others};
use self::compose::Composer;
use self::outcome::Attempt;
pub(crate) use self::outcome::begin_metrics;
use self::prepare::{Prepared, Unsendable};
use self::turn::Turn;
use crate::due::suspects::Suspects;
use crate::due::{DueKey, DueKind, DueRow};
use crate::provider::budget::Try;
use crate::provider::carriers::{Carrier, Carriers};
use crate::provider::{Message, SendError, Sent};
use crate::queue::Entry;
use crate::settings::DispatchSettings;
use crate::waiting::WaitReason;

/// How long a delivery waits for a provider's permit before it leaves its turn to others.
const PERMIT: Duration = Duration::from_secs(5);

/// Why a row was left as it is, to be taken up again when its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Later {
    /// Its lease had run out while it waited for its turn.
    LeaseOver,
    /// It is not due by this process's clock.
    NotDue,
    /// It came to its deadline since it was taken up.
    Expired,
    /// Every provider's breaker is open.
    ProvidersDown,
    /// Every provider is busy.
    ProvidersBusy,
    /// A change of the tenant cannot be read, so nobody knows whether it may be sent.
    TenantUnreadable,
    /// Its channel has a provider that only a newer program knows.
    ProviderUnread,
    /// The process stops.
    Stopping,
    /// The time jumped a while ago, or the process is younger than an open attempt may be.
    Unsteady,
    /// The log or the vault cannot be used now.
    Unavailable(String),
}

impl fmt::Display for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeaseOver => f.write_str("its lease is over"),
            Self::NotDue => f.write_str("it is not due"),
            Self::Expired => f.write_str("its deadline has come"),
            Self::ProvidersDown => f.write_str("every provider is down"),
            Self::ProvidersBusy => f.write_str("every provider is busy"),
            Self::TenantUnreadable => f.write_str("a change of its tenant cannot be read"),
            Self::ProviderUnread => f.write_str("its channel has a provider that only a newer program knows"),
            Self::Unsteady => {
                f.write_str("the time has not run evenly for as long as an attempt may be open")
            }
            Self::Stopping => f.write_str("the process stops"),
            Self::Unavailable(why) => f.write_str(why),
        }
    }
}

type CommandResult<T> = Result<T, CommandError<NotificationRefusal>>;

/// What working on deliveries needs.
pub(crate) struct Deliverer {
    pub(crate) commands: Commands,
    /// Where the due table is.
    pub(crate) due: PgPool,
    pub(crate) carriers: Arc<Carriers>,
    pub(crate) composer: Composer,
    /// Rows for which there was nothing to do.
    pub(crate) suspects: Suspects,
    pub(crate) settings: DispatchSettings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Ends what still tries to record outcomes when the process must end.
    pub(crate) give_up: CancellationToken,
    pub(crate) context: Context,
    /// Whether deliveries wait because what they need cannot be had.
    pub(crate) postponing: Outage,
    /// Whether outcomes wait to be recorded.
    pub(crate) recording: Outage,
}

impl Deliverer {
    /// Does what the row calls for, as far as the notification still does.
    pub(crate) async fn act(&self, entry: Entry, turn: Turn) {
        let DueKey { tenant, notification, channel } = entry.row.key;
        let done = match self.proved_time().await {
            Err(later) => Err(later),
            Ok(now) if entry.leased_until <= now => Err(Later::LeaseOver),
            Ok(_) => match entry.row.due.kind {
                DueKind::Send => self.send(&entry.row, turn).await,
                DueKind::Sweep => self.sweep(&entry.row).await,
                DueKind::Held => Ok(()),
            },
        };
        match done {
            Ok(()) => {
                if let Some(duration_ms) = self.postponing.ends() {
                    tracing::info!(duration_ms, "deliveries go on");
                }
            }
            Err(Later::Unavailable(why)) => {
                metrics::counter!("orqestra_dispatch_postponed_total").increment(1);
                if self.postponing.begins() {
                    let trace = self.commands.recent_trace(tenant, notification).map(|trace| trace.id());
                    tracing::warn!(tenant.id = %tenant, notification.id = %notification, channel = %channel,
                        trace.id = trace, reason = why, "deliveries wait for their leases to end, this one first");
                }
            }
            Err(later) => {
                metrics::counter!("orqestra_dispatch_postponed_total").increment(1);
                tracing::debug!(tenant.id = %tenant, notification.id = %notification, channel = %channel,
                    reason = %later, "a delivery waits for its lease to end");
            }
        }
    }

    /// Now, once nothing hints at a wrong time: where something does, the database is asked.
    async fn proved_time(&self) -> Result<Timestamp, Later> {
        if !self.clock.is_proved() {
            self.ask_the_time().await?;
            if !self.clock.is_proved() {
                return Err(Later::Unavailable("the time is not known: the clock jumps".to_owned()));
            }
        }
        Ok(self.clock.now())
    }

    /// Learns the database's time by a look at the head.
    async fn ask_the_time(&self) -> Result<(), Later> {
        let asked = self.commands.log().fetch_head().await;
        asked.map(drop).map_err(|error| Later::Unavailable(error.to_string()))
    }

    async fn send(&self, row: &DueRow, turn: Turn) -> Result<(), Later> {
        let Some(story) = self.story_to_send(row).await? else { return Ok(()) };
        let trace = self.commands.recent_trace(row.key.tenant, row.key.notification);
        let lines = tracing::info_span!("delivery", trace.id = trace.as_ref().map(|trace| trace.id()));
        let span = lines.in_scope(|| span::delivery(row, trace.as_deref()));
        let sending = self.send_story(row, story, turn).instrument(span.clone()).instrument(lines.clone());
        let Some(called) = sending.await? else { return Ok(()) };
        // The line names its trace itself, so it stands outside of the span that names it too.
        span::end(row, &called, trace.as_deref());
        self.conclude(row, called).instrument(span).instrument(lines).await
    }

    /// Sends by a provider; `None` where no provider was called.
    async fn send_story(&self, row: &DueRow, story: Story, mut turn: Turn) -> Result<Option<Called>, Later> {
        let prepared = match self.prepare(&story, row, &mut turn).await? {
            Ok(prepared) => prepared,
            Err(unsendable) => return self.end_unsent(row, &story, unsendable).await.map(|()| None),
        };
        if row.key.channel == Channel::Push {
            return self.push(row, prepared).await.map(|()| None);
        }
        let Some(delivery) = story.deliveries.get(&row.key.channel) else { return Ok(None) };
        let schedule = self.schedule(row.key);
        let deadline = self.deadline(&story, row.key);
        let asking = Asking {
            delivery,
            policy: self.unknown_policy(row.key),
            sender: prepared.sender.as_ref(),
            schedule: &schedule,
            now: self.clock.now(),
        };
        let carrier = match choose::choose(&prepared.carriers, &asking)? {
            Choice::Carrier(carrier) => carrier,
            Choice::Hold(cause) => return self.hold(row.key, cause).await.map(|()| None),
            Choice::NoSender => {
                let waiting = self.wait(row, (&story, deadline), WaitReason::NoSender);
                return waiting.await.map(|()| None);
            }
        };
        let others = Others::beside(&carrier, &prepared.carriers, &asking);
        let which = choose::which_try(&carrier, delivery);
        if !carrier.may_try(which, self.clock.now()) {
            return self.put_off(row, carrier.provider.name()).await.map(|()| None);
        }
        // Whoever has to wait for a provider waits outside of the turn.
        let permit = if let Ok(permit) = tokio::time::timeout(Duration::ZERO, carrier.permit()).await {
            permit
        } else {
            turn.rest();
            let waited = tokio::time::timeout(PERMIT, carrier.permit()).await;
            turn.resume().await;
            waited.map_err(|_| {
                carrier.not_tried(which);
                Later::ProvidersBusy
            })?
        };
        // It may have been suppressed while it waited for the permit.
        let suppressed = self.suppressed(&story, row.key).await;
        if !matches!(suppressed, Ok(None)) {
            carrier.not_tried(which);
        }
        if let Some(unsendable) = suppressed? {
            return self.end_unsent(row, &story, unsendable).await.map(|()| None);
        }
        let claimed = self.claim(row, &prepared, &carrier, deadline).await;
        if !matches!(claimed, Ok(Some(_))) {
            carrier.not_tried(which);
        }
        let Some(expires_at) = claimed? else { return Ok(None) };
        let message = self.message(row, &story, prepared, deadline);
        let accepted_at = story.accepted.accepted_at;
        // A call may take long: of what was loaded for it only the message stays.
        drop(story);
        turn.rest();
        let began = tokio::time::Instant::now();
        let span = span::attempt(row, carrier.provider.name());
        let sent = self.call(&carrier, &message, expires_at).instrument(span.clone()).await;
        drop(permit);
        let elapsed = began.elapsed();
        let sealing_key = message.key;
        Ok(Some(Called {
            turn,
            carrier,
            which,
            others,
            sent,
            elapsed,
            span,
            schedule,
            deadline,
            sealing_key,
            accepted_at,
        }))
    }

    /// Tells the breaker of a call and records its outcome.
    async fn conclude(&self, row: &DueRow, called: Called) -> Result<(), Later> {
        let Called { turn, carrier, which, others, sent, span, .. } = called;
        let Called { schedule, deadline, sealing_key, accepted_at, .. } = called;
        // The span ends with the call: recording the outcome is not a part of it.
        drop(span);
        let sent = self.judge(row, &carrier, which, sent);
        let (key, number, then) = (row.key, row.due.attempt, others.after_failure(self.clock.now()));
        let attempt = Attempt { key, number, then, schedule, deadline, sealing_key, accepted_at };
        let recorded = self.record(attempt, self.verdict(row.key, &carrier, sent, &others)).await;
        drop(turn);
        recorded
    }

    /// The story, if it allows this row's attempt now.
    async fn story_to_send(&self, row: &DueRow) -> Result<Option<Story>, Later> {
        let DueKey { tenant, notification, channel } = row.key;
        let now = self.clock.now();
        let recent =
            self.commands.recent_story(tenant, notification).await.map_err(|error| unavailable(&error))?;
        if let Some(story) = recent
            && sendable(&story, channel, row.due.attempt, now)
        {
            return Ok(Some(story));
        }
        // What this process remembers may be behind another one.
        let story = self.commands.story(tenant, notification).await.map_err(|error| unavailable(&error))?;
        if let Some(story) = story {
            if sendable(&story, channel, row.due.attempt, now) {
                return Ok(Some(story));
            }
            let state = story.deliveries.get(&channel).map(|delivery| &delivery.state);
            if matches!(state, Some(DeliveryState::Waiting { due, .. }) if *due > now) {
                return Err(Later::NotDue);
            }
        }
        // Somebody was faster, and the subscription brings the row up to it.
        self.suspects.add(row);
        Ok(None)
    }

    /// Claims the attempt; `None` where it is not ours.
    async fn claim(
        &self,
        row: &DueRow,
        prepared: &Prepared,
        carrier: &Carrier,
        deadline: Timestamp,
    ) -> Result<Option<Timestamp>, Later> {
        let DueKey { tenant, notification, channel } = row.key;
        let at = self.clock.now();
        if at >= deadline {
            return Err(Later::Expired);
        }
        let expires_at = at.plus(self.settings.claim).min(deadline);
        let command = StartAttempt {
            channel,
            attempt: row.due.attempt,
            provider: carrier.provider.name().to_owned(),
            instance: carrier.instance(),
            dedup: carrier.provider.dedup(),
            expires_at,
            rendered: prepared.rendered.clone(),
            at,
        };
        FailPoint::ClaimBeforeAppend.hit();
        let keys = [prepared.key.id()];
        let started = self.commands.start_attempt(tenant, notification, command, &keys, &self.context).await;
        match self.settle(row, started).await? {
            Settled::Done => {
                FailPoint::ClaimAfterAppend.hit();
                Ok(Some(expires_at))
            }
            Settled::NotOurs => Ok(None),
        }
    }

    async fn push(&self, row: &DueRow, prepared: Prepared) -> Result<(), Later> {
        let DueKey { tenant, notification, .. } = row.key;
        let Some(rendered) = prepared.rendered else { return Ok(()) };
        let keys = [prepared.key.id()];
        let command = DeliverPush { rendered, at: self.clock.now() };
        FailPoint::ClaimBeforeAppend.hit();
        let delivered = self.commands.deliver_push(tenant, notification, command, &keys, &self.context).await;
        if let Settled::Done = self.settle(row, delivered).await? {
            FailPoint::ClaimAfterAppend.hit();
            metrics::counter!("orqestra_deliveries_total", "channel" => "PUSH", "outcome" => "sent")
                .increment(1);
        }
        Ok(())
    }

    /// Calls the provider, unless the claim has run out meanwhile.
    async fn call(
        &self,
        carrier: &Carrier,
        message: &Message,
        expires_at: Timestamp,
    ) -> Result<Sent, SendError> {
        // A process that was stopped, or whose clock was set, does not know how long ago its claim was.
        if !self.proved_time().await.is_ok_and(|now| now < expires_at) {
            return Err(SendError::NotAsked {
                cause: Cause::ClaimExpired.into(),
                class: FailureClass::Retryable,
            });
        }
        FailPoint::SendBefore.hit();
        let calling = carrier.provider.send(message);
        let sent = match tokio::time::timeout(self.settings.provider_timeout, calling).await {
            Ok(sent) => sent,
            Err(_) => Err(SendError::unknown(Cause::ProviderTimeout)),
        };
        FailPoint::SendAfter.hit();
        sent
    }

    fn message(&self, row: &DueRow, story: &Story, prepared: Prepared, expires_at: Timestamp) -> Message {
        let DueKey { tenant, notification, channel } = row.key;
        Message {
            tenant,
            notification,
            delivery: prepared.delivery,
            dedup_key: prepared.dedup_key,
            channel,
            to: prepared.to,
            content: prepared.content,
            event_id: prepared.event_id.or_else(|| story.accepted.event_id.clone()),
            sender: prepared.sender,
            key: prepared.key,
            accepted_at: story.accepted.accepted_at,
            expires_at,
            at: self.clock.now(),
        }
    }

    /// Calls an overdue outcome unknown, if none has come meanwhile.
    async fn sweep(&self, row: &DueRow) -> Result<(), Later> {
        // Too early, it would call an attempt unknown that another process is making.
        self.ask_the_time().await?;
        if self.clock.steady_for().is_some_and(|steady| steady < self.settings.open_at_most()) {
            return Err(Later::Unsteady);
        }
        let DueKey { tenant, notification, channel } = row.key;
        let story = self.commands.story(tenant, notification).await.map_err(|error| unavailable(&error))?;
        let Some(story) = &story else { return Ok(()) };
        let attempt = row.due.attempt;
        match story.deliveries.get(&channel).and_then(|delivery| delivery.attempt(attempt)) {
            Some(state) if state.outcome == AttemptOutcome::Open => {
                let deadline = self.deadline(story, row.key);
                let doubt = self.doubt_of(row.key, state);
                self.mark_overdue(row.key, attempt, doubt, deadline).await
            }
            Some(_) | None => {
                self.suspects.add(row);
                Ok(())
            }
        }
    }

    async fn end_unsent(&self, row: &DueRow, story: &Story, unsendable: Unsendable) -> Result<(), Later> {
        match unsendable {
            // It is neither skipped nor a dead letter.
            Unsendable::Skip(_) | Unsendable::DeadLetter(_) if story.may_have_arrived(row.key.channel) => {
                self.hold(row.key, Cause::NotSentAgain).await
            }
            Unsendable::Wait(reason) => self.wait(row, (story, self.deadline(story, row.key)), reason).await,
            Unsendable::Expired => self.expire(story, row.key).await,
            Unsendable::Skip(reason) => self.skip(row.key, reason).await,
            Unsendable::DeadLetter(cause) => self.abandon(row.key, cause).await,
        }
    }
}

/// A call of a provider that has ended, with the data that recording its outcome needs.
struct Called {
    /// The delivery's place in its lane, which it keeps until the outcome is recorded.
    turn: Turn,
    carrier: Arc<Carrier>,
    which: Try,
    others: Others,
    sent: Result<Sent, SendError>,
    elapsed: Duration,
    span: Span,
    schedule: RetrySchedule,
    deadline: Timestamp,
    sealing_key: DataKey,
    accepted_at: Timestamp,
}

/// Whether a command on a delivery was ours to make.
enum Settled {
    Done,
    NotOurs,
}

fn sendable(story: &Story, channel: Channel, attempt: u32, now: Timestamp) -> bool {
    story.deliveries.get(&channel).is_some_and(|delivery| {
        let due = match delivery.state {
            DeliveryState::Planned => true,
            DeliveryState::Waiting { due, .. } => due <= now,
            DeliveryState::Skipped { .. }
            | DeliveryState::Attempting { .. }
            | DeliveryState::Held { .. }
            | DeliveryState::Sent { .. }
            | DeliveryState::Abandoned { .. } => false,
        };
        due && delivery.next_attempt() == attempt
    })
}

fn unavailable(error: &CommandError<NotificationRefusal>) -> Later {
    Later::Unavailable(error.to_string())
}

/// The address of a channel.
fn address(contact: &RecipientContact, channel: Channel) -> Option<String> {
    match channel {
        Channel::Email => contact.email.as_ref().map(|email| email.as_str().to_owned()),
        Channel::Sms => contact.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        Channel::Push => Some(String::new()),
    }
}
