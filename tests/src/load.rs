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

/// An event of the demo type for one user, for SMS alone.
pub fn sms(user: &str) -> Value {
    json!({
        "eventType": "order.confirmed",
        "channels": ["SMS"],
        "payload": {"userId": user, "recipientPhone": "+254712345678"},
        "variables": {"title": "Hello", "orderNumber": "1", "amount": "$1"},
    })
}

/// An event of any type for one user who has all addresses.
pub fn addressed(event_type: &str, variables: &Value) -> Value {
    json!({
        "eventType": event_type,
        "payload": {"userId": "u-1", "recipientEmail": "user@example.com", "recipientPhone": "+254712345678"},
        "variables": variables,
    })
}

/// The event with an id of the caller's.
pub fn with_id(mut body: Value, id: &str) -> Value {
    body["eventId"] = json!(id);
    body
}

/// Gives a tenant the templates that the first one has for such an event; they say whose order it is on each channel.
pub async fn templates(world: &World, tenant: &Tenant) {
    for (channel, content) in [
        ("EMAIL", json!({"subject": "{{ title }}: {{ orderNumber }}", "body": "<p>{{ orderNumber }}</p>"})),
        ("SMS", json!({"body": "{{ title }}: order {{ orderNumber }}, {{ amount }}"})),
        ("PUSH", json!({"title": "{{ title }}", "body": "Your order {{ orderNumber }} has been confirmed."})),
    ] {
        drop(world.template(tenant, "order.confirmed", channel, &content).await.expect(200));
    }
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
    channels: Option<Vec<&'static str>>,
}

impl Load {
    /// Events for these channels alone.
    pub fn only(channels: &[&'static str]) -> Self {
        Self { channels: Some(channels.to_vec()), ..Self::default() }
    }

    /// How many events were answered 200.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Clients may begin events again.
    pub(crate) fn begin(&self) {
        self.over.store(false, Ordering::Relaxed);
    }

    /// No client begins another event.
    pub fn stop(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Runs the clients until [`Load::stop`], or until `most` events are answered. A client sends one event a `pace`.
    /// From then on a request to this world may fail for want of time.
    pub async fn run(&self, world: &World, tenants: &[Tenant], clients: usize, pace: Duration, most: usize) {
        world.expect_slowness();
        let client = async || {
            let mut turns = tokio::time::interval(pace);
            turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while !self.over.load(Ordering::Relaxed) {
                turns.tick().await;
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                if number >= most {
                    return;
                }
                let mut body = order(number);
                if let Some(channels) = &self.channels {
                    body["channels"] = json!(channels);
                }
                drop(insist(world, &tenants[number % tenants.len()], &body).await);
                self.answered.fetch_add(1, Ordering::Relaxed);
            }
        };
        join_all((0..clients).map(|_| client())).await;
    }
}
