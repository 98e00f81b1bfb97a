//! The reckoning: every 200 against what the SMTP server, the sandbox and the inbox got.
//!
//! It counts each end and finds every loss and every repeat that the engine did not mark.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::smtp::Smtp;
use crate::state::{ChannelState, EventState};
use crate::tenant::Tenant;
use crate::world::World;

/// How often each end came, by channel.
pub type Ends = BTreeMap<String, usize>;

/// Drains the world and compares. The EMAIL of all `tenants` goes to `smtp`, their SMS to the sandbox.
///
/// # Panics
/// If anything is lost or repeated without a mark, or came from nowhere.
pub async fn audit(world: &World, tenants: &[Tenant], smtp: &Smtp) -> Ends {
    let states = world.drain().await;
    let mut wrong = Vec::new();
    let mut ends = Ends::new();

    let mut emails = BTreeMap::<String, usize>::new();
    for mail in smtp.messages() {
        *emails.entry(mail.delivery().to_owned()).or_default() += 1;
    }
    let mut texts = BTreeMap::<String, usize>::new();
    let mut pushes = BTreeMap::<String, usize>::new();
    for tenant in tenants {
        let kept = world.sandbox(tenant, "SMS").await;
        assert!(
            kept.len() < 1_000,
            "the sandbox shows at most 1,000 messages: spread the load over more tenants"
        );
        for message in kept {
            *texts.entry(message["deliveryId"].as_str().expect("a text").to_owned()).or_default() += 1;
        }
        for user in 0..40 {
            for item in world.history(tenant, &format!("user-{user}")).await {
                *pushes.entry(item["id"].as_str().expect("a text").to_owned()).or_default() += 1;
            }
        }
    }

    let known: BTreeSet<Uuid> = tenants.iter().map(|tenant| tenant.id).collect();
    for ((tenant, _), state) in &states {
        assert!(known.contains(tenant), "an event of a tenant that is not audited");
        for channel in &state.channels {
            let got = match channel.channel.as_str() {
                "EMAIL" => emails.remove(&channel.delivery_id),
                "SMS" => texts.remove(&channel.delivery_id),
                _ => pushes.remove(&state.notification_id),
            };
            let got = got.unwrap_or(0);
            if !fits(channel, got) {
                wrong.push(complaint(state, channel, got));
            }
            let mark = if channel.possible_duplicate { ", possible duplicate" } else { "" };
            let expected = usize::from(matches!(channel.status.as_str(), "SENT" | "UNKNOWN"));
            let times = if got == expected { String::new() } else { format!(", arrived {got} times") };
            *ends.entry(format!("{} {}{mark}{times}", channel.channel, channel.status)).or_default() += 1;
        }
    }
    for (what, rest) in [("an email", emails), ("an SMS", texts), ("a push", pushes)] {
        wrong.extend(rest.keys().map(|id| format!("{what} of {id}, which nobody was answered 200 for")));
    }
    assert!(wrong.is_empty(), "{} events: {ends:#?}\n{wrong:#?}", states.len());
    ends
}

/// Whether what arrived is what the state says.
fn fits(channel: &ChannelState, got: usize) -> bool {
    match channel.status.as_str() {
        "SENT" if channel.possible_duplicate => (1..=2).contains(&got),
        "SENT" => got == 1,
        "SKIPPED" => got == 0,
        "FAILED" => got == 0 || (channel.was_unknown() && got <= 2),
        "UNKNOWN" if channel.possible_duplicate => got <= 2,
        "UNKNOWN" => got <= 1,
        _ => false,
    }
}

fn complaint(state: &EventState, channel: &ChannelState, got: usize) -> String {
    let attempts = channel.attempts();
    format!(
        "{}: {} {} but arrived {got} times; {attempts:?}",
        state.event_id, channel.channel, channel.status
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Attempt;

    fn channel(status: &str, possible_duplicate: bool, outcomes: &[&str]) -> ChannelState {
        let attempt =
            |outcome: &&str| Attempt { outcome: (*outcome).to_owned(), possible_duplicate, cause: None };
        ChannelState {
            channel: "EMAIL".to_owned(),
            delivery_id: "d".to_owned(),
            status: status.to_owned(),
            reason: None,
            cause: None,
            possible_duplicate,
            missing_variables: Vec::new(),
            attempts: outcomes.iter().map(attempt).collect(),
        }
    }

    #[test]
    fn a_loss_or_a_repeat_without_a_mark_does_not_fit() {
        for (status, marked, outcomes, fitting) in [
            ("SENT", false, &["SUCCEEDED"][..], &[1][..]),
            ("SENT", true, &["UNKNOWN", "SUCCEEDED"], &[1, 2]),
            ("UNKNOWN", false, &["UNKNOWN"], &[0, 1]),
            ("UNKNOWN", true, &["UNKNOWN", "UNKNOWN"], &[0, 1, 2]),
            ("SKIPPED", false, &[], &[0]),
            ("FAILED", false, &["FAILED"], &[0]),
            ("PLANNED", false, &[], &[]),
            ("SENDING", false, &["OPEN"], &[]),
            ("RETRYING", false, &["FAILED"], &[]),
        ] {
            let channel = channel(status, marked, outcomes);
            for got in 0..4 {
                assert_eq!(fits(&channel, got), fitting.contains(&got), "{status} arrived {got} times");
            }
        }
    }
}
