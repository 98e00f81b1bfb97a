//! Two processes on one log: what one of them has answered holds at the very next request to the other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::Method;
use orqestra_tests::engine::Engine;
use orqestra_tests::http::{Answer, Http, Request};
use orqestra_tests::world::{ADMIN_TOKEN, ENDS_WITHIN, TRIGGER, World};
use rustix::process::Signal;
use serde_json::{Value, json};
use sqlx::Connection as _;

/// How often each kind of change is made in one process and relied on in the other.
const ROUNDS: usize = 40;
const ROLES: &str = "api,project,dispatch";

/// Two processes, each of which is asked as often as the other.
struct Two {
    world: World,
    second: Engine,
    http: Http,
}

impl Two {
    async fn start() -> Self {
        let world = World::start().await;
        world.sigterm().await;
        world.begin_as(ROLES).await;
        let second = world.beside(ROLES).await;
        Self { world, second, http: Http::default() }
    }

    /// Where a round's change is made, and where it is relied on.
    fn sides(&self, round: usize) -> [SocketAddr; 2] {
        let (first, second) = (self.world.engine().address(), self.second.address());
        if round.is_multiple_of(2) { [first, second] } else { [second, first] }
    }

    async fn admin(&self, at: SocketAddr, method: Method, path: &str, body: &Value) -> Value {
        let request = Request::new(method, path).bearer(ADMIN_TOKEN).json(body);
        let answer = self.http.send(at, request).await.unwrap();
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        answer.json()
    }

    async fn trigger(&self, at: SocketAddr, key: &str, event_type: &str) -> Answer {
        let body = json!({"eventType": event_type, "channels": ["SMS"],
                          "payload": {"userId": "u", "recipientPhone": "+254712345678"}});
        let request = Request::post(TRIGGER).key(key).json(&body).header("prefer", "return=representation");
        self.http.send(at, request).await.unwrap()
    }

    /// What is planned for the text message of an event.
    async fn plan(&self, at: SocketAddr, key: &str, event_type: &str) -> Value {
        let answer = self.trigger(at, key, event_type).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["plan"][1].clone()
    }

    async fn end(self) {
        self.second.signal(Signal::TERM);
        assert!(self.second.end(ENDS_WITHIN).await.success());
    }
}

#[tokio::test]
async fn a_template_that_was_saved_changed_or_switched_holds_at_the_next_trigger_elsewhere() {
    let two = Two::start().await;
    let tenant = two.world.new_tenant(json!({})).await;
    let sandbox = format!("/admin/v1/tenants/{}/providers/SMS", tenant.id);
    two.admin(two.sides(0)[0], Method::PUT, &sandbox, &json!([{"kind": "sandbox"}])).await;
    for round in 0..ROUNDS {
        let [here, there] = two.sides(round);
        let name = format!("kind.{round}");
        let path = format!("/admin/v1/tenants/{}/templates/{name}/SMS", tenant.id);
        two.admin(here, Method::PUT, &path, &json!({"body": "first"})).await;
        let plan = two.plan(there, &tenant.key, &name).await;
        assert_eq!(
            (&plan["status"], &plan["template"]["version"]),
            (&json!("PLANNED"), &json!(1)),
            "{round}"
        );
        two.admin(here, Method::PUT, &path, &json!({"body": "second"})).await;
        assert_eq!(two.plan(there, &tenant.key, &name).await["template"]["version"], 2, "{round}");
        two.admin(here, Method::PATCH, &path, &json!({"active": false})).await;
        assert_eq!(two.plan(there, &tenant.key, &name).await["reason"], "template_inactive", "{round}");
    }
    two.end().await;
}

#[tokio::test]
async fn a_key_that_was_issued_or_revoked_and_a_tenant_that_was_registered_hold_at_the_next_request_elsewhere()
 {
    let two = Two::start().await;
    for round in 0..ROUNDS {
        let [here, there] = two.sides(round);
        let shop = two.admin(here, Method::POST, "/admin/v1/tenants", &json!({"name": "Shop"})).await;
        let key = |of: &Value| of["apiKey"].as_str().unwrap().to_owned();
        assert_eq!(two.trigger(there, &key(&shop), "a").await.status, 200, "{round}: a tenant is known");
        let path = format!("/admin/v1/tenants/{}", shop["tenantId"].as_str().unwrap());
        let issued = two.admin(there, Method::PATCH, &path, &json!({"issueApiKey": true})).await;
        assert_eq!(two.trigger(here, &key(&issued), "a").await.status, 200, "{round}: a key opens");
        let first = issued["apiKeyIds"][0].clone();
        two.admin(there, Method::PATCH, &path, &json!({"revokeApiKey": first})).await;
        let answers = [&shop, &issued].map(key);
        let mut refused = 0;
        for key in &answers {
            let answer = two.trigger(here, key, "a").await;
            refused += usize::from(answer.status == 401 && answer.json()["code"] == "invalid_api_key");
        }
        assert_eq!(refused, 1, "{round}: one of the two keys was revoked");
    }
    two.end().await;
}

#[tokio::test]
async fn providers_secret_and_standing_of_a_tenant_hold_at_the_next_trigger_elsewhere() {
    let two = Two::start().await;
    let tenant = two.world.new_tenant(json!({})).await;
    let path = format!("/admin/v1/tenants/{}", tenant.id);
    let template = format!("{path}/templates/a/SMS");
    two.admin(two.sides(0)[0], Method::PUT, &template, &json!({"body": "b"})).await;
    let providers = format!("{path}/providers/SMS");
    for round in 0..ROUNDS {
        let [here, there] = two.sides(round);
        two.admin(here, Method::PUT, &providers, &json!([{"kind": "sandbox"}])).await;
        assert_eq!(two.plan(there, &tenant.key, "a").await["status"], "PLANNED", "{round}");
        two.admin(here, Method::PUT, &providers, &json!([])).await;
        assert_eq!(two.plan(there, &tenant.key, "a").await["reason"], "no_provider", "{round}");
        for (change, code) in [
            (json!({"webhookSecret": "a long secret"}), "invalid_signature"),
            (json!({"webhookSecret": null}), ""),
            (json!({"active": false}), "tenant_inactive"),
            (json!({"active": true}), ""),
            (json!({"deliveryChannels": ["PUSH"]}), ""),
        ] {
            two.admin(here, Method::PATCH, &path, &change).await;
            let answer = two.trigger(there, &tenant.key, "a").await;
            let told = answer.json();
            assert_eq!(told["code"].as_str().unwrap_or_default(), code, "{round} {change}: {told}");
        }
        let plan = two.plan(there, &tenant.key, "a").await;
        assert_eq!(plan["reason"], "not_whitelisted", "{round}");
        two.admin(here, Method::PATCH, &path, &json!({"deliveryChannels": null})).await;
    }
    two.end().await;
}

#[tokio::test]
async fn two_processes_that_change_a_tenant_at_once_lose_nothing_of_each_others_change() {
    let two = Two::start().await;
    let tenant = two.world.new_tenant(json!({})).await;
    let path = format!("/admin/v1/tenants/{}", tenant.id);
    for round in 1..=ROUNDS / 4 {
        let [here, there] = two.sides(round);
        let (rate, cap) = (json!({"ratePerMinute": 1_000 + round}), json!({"dailyCap": 5_000 + round}));
        tokio::join!(
            two.admin(here, Method::PATCH, &path, &rate),
            two.admin(there, Method::PATCH, &path, &cap),
        );
        let shown = two.admin(here, Method::PATCH, &path, &json!({})).await;
        assert_eq!(
            (&shown["ratePerMinute"], &shown["dailyCap"]),
            (&json!(1_000 + round), &json!(5_000 + round))
        );
    }
    two.end().await;
}

#[tokio::test]
async fn a_stranger_who_floods_the_notices_and_holds_locks_delays_no_change() {
    let two = Two::start().await;
    let tenant = two.world.new_tenant(json!({})).await;
    let sandbox = format!("/admin/v1/tenants/{}/providers/SMS", tenant.id);
    two.admin(two.sides(0)[0], Method::PUT, &sandbox, &json!([{"kind": "sandbox"}])).await;
    let over = Arc::new(AtomicBool::new(false));
    let options = two.world.pool().connect_options();
    let stranger = tokio::spawn({
        let over = Arc::clone(&over);
        async move {
            let mut session = sqlx::PgConnection::connect_with(&options).await.unwrap();
            sqlx::query("select pg_advisory_lock(n) from generate_series(-50, 50) n")
                .execute(&mut session)
                .await
                .unwrap();
            while !over.load(Ordering::Relaxed) {
                let flood = "select pg_notify('orqestra_log', (9000000000000 + n)::text), pg_notify('orqestra_log', 'x' || n)
                               from generate_series(1, 20) n";
                sqlx::query(flood).execute(&mut session).await.unwrap();
            }
        }
    });
    let began = tokio::time::Instant::now();
    for round in 0..ROUNDS / 4 {
        let [here, there] = two.sides(round);
        let path = format!("/admin/v1/tenants/{}/templates/flood.{round}/SMS", tenant.id);
        two.admin(here, Method::PUT, &path, &json!({"body": "b"})).await;
        let plan = two.plan(there, &tenant.key, &format!("flood.{round}")).await;
        assert_eq!(plan["status"], "PLANNED", "{round}");
        let wrong = two.trigger(there, "orq_live_wrong", "a").await;
        assert_eq!(wrong.status, 401);
    }
    over.store(true, Ordering::Relaxed);
    stranger.await.unwrap();
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    two.end().await;
}
