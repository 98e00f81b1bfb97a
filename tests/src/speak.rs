//! What a test says to a world: as a tenant's backend, as an operator, as one who waits for the end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context as _, Result};
use futures::stream::{StreamExt as _, iter};
use hyper::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::{Answer, Request, segment, unsegment};
use crate::state::EventState;
use crate::tenant::{Tenant, sign};
use crate::wait;
use crate::world::{ADMIN_TOKEN, Accepted, DRAINS_WITHIN, SETTLES_WITHIN, TRIGGER, World};

/// Accepted events that are looked at before there is a pause, so that the looks leave the engine room for its work.
const LOOKED_AT: usize = 100;

impl World {
    /// Sends a request.
    ///
    /// # Errors
    /// If no engine runs or it does not answer.
    pub async fn send(&self, request: Request) -> Result<Answer> {
        let address = self.running().context("no engine runs")?.address();
        self.http.send(address, request).await
    }

    /// Sends a request that must be answered.
    ///
    /// # Panics
    /// If it is not.
    pub async fn call(&self, request: Request) -> Answer {
        self.send(request).await.expect("an answer")
    }

    /// Triggers an event for a tenant, signed where it has a secret, and keeps a 200 in the ledger.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn try_trigger(&self, tenant: &Tenant, body: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        self.confide_body(body);
        let mut request = Request::post(TRIGGER).key(&tenant.key).text(body).headers(headers);
        if let Some(secret) = &tenant.secret {
            request = request.header("x-orqestra-signature", sign(secret, body.as_bytes()));
        }
        let address = self.next_address().context("no engine runs")?;
        let answer = self.http.send(address, request).await?;
        if answer.status == 200 {
            let location = answer.header("location").context("a trigger's answer has a Location")?;
            let id = unsegment(location.trim_start_matches("/api/v1/events/"));
            let body = serde_json::from_str(body).context("what is answered 200 is JSON")?;
            let event = Accepted { body, settled: false };
            self.accepted.lock().expect("no panic while locked").entry((tenant.id, id)).or_insert(event);
        }
        Ok(answer)
    }

    /// Keeps what a trigger's body says of a person.
    fn confide_body(&self, body: &str) {
        let Ok(body) = serde_json::from_str::<Value>(body) else { return };
        let variables = body["variables"].as_object().into_iter().flat_map(serde_json::Map::values);
        let addresses = ["recipientEmail", "recipientPhone"].map(|field| &body["payload"][field]);
        for text in variables.chain(addresses).filter_map(Value::as_str) {
            self.confide(text);
        }
    }

    /// The same, where an answer must come.
    pub async fn trigger_with(&self, tenant: &Tenant, body: &Value, headers: &[(&str, &str)]) -> Answer {
        self.try_trigger(tenant, &body.to_string(), headers).await.expect("an answer")
    }

    /// The same without other headers.
    pub async fn trigger(&self, tenant: &Tenant, body: &Value) -> Answer {
        self.trigger_with(tenant, body, &[]).await
    }

    /// Triggers an event that must be accepted, and gives its id.
    pub async fn accept(&self, tenant: &Tenant, body: &Value) -> String {
        let answer =
            self.trigger_with(tenant, body, &[("prefer", "return=representation")]).await.expect(200);
        answer.json()["eventId"].as_str().expect("asked for").to_owned()
    }

    /// What was asked for by an event that was answered 200.
    ///
    /// # Panics
    /// If it was not.
    pub fn asked(&self, tenant: Uuid, event_id: &str) -> Value {
        let accepted = self.accepted.lock().expect("no panic while locked");
        accepted[&(tenant, event_id.to_owned())].body.clone()
    }

    /// Every event that was answered 200.
    pub fn accepted(&self) -> BTreeSet<(Uuid, String)> {
        self.accepted.lock().expect("no panic while locked").keys().cloned().collect()
    }

    /// Does something as an operator.
    pub async fn admin(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.call(Request::new(method, path).bearer(ADMIN_TOKEN).json(body)).await
    }

    /// Looks at a page; one that loaded the machine may have to look again.
    async fn page(&self, path: &str, by: impl Fn(Request) -> Request) -> Answer {
        wait::until("a page", SETTLES_WITHIN, async || {
            let answer = self.call(by(Request::get(path))).await;
            let again = answer.status == 500 && self.is_slow();
            (!again).then_some(answer)
        })
        .await
        .expect(200)
    }

    /// Looks at something as an operator.
    pub async fn admin_get(&self, path: &str) -> Answer {
        self.call(Request::get(path).bearer(ADMIN_TOKEN)).await
    }

    /// Registers a tenant; what is left out is wide open.
    pub async fn new_tenant(&self, mut fields: Value) -> Tenant {
        let defaults = json!({"name": "YourApp", "ratePerMinute": 1_000_000});
        for (name, value) in defaults.as_object().expect("an object") {
            fields.as_object_mut().expect("an object").entry(name.clone()).or_insert(value.clone());
        }
        let made = self.admin(Method::POST, "/admin/v1/tenants", &fields).await.expect(201).json();
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        self.confide(&text("apiKey"));
        if let Some(secret) = fields["webhookSecret"].as_str() {
            self.confide(secret);
        }
        Tenant {
            id: text("tenantId").parse().expect("a UUID"),
            name: text("name"),
            key: text("apiKey"),
            secret: fields["webhookSecret"].as_str().map(str::to_owned),
        }
    }

    /// Changes a tenant.
    pub async fn change(&self, tenant: &Tenant, fields: &Value) -> Value {
        self.admin(Method::PATCH, &format!("/admin/v1/tenants/{}", tenant.id), fields)
            .await
            .expect(200)
            .json()
    }

    /// Issues a key for tests, and gives the tenant with it.
    pub async fn test_key(&self, tenant: &Tenant) -> Tenant {
        let issued = self.change(tenant, &json!({"issueTestKey": true})).await;
        let key = issued["apiKey"].as_str().expect("shown once").to_owned();
        self.confide(&key);
        Tenant { key, ..tenant.clone() }
    }

    /// Saves a template.
    pub async fn template(
        &self,
        tenant: &Tenant,
        event_type: &str,
        channel: &str,
        content: &Value,
    ) -> Answer {
        let path = format!("/admin/v1/tenants/{}/templates/{}/{channel}", tenant.id, segment(event_type));
        self.admin(Method::PUT, &path, content).await
    }

    /// Sets a channel's providers.
    pub async fn providers(&self, tenant: &Tenant, channel: &str, list: &Value) {
        let path = format!("/admin/v1/tenants/{}/providers/{channel}", tenant.id);
        for provider in list.as_array().into_iter().flatten() {
            for credential in ["username", "password"].iter().filter_map(|name| provider[*name].as_str()) {
                self.confide(credential);
            }
        }
        drop(self.admin(Method::PUT, &path, list).await.expect(200));
    }

    /// Sets a retry every two seconds, so that a provider's slow moments are over within a test.
    pub async fn retry_soon(&self, tenant: &Tenant) {
        let delays = vec![2; 20];
        drop(self.change(tenant, &json!({"retrySchedules": {"EMAIL": delays, "SMS": delays}})).await);
    }

    /// What became of an event.
    pub async fn event(&self, tenant: &Tenant, event_id: &str) -> EventState {
        self.state(tenant.id, event_id).await.expect("an answer")
    }

    async fn state(&self, tenant: Uuid, event_id: &str) -> Result<EventState> {
        let path = format!("/admin/v1/tenants/{tenant}/events/{}", segment(event_id));
        let answer = self.send(Request::get(path).bearer(ADMIN_TOKEN)).await?;
        let mut body: Value = serde_json::from_slice(&answer.body)?;
        serde_json::from_value(body["data"].take()).with_context(|| format!("{event_id}: {}", answer.text()))
    }

    /// Waits until an event is settled on every channel, and tells how.
    pub async fn settled(&self, tenant: &Tenant, event_id: &str) -> EventState {
        let state = self.event_when(tenant, event_id, EventState::is_settled).await;
        self.caught_up().await;
        state
    }

    /// Waits until every reader of the log has read what is in it now.
    async fn caught_up(&self) {
        let Some(pool) = &self.pool else { return };
        wait::until("readers that catch up", SETTLES_WITHIN, async || {
            let behind = sqlx::query_scalar::<_, bool>(
                "select count(*) < 3 or min(position) < (select max(position) from events)
                   from (select max(position) as position from checkpoints group by subscription, partition) readers",
            );
            (!behind.fetch_one(pool).await.ok()?).then_some(())
        })
        .await;
    }

    /// Waits until an event is in such a state.
    pub async fn event_when(
        &self,
        tenant: &Tenant,
        event_id: &str,
        is: impl Fn(&EventState) -> bool,
    ) -> EventState {
        let what = format!("the state of {event_id}");
        wait::until(&what, SETTLES_WITHIN, async || {
            let state = self.state(tenant.id, event_id).await.ok()?;
            is(&state).then_some(state)
        })
        .await
    }

    /// Waits until every accepted event is settled on every channel, and gives all of them.
    pub async fn drain(&self) -> BTreeMap<(Uuid, String), EventState> {
        let mut waiting: VecDeque<_> = self.accepted().into_iter().collect();
        let mut settled = BTreeMap::new();
        let mut moved = std::time::Instant::now();
        wait::until("events that settle", DRAINS_WITHIN, async || {
            let before = waiting.len();
            let looks = waiting.drain(..before.min(LOOKED_AT)).map(async |event: (Uuid, String)| {
                let state = self.state(event.0, &event.1).await;
                (event, state)
            });
            let looked: Vec<_> = iter(looks).buffer_unordered(4).collect().await;
            let mut last = String::new();
            for (event, state) in looked {
                match state {
                    Ok(state) if state.is_settled() => drop(settled.insert(event, state)),
                    other => {
                        last = other.map_or_else(|error| format!("{error:#}"), |state| state.ends());
                        waiting.push_back(event);
                    }
                }
            }
            if waiting.len() < before {
                moved = std::time::Instant::now();
            }
            let stuck = moved.elapsed() > SETTLES_WITHIN;
            assert!(!stuck, "{} events do not settle; {:?}: {last}", waiting.len(), waiting.back());
            waiting.is_empty().then_some(())
        })
        .await;
        for event in self.accepted.lock().expect("no panic while locked").values_mut() {
            event.settled = true;
        }
        self.caught_up().await;
        settled
    }

    /// A user's whole history, newest first.
    pub async fn history(&self, tenant: &Tenant, user: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut next = Some(format!("/api/v1/notifications/{}/{}?limit=100", tenant.id, segment(user)));
        while let Some(path) = next {
            let answer = self.page(&path, |request| request.key(&tenant.key)).await;
            let body = answer.json();
            all.extend(body["data"].as_array().expect("a list").iter().cloned());
            let link = answer.header("link").and_then(|link| link.strip_prefix('<')?.split('>').next());
            next = link.map(str::to_owned);
        }
        all
    }

    /// Marks a notification as read, by one tenant's key and under another's id if those differ.
    pub async fn read(&self, key: &Tenant, tenant: Uuid, user: &str, id: &str) -> Answer {
        let path = format!("/api/v1/notifications/{tenant}/{}/{id}/read", segment(user));
        self.call(Request::put(path).key(&key.key)).await
    }

    /// How many text messages a tenant has sent once all is settled.
    pub async fn texted(&self, tenant: &Tenant) -> usize {
        drop(self.drain().await);
        self.sandbox(tenant, "SMS").await.len()
    }

    /// What the sandbox kept for a tenant, newest first.
    pub async fn sandbox(&self, tenant: &Tenant, channel: &str) -> Vec<Value> {
        let first = format!("/admin/v1/sandbox/messages?tenantId={}&channel={channel}&limit=1000", tenant.id);
        let (mut next, mut kept) = (Some(first), Vec::new());
        while let Some(path) = next {
            let answer = self.page(&path, |request| request.bearer(ADMIN_TOKEN)).await;
            next = answer.next();
            kept.extend(answer.json()["data"].as_array().expect("a list").iter().cloned());
        }
        kept
    }
}
