//! Receipts that bring no id of ours back: matched by the provider's id, by the number where that was lost, and waiting till then.

use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use orqestra_commands::{ClearSecret, TenantEntry};
use orqestra_dispatch::callback::{Callback, Matching, Receipts, Taken};
use orqestra_dispatch::rebuild_due;
use orqestra_domain::notification::{AttemptOutcome, Delivery, ReceiptSays};
use orqestra_domain::provider::{AfricasTalkingConfig, HttpConfig};
use orqestra_domain::{Channel, NotificationId, StreamId};
use orqestra_event_log::MIGRATOR;
use orqestra_tests::postgres::TestCluster;
use sqlx::{Executor as _, PgPool};

use crate::callbacks::{called, is_sent};
use crate::http::{Config, KEY, at, listed, shop, takes};
use crate::http_server::{HttpServer, Reply};
use crate::world::{World, settings};

const SMS: Channel = Channel::Sms;
const SECRET: &str = "0123456789abcdef";
const OTHER_SECRET: &str = "fedcba9876543210";
/// Where every message of these tests goes, as a form says it.
const NUMBER: &str = "phoneNumber=%2B254712345678";

fn account(username: &str, secret: &str, url: &str) -> Config {
    HttpConfig::AfricasTalking(AfricasTalkingConfig {
        username: username.to_owned(),
        api_key: ClearSecret(KEY.to_owned()),
        from: None,
        endpoint: at(url),
        webhook_secret: Some(ClearSecret(secret.to_owned())),
    })
}

/// A tenant that sends by one account, and what the account's API answers.
struct Scene {
    world: World,
    server: HttpServer,
    tenant: Arc<TenantEntry>,
}

impl Scene {
    async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::over(World::new().await, replies).await
    }

    async fn over(world: World, replies: impl IntoIterator<Item = Reply>) -> Self {
        let server = HttpServer::start(replies).await;
        let tenant = shop(&world, SMS, vec![listed(account("shop", SECRET, &server.base_url()))]).await;
        Self { world, server, tenant }
    }

    /// Accepts so many messages, and has each sent or without an answer.
    async fn sent(&self, events: &[&str]) -> Vec<NotificationId> {
        let dispatch = self.world.dispatch(settings());
        let mut all = Vec::new();
        for event in events {
            all.push(self.world.trigger(&self.tenant, event).await);
            let is_over = |delivery: &Delivery| delivery.state.is_settled() || is_unanswered(delivery);
            self.world.delivery(&self.tenant, *all.last().unwrap(), SMS, is_over).await;
        }
        self.world.read_up().await;
        dispatch.stop().await;
        all
    }

    /// Has the subscription read what was recorded meanwhile.
    async fn read_up(&self) {
        let dispatch = self.world.dispatch(settings());
        self.world.read_up().await;
        dispatch.stop().await;
    }

    async fn reported(&self, body: &str) -> Vec<Taken> {
        self.reported_by(SECRET, body).await
    }

    async fn reported_by(&self, secret: &str, body: &str) -> Vec<Taken> {
        let callback = Callback {
            url: None,
            path_secret: Some(secret),
            headers: &HeaderMap::new(),
            body: body.as_bytes(),
            now: self.world.now(),
        };
        called(&self.world, self.tenant.id, "africastalking", &callback).await
    }

    fn matching(&self) -> Matching {
        self.matching_over(self.world.pool())
    }

    fn matching_over(&self, pool: &PgPool) -> Matching {
        Receipts::new(self.world.commands.clone(), pool.clone()).matching(settings().open_at_most())
    }

    /// Looks as often as it takes to believe a number.
    async fn looked(&self) {
        let mut matching = self.matching();
        for _ in 0..3 {
            matching.look().await.unwrap();
        }
    }

    /// Looks once no attempt of now is open any more.
    async fn looked_later(&self) {
        self.world.clock.advance(settings().open_at_most());
        self.looked().await;
    }

    async fn story(&self, id: NotificationId) -> Delivery {
        self.world.story(&self.tenant, id).await.deliveries.remove(&SMS).unwrap()
    }

    async fn words(&self, id: NotificationId) -> Vec<ReceiptSays> {
        self.story(id).await.receipts.iter().map(|receipt| receipt.says).collect()
    }

    async fn count(&self, table: &str) -> i64 {
        let count = format!("select count(*) from {table}");
        sqlx::query_scalar(&count).fetch_one(self.world.pool()).await.unwrap()
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        self.world.database.texts(sql).await
    }
}

/// Whether its one attempt has no outcome that is known, whatever the delivery waits for.
fn is_unanswered(delivery: &Delivery) -> bool {
    matches!(&delivery.attempts[..], [attempt] if attempt.is_unknown()) && !is_sent(delivery)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_comes_before_its_message_is_known_waits_for_it() {
    let scene = Scene::new([takes("africastalking")]).await;
    let id = scene.world.trigger(&scene.tenant, "e-1").await;
    for times in ["once", "twice"] {
        assert_eq!(scene.reported("id=m-1&status=Success").await, [Taken::Waits], "it comes {times}");
    }
    let dispatch = scene.world.dispatch(settings());
    let has_one = |delivery: &Delivery| !delivery.receipts.is_empty();
    let delivery = scene.world.delivery(&scene.tenant, id, SMS, has_one).await;
    assert_eq!((delivery.receipts.len(), delivery.receipts[0].says), (1, ReceiptSays::Delivered));
    assert!(is_sent(&delivery), "{delivery:?}");
    scene.world.read_up().await;
    assert_eq!(scene.reported("id=m-1&status=Success").await, [Taken::Recorded], "its message is known");
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_is_sent_by_a_report_that_names_its_number() {
    let scene = Scene::new([Reply::Reset]).await;
    let [id] = scene.sent(&["e-1"]).await[..] else { panic!("one") };
    assert!(is_unanswered(&scene.story(id).await));
    let report = |status: &str| format!("id=m-9&status={status}&{NUMBER}");
    assert_eq!(scene.reported(&report("Sent")).await, [Taken::Waits]);
    scene.looked().await;
    assert!(is_unanswered(&scene.story(id).await), "another message to the number may still be open");
    scene.looked_later().await;
    let delivery = scene.story(id).await;
    assert!(is_sent(&delivery), "{delivery:?}");
    let AttemptOutcome::Proved { provider_message_id: Some(message), .. } = &delivery.attempts[0].outcome
    else {
        panic!("{delivery:?}")
    };
    assert_eq!(message, "m-9");
    // What comes later is of a message that is known by its id.
    let dispatch = scene.world.dispatch(settings());
    scene.world.read_up().await;
    assert_eq!(scene.reported(&report("Success")).await, [Taken::Recorded]);
    assert_eq!(scene.words(id).await, [ReceiptSays::Deferred, ReceiptSays::Delivered]);
    assert_eq!((scene.count("unanswered_attempts").await, scene.count("waiting_receipts").await), (0, 0));
    assert_eq!(scene.server.asked().len(), 1, "one message");
    scene.world.due_table_is_right().await;
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_tells_no_message_where_two_may_be_meant() {
    // Two messages without an answer, and one report.
    let scene = Scene::new([Reply::Reset]).await;
    let two = scene.sent(&["e-1", "e-2"]).await;
    assert_eq!(scene.reported(&format!("id=m-9&status=Success&{NUMBER}")).await, [Taken::Waits]);
    scene.looked_later().await;
    for id in two {
        assert!(is_unanswered(&scene.story(id).await));
    }
    assert_eq!(scene.count("waiting_receipts").await, 1, "it waits on");
    // One message without an answer, and the reports of two.
    let scene = Scene::new([Reply::Reset]).await;
    let [id] = scene.sent(&["e-1"]).await[..] else { panic!("one") };
    for message in ["m-8", "m-9"] {
        let report = format!("id={message}&status=Success&{NUMBER}");
        assert_eq!(scene.reported(&report).await, [Taken::Waits]);
    }
    scene.looked_later().await;
    assert!(is_unanswered(&scene.story(id).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_of_no_attempt_that_began_after_it_or_at_another_tenant_or_number() {
    let scene = Scene::new([Reply::Reset]).await;
    assert_eq!(scene.reported(&format!("id=m-7&status=Success&{NUMBER}")).await, [Taken::Waits]);
    scene.world.clock.advance(Duration::from_secs(1));
    let [id] = scene.sent(&["e-1"]).await[..] else { panic!("one") };
    let other =
        shop(&scene.world, SMS, vec![listed(account("shop", OTHER_SECRET, "http://127.0.0.1:1"))]).await;
    let theirs =
        Scene { tenant: other, world: scene.world.another().await, server: HttpServer::start([]).await };
    let report = format!("id=m-8&status=Success&{NUMBER}");
    assert_eq!(theirs.reported_by(OTHER_SECRET, &report).await, [Taken::Waits]);
    assert_eq!(scene.reported("id=m-9&status=Success&phoneNumber=%2B254712345679").await, [Taken::Waits]);
    scene.looked_later().await;
    assert!(is_unanswered(&scene.story(id).await));
    assert_eq!(scene.count("waiting_receipts").await, 3);
    // The one from before keeps no other back.
    scene.read_up().await;
    assert_eq!(scene.reported(&format!("id=m-6&status=Success&{NUMBER}")).await, [Taken::Waits]);
    scene.looked_later().await;
    assert!(is_sent(&scene.story(id).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_not_believed_while_an_attempt_from_before_is_overdue() {
    let scene = Scene::new([Reply::Reset]).await;
    let [id] = scene.sent(&["e-1"]).await[..] else { panic!("one") };
    assert_eq!(scene.reported(&format!("id=m-9&status=Success&{NUMBER}")).await, [Taken::Waits]);
    let open = "insert into dispatch_due (tenant_id, notification_id, channel, kind, due_at, attempt)
                select tenant_id, gen_random_uuid(), 'SMS', 'sweep', unknown_at, 1 from unanswered_attempts";
    scene.world.pool().execute(open).await.unwrap();
    scene.looked_later().await;
    assert!(is_unanswered(&scene.story(id).await));
    scene.world.pool().execute("delete from dispatch_due where kind = 'sweep'").await.unwrap();
    scene.looked().await;
    assert!(is_sent(&scene.story(id).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_of_one_account_alone() {
    let scene = Scene::new([takes("africastalking")]).await;
    let [first] = scene.sent(&["e-1"]).await[..] else { panic!("one") };
    let url = scene.server.base_url();
    let list = vec![listed(account("shop2", OTHER_SECRET, &url)), listed(account("shop", SECRET, &url))];
    scene.world.providers(scene.tenant.id, SMS, list).await;
    let scene = Scene { tenant: scene.world.entry(scene.tenant.id), ..scene };
    let report = "id=m-1&status=Success";
    assert_eq!(scene.reported_by(OTHER_SECRET, report).await, [Taken::Waits], "it is of no message yet");
    let [second] = scene.sent(&["e-2"]).await[..] else { panic!("one") };
    scene.looked().await;
    assert_eq!(scene.words(second).await, [ReceiptSays::Delivered]);
    assert_eq!(scene.words(first).await, []);
    assert_eq!(scene.reported("id=m-1&status=Failed").await, [Taken::Recorded]);
    assert_eq!(scene.words(first).await, [ReceiptSays::Undelivered]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_receipts_are_matched_by_is_rebuilt_from_the_log() {
    let scene = Scene::new([takes("africastalking"), Reply::Reset]).await;
    let [_, held] = scene.sent(&["e-1", "e-2"]).await[..] else { panic!("two") };
    let messages = "select m::text from provider_messages m";
    let attempts = "select concat_ws('|', tenant_id, notification_id, instance, attempt, unknown_at)
                      from unanswered_attempts";
    let before = (scene.texts(messages).await, scene.texts(attempts).await);
    assert_eq!((before.0.len(), before.1.len()), (1, 1));
    let damage = "delete from provider_messages;
                  update unanswered_attempts set notification_id = gen_random_uuid(), attempt = 7";
    sqlx::raw_sql(damage).execute(scene.world.pool()).await.unwrap();
    let rebuilt = rebuild_due(scene.world.commands.log(), scene.world.pool(), &settings()).await.unwrap();
    assert_eq!(rebuilt.differences, 0);
    assert_eq!((scene.texts(messages).await, scene.texts(attempts).await), before);
    assert_eq!(scene.reported("id=m-1&status=Success").await, [Taken::Recorded]);
    scene.read_up().await;
    assert_eq!(scene.reported(&format!("id=m-9&status=Success&{NUMBER}")).await, [Taken::Waits]);
    scene.looked_later().await;
    assert!(is_sent(&scene.story(held).await));
}

/// Lets reports of a message wait, from so long ago, as many as that.
async fn waits(scene: &Scene, message: &str, ago: Duration, many: i32) {
    sqlx::query(
        "insert into waiting_receipts (tenant_id, provider, instance, message_id, event_ref, channel, receipt,
                                       occurred_at, received_at)
         select $1, 'africastalking', $2, $3, decode(lpad(to_hex(n), 64, '0'), 'hex'), 'SMS', 'delivered', $4, $4
           from generate_series(1, $5) n",
    )
    .bind(scene.tenant.id.as_uuid())
    .bind(scene.tenant.record.providers[&SMS][0].instance.as_uuid())
    .bind(message)
    .bind(scene.world.now().minus(ago).as_datetime())
    .bind(many)
    .execute(scene.world.pool())
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_cannot_be_stored_keeps_no_other_waiting() {
    let replies = ["m-1", "m-2"].map(|id| {
        let recipient = format!(r#"[{{"statusCode":102,"messageId":"{id}"}}]"#);
        let told = format!(r#"{{"SMSMessageData":{{"Message":"Sent","Recipients":{recipient}}}}}"#);
        Reply::Answer(201, "", told)
    });
    let scene = Scene::new(replies).await;
    let [spoilt, good] = scene.sent(&["e-1", "e-2"]).await[..] else { panic!("two") };
    scene.world.spoil(&StreamId::notification(scene.tenant.id, spoilt)).await;
    // More than one look takes, and all of them older.
    waits(&scene, "m-1", Duration::from_mins(2), 510).await;
    waits(&scene, "m-2", Duration::from_mins(1), 1).await;
    // Of a process that has not seen the first one's story.
    let fresh = Scene { world: scene.world.another().await, tenant: Arc::clone(&scene.tenant), ..scene };
    let mut matching = fresh.matching();
    // On a slow machine a look may not come through what it takes.
    for _ in 0..10 {
        fresh.world.clock.advance(Duration::from_secs(1));
        matching.look().await.unwrap_err();
        if !fresh.words(good).await.is_empty() {
            break;
        }
    }
    assert_eq!(fresh.words(good).await, [ReceiptSays::Delivered]);
    assert_eq!(fresh.count("waiting_receipts").await, 510);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_of_a_newer_program_waits_and_keeps_no_other_waiting() {
    let scene = Scene::new([takes("africastalking")]).await;
    let [id] = scene.sent(&["e-1"]).await[..] else { panic!("one") };
    waits(&scene, "m-1", Duration::from_mins(2), 510).await;
    scene.world.pool().execute("update waiting_receipts set receipt = 'read aloud'").await.unwrap();
    assert_eq!(scene.reported("id=m-2&status=Success").await, [Taken::Waits]);
    scene
        .world
        .pool()
        .execute("update waiting_receipts set message_id = 'm-1' where message_id = 'm-2'")
        .await
        .unwrap();
    scene.looked().await;
    assert_eq!(scene.words(id).await, [ReceiptSays::Delivered]);
    assert_eq!(scene.count("waiting_receipts").await, 510);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_waits_for_a_day_and_a_message_is_known_for_seven() {
    let scene = Scene::new([takes("africastalking"), Reply::Reset]).await;
    let [id, _] = scene.sent(&["e-1", "e-2"]).await[..] else { panic!("two") };
    // More than one statement deletes.
    waits(&scene, "m-8", Duration::ZERO, 1_100).await;
    scene.world.clock.advance(Duration::from_hours(24));
    scene.looked().await;
    assert_eq!(scene.count("waiting_receipts").await, 1_100);
    scene.world.clock.advance(Duration::from_secs(1));
    scene.matching().look().await.unwrap();
    assert_eq!(scene.count("waiting_receipts").await, 0, "one look drops all of them");
    let known = async || (scene.count("provider_messages").await, scene.count("unanswered_attempts").await);
    scene.world.clock.advance(Duration::from_hours(6 * 24) - Duration::from_secs(1));
    scene.looked().await;
    assert_eq!(known().await, (1, 1));
    assert_eq!(scene.reported("id=m-1&status=Success").await, [Taken::Recorded]);
    assert_eq!(scene.words(id).await, [ReceiptSays::Delivered]);
    scene.world.clock.advance(Duration::from_secs(1));
    scene.looked().await;
    assert_eq!(known().await, (0, 0));
    assert_eq!(scene.reported("id=m-1&status=Failed").await, [Taken::Waits]);
    rebuild_due(scene.world.commands.log(), scene.world.pool(), &settings()).await.unwrap();
    assert_eq!(known().await, (0, 0), "a rebuild brings back nothing that is too old");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engines_role_lets_receipts_wait_and_matches_them() {
    // Its own server: roles are the server's, not the database's.
    let cluster = tokio::task::spawn_blocking(TestCluster::start).await.unwrap().unwrap();
    let database = cluster.database().await;
    database.pool().execute("create role orqestra_app login").await.unwrap();
    MIGRATOR.run(database.pool()).await.unwrap();
    let engine = PgPool::connect_lazy_with(database.options().clone().username("orqestra_app"));
    let scene = Scene::over(World::on(Arc::new(database)).await, [Reply::Reset]).await;
    let [id] = scene.sent(&["e-1"]).await[..] else { panic!("one") };
    let recorder = Receipts::new(scene.world.commands.clone(), engine.clone());
    let callback = Callback {
        url: None,
        path_secret: Some(SECRET),
        headers: &HeaderMap::new(),
        body: format!("id=m-9&status=Success&{NUMBER}").into_bytes().leak(),
        now: scene.world.now(),
    };
    let (verified, receipts) = recorder.verify(&scene.tenant, "africastalking", &callback).await.unwrap();
    for receipt in receipts {
        let taken = recorder.record(verified.clone(), receipt, &crate::world::ctx()).await.unwrap();
        assert_eq!(taken, Taken::Waits);
    }
    scene.world.clock.advance(settings().open_at_most());
    let mut matching = scene.matching_over(&engine);
    for _ in 0..3 {
        matching.look().await.unwrap();
    }
    assert!(is_sent(&scene.story(id).await));
    rebuild_due(scene.world.commands.log(), &engine, &settings()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_not_believed_before_the_subscription_has_read_what_may_tell_another_message() {
    let scene = Scene::new([Reply::Reset]).await;
    let [id] = scene.sent(&["e-1"]).await[..] else { panic!("one") };
    assert_eq!(scene.reported(&format!("id=m-9&status=Success&{NUMBER}")).await, [Taken::Waits]);
    scene.world.trigger(&scene.tenant, "e-2").await;
    scene.looked_later().await;
    assert!(is_unanswered(&scene.story(id).await));
    // Nothing carries the other one.
    scene.world.providers(scene.tenant.id, SMS, Vec::<orqestra_commands::ListedProvider>::new()).await;
    scene.read_up().await;
    scene.looked().await;
    assert!(is_sent(&scene.story(id).await));
}
