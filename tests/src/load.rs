//! Load on a world: clients that insist on a 200 for each event, whatever happens to the engine meanwhile.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::tenant::Tenant;
use crate::wait;
use crate::world::World;

/// How long a client goes on with one event.
const INSISTS_FOR: Duration = Duration::from_secs(90);

/// An event of the demo type for one of forty users, on all channels.
pub fn order(number: usize) -> Value {
    let user = number % 40;
    json!({
        "eventType": "order.confirmed",
        "eventId": format!("order-{number}"),
        "payload": {
            "userId": format!("user-{user}"),
            "recipientEmail": format!("user-{user}@example.org"),
            "recipientPhone": format!("+2547123456{user:02}"),
        },
        "variables": {"title": "Order Confirmed", "orderNumber": format!("ORD-{number}"), "amount": "$49.99"},
    })
}

/// Sends an event until it is answered 200, as a client does that may not lose it.
///
/// # Panics
/// If another answer than success, 429, 500 or 503 comes, or no 200 in time.
pub async fn insist(world: &World, tenant: &Tenant, body: &Value) -> Answer {
    let body = body.to_string();
    wait::until("a 200 for an event", INSISTS_FOR, async || {
        let answer = world.try_trigger(tenant, &body, &[]).await.ok()?;
        match answer.status.as_u16() {
            200 => Some(answer),
            429 | 500 | 503 => None,
            other => panic!("{other}: {}", answer.text()),
        }
    })
    .await
}

/// Clients that each send one event after the other.
#[derive(Debug, Default)]
pub struct Load {
    next: AtomicUsize,
    answered: AtomicUsize,
    over: AtomicBool,
}

impl Load {
    /// How many events were answered 200.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// No client begins another event.
    pub fn stop(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Runs the clients until [`Load::stop`], or until `most` events are answered. A client sends one event a `pace`.
    pub async fn run(&self, world: &World, tenants: &[Tenant], clients: usize, pace: Duration, most: usize) {
        let client = async || {
            let mut turns = tokio::time::interval(pace);
            turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while !self.over.load(Ordering::Relaxed) {
                turns.tick().await;
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                if number >= most {
                    return;
                }
                drop(insist(world, &tenants[number % tenants.len()], &order(number)).await);
                self.answered.fetch_add(1, Ordering::Relaxed);
            }
        };
        join_all((0..clients).map(|_| client())).await;
    }
}
