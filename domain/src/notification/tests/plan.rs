//! The plan as a table: every reason, and that the first one that applies is the one given.

use std::collections::BTreeSet;

use super::*;

fn of(channels: &[Channel]) -> BTreeSet<Channel> {
    channels.iter().copied().collect()
}

fn notification() -> NotificationId {
    NotificationId::from_uuid(Uuid::from_u128(11))
}

fn full() -> PlanInput<'static> {
    PlanInput {
        notification: notification(),
        requested: None,
        whitelist: None,
        templates: [TemplateChoice::Use(template()); 3],
        addresses: [Some(ADDRESS), Some(ADDRESS), None],
        providers: [true, true, false],
        expires_at: [None; 3],
    }
}

fn outcomes(input: &PlanInput<'_>) -> Vec<PlanOutcome> {
    plan(input).into_iter().map(|line| line.outcome).collect()
}

#[test]
fn what_is_planned_says_when_it_stops_being_of_use_and_what_is_skipped_does_not() {
    let expires_at = [1, 2, 3].map(|second| Some(crate::sample::at(second)));
    let lines = plan(&PlanInput { addresses: [Some(ADDRESS), None, None], expires_at, ..full() });
    assert_eq!(
        lines.iter().map(|line| line.expires_at).collect::<Vec<_>>(),
        [expires_at[0], None, expires_at[2]]
    );
}

#[test]
fn all_channels_are_planned_in_order_where_nothing_speaks_against_it() {
    let lines = plan(&full());
    let template = template();
    for (line, channel) in lines.iter().zip(Channel::ALL) {
        assert_eq!(line.channel, channel);
        assert_eq!(line.delivery_id, DeliveryId::of(notification(), channel));
        assert_eq!(line.outcome, PlanOutcome::Planned { template });
    }
    assert_eq!(lines.len(), Channel::ALL.len());
}

#[test]
fn the_first_reason_that_applies_is_the_one_given() {
    let (none, push, all) = (of(&[]), of(&[Channel::Push]), of(&Channel::ALL));
    let missing = [TemplateChoice::Missing; 3];
    let inactive = [TemplateChoice::Inactive; 3];
    let bare = PlanInput { addresses: [None; 3], providers: [false; 3], ..full() };
    let table = [
        // Everything speaks against EMAIL; each line takes the reason before away.
        (
            PlanInput { requested: Some(&push), whitelist: Some(&none), templates: missing, ..bare.clone() },
            SkipReason::NotRequested,
        ),
        (
            PlanInput { requested: Some(&all), whitelist: Some(&none), templates: missing, ..bare.clone() },
            SkipReason::NotWhitelisted,
        ),
        (
            PlanInput { whitelist: Some(&none), templates: missing, ..bare.clone() },
            SkipReason::NotWhitelisted,
        ),
        (PlanInput { whitelist: Some(&all), templates: missing, ..bare.clone() }, SkipReason::NoTemplate),
        (PlanInput { templates: inactive, ..bare.clone() }, SkipReason::TemplateInactive),
        (bare.clone(), SkipReason::NoAddress),
        (PlanInput { addresses: [Some(ADDRESS); 3], ..bare.clone() }, SkipReason::NoProvider),
    ];
    for (input, reason) in table {
        assert_eq!(outcomes(&input)[0], PlanOutcome::Skipped { reason }, "{input:?}");
        assert_eq!(outcomes(&input)[1], PlanOutcome::Skipped { reason }, "{input:?}");
    }
}

#[test]
fn a_push_needs_neither_address_nor_provider() {
    let bare = PlanInput { addresses: [None; 3], providers: [false; 3], ..full() };
    let template = template();
    assert_eq!(outcomes(&bare)[2], PlanOutcome::Planned { template });
}

#[test]
fn a_push_names_no_address() {
    let lines = plan(&PlanInput { addresses: [Some(ADDRESS); 3], ..full() });
    let addresses: Vec<_> = lines.iter().map(|line| line.address_ref).collect();
    assert_eq!(addresses, [Some(ADDRESS), Some(ADDRESS), None]);
}

#[test]
fn each_channel_is_planned_for_itself() {
    let requested = of(&[Channel::Email, Channel::Push]);
    let mut input = PlanInput { requested: Some(&requested), ..full() };
    input.templates[2] = TemplateChoice::Missing;
    let template = template();
    assert_eq!(
        outcomes(&input),
        [
            PlanOutcome::Planned { template },
            PlanOutcome::Skipped { reason: SkipReason::NotRequested },
            PlanOutcome::Skipped { reason: SkipReason::NoTemplate },
        ]
    );
}

#[test]
fn a_reason_is_written_as_its_code() {
    let reasons = [
        SkipReason::NotRequested,
        SkipReason::NotWhitelisted,
        SkipReason::NoTemplate,
        SkipReason::TemplateInactive,
        SkipReason::NoAddress,
        SkipReason::NoProvider,
        SkipReason::OptedOut,
        SkipReason::RecipientForgotten,
        SkipReason::TenantInactive,
        SkipReason::Suppressed,
        SkipReason::Expired,
        SkipReason::TooLarge,
        SkipReason::Unaddressable,
    ];
    for reason in reasons {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
    }
}
