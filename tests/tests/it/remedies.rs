//! Messages of a day's use: the remedy where something is missing, the work that a command did, and why
//! something waits.

use std::process::Output;

use orqestra_tests::engine::Launch;
use orqestra_tests::folder::Folder;
use orqestra_tests::load::order;
use orqestra_tests::postgres::TestDatabase;
use orqestra_tests::world::World;
use serde_json::{Value, json};

use crate::cli_http::{bad, good, text};

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

fn launch(folder: &Folder, settings: &[(&str, &str)]) -> Launch {
    let own = [
        ("ORQESTRA_LISTEN", "127.0.0.1:0".to_owned()),
        ("ORQESTRA_DATA_DIR", folder.path().join("data").display().to_string()),
        ("ORQESTRA_MASTER_KEY", KEY.to_owned()),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value)).into_iter();
    let given = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Launch { folder: folder.path().to_owned(), settings: own.chain(given).collect() }
}

#[tokio::test]
async fn on_a_database_without_its_schema_a_process_says_what_to_run() {
    let (folder, database) = (Folder::new("remedies"), TestDatabase::empty().await);
    let launch = launch(&folder, &[("ORQESTRA_DATABASE_URL", &database.url())]);
    let commands: [&[&str]; 4] = [
        &["serve", "--role", "project"],
        &["serve", "--role", "dispatch"],
        &["log", "tail"],
        &["log", "show", "1"],
    ];
    for command in commands {
        let said = bad(&launch.run(command));
        assert!(
            said.contains("the database has no schema yet: run `orqestra bootstrap`"),
            "{command:?}: {said}"
        );
        assert!(
            said.contains("`orqestra migrate`") && said.contains("ORQESTRA_MIGRATION_DATABASE_URL"),
            "{said}"
        );
        assert!(!said.contains("relation"), "nothing of the inside: {said}");
    }
    let doctor = text(&launch.run(&["doctor"]).stdout);
    let schema = doctor.lines().find(|line| line.starts_with("AMISS  schema ")).unwrap_or_default();
    assert!(schema.ends_with("  is missing"), "{doctor}");

    let migrated = good(&launch.run(&["migrate"]));
    let lines: Vec<_> = migrated.lines().collect();
    assert_eq!(lines[0], "applied 0001 log", "{migrated}");
    let count = lines.len() - 1;
    assert_eq!(lines[count], format!("{count} of {count} migrations applied, the schema is this program's"));
    let again = good(&launch.run(&["migrate"]));
    assert_eq!(
        again,
        format!("nothing to do: all {count} migrations have run, the schema is this program's\n")
    );

    // That of an older version.
    let newest = "where version = (select max(version) from _sqlx_migrations)";
    sqlx::query(&format!("delete from _sqlx_migrations {newest}")).execute(database.pool()).await.unwrap();
    for command in commands {
        let said = bad(&launch.run(command));
        assert!(said.contains("lacks 1 migrations: run `orqestra migrate`"), "{command:?}: {said}");
    }
}

#[tokio::test]
async fn an_engine_listens_at_the_address_of_a_name() {
    let named = [("ORQESTRA_LISTEN", "localhost:0"), ("ORQESTRA_PROBES_LISTEN", "localhost:0")];
    let world = World::with(&named).await;
    assert!(world.engine().address().ip().is_loopback() && world.engine().probes().ip().is_loopback());
    drop(world.trigger(world.tenant(), &order(1)).await.expect(200));
    drop(world.drain().await);
    // Commands find it there by the settings alone.
    let folder = Folder::new("remedies");
    let at = format!("localhost:{}", world.engine().address().port());
    let token = world.launch().settings["ORQESTRA_ADMIN_TOKEN"].clone();
    let elsewhere = launch(&folder, &[("ORQESTRA_LISTEN", &at), ("ORQESTRA_ADMIN_TOKEN", &token)]);
    assert!(good(&elsewhere.run(&["tenant", "list"])).contains(&world.tenant().id.to_string()));
    // No name server is asked for a name with so long a part.
    let nowhere = format!("{}.invalid:0", "n".repeat(64));
    let said = bad(&launch(&folder, &[("ORQESTRA_LISTEN", &nowhere)]).run(&["up"]));
    assert!(said.contains("listen: ") && said.contains("no address and port"), "{said}");
    let said = bad(&launch(&folder, &[("ORQESTRA_LISTEN", "no-such-host.invalid:0")]).run(&["up"]));
    assert!(said.contains("cannot listen on no-such-host.invalid:0; set ORQESTRA_LISTEN"), "{said}");
}

#[tokio::test]
async fn a_variable_that_is_misspelt_is_named_and_its_value_is_not() {
    let world = World::with(&[
        ("ORQESTRA_ADMIN_TOKN", "a-value-that-may-be-secret"),
        ("ORQESTRA_PORT", "tcp://10.0.0.1:80"),
    ])
    .await;
    let log = world.engine().log();
    let told = "ORQESTRA_ADMIN_TOKN is not a variable of this program; did you mean ORQESTRA_ADMIN_TOKEN?";
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(lines.iter().any(|line| line["message"] == told && line["level"] == "WARN"), "{log}");
    assert!(!log.contains("may-be-secret") && !log.contains("ORQESTRA_PORT"), "{log}");
}

/// The finding of `doctor` on the engine.
fn engine(output: &Output) -> Value {
    let lines = text(&output.stdout);
    let findings = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    findings.into_iter().find(|finding| finding["part"] == "engine").unwrap()
}

#[tokio::test]
async fn doctor_tells_another_installations_engine_from_this_ones() {
    let world = World::start().await;
    let own = engine(&world.launch().run(&["doctor", "--json"]));
    assert_eq!(own["ok"], true, "{own}");
    // A folder that has seen no engine, whose address another one has taken.
    let folder = Folder::new("remedies");
    let at = world.engine().address().to_string();
    let found = engine(&launch(&folder, &[("ORQESTRA_LISTEN", &at)]).run(&["doctor", "--json"]));
    assert_eq!(found["ok"], false, "{found}");
    assert!(found["found"].as_str().unwrap().contains("is another installation's"), "{found}");
    assert!(found["whatToDo"].as_str().unwrap().contains("ORQESTRA_LISTEN"), "{found}");
    // A database of its own.
    let database = TestDatabase::empty().await;
    let other = launch(
        &folder,
        &[("ORQESTRA_DATABASE_URL", &database.url()), ("ORQESTRA_URL", &format!("http://{at}"))],
    );
    good(&other.run(&["migrate"]));
    let found = engine(&other.run(&["doctor", "--json"]));
    assert!(found["found"].as_str().unwrap().contains("another installation's: its log is "), "{found}");
    // Another process of the same one.
    let url = world.launch().settings["ORQESTRA_DATABASE_URL"].clone();
    let same = launch(&folder, &[("ORQESTRA_DATABASE_URL", &url), ("ORQESTRA_LISTEN", &at)]);
    let found = engine(&same.run(&["doctor", "--json"]));
    assert_eq!(found["ok"], true, "{found}");
}

#[tokio::test]
async fn a_wait_shows_why_a_channel_is_tried_again_and_when() {
    let world = World::with(&[("ORQESTRA_RETRY_DELAYS", "1h")]).await;
    let refusing =
        json!([{"kind": "smtp", "host": "127.0.0.1", "port": 1, "tls": "none", "from": "a@example.org"}]);
    world.providers(world.tenant(), "EMAIL", &refusing).await;
    let wait = ["--wait", "--wait-seconds", "3"];
    let event =
        ["trigger", "order.confirmed", "--user", "u-1", "--email", "a@example.org", "--channel", "EMAIL"];
    let output = world.launch().run(&[&event[..], &wait].concat());
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("\nEMAIL  RETRYING  smtp  smtp_connect_refused  next attempt at 20"), "{said}");
    assert_eq!(said.matches("RETRYING").count(), 1, "once as long as nothing changes: {said}");
    assert!(said.contains("1 of 3 channels have not ended within 3 s"), "{said}");
    // For a program, where it stands at the end of the wait.
    let output = world.launch().run(&[&event[..], &wait, &["--json"]].concat());
    let lines = text(&output.stdout);
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["status"], &last["cause"]),
        (&json!("RETRYING"), &json!("smtp_connect_refused")),
        "{lines}"
    );
}
