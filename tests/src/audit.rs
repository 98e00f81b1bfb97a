//! The reckoning: every 200 against what the SMTP server, the sandbox and the inbox got.
//!
//! It counts each end and finds every loss, every repeat that the engine did not mark, and whatever reached another
//! recipient or says something else than its event. Sandbox and inbox keep one row a delivery, so that repeats are
//! counted in the log: without an unknown outcome one attempt succeeds. All events are of [`crate::load::order`]'s type.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use crate::apis::Apis;
use crate::smtp::Smtp;
use crate::state::{ChannelState, EventState};
use crate::tenant::Tenant;
use crate::world::World;

/// How often each end came, by channel.
pub type Ends = BTreeMap<String, usize>;

/// What reached a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    to: String,
    text: String,
}

/// What arrived on one channel: by delivery, pushes by notification.
type Arrived = BTreeMap<String, Vec<Message>>;

/// What the log says of a delivery's attempts.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    succeeded: i64,
    unknown: i64,
}

/// Drains the world and compares. The EMAIL of all `tenants` goes to `smtp`, their SMS to the sandbox.
///
/// # Panics
/// If anything is lost, altered or repeated without a mark, or came from nowhere.
pub async fn audit(world: &World, tenants: &[Tenant], smtp: &Smtp) -> Ends {
    compare(world, tenants, || emails(smtp)).await
}

/// As [`audit`], where the EMAIL of some tenants goes to Resend's API.
///
/// # Panics
/// As [`audit`].
pub async fn audit_with_resend(world: &World, tenants: &[Tenant], smtp: &Smtp, resend: &Apis) -> Ends {
    compare(world, tenants, || {
        let mut all = emails(smtp);
        all.extend(emails_by_resend(resend));
        all
    })
    .await
}

async fn compare(world: &World, tenants: &[Tenant], emails: impl FnOnce() -> Arrived) -> Ends {
    let states = world.drain().await;
    let tallies = tallies(world).await;
    let mut wrong = Vec::new();
    let mut ends = Ends::new();
    let mut emails = emails();
    let (mut texts, mut pushes) = (texts(world, tenants).await, pushes(world, tenants).await);

    let known: BTreeSet<Uuid> = tenants.iter().map(|tenant| tenant.id).collect();
    for ((tenant, event_id), state) in &states {
        assert!(known.contains(tenant), "an event of a tenant that is not audited");
        assert_eq!(state.channels.len(), 3, "{event_id}: {}", state.ends());
        let asked = world.asked(*tenant, event_id);
        for channel in &state.channels {
            let got = match channel.channel.as_str() {
                "EMAIL" => emails.remove(&channel.delivery_id),
                "SMS" => texts.remove(&channel.delivery_id),
                _ => pushes.remove(&state.notification_id),
            };
            let got = got.unwrap_or_default();
            let place = (state.notification_id.clone(), channel.channel.clone());
            let tally = tallies.get(&place).copied().unwrap_or_default();
            if !fits(channel, tally, got.len()) {
                wrong.push(complaint(state, channel, tally, got.len()));
            }
            let meant = meant(&channel.channel, &asked);
            let other = got.iter().filter(|message| **message != meant);
            wrong.extend(other.map(|message| format!("{event_id}: {message:?} instead of {meant:?}")));
            let mark = if channel.possible_duplicate { ", possible duplicate" } else { "" };
            let expected = usize::from(matches!(channel.status.as_str(), "SENT" | "UNKNOWN"));
            let times =
                if got.len() == expected { String::new() } else { format!(", arrived {} times", got.len()) };
            *ends.entry(format!("{} {}{mark}{times}", channel.channel, channel.status)).or_default() += 1;
        }
    }
    for (what, rest) in [("an email", emails), ("an SMS", texts), ("a push", pushes)] {
        wrong.extend(rest.keys().map(|id| format!("{what} of {id}, which nobody was answered 200 for")));
    }
    assert!(wrong.is_empty(), "{} events: {ends:#?}\n{wrong:#?}", states.len());
    ends
}

/// What an event is to say on a channel, and to whom.
fn meant(channel: &str, asked: &Value) -> Message {
    let text = |value: &Value| value.as_str().expect("an order names it").to_owned();
    let to = |field: &str| text(&asked["payload"][field]);
    let [title, number, amount] =
        ["title", "orderNumber", "amount"].map(|name| text(&asked["variables"][name]));
    match channel {
        "EMAIL" => Message { to: to("recipientEmail"), text: format!("{title}: {number}") },
        "SMS" => Message { to: to("recipientPhone"), text: format!("{title}: order {number}, {amount}") },
        _ => Message { to: to("userId"), text: format!("{title}: Your order {number} has been confirmed.") },
    }
}

fn emails(smtp: &Smtp) -> Arrived {
    let mut arrived = Arrived::new();
    for mail in smtp.messages() {
        let message = Message { to: mail.to.join(", "), text: mail.subject().to_owned() };
        arrived.entry(mail.delivery().to_owned()).or_default().push(message);
    }
    arrived
}

fn emails_by_resend(resend: &Apis) -> Arrived {
    let message = |delivery: &str| {
        let body: Value = serde_json::from_str(&resend.body(delivery)?).ok()?;
        let field = |value: &Value| value.as_str().map(str::to_owned);
        Some(Message { to: field(&body["to"][0])?, text: field(&body["subject"])? })
    };
    let times = |(delivery, times): (String, usize)| {
        let message = message(&delivery).expect("a message has a recipient and a subject");
        (delivery, vec![message; times])
    };
    resend.taken().into_iter().map(times).collect()
}

async fn texts(world: &World, tenants: &[Tenant]) -> Arrived {
    let mut arrived = Arrived::new();
    for tenant in tenants {
        let kept = world.sandbox(tenant, "SMS").await;
        assert!(
            kept.len() < 1_000,
            "the sandbox shows at most 1,000 messages: spread the load over more tenants"
        );
        for message in kept {
            let field = |name: &str| message[name].as_str().expect("a text").to_owned();
            let sms = Message { to: field("recipient"), text: field("body") };
            arrived.entry(field("deliveryId")).or_default().push(sms);
        }
    }
    arrived
}

async fn pushes(world: &World, tenants: &[Tenant]) -> Arrived {
    let mut arrived = Arrived::new();
    for tenant in tenants {
        for user in (0..40).map(|user| format!("user-{user}")) {
            for item in world.history(tenant, &user).await {
                let field = |name: &str| item[name].as_str().expect("a text").to_owned();
                let push =
                    Message { to: user.clone(), text: format!("{}: {}", field("title"), field("body")) };
                arrived.entry(field("id")).or_default().push(push);
            }
        }
    }
    arrived
}

/// The log's word on each notification's channels.
async fn tallies(world: &World) -> BTreeMap<(String, String), Tally> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "select split_part(aggregate_id, '/', 2), payload -> event_type ->> 'channel',
                count(*) filter (where event_type = 'AttemptSucceeded'),
                count(*) filter (where event_type = 'AttemptOutcomeUnknown')
           from events
          where event_type in ('AttemptSucceeded', 'AttemptOutcomeUnknown')
          group by 1, 2",
    )
    .fetch_all(world.pool())
    .await
    .expect("the log can be read");
    let tally =
        |(notification, channel, succeeded, unknown)| ((notification, channel), Tally { succeeded, unknown });
    rows.into_iter().map(tally).collect()
}

/// Whether what arrived is what the state says, and the log says it as often.
fn fits(channel: &ChannelState, tally: Tally, got: usize) -> bool {
    let succeeded = match channel.status.as_str() {
        "SENT" => (1..=1 + tally.unknown).contains(&tally.succeeded),
        _ => tally.succeeded == 0,
    };
    let arrived = match channel.status.as_str() {
        "SENT" if channel.possible_duplicate => (1..=2).contains(&got),
        "SENT" => got == 1,
        "SKIPPED" => got == 0,
        "FAILED" => got == 0 || (tally.unknown > 0 && got <= 2),
        "UNKNOWN" if channel.possible_duplicate => got <= 2,
        "UNKNOWN" => got <= 1,
        _ => false,
    };
    succeeded && arrived
}

fn complaint(state: &EventState, channel: &ChannelState, tally: Tally, got: usize) -> String {
    let attempts = channel.attempts();
    format!(
        "{}: {} {} but arrived {got} times; {attempts:?}, {tally:?}",
        state.event_id, channel.channel, channel.status
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::order;

    fn channel(status: &str, possible_duplicate: bool) -> ChannelState {
        ChannelState {
            channel: "EMAIL".to_owned(),
            delivery_id: "d".to_owned(),
            status: status.to_owned(),
            reason: None,
            cause: None,
            waits_for: None,
            possible_duplicate,
            missing_variables: Vec::new(),
            attempts: Vec::new(),
        }
    }

    #[test]
    fn a_loss_or_a_repeat_without_a_mark_does_not_fit() {
        for (status, marked, succeeded, unknown, fitting) in [
            ("SENT", false, 1, 0, &[1][..]),
            ("SENT", false, 2, 0, &[]),
            ("SENT", false, 0, 0, &[]),
            ("SENT", false, 1, 1, &[1]),
            ("SENT", false, 2, 1, &[1]),
            ("SENT", false, 3, 1, &[]),
            ("SENT", true, 1, 1, &[1, 2]),
            ("UNKNOWN", false, 0, 1, &[0, 1]),
            ("UNKNOWN", false, 1, 1, &[]),
            ("UNKNOWN", true, 0, 2, &[0, 1, 2]),
            ("SKIPPED", false, 0, 0, &[0]),
            ("FAILED", false, 0, 0, &[0]),
            ("FAILED", false, 0, 1, &[0, 1, 2]),
            ("PLANNED", false, 0, 0, &[]),
            ("SENDING", false, 0, 0, &[]),
            ("RETRYING", false, 0, 0, &[]),
        ] {
            let (channel, tally) = (channel(status, marked), Tally { succeeded, unknown });
            for got in 0..4 {
                let fits = fits(&channel, tally, got);
                assert_eq!(fits, fitting.contains(&got), "{status}, {tally:?}, arrived {got} times");
            }
        }
    }

    #[test]
    fn each_channel_says_which_order_it_is_of_and_to_whom() {
        let said = ["EMAIL", "SMS", "PUSH"].map(|channel| meant(channel, &order(41)));
        let said = said.map(|message| format!("{} <- {}", message.to, message.text));
        assert_eq!(
            said,
            [
                "user-1@example.org <- Order Confirmed: ORD-41",
                "+254712345601 <- Order Confirmed: order ORD-41, $49.99",
                "user-1 <- Order Confirmed: Your order ORD-41 has been confirmed.",
            ]
        );
    }
}
