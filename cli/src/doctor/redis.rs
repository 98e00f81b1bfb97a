//! Redis: whether it answers, and whether limits can be counted there.

use super::Finding;
use crate::settings::Settings;

pub(super) async fn look(settings: &Settings) -> Option<Finding> {
    let url = settings.redis.as_ref()?;
    Some(match url.look().await {
        Ok(()) => Finding::ok("redis", "answers, and drops nothing that is counted"),
        Err(found) => Finding::amiss(
            "redis",
            found,
            "see `Limits of several API processes` in docs/operations.md; until then each process lets through its part of a limit",
        ),
    })
}
