//! What is to happen on each channel, decided once at acceptance and written into the first event.
//!
//! Every channel gets an answer: planned with a template version, or skipped with a coded reason.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::id::{AddressRef, DeliveryId, NotificationId, TemplateId, TenantId};
use crate::timestamp::Timestamp;

/// One version of a template and who owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateRef {
    /// The tenant itself, or the platform.
    pub tenant_id: TenantId,
    /// The template.
    pub template_id: TemplateId,
    /// Its version, from 1.
    pub version: u32,
}

/// What the directory says of the template for a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateChoice {
    /// There is none.
    Missing,
    /// There is one, switched off.
    Inactive,
    /// This one is to be used.
    Use(TemplateRef),
}

/// Why nothing is sent on a channel. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The request named other channels.
    NotRequested,
    /// The tenant's delivery channels do not include it.
    NotWhitelisted,
    /// Neither the tenant nor the platform has a template.
    NoTemplate,
    /// The template is switched off.
    TemplateInactive,
    /// The request carried no address for it.
    NoAddress,
    /// The tenant has no provider for it.
    NoProvider,
    /// The recipient does not want it.
    OptedOut,
    /// The recipient was forgotten before it was sent.
    RecipientForgotten,
    /// The tenant was deactivated before it was sent.
    TenantInactive,
    /// The address is suppressed.
    Suppressed,
    /// Too old to be of use.
    Expired,
    /// Larger than allowed once rendered.
    TooLarge,
    /// The address cannot be written to.
    Unaddressable,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::NotRequested,
        Self::NotWhitelisted,
        Self::NoTemplate,
        Self::TemplateInactive,
        Self::NoAddress,
        Self::NoProvider,
        Self::OptedOut,
        Self::RecipientForgotten,
        Self::TenantInactive,
        Self::Suppressed,
        Self::Expired,
        Self::TooLarge,
        Self::Unaddressable,
    ];

    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotRequested => "not_requested",
            Self::NotWhitelisted => "not_whitelisted",
            Self::NoTemplate => "no_template",
            Self::TemplateInactive => "template_inactive",
            Self::NoAddress => "no_address",
            Self::NoProvider => "no_provider",
            Self::OptedOut => "opted_out",
            Self::RecipientForgotten => "recipient_forgotten",
            Self::TenantInactive => "tenant_inactive",
            Self::Suppressed => "suppressed",
            Self::Expired => "expired",
            Self::TooLarge => "too_large",
            Self::Unaddressable => "unaddressable",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The answer for one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "UPPERCASE", rename_all_fields = "camelCase")]
pub enum PlanOutcome {
    /// It will be sent with this template.
    Planned {
        /// The version that stood at acceptance.
        template: TemplateRef,
    },
    /// Nothing will be sent.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
}

/// One line of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedChannel {
    /// The channel.
    pub channel: Channel,
    /// The delivery's id, also where it is skipped.
    pub delivery_id: DeliveryId,
    /// What will happen.
    pub outcome: PlanOutcome,
    /// The look-up form of the address it goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_ref: Option<AddressRef>,
    /// When it stops being of use, where the trigger or the template says so; no attempt begins from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// What a plan is made from.
#[derive(Clone, Debug)]
pub struct PlanInput<'a> {
    /// The notification planned for.
    pub notification: NotificationId,
    /// The channels the request named; all if it named none.
    pub requested: Option<&'a BTreeSet<Channel>>,
    /// The tenant's delivery channels; all if it set none.
    pub whitelist: Option<&'a BTreeSet<Channel>>,
    /// The template for each channel, in the order of [`Channel::ALL`].
    pub templates: [TemplateChoice; 3],
    /// The address on each channel, in the same order; a push needs only the user, so its entry is not read.
    pub addresses: [Option<AddressRef>; 3],
    /// Whether the tenant has a provider, in the same order; a push needs none, so its entry is not read.
    pub providers: [bool; 3],
    /// When a message stops being of use, in the same order, where the trigger or the template says so.
    pub expires_at: [Option<Timestamp>; 3],
}

/// Plans all channels. The first reason that applies is the one given.
pub fn plan(input: &PlanInput<'_>) -> Vec<PlannedChannel> {
    let outcome = |at: usize, channel: Channel| {
        let skipped = |reason| PlanOutcome::Skipped { reason };
        let in_set = |set: Option<&BTreeSet<Channel>>| set.is_none_or(|set| set.contains(&channel));
        if !in_set(input.requested) {
            return skipped(SkipReason::NotRequested);
        }
        if !in_set(input.whitelist) {
            return skipped(SkipReason::NotWhitelisted);
        }
        let template = match input.templates[at] {
            TemplateChoice::Missing => return skipped(SkipReason::NoTemplate),
            TemplateChoice::Inactive => return skipped(SkipReason::TemplateInactive),
            TemplateChoice::Use(template) => template,
        };
        if channel != Channel::Push && input.addresses[at].is_none() {
            return skipped(SkipReason::NoAddress);
        }
        if channel != Channel::Push && !input.providers[at] {
            return skipped(SkipReason::NoProvider);
        }
        PlanOutcome::Planned { template }
    };
    let planned = |(at, channel)| {
        let outcome = outcome(at, channel);
        let is_planned = matches!(outcome, PlanOutcome::Planned { .. });
        PlannedChannel {
            channel,
            delivery_id: DeliveryId::of(input.notification, channel),
            outcome,
            address_ref: input.addresses[at].filter(|_| channel != Channel::Push),
            expires_at: input.expires_at[at].filter(|_| is_planned),
        }
    };
    Channel::ALL.into_iter().enumerate().map(planned).collect()
}
