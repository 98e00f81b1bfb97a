//! Outcomes that addresses stand for, so that a tenant sees how its events end without a real provider.
//!
//! Emails at `sandbox.example`, a domain that is reserved, and numbers of +1 500 555, an area that has no subscribers.
//!
//! | email | number | what happens |
//! |---|---|---|
//! | `delivered@` | `+15005550001` | kept |
//! | `soft-bounce@` | `+15005550002` | not taken, the message: tried again until the schedule ends |
//! | `hard-bounce@` | `+15005550003` | refused everywhere |
//! | `slow@` | `+15005550004` | kept after 3 seconds |
//! | `rate-limited@` | `+15005550005` | throttled until 10 seconds after the event was accepted, then kept |
//! | `timeout@` | `+15005550006` | kept, and the first answer is lost: unknown, and taken when it is asked for again |
//! | `opted-out@` | `+15005550007` | refused, and the address is suppressed |

use std::time::Duration;

use orqestra_domain::Cause;

use super::IsNew;
use crate::provider::{Message, NotTaken, Reach, Scope, SendError};

const DOMAIN: &str = "sandbox.example";
const SLOW: Duration = Duration::from_secs(3);
/// After its acceptance, for how long an event finds the sandbox throttled.
const THROTTLED: Duration = Duration::from_secs(10);

/// What a message's address stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Simulated {
    Delivered,
    SoftBounce,
    HardBounce,
    Slow,
    /// For so long.
    RateLimited(Duration),
    Timeout,
    OptedOut,
}

impl Simulated {
    /// Nothing for an address of anybody.
    pub(super) fn of(message: &Message) -> Option<Self> {
        let name = match message.to.rsplit_once('@') {
            Some((local, domain)) if domain.eq_ignore_ascii_case(DOMAIN) => local,
            Some(_) => return None,
            None => message.to.strip_prefix("+1500555")?,
        };
        let left = THROTTLED.checked_sub(message.at.since(message.accepted_at));
        let throttled = left.filter(|left| !left.is_zero());
        Some(match name.to_ascii_lowercase().as_str() {
            "delivered" | "0001" => Self::Delivered,
            "soft-bounce" | "0002" => Self::SoftBounce,
            "hard-bounce" | "0003" => Self::HardBounce,
            "slow" | "0004" => Self::Slow,
            "rate-limited" | "0005" => throttled.map_or(Self::Delivered, Self::RateLimited),
            "timeout" | "0006" => Self::Timeout,
            "opted-out" | "0007" => Self::OptedOut,
            _ => return None,
        })
    }

    /// Answers so, keeping the message where it is taken.
    pub(super) async fn answer(
        self,
        keeping: impl Future<Output = Result<IsNew, SendError>> + Send,
    ) -> Result<(), SendError> {
        let not_taken = |cause: Cause, scope, retry_after| {
            Err(SendError::NotTaken(NotTaken { cause: cause.into(), retry_after, answer: None, scope }))
        };
        match self {
            Self::Delivered => keeping.await.map(drop),
            Self::SoftBounce => not_taken(Cause::SandboxSoftBounce, Scope::Message, None),
            Self::HardBounce => {
                let (cause, reach) = (Cause::SandboxHardBounce.into(), Reach::Everywhere);
                Err(SendError::Refused { cause, answer: None, reach })
            }
            Self::OptedOut => {
                let (cause, reach) = (Cause::SandboxOptedOut.into(), Reach::OptedOut);
                Err(SendError::Refused { cause, answer: None, reach })
            }
            Self::Slow => {
                tokio::time::sleep(SLOW).await;
                keeping.await.map(drop)
            }
            Self::RateLimited(left) => not_taken(Cause::SandboxRateLimited, Scope::Throttled, Some(left)),
            Self::Timeout => {
                let is_new = keeping.await?;
                if is_new { Err(SendError::unknown(Cause::SandboxTimeout)) } else { Ok(()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use orqestra_commands::RenderedContent;
    use orqestra_domain::{Channel, DedupKey, DeliveryId, NotificationId, TenantId, Timestamp};
    use uuid::Uuid;

    use super::*;
    use crate::provider::samples;

    fn to(address: &str, seconds: u64) -> Message {
        let accepted_at = Timestamp::from_unix_micros(1_795_953_600_000_000);
        Message {
            tenant: TenantId::PLATFORM,
            notification: NotificationId::from_uuid(Uuid::nil()),
            delivery: DeliveryId::from_uuid(Uuid::nil()),
            dedup_key: DedupKey::from_uuid(Uuid::nil()),
            channel: if address.contains('@') { Channel::Email } else { Channel::Sms },
            to: address.to_owned(),
            content: RenderedContent { subject: None, title: None, body: String::new(), text: None },
            event_id: None,
            sender: None,
            key: samples::key(),
            accepted_at,
            expires_at: accepted_at.plus(Duration::from_hours(72)),
            at: accepted_at.plus(Duration::from_secs(seconds)),
        }
    }

    #[tokio::test]
    async fn an_address_stands_for_its_outcome_on_both_channels_and_others_for_none() {
        let left = Duration::from_secs(8);
        for (name, number, simulated) in [
            ("delivered", "0001", Simulated::Delivered),
            ("soft-bounce", "0002", Simulated::SoftBounce),
            ("hard-bounce", "0003", Simulated::HardBounce),
            ("Slow", "0004", Simulated::Slow),
            ("rate-limited", "0005", Simulated::RateLimited(left)),
            ("timeout", "0006", Simulated::Timeout),
            ("opted-out", "0007", Simulated::OptedOut),
        ] {
            let of = |address: String| Simulated::of(&to(&address, 2));
            assert_eq!(of(format!("{name}@SANDBOX.example")), Some(simulated));
            assert_eq!(of(format!("+1500555{number}")), Some(simulated));
        }
        let later = Simulated::of(&to("rate-limited@sandbox.example", 10));
        assert_eq!(later, Some(Simulated::Delivered));
        for other in ["ann@sandbox.example", "timeout@example.org", "+254712345678", "+15005550008"] {
            assert_eq!(Simulated::of(&to(other, 0)), None, "{other}");
        }
    }
}
