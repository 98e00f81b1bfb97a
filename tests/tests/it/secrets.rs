//! The secrets that the processes of an installation share: one of a kind is made, and a process with another one does not
//! start.

use std::process::Output;

use orqestra_tests::engine::{Engine, Launch};
use orqestra_tests::folder::Folder;
use orqestra_tests::postgres::TestDatabase;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rustix::process::Signal;
use serde_json::Value;

use crate::master_key::{bootstrapped, launch, said};

const MASTER_KEY: (&str, &str) = ("ORQESTRA_MASTER_KEY", "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=");
const REALTIME: &str = "ORQESTRA_CENTRIFUGO_TOKEN_SECRET";
const SECRET: &str = "rT5x-9vQ2mLw8Kd0Zb7Hc3Nf6Jp1Ys4GaEo";
const OTHER: &str = "Wq8e-1uB5zXn3Vm7Cr0Ty6Lk2Ih9Og4PsDa";

/// Processes with folders of their own on an empty database, all with these settings.
fn launches(folder: &Folder, database: &TestDatabase, settings: &[(&str, &str)]) -> Vec<Launch> {
    let with = |number: usize| {
        let mut launch = launch(folder, database, &number.to_string());
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        launch.settings.extend(settings);
        launch
    };
    (0..5).map(with).collect()
}

#[tokio::test]
async fn of_many_that_make_a_secret_at_once_one_does_and_the_others_end_and_keep_none() {
    for (settings, made, remedy) in [
        (&[MASTER_KEY][..], &["realtime.secret", "admin.token"][..], "--change-realtime-secret"),
        (&[MASTER_KEY, (REALTIME, SECRET)], &["admin.token"], "ORQESTRA_ADMIN_TOKEN"),
    ] {
        let (folder, database) = (Folder::new("secrets"), TestDatabase::empty().await);
        let launches = launches(&folder, &database, settings);
        let ended = bootstrapped(&launches);
        let told = || ended.iter().map(said).collect::<Vec<_>>();
        assert_eq!(ended.iter().filter(|output| output.status.success()).count(), 1, "{:?}", told());
        for (launch, output) in launches.iter().zip(&ended) {
            for name in made {
                let kept = launch.folder.join("data").join(name).exists();
                assert_eq!(kept, output.status.success(), "{name}: {}", said(output));
            }
            assert!(output.status.success() || said(output).contains(remedy), "{}", said(output));
            let again = launch.run(&["bootstrap"]);
            assert_eq!(again.status.success(), output.status.success(), "{}", said(&again));
        }
    }
}

#[tokio::test]
async fn of_many_that_start_on_an_empty_database_with_the_same_keys_all_run() {
    let (folder, database) = (Folder::new("secrets"), TestDatabase::empty().await);
    let mut launches = launches(&folder, &database, &[MASTER_KEY, (REALTIME, SECRET)]);
    let tenant = uuid::Uuid::from_u128(5).to_string();
    for launch in &mut launches {
        for (name, value) in [
            ("ORQESTRA_ADMIN_TOKEN", orqestra_tests::world::ADMIN_TOKEN),
            ("ORQESTRA_LOG_FORMAT", "json"),
            ("ORQESTRA_BOOTSTRAP_TENANT_ID", &tenant),
            ("ORQESTRA_BOOTSTRAP_TENANT_NAME", "Shop"),
            ("ORQESTRA_BOOTSTRAP_API_KEY", "kE7w-3sR9tYb5Nm1Vx8Qz2Lc6Hd4Jf0Gp"),
        ] {
            launch.settings.insert(name.to_owned(), value.to_owned());
        }
    }
    let engines = futures::future::join_all(launches.iter().map(|launch| Engine::up(launch, 0))).await;
    for engine in &engines {
        engine.signal(Signal::TERM);
    }
    for engine in &engines {
        let status = engine.end(ENDS_WITHIN).await;
        assert!(status.success(), "{status}: {}", engine.log_tail());
    }
}

/// What `doctor` says of the secret.
fn finding(world: &World) -> Value {
    let output = world.launch().run(&["doctor", "--json"]);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut findings = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    findings.find(|finding| finding["part"] == "realtime secret").expect("a finding")
}

fn is_refused(output: &Output) {
    assert_eq!(output.status.code(), Some(1), "{}", said(output));
    let said = said(output);
    assert!(said.contains(REALTIME) && said.contains("bootstrap --change-realtime-secret"), "{said}");
    assert!(!said.contains(OTHER), "{said}");
}

#[tokio::test]
async fn a_process_with_another_secret_for_realtime_tokens_is_told_so_and_starts_once_it_is_replaced() {
    let world = World::start().await;
    assert_eq!(finding(&world)["found"], "is the installation's");
    world.sigterm().await;
    world.set(REALTIME, Some(OTHER));
    let found = finding(&world);
    let remedy = found["whatToDo"].as_str().expect("a remedy");
    assert!(found["ok"] == false && remedy.contains("--change-realtime-secret"), "{found}");
    for start in [&["up"][..], &["serve", "--role", "api"], &["bootstrap"]] {
        is_refused(&world.launch().run(start));
    }
    // What signs no tokens needs no secret.
    world.set(REALTIME, None);
    world.begin().await;
    let project = world.beside("project").await;
    project.signal(Signal::TERM);
    assert!(project.end(ENDS_WITHIN).await.success());
    world.sigterm().await;

    world.set(REALTIME, Some(OTHER));
    let changed = world.launch().run(&["bootstrap", "--change-realtime-secret"]);
    assert!(changed.status.success(), "{}", said(&changed));
    world.begin().await;
    assert_eq!(finding(&world)["ok"], true);
    world.sigterm().await;
    world.set(REALTIME, None);
    is_refused(&world.launch().run(&["up"]));

    // Where no setting gives one, a new one is made.
    let kept = world.folder().join("data/realtime.secret");
    let before = std::fs::read_to_string(&kept).expect("the folder's own");
    let changed = world.launch().run(&["bootstrap", "--change-realtime-secret"]);
    assert!(changed.status.success(), "{}", said(&changed));
    assert_ne!(std::fs::read_to_string(&kept).expect("a new one"), before);
    world.begin().await;
}

#[tokio::test]
async fn a_private_database_takes_the_secret_that_its_folder_has() {
    let world = World::private().await;
    world.sigterm().await;
    for secret in [Some(OTHER), None] {
        world.set(REALTIME, secret);
        world.begin().await;
        world.sigterm().await;
    }
    std::fs::remove_file(world.folder().join("data/realtime.secret")).expect("a file of the folder");
    world.begin().await;
    assert!(world.folder().join("data/realtime.secret").exists());
}
