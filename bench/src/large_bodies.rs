//! One tenant's small triggers at a steady rate, alone and beside another tenant's bodies of 250 KB.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::caller::Credentials;
use crate::load::{self, Caller, Measured};

/// Small triggers a second.
const RATE: u32 = 50;
/// Connections of the other tenant.
const CONNECTIONS: usize = 32;
/// Bytes of one of its bodies, about.
const BODY: usize = 250 * 1_000;
/// More than are answered a second.
const MOST_A_SECOND: usize = 200;

/// Answer times of the small triggers: alone, and beside the large ones.
pub(crate) async fn measure(
    to: SocketAddr,
    quiet: &Credentials,
    large: &Credentials,
    time: Duration,
) -> Result<[Measured; 2]> {
    let seconds = usize::try_from(time.as_secs())?.max(1);
    let small = |run: &str| {
        let requests = quiet.triggers(run, seconds * usize::try_from(RATE).expect("a few") + 1);
        Caller { requests: Arc::new(requests), connections: 8, rate: Some(RATE), again: false }
    };
    let alone = load::run(to, vec![small("quiet")], time).await?.remove(0);
    let requests = Arc::new(large.large_triggers("large", seconds * MOST_A_SECOND, BODY));
    let large = Caller { requests, connections: CONNECTIONS, rate: None, again: false };
    let beside = load::run(to, vec![small("beside"), large], time).await?.remove(0);
    Ok([alone, beside])
}
