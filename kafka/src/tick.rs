//! Ticks, which tell a reader of an idle partition that nothing is missing.
//!
//! A partition that got no record for a second gets a tick with the position up to which it is complete. So a reader sees
//! within seconds that the last records of a partition, or all of a topic, are gone. Only the process that relays sends them.

use std::convert::Infallible;
use std::time::Duration;

use orqestra_event_log::{Clock, Outage, SubscriptionState};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::failure::Failure;
use crate::producer::Outgoing;
use crate::relay::failed;
use crate::sender::{Tick, TopicSender};

/// How often the relay looks for idle partitions.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Sends them while this process relays. A failed one is not repeated: the next one says more.
pub(crate) async fn run(sender: &TopicSender, clock: &dyn Clock) -> Infallible {
    let (name, kind) = (sender.settings.topic.subscription(), sender.settings.topic.kind);
    let outage = Outage::default();
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        if sender.log.subscription(&name) != SubscriptionState::Follows {
            continue;
        }
        let stands = sender.log.progress(&name).borrow().position();
        if !sender.sent().follow(stands, Instant::now()) {
            continue;
        }
        match send(sender, clock).await {
            Ok(()) => {
                if let Some(duration_ms) = outage.ends() {
                    tracing::info!(subscription = name, duration_ms, "Kafka takes ticks again");
                }
            }
            Err(failure) => {
                failed(kind);
                if outage.begins() {
                    tracing::warn!(subscription = name, %failure, "Kafka takes no tick");
                }
            }
        }
    }
}

async fn send(sender: &TopicSender, clock: &dyn Clock) -> Result<(), Failure> {
    let last = sender.last_sent().await?;
    let (idle, time) = (sender.sent().idle(&last, Instant::now()), clock.now());
    let tick = |Tick { partition, after, position }: Tick| {
        let headers = sender.origin.tick(partition, (after, position), time);
        Outgoing { partition, headers, content: None }
    };
    sender.send(idle.into_iter().map(tick).collect()).await
}
