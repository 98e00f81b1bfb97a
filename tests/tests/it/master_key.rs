//! The master key of an installation: one process makes it, `serve` never does, and no second one is ever used.

use std::process::{Child, Output, Stdio};

use orqestra_tests::engine::Launch;
use orqestra_tests::folder::Folder;
use orqestra_tests::postgres::TestDatabase;

/// A process with a data folder of its own on this database.
pub(crate) fn launch(folder: &Folder, database: &TestDatabase, name: &str) -> Launch {
    let own = folder.path().join(name);
    std::fs::create_dir(&own).expect("a folder in our own");
    let settings = [
        ("ORQESTRA_LISTEN", "127.0.0.1:0".to_owned()),
        ("ORQESTRA_DATA_DIR", own.join("data").display().to_string()),
        ("ORQESTRA_DATABASE_URL", database.url()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
    Launch { folder: own, settings }
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What all of them say that prepare their database at the same moment.
pub(crate) fn bootstrapped(launches: &[Launch]) -> Vec<Output> {
    let start = |launch: &Launch| {
        let mut command = launch.command(&["bootstrap"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("running the engine's program")
    };
    let started: Vec<Child> = launches.iter().map(start).collect();
    started.into_iter().map(|child| child.wait_with_output().expect("an end")).collect()
}

#[tokio::test]
async fn serve_makes_no_key_and_says_what_to_do() {
    let (folder, database) = (Folder::new("master-key"), TestDatabase::empty().await);
    let migrated = launch(&folder, &database, "migrate").run(&["migrate"]);
    assert!(migrated.status.success(), "{}", said(&migrated));
    for role in ["api", "project", "dispatch"] {
        let serve = launch(&folder, &database, role);
        let refused = serve.run(&["serve", "--role", role]);
        assert_eq!(refused.status.code(), Some(1));
        let said = said(&refused);
        assert!(said.contains("orqestra bootstrap") && said.contains("ORQESTRA_"), "{said}");
        for name in ["master.key", "realtime.secret", "admin.token"] {
            assert!(!serve.folder.join("data").join(name).exists(), "{role} made {name}");
        }
    }
    let keys: i64 =
        sqlx::query_scalar("select count(*) from data_keys").fetch_one(database.pool()).await.unwrap();
    assert_eq!(keys, 0);
}

#[tokio::test]
async fn of_many_that_make_a_key_at_once_one_does_and_the_others_end_and_keep_none() {
    let (folder, database) = (Folder::new("master-key"), TestDatabase::empty().await);
    let first = launch(&folder, &database, "first").run(&["migrate"]);
    assert!(first.status.success(), "{}", said(&first));
    let launches: Vec<Launch> = (0..6).map(|n| launch(&folder, &database, &n.to_string())).collect();
    let ended = bootstrapped(&launches);
    let made = ended.iter().filter(|output| output.status.success()).count();
    assert_eq!(made, 1, "{:?}", ended.iter().map(said).collect::<Vec<_>>());
    for (launch, output) in launches.iter().zip(&ended) {
        for name in ["master.key", "realtime.secret", "admin.token"] {
            let key = launch.folder.join("data").join(name);
            assert_eq!(key.exists(), output.status.success(), "{name}: {}", said(output));
        }
        if !output.status.success() {
            assert!(said(output).contains("another master key"), "{}", said(output));
        }
        let again = launch.run(&["bootstrap"]);
        assert_eq!(again.status.success(), output.status.success(), "{}", said(&again));
    }
    let masters: i64 =
        sqlx::query_scalar("select count(distinct substring(wrapped from 2 for 8)) from data_keys")
            .fetch_one(database.pool())
            .await
            .unwrap();
    assert_eq!(masters, 1, "every data key is wrapped with the one master key");
}
