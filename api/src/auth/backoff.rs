//! Wrong admin tokens: a peer that shows several has to wait, longer each time, before another one is looked at.
//!
//! They are counted by peer, so that guesses from one place keep out no operator that asks from another. While a peer waits, no
//! token of it is compared, right or wrong: an answer that told them apart would be what is guessed for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::ApiError;
use crate::server::peer::Peer;

/// Wrong tokens of a peer that cost nothing: an operator's own mistakes.
const FREE: u32 = 8;
/// The wait after the one that follows; each further one doubles it.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);
/// After how long without a wrong token a peer begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(10);
/// Peers that are remembered. For one more the one is forgotten whose last wrong token is longest ago.
const MOST: usize = 10_000;

/// The wrong tokens that were shown.
#[derive(Default)]
pub(crate) struct WrongTokens(Mutex<HashMap<Peer, Shown>>);

struct Shown {
    wrong: u32,
    last: Instant,
    until: Instant,
}

impl WrongTokens {
    /// Lets a right token pass, unless its peer has to wait. A request without one came through no connection: a test's.
    pub(crate) fn judge(&self, peer: Option<Peer>, opens: impl FnOnce() -> bool) -> Result<(), ApiError> {
        let Some(peer) = peer else {
            return if opens() { Ok(()) } else { Err(ApiError::InvalidAdminToken) };
        };
        self.judge_at(Instant::now(), peer, opens)
    }

    fn judge_at(&self, now: Instant, peer: Peer, opens: impl FnOnce() -> bool) -> Result<(), ApiError> {
        // Held while the token is compared: of many at once each is counted before the next is looked at.
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = peers.get(&peer).filter(|shown| now.duration_since(shown.last) < FORGOTTEN_AFTER);
        if let Some(shown) = before
            && shown.until > now
        {
            let left = shown.until - now;
            metrics::counter!("orqestra_admin_refusals_total", "reason" => "waits").increment(1);
            return Err(ApiError::TooManyWrongTokens(
                left.as_millis().div_ceil(1_000).try_into().unwrap_or(1),
            ));
        }
        if opens() {
            peers.remove(&peer);
            return Ok(());
        }
        let wrong = before.map_or(0, |shown| shown.wrong).saturating_add(1);
        let wait = match wrong.checked_sub(FREE + 1) {
            None => Duration::ZERO,
            Some(doubled) => FIRST.saturating_mul(2_u32.saturating_pow(doubled)).min(LONGEST),
        };
        if peers.len() >= MOST && !peers.contains_key(&peer) {
            peers.retain(|_, shown| now.duration_since(shown.last) < FORGOTTEN_AFTER);
            let oldest = peers.iter().min_by_key(|(_, shown)| shown.last).map(|(peer, _)| *peer);
            if let Some(oldest) = oldest.filter(|_| peers.len() >= MOST) {
                peers.remove(&oldest);
            }
        }
        peers.insert(peer, Shown { wrong, last: now, until: now + wait });
        drop(peers);
        metrics::counter!("orqestra_admin_refusals_total", "reason" => "wrong_token").increment(1);
        tracing::warn!(
            wrong,
            waits_ms = wait.as_millis(),
            "a wrong admin token was shown, so many by this peer"
        );
        Err(ApiError::InvalidAdminToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Peer {
        Peer::of(text.parse().unwrap())
    }

    #[test]
    fn wrong_tokens_make_their_peer_wait_longer_each_time_and_nobody_else() {
        let (shown, guesses) = (WrongTokens::default(), peer("192.0.2.7"));
        let mut now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..FREE + 8 {
            assert!(matches!(shown.judge_at(now, guesses, || false), Err(ApiError::InvalidAdminToken)));
            if shown.0.lock().unwrap()[&guesses].until <= now {
                continue;
            }
            let waits_for = shown.judge_at(now, guesses, || panic!("it is compared")).unwrap_err();
            let ApiError::TooManyWrongTokens(seconds) = waits_for else { panic!("{waits_for:?}") };
            assert!(shown.judge_at(now, peer("192.0.2.8"), || true).is_ok(), "from elsewhere");
            waits.push(seconds);
            now += Duration::from_secs(seconds);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(shown.judge_at(now, guesses, || true).is_ok(), "the wait is over");
        for _ in 0..FREE {
            assert!(matches!(shown.judge_at(now, guesses, || false), Err(ApiError::InvalidAdminToken)));
        }
        assert!(shown.judge_at(now, guesses, || true).is_ok(), "a right one begins anew");
    }

    #[test]
    fn peers_are_forgotten_after_a_while_and_never_more_than_so_many_are_kept() {
        let (shown, now) = (WrongTokens::default(), Instant::now());
        for number in 0..u32::try_from(MOST).unwrap() + 10 {
            let peer = Peer::of(std::net::Ipv4Addr::from_bits(number).into());
            drop(shown.judge_at(now + Duration::from_millis(number.into()), peer, || false));
        }
        assert_eq!(shown.0.lock().unwrap().len(), MOST);
        let (much_later, guesses) = (now + FORGOTTEN_AFTER * 2, peer("192.0.2.7"));
        for _ in 0..=FREE {
            drop(shown.judge_at(much_later, guesses, || false));
        }
        assert!(shown.judge_at(much_later, guesses, || true).is_err());
        assert_eq!(shown.0.lock().unwrap().len(), 1, "the others are over");
        let later = much_later + FORGOTTEN_AFTER;
        assert!(shown.judge_at(later, guesses, || true).is_ok());
    }
}
