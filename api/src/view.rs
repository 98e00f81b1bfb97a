//! How a notification's story is shown: to its tenant, and with every attempt to operators.
//!
//! Nothing personal is in it: causes and reasons are codes, missing variables are names.

use std::collections::BTreeMap;

use orqestra_commands::{Commands, Server, Servers};
use orqestra_dispatch::WaitReason;
use orqestra_domain::notification::{
    AttemptOutcome, AttemptState, Delivery, DeliveryState, FailureClass, FailureScope, PlanOutcome,
    PlannedChannel, ReceiptState, Story, TemplateRef,
};
use orqestra_domain::{Channel, EventId, NotificationId, ProviderInstanceId, TenantId, Timestamp};
use orqestra_projections::delivery_status::Status;
use orqestra_projections::{DeliveryStatus, Inbox};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// The state of an event.
pub(crate) struct Told {
    pub(crate) story: Story,
    waits: Waits,
}

/// The reason for which each channel's deliveries wait now, until an operator mends it.
pub(crate) struct Waits(BTreeMap<Channel, WaitReason>);

impl Waits {
    pub(crate) fn of(commands: &Commands, tenant: TenantId, story: &Story) -> Self {
        let directory = commands.directory();
        let entry = directory.tenant(tenant);
        let reason = |channel| WaitReason::of(directory, entry.as_ref()?, channel, story.accepted.kind());
        Self(story.deliveries.keys().filter_map(|channel| Some((*channel, reason(*channel)?))).collect())
    }

    /// The reason for which a delivery waits, if it is one that may.
    pub(crate) fn of_channel(&self, channel: Channel, delivery: &Delivery) -> Option<WaitReason> {
        let may_wait = matches!(delivery.state, DeliveryState::Planned | DeliveryState::Waiting { .. });
        self.0.get(&channel).copied().filter(|_| may_wait)
    }
}

/// Since when each channel of a notification has been as it is, where nothing more comes by itself: as the read model has it, which
/// may be a moment behind the story.
#[derive(Default)]
pub(crate) struct Ends(BTreeMap<Channel, (Status, Timestamp)>);

impl Ends {
    pub(crate) async fn of(
        deliveries: &DeliveryStatus,
        tenant: TenantId,
        notification: NotificationId,
    ) -> Result<Self, ApiError> {
        let rows = deliveries.of_notifications(tenant, &[notification]).await?;
        Ok(Self(rows.iter().filter_map(|row| Some((row.channel, (row.status, row.ended_at?)))).collect()))
    }

    /// Returns the time of a delivery, if the read model has it in the same state.
    pub(crate) fn of_channel(&self, channel: Channel, delivery: &Delivery) -> Option<String> {
        let (status, at) = self.0.get(&channel)?;
        (status.as_str() == delivery.state.status()).then(|| at.to_string())
    }
}

/// Reads an event's story, with the history brought up to it: a caller that is told that a push was sent finds it there.
pub(crate) async fn story(
    commands: &Commands,
    inbox: &Inbox,
    tenant: TenantId,
    notification: NotificationId,
) -> Result<Option<Told>, ApiError> {
    let Some(story) = commands.story(tenant, notification).await? else { return Ok(None) };
    let push = story.deliveries.get(&Channel::Push).map(|push| &push.state);
    if matches!(push, Some(DeliveryState::Sent { .. })) {
        inbox.show_delivered(tenant, notification).await?;
    }
    let waits = Waits::of(commands, tenant, &story);
    Ok(Some(Told { story, waits }))
}

/// One line of the plan.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlanLine {
    /// The channel.
    #[schema(value_type = String, example = "EMAIL")]
    channel: Channel,
    /// The delivery's id.
    delivery_id: String,
    /// `PLANNED` or `SKIPPED`.
    #[schema(example = "PLANNED")]
    status: &'static str,
    /// Why it is skipped: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "no_template")]
    reason: Option<&'static str>,
    /// When it stops being of use, where the event or the template says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    expires_at: Option<String>,
    /// The template version planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<TemplateView>,
}

impl PlanLine {
    pub(crate) fn of(planned: &PlannedChannel) -> Self {
        let (status, reason, template) = match &planned.outcome {
            PlanOutcome::Planned { template } => ("PLANNED", None, Some(TemplateView::of(template))),
            PlanOutcome::Skipped { reason } => ("SKIPPED", Some(reason.as_str()), None),
        };
        let delivery_id = planned.delivery_id.to_string();
        let expires_at = planned.expires_at.as_ref().map(Timestamp::to_string);
        Self { channel: planned.channel, delivery_id, status, reason, expires_at, template }
    }
}

/// A version of a template.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateView {
    /// The template.
    template_id: String,
    /// Its version, from 1.
    version: u32,
}

impl TemplateView {
    fn of(template: &TemplateRef) -> Self {
        Self { template_id: template.template_id.to_string(), version: template.version }
    }
}

/// An event and the state of each channel.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventView<C: ToSchema = ChannelView> {
    /// The event's id; absent once the recipient was forgotten, unless it is the id that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    /// Its type.
    event_type: String,
    /// The notification's id.
    notification_id: String,
    /// When it was accepted.
    #[schema(format = "date-time")]
    accepted_at: String,
    /// Whether it came with a key for tests, so that the sandbox alone carries it; absent where it did not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    testing: bool,
    /// When the recipient read it in the inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    read_at: Option<String>,
    /// Every channel, in the order EMAIL, SMS, PUSH.
    channels: Vec<C>,
}

impl EventView {
    pub(crate) fn of(event_id: &EventId, notification: NotificationId, told: &Told) -> Self {
        Self::with(Some(event_id), notification, told, ChannelView::of)
    }
}

impl EventView<DetailedChannelView> {
    pub(crate) fn detailed(
        event_id: Option<&EventId>,
        notification: NotificationId,
        told: &Told,
        (ends, servers): (&Ends, &Servers),
    ) -> Self {
        Self::with(event_id, notification, told, |channel, delivery, waits| DetailedChannelView {
            ended_at: ends.of_channel(channel, delivery),
            ..DetailedChannelView::of(channel, delivery, waits, servers)
        })
    }
}

impl<C: ToSchema> EventView<C> {
    fn with(
        event_id: Option<&EventId>,
        notification: NotificationId,
        told: &Told,
        channel: impl Fn(Channel, &Delivery, Option<WaitReason>) -> C,
    ) -> Self {
        let story = &told.story;
        let channels = story
            .deliveries
            .iter()
            .map(|(name, delivery)| channel(*name, delivery, told.waits.of_channel(*name, delivery)));
        Self {
            event_id: event_id.map(|id| id.as_str().to_owned()),
            event_type: story.accepted.event_type.as_str().to_owned(),
            notification_id: notification.to_string(),
            accepted_at: story.accepted.accepted_at.to_string(),
            testing: story.accepted.testing,
            read_at: story.read_at.as_ref().map(Timestamp::to_string),
            channels: channels.collect(),
        }
    }
}

/// Where a channel stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelState {
    /// The channel.
    #[schema(value_type = String, example = "EMAIL")]
    channel: Channel,
    /// The delivery's id.
    delivery_id: String,
    /// `PLANNED`, `SENDING`, `RETRYING`, `SENT`, `FAILED`, `SKIPPED` or `UNKNOWN`.
    #[schema(example = "SENT")]
    status: &'static str,
    /// Why it is skipped: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The reason for which it waits for an operator: `tenant_inactive`, `no_provider` or `no_sender`.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<&'static str>,
    /// Who carried the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// Why it failed last, or why nobody knows: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    next_due: Option<String>,
    /// When it stops being of use, where the event or the template says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    expires_at: Option<String>,
    /// When the provider took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    sent_at: Option<String>,
    /// What the provider said later of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<ReceiptView>,
    /// Whether it may reach the recipient twice.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    possible_duplicate: bool,
    /// Variables that the template asked for and the event lacked; they were rendered empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_variables: Vec<String>,
    /// The template version planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<TemplateView>,
}

/// What a provider said of a message after it took it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceiptView {
    /// `deferred`, `delivered`, `undelivered`, `bounced`, `opted_out` or `complained`.
    #[schema(example = "delivered")]
    status: &'static str,
    /// Why: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sendgrid_bounce")]
    cause: Option<String>,
    /// When, by the provider.
    #[schema(format = "date-time")]
    occurred_at: String,
}

impl ReceiptView {
    fn of(receipt: &ReceiptState) -> Self {
        let (status, occurred_at) = (receipt.says.as_str(), receipt.occurred_at.to_string());
        Self { status, cause: receipt.cause.clone(), occurred_at }
    }
}

impl ChannelState {
    pub(crate) fn of(channel: Channel, delivery: &Delivery, waits: Option<WaitReason>) -> Self {
        let last = delivery.attempts.last();
        let mut view = Self {
            channel,
            delivery_id: delivery.id.to_string(),
            status: delivery.state.status(),
            reason: None,
            waits_for: waits.map(WaitReason::as_str),
            provider: last.map(|attempt| attempt.provider.clone()),
            cause: last.and_then(|attempt| match &attempt.outcome {
                AttemptOutcome::Failed { cause, .. } => Some(cause.clone()),
                AttemptOutcome::Unknown { cause, .. } => cause.clone(),
                AttemptOutcome::Open | AttemptOutcome::Succeeded { .. } | AttemptOutcome::Proved { .. } => {
                    None
                }
            }),
            next_due: None,
            expires_at: delivery.expires_at.as_ref().map(Timestamp::to_string),
            sent_at: None,
            receipt: delivery.receipt().map(ReceiptView::of),
            possible_duplicate: delivery.attempts.iter().any(|attempt| attempt.possible_duplicate),
            missing_variables: delivery.missing.clone(),
            template: delivery.template.as_ref().map(TemplateView::of),
        };
        match &delivery.state {
            DeliveryState::Planned | DeliveryState::Attempting { .. } => {}
            DeliveryState::Held { .. } => view.cause = delivery.hold_cause.clone().or(view.cause),
            DeliveryState::Skipped { reason } => view.reason = Some(reason.as_str()),
            DeliveryState::Waiting { due, possible_duplicate } => {
                view.next_due = Some(due.to_string());
                view.possible_duplicate |= possible_duplicate;
            }
            DeliveryState::Sent { at, .. } => {
                view.sent_at = Some(at.to_string());
                view.cause = None;
            }
            DeliveryState::Abandoned { cause } => view.cause = Some(cause.clone()),
        }
        view
    }
}

/// Where a channel stands, with the number of its attempts.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChannelView {
    #[serde(flatten)]
    state: ChannelState,
    /// How many attempts were made.
    attempts: usize,
}

impl ChannelView {
    fn of(channel: Channel, delivery: &Delivery, waits: Option<WaitReason>) -> Self {
        Self { state: ChannelState::of(channel, delivery, waits), attempts: delivery.attempts.len() }
    }
}

/// Where a channel stands, with each of its attempts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DetailedChannelView {
    #[serde(flatten)]
    state: ChannelState,
    /// Since when nothing more comes by itself; absent before, and for a moment after.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    ended_at: Option<String>,
    /// Every attempt, in order.
    attempts: Vec<AttemptView>,
}

impl DetailedChannelView {
    /// A channel as its story alone tells it.
    pub(crate) fn of(
        channel: Channel,
        delivery: &Delivery,
        waits: Option<WaitReason>,
        servers: &Servers,
    ) -> Self {
        let attempts =
            (1..).zip(&delivery.attempts).map(|attempt| AttemptView::of(attempt, servers)).collect();
        Self { state: ChannelState::of(channel, delivery, waits), ended_at: None, attempts }
    }
}

/// One try.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptView {
    /// Its number, from 1.
    attempt: u32,
    /// The kind of the provider that carried it.
    provider: String,
    /// The provider's entry in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// The mail server, as the entry names it: `host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "mx1.example.org:587")]
    server: Option<String>,
    /// When it was claimed.
    #[schema(format = "date-time")]
    started_at: String,
    /// Whether an earlier one may have arrived.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    possible_duplicate: bool,
    /// `OPEN`, `SUCCEEDED`, `FAILED` or `UNKNOWN`.
    #[schema(example = "SUCCEEDED")]
    outcome: &'static str,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    ended_at: Option<String>,
    /// Whether another try could help, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    retryable: Option<bool>,
    /// Why it failed, or why nobody knows: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// What the failure speaks of: `message`, `pairing` (the message at this provider), `provider` or `throttled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "message")]
    scope: Option<&'static str>,
    /// When the next attempt was to follow a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    next_due: Option<String>,
    /// The provider's id of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_message_id: Option<String>,
}

impl AttemptView {
    pub(crate) fn of((number, attempt): (u32, &AttemptState), servers: &Servers) -> Self {
        let server = attempt.instance.and_then(|instance| servers.get(&instance));
        let mut view = Self {
            attempt: number,
            provider: attempt.provider.clone(),
            instance: attempt.instance.as_ref().map(ProviderInstanceId::to_string),
            server: server.map(Server::to_string),
            started_at: attempt.started_at.to_string(),
            possible_duplicate: attempt.possible_duplicate,
            outcome: "OPEN",
            ended_at: None,
            retryable: None,
            cause: None,
            scope: None,
            next_due: None,
            provider_message_id: None,
        };
        match &attempt.outcome {
            AttemptOutcome::Open => {}
            AttemptOutcome::Succeeded { at, provider_message_id }
            | AttemptOutcome::Proved { at, provider_message_id } => {
                view.outcome = "SUCCEEDED";
                view.ended_at = Some(at.to_string());
                view.provider_message_id.clone_from(provider_message_id);
            }
            AttemptOutcome::Failed { at, class, scope, cause, next_due } => {
                view.outcome = "FAILED";
                view.ended_at = Some(at.to_string());
                view.retryable = Some(*class == FailureClass::Retryable);
                view.scope = scope.map(scope_name);
                view.next_due = next_due.as_ref().map(Timestamp::to_string);
                view.cause = Some(cause.clone());
            }
            AttemptOutcome::Unknown { at, cause } => {
                view.outcome = "UNKNOWN";
                view.ended_at = Some(at.to_string());
                view.cause.clone_from(cause);
            }
        }
        view
    }
}

pub(crate) const fn scope_name(scope: FailureScope) -> &'static str {
    match scope {
        FailureScope::Message => "message",
        FailureScope::Pairing => "pairing",
        FailureScope::Provider => "provider",
        FailureScope::Throttled => "throttled",
    }
}
