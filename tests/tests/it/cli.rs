//! The subcommands beside a running engine.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use orqestra_tests::engine::Launch;
use orqestra_tests::folder::Folder;
use orqestra_tests::load::order;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use rustix::process::{Pid, Signal};
use serde_json::Value;

const PRINTS_WITHIN: Duration = Duration::from_secs(30);

fn lines(output: &Output) -> Vec<Value> {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["eventType"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn log_show_prints_the_whole_story_of_an_event_and_nothing_personal() {
    let world = World::start().await;
    let tenant = world.tenant();
    drop(world.trigger(tenant, &order(1)).await.expect(200));
    drop(world.drain().await);
    let id = tenant.id.to_string();
    let output = world.launch().run(&["log", "show", "order-1", "--tenant", &id]);
    let events = lines(&output);
    let mut kinds = kinds(&events);
    assert_eq!(kinds[0], "NotificationAccepted");
    kinds.sort_unstable();
    let of = |kind: &str| kinds.iter().filter(|known| **known == kind).count();
    assert_eq!(
        [of("DeliveryRendered"), of("AttemptStarted"), of("AttemptSucceeded")],
        [3, 3, 3],
        "{kinds:?}"
    );
    for (number, event) in (1..).zip(&events) {
        assert_eq!(event["sequence"], number);
        assert_eq!(event["tenantId"], *id);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    for personal in ["user-1", "+254712345601", "ORD-1", "Order Confirmed"] {
        assert!(!text.contains(personal), "{personal} stands in the log: {text}");
    }
    let position = events[0]["position"].to_string();
    assert_eq!(lines(&world.launch().run(&["log", "show", &position])), events[..1]);
    let unknown = world.launch().run(&["log", "show", "nothing", "--tenant", &id]);
    assert!(!unknown.status.success());
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("the log holds no nothing"));
}

#[tokio::test]
async fn log_tail_prints_the_newest_events_in_order() {
    let world = World::start().await;
    drop(world.trigger(world.tenant(), &order(1)).await.expect(200));
    drop(world.drain().await);
    let events = lines(&world.launch().run(&["log", "tail", "-n", "4"]));
    let positions: Vec<_> = events.iter().map(|event| event["position"].as_i64().unwrap()).collect();
    assert_eq!(positions.len(), 4);
    assert!(positions.windows(2).all(|pair| pair[1] == pair[0] + 1), "{positions:?}");
    let id = world.tenant().id.to_string();
    let all = lines(&world.launch().run(&["log", "tail", "-n", "100000", "--tenant", &id]));
    assert!(all.iter().all(|event| event["tenantId"] == *id));
    assert_eq!(kinds(&all)[0], "TenantRegistered");
}

#[tokio::test]
async fn log_tail_follow_prints_what_comes_and_ends_with_0_by_ctrl_c() {
    let world = World::start().await;
    let tenant = world.tenant();
    let id = tenant.id.to_string();
    let out = world.folder().join("tail.out");
    let mut command = world.launch().command(&["log", "tail", "--follow", "-n", "1000", "--tenant", &id]);
    let mut child = command.stdout(File::create(&out).unwrap()).stderr(Stdio::null()).spawn().unwrap();
    let printed = async |what: &str| {
        wait::until_now(what, PRINTS_WITHIN, || {
            std::fs::read_to_string(&out).ok()?.contains(what).then_some(())
        })
        .await;
    };
    printed("TenantRegistered").await;
    drop(world.trigger(tenant, &order(1)).await.expect(200));
    printed("NotificationAccepted").await;
    assert!(child.try_wait().unwrap().is_none(), "it goes on");
    rustix::process::kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = wait::until_now("its end", PRINTS_WITHIN, || child.try_wait().unwrap()).await;
    assert_eq!(ended.code(), Some(0));
    drop(world.drain().await);
}

#[tokio::test]
async fn beside_a_running_up_each_command_finds_its_private_database() {
    let world = World::private().await;
    let tenant = world.tenant();
    drop(world.trigger(tenant, &order(1)).await.expect(200));
    drop(world.drain().await);
    let (launch, id) = (world.launch(), tenant.id.to_string());
    let story = lines(&launch.run(&["log", "show", "order-1", "--tenant", &id]));
    assert_eq!(kinds(&story)[0], "NotificationAccepted");
    let newest = lines(&launch.run(&["log", "tail", "-n", "3"]));
    assert_eq!(newest.len(), 3);
    let findings = lines(&launch.run(&["doctor", "--json"]));
    assert!(findings.iter().all(|finding| finding["ok"] == true), "{findings:#?}");
    let log = findings.iter().find(|finding| finding["part"] == "log").unwrap();
    assert_eq!(log["found"], format!("holds {} events", newest[2]["position"]));
    let migrated = launch.run(&["migrate"]);
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));

    world.sigterm().await;
    let silent = launch.run(&["log", "tail"]);
    assert_eq!(silent.status.code(), Some(1));
    let said = String::from_utf8_lossy(&silent.stderr);
    assert!(
        said.contains("nothing answers at the database of ")
            && said.contains("start the engine with `orqestra up`"),
        "{said}"
    );
    world.begin().await;
}

#[tokio::test]
async fn doctor_finds_nothing_amiss_with_a_good_set_up_and_names_what_is() {
    let world = World::start().await;
    let launch = world.launch();
    let output = launch.run(&["doctor"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("fsync is on") && said.contains("  log              holds "), "{said}");
    let findings = lines(&launch.run(&["doctor", "--json"]));
    assert!(findings.iter().all(|finding| finding["ok"] == true), "{findings:#?}");
    let schema = async |change: &str| {
        sqlx::query(change).execute(world.pool()).await.unwrap();
        let output = launch.run(&["doctor"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let at = said.lines().position(|line| line.contains("  schema ")).unwrap();
        let mut lines = said.lines().skip(at);
        let what = lines.clone().nth(1).filter(|line| line.trim_start().starts_with("-> "));
        (output.status.success(), format!("{}{}", lines.next().unwrap(), what.unwrap_or_default()))
    };
    let (good, said) = schema("select 1").await;
    assert!(good && said.ends_with("is this program's"), "{said}");
    let newest = "version = (select max(version) from _sqlx_migrations)";
    let (good, said) = schema(&format!("update _sqlx_migrations set success = false where {newest}")).await;
    assert!(
        !good && said.contains("lacks 1 migrations") && said.ends_with("run `orqestra migrate`"),
        "{said}"
    );
    let later = format!("update _sqlx_migrations set success = true, version = 9999 where {newest}");
    let (good, said) = schema(&later).await;
    assert!(!good && said.contains("has 1 migrations that this program does not know"), "{said}");

    let mut as_owner = launch.clone();
    let owner = as_owner.settings.remove("ORQESTRA_MIGRATION_DATABASE_URL").unwrap();
    as_owner.settings.insert("ORQESTRA_DATABASE_URL".to_owned(), owner);
    let output = as_owner.run(&["doctor"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("the engine works as the owner of the schema"));

    let mut away = launch;
    away.settings.insert("ORQESTRA_DATABASE_URL".to_owned(), "postgres://nobody@127.0.0.1:9/none".to_owned());
    let output = away.run(&["doctor"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("nothing listens at 127.0.0.1:9"));
}

#[tokio::test]
async fn doctor_names_what_others_may_read_what_waits_and_an_engine_that_is_none() {
    let world = World::start().await;
    drop(world.trigger(world.tenant(), &order(1)).await.expect(200));
    drop(world.drain().await);
    let mut launch = world.launch();
    launch.settings.insert("ORQESTRA_URL".to_owned(), format!("http://{}", world.engine().address()));
    let finding = |launch: &Launch, part: &str| {
        let output = launch.run(&["doctor", "--json"]);
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let findings = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let found = findings.into_iter().find(|finding| finding["part"] == part);
        let found = found.unwrap_or_else(|| panic!("nothing on {part}: {out}"));
        assert!(found["ok"] == true || output.status.code() == Some(1), "{out}");
        let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
        (found["ok"] == true, text("found"), text("whatToDo"))
    };
    for (part, said) in [
        ("data folder", "its owner's alone"),
        ("disk", "MiB are free at"),
        ("engine", "is ready at http://"),
        ("clock", "ms off the database's"),
        ("master key", "opens what the database holds"),
        ("parked", "no aggregate is set aside"),
        ("unknown", "no outcome waits for a decision"),
    ] {
        let (ok, found, _) = finding(&launch, part);
        assert!(ok && found.contains(said), "{part}: {found}");
    }

    let change = async |statement: &str| {
        sqlx::query(statement).execute(world.pool()).await.unwrap();
    };
    change(
        "insert into parked_events (subscription, aggregate_type, aggregate_id, position, reason)
         values ('none-v1', 'Notification', 'a', 1, 'r'), ('none-v1', 'Notification', 'b', 1, 'r')",
    )
    .await;
    let (ok, found, what) = finding(&launch, "parked");
    assert!(!ok && found == "aggregates are set aside: none-v1 2" && !what.is_empty(), "{found}: {what}");
    change("delete from parked_events").await;
    change(
        "insert into dispatch_due (tenant_id, notification_id, channel, kind, due_at, attempt)
         values (gen_random_uuid(), gen_random_uuid(), 'SMS', 'held', now(), 1)",
    )
    .await;
    let (ok, found, what) = finding(&launch, "unknown");
    assert!(!ok && found == "1 outcomes wait for a decision" && what.contains("resend"), "{found}: {what}");
    change("delete from dispatch_due where kind = 'held'").await;

    let data = world.folder().join("data");
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&data, 0o755);
    let (ok, _, what) = finding(&launch, "data folder");
    assert!(!ok && what.starts_with("chmod 700 "), "{what}");
    mode(&data, 0o700);
    mode(&data.join("master.key"), 0o644);
    let (ok, _, what) = finding(&launch, "data folder");
    assert!(!ok && what.starts_with("chmod 600 ") && what.ends_with("master.key"), "{what}");
    mode(&data.join("master.key"), 0o600);

    let mut with = |name: &str, value: &str| launch.settings.insert(name.to_owned(), value.to_owned());
    let other = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    with("ORQESTRA_MASTER_KEY", other);
    with("ORQESTRA_URL", "http://127.0.0.1:9");
    let (ok, found, what) = finding(&launch, "master key");
    assert!(!ok && found.starts_with("does not open what the database holds"), "{found}");
    assert!(!what.is_empty() && !found.contains(other), "{found}: {what}");
    let (ok, found, _) = finding(&launch, "engine");
    assert!(ok && found.starts_with("none answers at http://127.0.0.1:9"), "{found}");
}

#[tokio::test]
async fn migrate_can_be_run_again_and_changes_nothing() {
    let world = World::start().await;
    let count = async || {
        let rows: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations")
            .fetch_one(world.pool())
            .await
            .unwrap();
        rows
    };
    let before = count().await;
    let output = world.launch().run(&["migrate"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(count().await, before);
    assert!(before > 0);
}

#[test]
fn the_environment_goes_before_the_file_and_the_file_before_the_default() {
    let folder = Folder::new("settings");
    let mut launch = Launch { folder: folder.path().to_owned(), settings: [].into() };
    let doctor = |launch: &Launch| String::from_utf8_lossy(&launch.run(&["doctor"]).stdout).into_owned();
    let default = doctor(&launch);
    assert!(
        default.contains(" ./.orqestra will be made") && default.contains(" 127.0.0.1:8080 is "),
        "{default}"
    );
    let file = "listen = \"127.0.0.1:9\"\ndata_dir = \"of-the-file\"\n";
    std::fs::write(folder.path().join("orqestra.toml"), file).unwrap();
    let of_the_file = doctor(&launch);
    assert!(
        of_the_file.contains(" of-the-file will be made") && of_the_file.contains(" 127.0.0.1:9 is "),
        "{of_the_file}"
    );
    let mut set = |name: &str, value: &str| launch.settings.insert(name.to_owned(), value.to_owned());
    set("ORQESTRA_LISTEN", "127.0.0.1:7");
    set("ORQESTRA_DATA_DIR", "");
    let both = doctor(&launch);
    assert!(both.contains(" of-the-file will be made") && both.contains(" 127.0.0.1:7 is "), "{both}");
}

#[tokio::test]
async fn another_master_key_than_the_logs_is_refused_at_the_start() {
    let world = World::start().await;
    drop(world.trigger(world.tenant(), &order(1)).await.expect(200));
    drop(world.drain().await);
    world.sigterm().await;
    world.set("ORQESTRA_MASTER_KEY", Some("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
    let refused = world.launch().run(&["up"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("this is not the master key of what the database holds"), "{said}");
    assert!(!said.contains("AAECAwQF"), "{said}");
    world.set("ORQESTRA_MASTER_KEY", None);
    world.begin().await;
    assert_eq!(world.history(world.tenant(), "user-1").await[0]["title"], "Order Confirmed");
}

#[tokio::test]
async fn a_wrong_setting_is_named_and_ends_the_program() {
    let world = World::start().await;
    let mut launch = world.launch();
    launch.settings.insert("ORQESTRA_LISTEN".to_owned(), "8080".to_owned());
    let output = launch.run(&["up"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("orqestra: listen: 8080 is no address and port"), "{said}");
}

#[tokio::test]
async fn last_words_that_standard_error_does_not_take_do_not_keep_the_process() {
    let folder = Folder::new("full-pipe");
    let launch = Launch { folder: folder.path().to_owned(), settings: [].into() };
    let (reader, writer) = std::io::pipe().unwrap();
    let mut filling = writer.try_clone().unwrap();
    let (filled, full) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while filling.write_all(&[b'x'; 4_096]).is_ok() {
            filled.send(()).ok();
        }
    });
    // A pipe takes 64 KB.
    for _ in 0..16 {
        full.recv_timeout(PRINTS_WITHIN).unwrap();
    }
    let mut child =
        launch.command(&["serve", "--role", "api"]).stdout(Stdio::null()).stderr(writer).spawn().unwrap();
    let ended = wait::until_now("its end", Duration::from_secs(10), || child.try_wait().unwrap()).await;
    assert_eq!(ended.code(), Some(1));
    drop(reader);
}
