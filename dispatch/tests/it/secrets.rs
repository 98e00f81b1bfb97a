//! A secret of callbacks that cannot be opened: the log tells of it once, for any number of callbacks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::HeaderMap;
use orqestra_commands::ClearSecret;
use orqestra_dispatch::callback::{Callback, Receipts};
use orqestra_domain::Channel;
use orqestra_domain::provider::{AfricasTalkingConfig, HttpConfig};
use serde_json::{Value, json};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::http::{KEY, at, listed, shop};
use crate::world::World;

const SMS: Channel = Channel::Sms;
const SECRET: &str = "0123456789abcdef";

/// Counts log lines of errors.
#[derive(Clone, Default)]
struct Errors(Arc<AtomicUsize>);

impl Subscriber for Errors {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if *event.metadata().level() == Level::ERROR {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_secret_that_cannot_be_opened_is_told_of_once_an_outage_however_often_it_is_called() {
    let world = World::new().await;
    let account = HttpConfig::AfricasTalking(AfricasTalkingConfig {
        username: "shop".to_owned(),
        api_key: ClearSecret(KEY.to_owned()),
        from: None,
        endpoint: at("http://127.0.0.1:1"),
        webhook_secret: Some(ClearSecret(SECRET.to_owned())),
    });
    let tenant = shop(&world, SMS, vec![listed(account)]).await;
    let good = serde_json::to_value(&tenant.record.providers[&SMS]).unwrap();
    let mut bad: Value = good.clone();
    bad[0]["webhookSecret"]["data"] = json!("AAAA");
    let receipts = Receipts::new(world.commands.clone(), world.pool().clone());
    let errors = Errors::default();
    let _told = tracing::subscriber::set_default(errors.clone());
    let called = async |stored: &Value| {
        world.providers_as_stored(tenant.id, SMS, stored.clone()).await;
        let mut taken = 0;
        for _ in 0..3 {
            let callback = Callback {
                url: None,
                path_secret: Some(SECRET),
                headers: &HeaderMap::new(),
                body: b"id=m-1&status=Success",
                now: world.now(),
            };
            let entry = world.entry(tenant.id);
            taken += usize::from(receipts.verify(&entry, "africastalking", &callback).await.is_ok());
        }
        (taken, errors.0.load(Ordering::SeqCst))
    };
    assert_eq!(called(&bad).await, (0, 1));
    assert_eq!(called(&good).await, (3, 1));
    assert_eq!(called(&bad).await, (0, 2), "another outage");
}
