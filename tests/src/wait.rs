//! Waiting for a condition, with a deadline: the only place of the harness that lets time pass.

use std::time::{Duration, Instant};

/// How long between two looks.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// Looks again and again until there is something, and gives it.
///
/// # Panics
/// If there is nothing `within` the time.
pub async fn until<T>(what: &str, within: Duration, look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = found(within, look).await;
    found.unwrap_or_else(|| panic!("waited {within:?} in vain for {what}"))
}

/// The same for a caller with more to say about a wait in vain; nothing if it did not come to be.
pub async fn found<T>(within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        let found = look().await;
        if found.is_some() || Instant::now() >= deadline {
            return found;
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
}

/// The same for a condition that is looked at without waiting.
///
/// # Panics
/// If there is nothing `within` the time.
pub async fn until_now<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    until(what, within, async || look()).await
}

/// The same on a thread that may not wait on a runtime, as in `Drop`; nothing if it did not come to be.
pub fn blocking<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= deadline {
            return found;
        }
        std::thread::park_timeout(LOOK_AGAIN_AFTER);
    }
}
