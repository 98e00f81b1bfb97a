//! A database that an earlier version's engine left behind, killed in the middle of its work: it opens and goes on.
//!
//! `tests/logs` keeps one dump for each version that changed what is stored, with what that engine had answered. The
//! scenario is written by the engine of `ORQESTRA_BIN`: with `ORQESTRA_KEEP_LOG=FOLDER` its dump is kept, to become
//! the next version's fixture.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use orqestra_tests::load::order;
use orqestra_tests::postgres::TestDatabase;
use orqestra_tests::shop::Shop;
use orqestra_tests::smtp::Smtp;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::forgetting::forget;
use crate::inside;

const DUMP: &str = "dump.sql";
const ANSWERS: &str = "answers.json";
/// Which event each behaviour has; the number is the user's too.
const RETRIED: usize = 1;
const REFUSED: usize = 2;
const SENT_TWICE: usize = 3;
const HELD: usize = 4;
const READ: usize = 5;
const FORGOTTEN: usize = 6;
const WAITING: usize = 7;
const OPEN: usize = 8;
const EVENTS: usize = 9;
const FOUND_WITHIN: Duration = Duration::from_secs(30);
/// The log's processes share it, wherever they run.
const REALTIME: (&str, &str) = ("ORQESTRA_CENTRIFUGO_TOKEN_SECRET", "Tg4kz8WqPm2Vx7Nc1Rb9Ys6Lf3Hd5Jw0");

/// The engine's answers until it was killed.
#[derive(Serialize, Deserialize)]
struct Answers {
    tenant: Uuid,
    key: String,
    master_key: String,
    /// Where the tenant's mail server listens.
    mail: (String, u16),
    /// The end of each event, by its number.
    ends: Vec<String>,
    /// The notification's id of each event, by its number.
    notifications: Vec<String>,
    /// The history of each user that has one.
    histories: BTreeMap<String, Vec<Value>>,
}

impl Answers {
    fn tenant(&self) -> Tenant {
        Tenant { id: self.tenant, name: "YourTenantName".to_owned(), key: self.key.clone(), secret: None }
    }
}

fn numbered(number: usize) -> Value {
    let address = match number {
        RETRIED | WAITING => "fail451-1",
        REFUSED => "fail550",
        SENT_TWICE => "cut-1",
        HELD => "cut-2",
        OPEN => "hang-1",
        _ => "user",
    };
    let mut body = order(number);
    body["payload"]["recipientEmail"] = json!(format!("{address}+{number}@example.org"));
    body
}

fn event_id(number: usize) -> String {
    format!("order-{number}")
}

fn user(number: usize) -> String {
    format!("user-{number}")
}

/// Lets an engine work, kills it and keeps its database and its answers.
async fn leave_behind(folder: &Path) {
    let database = TestDatabase::empty().await;
    // Loopback addresses are many: one that no other test has is made of this process's id.
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let mail = (format!("127.25.{high}.{low}"), 2525);
    let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [7; 32]);
    let slow = [("ORQESTRA_RETRY_DELAYS", "300ms,3s,3s,3s"), REALTIME];
    let world = World::over(&database, &key, &slow).await;
    let shop = Shop::with_mail_at(world, Smtp::start_at(&mail.0, mail.1)).await;
    let (world, tenant) = (&shop.world, shop.tenant());
    drop(
        world
            .template(tenant, "order.confirmed", "SMS", &json!({"body": "{{ title }} again"}))
            .await
            .expect(200),
    );
    for number in 0..WAITING {
        drop(world.accept(tenant, &numbered(number)).await);
    }
    drop(world.drain().await);
    let read = world.event(tenant, &event_id(READ)).await.notification_id;
    drop(world.read(tenant, tenant.id, &user(READ), &read).await.expect(200));
    forget(world, &user(FORGOTTEN)).await;
    world.sigterm().await;
    world.set("ORQESTRA_RETRY_DELAYS", Some("5s"));
    world.begin().await;

    for number in [WAITING, OPEN] {
        drop(world.accept(tenant, &numbered(number)).await);
    }
    let mail_is = |status: &'static str| {
        move |state: &orqestra_tests::state::EventState| {
            let others = ["SMS", "PUSH"].iter().all(|channel| state.channel(channel).status == "SENT");
            others && state.channel("EMAIL").status == status
        }
    };
    world.event_when(tenant, &event_id(OPEN), mail_is("SENDING")).await;
    world.event_when(tenant, &event_id(WAITING), mail_is("RETRYING")).await;
    let mut answers = Answers {
        tenant: tenant.id,
        key: tenant.key.clone(),
        master_key: key,
        mail,
        ends: Vec::new(),
        notifications: Vec::new(),
        histories: BTreeMap::new(),
    };
    for number in 0..EVENTS {
        let state = world.event(tenant, &event_id(number)).await;
        answers.ends.push(state.ends());
        answers.notifications.push(state.notification_id);
        answers.histories.insert(user(number), world.history(tenant, &user(number)).await);
    }
    world.kill9().await;
    std::fs::write(folder.join(DUMP), database.dump()).unwrap();
    std::fs::write(folder.join(ANSWERS), serde_json::to_string_pretty(&answers).unwrap()).unwrap();
    // A world ends with an engine that has nothing left to do.
    world.begin().await;
    drop(world.drain().await);
}

/// Opens what an engine left behind with the one under test, and checks that nothing is lost, changed or repeated.
async fn goes_on(folder: &Path) {
    let answers = std::fs::read_to_string(folder.join(ANSWERS)).unwrap();
    let answers: Answers = serde_json::from_str(&answers).unwrap();
    let database = TestDatabase::empty().await;
    // The dump grants to it.
    drop(orqestra_tests::server::app_role(database.options(), &database.url()).await);
    database.restore(&folder.join(DUMP));
    let (before, frozen): (i64, Vec<u8>) = log(&database).await;
    let smtp = Smtp::start_at(&answers.mail.0, answers.mail.1);
    let id = answers.tenant.to_string();
    let settings = [
        ("ORQESTRA_BOOTSTRAP_TENANT_ID", id.as_str()),
        ("ORQESTRA_BOOTSTRAP_API_KEY", &answers.key),
        REALTIME,
    ];
    let world = World::over(&database, &answers.master_key, &settings).await;
    let tenant = answers.tenant();

    // What waited or was under way goes out; what was settled stays as it was.
    for number in 0..EVENTS {
        let state = world.settled(&tenant, &event_id(number)).await;
        assert_eq!(state.notification_id, answers.notifications[number]);
        let was = &answers.ends[number];
        match number {
            WAITING => assert_eq!(was, "EMAIL RETRYING (smtp_451), SMS SENT, PUSH SENT"),
            OPEN => assert_eq!(was, "EMAIL SENDING, SMS SENT, PUSH SENT"),
            _ => assert_eq!(&state.ends(), was, "{number}"),
        }
        let mail = state.channel("EMAIL");
        if number == WAITING {
            assert_eq!(mail.status, "SENT", "{mail:?}");
            let mails = smtp.to(&format!("fail451-1+{WAITING}@example.org"));
            assert_eq!(mails.len(), 1, "{mails:?}");
            assert_eq!(mails[0].delivery(), mail.delivery_id);
        }
        if number == OPEN {
            // The new mail server does not know that this one was to hang once.
            assert_eq!(mail.attempts(), ["UNKNOWN no_outcome", "UNKNOWN smtp_timeout"], "{mail:?}");
            assert!(mail.possible_duplicate && !mail.attempts[0].possible_duplicate, "{mail:?}");
        }
        assert_eq!(world.history(&tenant, &user(number)).await, answers.histories[&user(number)], "{number}");
    }

    // A repeat is known, a new event is accepted, an old push can be marked as read.
    let (known, _) = log(&database).await;
    drop(world.trigger(&tenant, &numbered(RETRIED)).await.expect(200));
    assert_eq!(log(&database).await.0, known, "a repeat stores nothing");
    let again = order(40 + RETRIED);
    drop(world.accept(&tenant, &again).await);
    let state = world.settled(&tenant, &event_id(40 + RETRIED)).await;
    assert_eq!(state.ends(), "EMAIL SENT, SMS SENT, PUSH SENT");
    let old = &answers.notifications[RETRIED];
    drop(world.read(&tenant, tenant.id, &user(RETRIED), old).await.expect(200));
    let rows = world.history(&tenant, &user(RETRIED)).await;
    let status = rows.iter().find(|row| row["id"] == json!(old)).map(|row| row["status"].clone());
    assert_eq!((rows.len(), status), (2, Some(json!("READ"))));

    // What was accepted before there was a search is found by it, but for a person who was forgotten.
    for number in 0..EVENTS {
        let path = format!(
            "/admin/v1/events?tenantId={}&userId={}&since=2000-01-01T00:00:00Z",
            tenant.id,
            user(number)
        );
        let old = json!(answers.notifications[number]);
        wait::until("the look-up", FOUND_WITHIN, async || {
            let found = world.admin_get(&path).await.expect(200).json()["data"].clone();
            let is_found = found.as_array()?.iter().any(|event| event["notificationId"] == old);
            (is_found == (number != FORGOTTEN)).then_some(())
        })
        .await;
    }

    // Its leaves verify, and the tables equal a rebuild from the log.
    inside::agrees(&world).await;
    let (_, still) = prefix(&database, before).await;
    assert_eq!(still, frozen, "what was stored stays as it was");
}

async fn log(database: &TestDatabase) -> (i64, Vec<u8>) {
    prefix(database, i64::MAX).await
}

/// How many events there are up to a position, and a hash over all that is stored of them.
async fn prefix(database: &TestDatabase, up_to: i64) -> (i64, Vec<u8>) {
    sqlx::query_as(
        "select count(*), sha256(convert_to(string_agg(concat_ws('|', position, event_id, event_version, payload, metadata,
                leaf, recorded_at), '|' order by position), 'UTF8'))
           from events where position <= $1",
    )
    .bind(up_to)
    .fetch_one(database.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn logs_that_earlier_versions_left_behind_open_verify_and_go_on() {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("logs");
    let mut folders: Vec<_> = std::fs::read_dir(logs).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(!folders.is_empty());
    for folder in folders {
        println!("{}", folder.display());
        goes_on(&folder).await;
    }
}

#[tokio::test]
async fn the_log_that_a_killed_engine_leaves_behind_opens_and_goes_on_elsewhere() {
    let own = orqestra_tests::folder::Folder::new("left-behind");
    let kept = std::env::var_os("ORQESTRA_KEEP_LOG").map(std::path::PathBuf::from);
    let folder = kept.as_deref().unwrap_or(own.path());
    leave_behind(folder).await;
    goes_on(folder).await;
}
