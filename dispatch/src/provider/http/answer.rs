//! The answer of a provider's API, and how long it asks to wait.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use serde::de::DeserializeOwned;

/// When the quota begins anew: seconds from now, or a moment in seconds since 1970.
const RESETS: [HeaderName; 2] =
    [HeaderName::from_static("ratelimit-reset"), HeaderName::from_static("x-ratelimit-reset")];
/// A number of seconds beyond this is a moment, not a span.
const MOMENTS_FROM: u64 = 1_000_000_000;

/// An answer: its head, and as much of its body as came and is read.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as the provider's documentation has it; nothing where it is something else, or did not come whole.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the provider asks to wait, by whichever header it says so. `now` stands in for its own date.
    pub(crate) fn asks_to_wait(&self, now: SystemTime) -> Option<Duration> {
        let now = self.date(&DATE).unwrap_or(now);
        let after = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let seconds = after.and_then(seconds);
        let until = || self.date(&RETRY_AFTER).map(|until| until.duration_since(now).unwrap_or_default());
        let reset = || RESETS.iter().find_map(|name| self.reset(name, now));
        // A moment that is over names no time: asked again at once it would be throttled again.
        seconds.or_else(until).or_else(reset).filter(|wait| !wait.is_zero())
    }

    fn date(&self, name: &HeaderName) -> Option<SystemTime> {
        httpdate::parse_http_date(self.headers.get(name)?.to_str().ok()?).ok()
    }

    fn reset(&self, name: &HeaderName, now: SystemTime) -> Option<Duration> {
        let span = seconds(self.headers.get(name)?.to_str().ok()?)?;
        if span.as_secs() < MOMENTS_FROM {
            return Some(span);
        }
        Some((SystemTime::UNIX_EPOCH + span).duration_since(now).unwrap_or_default())
    }
}

/// Seconds, whole or with a fraction, which is rounded up.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let more = u64::from(fraction.bytes().any(|digit| digit != b'0'));
    Some(Duration::from_secs(whole.parse::<u64>().ok()?.saturating_add(more).min(u32::MAX.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_read_in_seconds_as_a_date_and_as_the_moment_when_the_quota_begins_anew() {
        // 2026-11-29T12:00:00Z.
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(498_876);
        let of = |headers: &[(&str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
            }
            let answer = Answer { status: StatusCode::TOO_MANY_REQUESTS, headers: map, body: Vec::new() };
            answer.asks_to_wait(now).map(|wait| wait.as_secs())
        };
        for (headers, wait) in [
            (&[][..], None),
            (&[("retry-after", "7")][..], Some(7)),
            (&[("retry-after", "0.2")][..], Some(1)),
            (&[("retry-after", "Sun, 29 Nov 2026 12:00:30 GMT")][..], Some(30)),
            (&[("retry-after", "Sun, 29 Nov 2026 11:00:00 GMT")][..], None),
            (&[("retry-after", "0")][..], None),
            // The provider's clock is an hour behind ours.
            (
                &[
                    ("retry-after", "Sun, 29 Nov 2026 11:00:30 GMT"),
                    ("date", "Sun, 29 Nov 2026 11:00:00 GMT"),
                ][..],
                Some(30),
            ),
            (&[("retry-after", "soon"), ("ratelimit-reset", "3")][..], Some(3)),
            (&[("x-ratelimit-reset", "1795953611")][..], Some(11)),
            (&[("x-ratelimit-reset", "1795953000")][..], None),
            (&[("retry-after", "99999999999999999999")][..], None),
            (&[("retry-after", "-1")][..], None),
        ] {
            assert_eq!(of(headers), wait, "{headers:?}");
        }
    }
}
