//! What a whole engine stored, read by the stock repository of postgres-es and by the log's own: the same.

use std::collections::BTreeSet;
use std::fmt::Debug;

use cqrs_es::persist::{PersistedEventRepository as _, PersistedEventStore};
use cqrs_es::{Aggregate, EventStore as _};
use hyper::Method;
use orqestra_domain::evidence::Evidence;
use orqestra_domain::notification::Notification;
use orqestra_domain::recipient::Recipient;
use orqestra_domain::suppression::Suppression;
use orqestra_domain::template::Template;
use orqestra_domain::tenant::Tenant;
use orqestra_event_log::Ticket;
use orqestra_tests::http::Request;
use orqestra_tests::load::order;
use orqestra_tests::shop::Shop;
use orqestra_tests::world::World;
use postgres_es::PostgresEventRepository;
use serde_json::json;

use crate::forgetting::forget;
use crate::inside::Inside;

/// Compares an aggregate's events and what they amount to.
async fn same<A: Aggregate + PartialEq + Debug>(inside: &Inside, id: &str) {
    let ours = || inside.log.repository(Ticket::default());
    let stock = || PostgresEventRepository::new(inside.pool.clone());
    let events = ours().get_events::<A>(id).await.unwrap();
    assert!(!events.is_empty(), "{} {id}", A::TYPE);
    assert_eq!(events, stock().get_events::<A>(id).await.unwrap());
    let ours = PersistedEventStore::<_, A>::new_event_store(ours()).load_aggregate(id).await.unwrap();
    let stock = PersistedEventStore::<_, A>::new_event_store(stock()).load_aggregate(id).await.unwrap();
    assert_eq!(ours.current_sequence, events.len());
    assert_eq!(ours.current_sequence, stock.current_sequence);
    assert_eq!(ours.aggregate, stock.aggregate);
    assert_ne!(ours.aggregate, A::default(), "{} {id} amounts to something", A::TYPE);
}

#[tokio::test]
async fn what_the_whole_engine_stored_reads_the_same() {
    let shop = Shop::open(World::start().await).await;
    let (world, tenant) = (&shop.world, shop.tenant());
    // Tenants and templates that were changed, every way an attempt can end, a read mark, a person forgotten.
    drop(world.change(tenant, &json!({"name": "Jörg \"& Söhne\" €😀", "dailyCap": 5_000})).await);
    let path = format!("/admin/v1/tenants/{}/templates/order.confirmed/SMS", tenant.id);
    drop(world.admin(Method::PUT, &path, &json!({"body": "{{ title }} für {{ amount }}"})).await.expect(200));
    let addresses = ["user-0", "fail451-1", "fail550", "cut-1", "cut-2"];
    for (number, address) in addresses.iter().enumerate() {
        let mut body = order(number);
        body["payload"]["recipientEmail"] = json!(format!("{address}@example.org"));
        drop(world.accept(tenant, &body).await);
    }
    let ends: Vec<_> =
        world.drain().await.values().map(|state| state.channel("EMAIL").status.clone()).collect();
    assert_eq!(ends, ["SENT", "SENT", "FAILED", "SENT", "UNKNOWN"]);
    let id = world.event(tenant, "order-1").await.notification_id;
    let path = format!("/api/v1/notifications/{}/user-1/{id}/read", tenant.id);
    drop(world.call(Request::put(path).key(&tenant.key)).await.expect(200));
    assert_eq!(world.sandbox(tenant, "SMS").await.len(), 5, "a reading, which is on record");
    let path = format!("/admin/v1/tenants/{}/suppressions", tenant.id);
    let address = json!({"channel": "SMS", "address": "+254712345678"});
    drop(world.admin(Method::POST, &path, &address).await.expect(200));
    forget(world, "user-2").await;

    let inside = Inside::of(world).await;
    let streams: Vec<(String, String)> =
        sqlx::query_as("select distinct aggregate_type, aggregate_id from events")
            .fetch_all(&inside.pool)
            .await
            .unwrap();
    for (kind, id) in &streams {
        match kind.as_str() {
            Tenant::TYPE => same::<Tenant>(&inside, id).await,
            Template::TYPE => same::<Template>(&inside, id).await,
            Notification::TYPE => same::<Notification>(&inside, id).await,
            Recipient::TYPE => same::<Recipient>(&inside, id).await,
            Evidence::TYPE => same::<Evidence>(&inside, id).await,
            Suppression::TYPE => same::<Suppression>(&inside, id).await,
            other => panic!("no aggregate is called {other}"),
        }
    }
    let kinds: BTreeSet<_> = streams.iter().map(|(kind, _)| kind.as_str()).collect();
    let all = [
        Tenant::TYPE,
        Template::TYPE,
        Notification::TYPE,
        Recipient::TYPE,
        Evidence::TYPE,
        Suppression::TYPE,
    ];
    assert_eq!(kinds, BTreeSet::from(all));
    inside.close().await;
}
