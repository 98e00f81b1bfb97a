//! What the commands are not told on their command line: where the engine is, and secrets.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use orqestra_tests::engine::Launch;
use orqestra_tests::folder::Folder;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::cli_http::{bad, fed, good, text};

/// A trigger with these options.
fn with<'a>(options: &[&'a str]) -> Vec<&'a str> {
    [&["trigger", "global.info", "--user", "u-1"], options].concat()
}

fn address_file(world: &World) -> PathBuf {
    world.folder().join("data/engine.address")
}

fn told(world: &World) -> Option<String> {
    std::fs::read_to_string(address_file(world)).ok()
}

#[tokio::test]
async fn the_engine_is_found_by_flag_variable_data_folder_and_settings_in_this_order() {
    let world = World::start().await;
    let mut launch = world.launch();
    let url = format!("http://{}", world.engine().address());
    let file = address_file(&world);
    assert_eq!(told(&world).as_deref(), Some(url.as_str()));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // Its port is one that the system chose.
    good(&launch.run(&["tenant", "list"]));
    let doctor = text(&launch.run(&["doctor"]).stdout);
    assert!(doctor.contains(&format!("is ready at {url} (by {})", file.display())), "{doctor}");

    let set = |launch: &mut Launch, name: &str, value: &str| {
        launch.settings.insert(name.to_owned(), value.to_owned());
    };
    set(&mut launch, "ORQESTRA_URL", "http://127.0.0.1:9");
    let said = bad(&launch.run(&["tenant", "list"]));
    assert!(said.contains("no engine answers at http://127.0.0.1:9 (by ORQESTRA_URL): start one"), "{said}");
    let said = bad(&launch.run(&["tenant", "list", "--url", "http://127.0.0.1:7"]));
    assert!(said.contains("no engine answers at http://127.0.0.1:7 (by --url): start one"), "{said}");
    good(&launch.run(&["tenant", "list", "--url", &url]));

    set(&mut launch, "ORQESTRA_URL", "");
    world.kill9().await;
    let said = bad(&launch.run(&["tenant", "list"]));
    let left = "which an engine has left that did not end in order: start one";
    assert!(said.contains(&format!("no engine answers at {url} (by {}), {left}", file.display())), "{said}");

    world.begin().await;
    good(&launch.run(&["tenant", "list"]));
    world.sigterm().await;
    assert_eq!(told(&world), None, "it is taken back at an end in order");
    set(&mut launch, "ORQESTRA_LISTEN", "127.0.0.1:9");
    let said = bad(&launch.run(&["tenant", "list"]));
    assert!(said.contains("no engine answers at http://127.0.0.1:9 (by the settings): start one"), "{said}");
    set(&mut launch, "ORQESTRA_LISTEN", "127.0.0.1:0");
    assert!(bad(&launch.run(&["tenant", "list"])).contains("the engine's port is not known"));
    world.begin().await;
}

#[tokio::test]
async fn of_several_processes_with_one_folder_each_takes_back_only_its_own_address() {
    let world = World::start().await;
    let other = world.beside("api").await;
    let address = format!("http://{}", other.address());
    assert_eq!(told(&world).as_deref(), Some(address.as_str()), "the newest");
    world.sigterm().await;
    assert_eq!(told(&world).as_deref(), Some(address.as_str()));
    good(&world.launch().run(&["tenant", "list"]));
    other.signal(Signal::TERM);
    assert!(other.end(ENDS_WITHIN).await.success());
    assert_eq!(told(&world), None);
    let worker = world.beside("project").await;
    assert_eq!(told(&world), None, "one that does not serve has no address");
    worker.signal(Signal::TERM);
    worker.end(ENDS_WITHIN).await;
    world.begin().await;
}

/// Who could write the file could have tokens shown to himself.
#[tokio::test]
async fn an_address_that_somebody_else_could_have_written_is_not_asked() {
    let world = World::start().await;
    let mut launch = world.launch();
    let file = address_file(&world);
    let folder = file.parent().unwrap().to_owned();
    let url = told(&world).unwrap();
    let distrusted = |launch: &Launch, why: &str| {
        for command in [&["tenant", "list"][..], &with(&[]), &["doctor"]] {
            let output = launch.run(command);
            assert!(!output.status.success(), "{command:?}");
            let said = text(&output.stdout) + &text(&output.stderr);
            assert!(said.contains(&format!("engine.address {why}")), "{command:?}: {said}");
        }
    };
    let mode = |path: &PathBuf, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&file, 0o666);
    distrusted(&launch, "can be written by others");
    mode(&file, 0o600);
    mode(&folder, 0o777);
    distrusted(&launch, "can be written by others");
    mode(&folder, 0o700);
    good(&launch.run(&["tenant", "list"]));

    std::fs::remove_file(&file).unwrap();
    let elsewhere = world.folder().join("elsewhere");
    std::fs::write(&elsewhere, &url).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    distrusted(&launch, "is no plain file");
    std::fs::remove_file(&file).unwrap();
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &file, fifo, rustix::fs::Mode::from_raw_mode(0o600), 0).unwrap();
    distrusted(&launch, "is no plain file");
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "x".repeat(300)).unwrap();
    mode(&file, 0o600);
    distrusted(&launch, "is too long");

    std::fs::write(&file, "http://\u{1b}]0;title\u{7}").unwrap();
    let said = bad(&launch.run(&["tenant", "list"]));
    assert!(said.contains("no address") && !said.contains('\u{1b}'), "{said:?}");
    // Whoever is told the address needs no file.
    launch.settings.insert("ORQESTRA_URL".to_owned(), url.clone());
    good(&launch.run(&["tenant", "list"]));
    std::fs::write(&file, url).unwrap();
}

#[tokio::test]
async fn each_secret_can_come_by_a_file_or_by_standard_input() {
    let world = World::start().await;
    let tenant: Tenant = world.new_tenant(json!({"name": "Signed", "webhookSecret": "s3cret"})).await;
    let mut launch = world.launch();
    // What is named goes before what is set.
    for name in ["ORQESTRA_API_KEY", "ORQESTRA_WEBHOOK_SECRET"] {
        launch.settings.insert(name.to_owned(), "another-one-that-opens-nothing".to_owned());
    }
    let token =
        launch.settings.insert("ORQESTRA_ADMIN_TOKEN".to_owned(), "no-token-of-any-operator".to_owned());
    let file = |name: &str, text: &str| {
        let path = world.folder().join(name);
        std::fs::write(&path, format!("{text}\n")).unwrap();
        path.display().to_string()
    };
    let (key, secret) = (file("key", &tenant.key), file("secret", "s3cret"));
    good(&launch.run(&with(&["--key-file", &key, "--secret-file", &secret])));
    good(&fed(&launch, &with(&["--key-file", "-", "--secret-file", &secret]), &tenant.key));
    good(&fed(&launch, &with(&["--key-file", &key, "--secret-file", "-"]), "s3cret\n"));
    let said = bad(&fed(&launch, &with(&["--key-file", "-", "--secret-file", "-"]), &tenant.key));
    assert!(said.contains("standard input is named twice") && !said.contains(&tenant.key), "{said}");
    let said = bad(&launch.run(&with(&["--key-file", &key])));
    assert!(said.contains("invalid_signature"), "the variable's secret is another: {said}");
    let said = bad(&launch.run(&with(&["--key-file", "no-such-file"])));
    assert!(said.contains("no-such-file cannot be read"), "{said}");
    let said = bad(&launch.run(&with(&["--key", ""])));
    assert!(said.contains("--key is empty"), "{said}");
    let empty = file("empty", "");
    assert!(bad(&launch.run(&with(&["--key-file", &empty]))).contains("empty holds no secret"));
    assert_eq!(launch.run(&with(&["--key-file", &key, "--key", "k"])).status.code(), Some(2));

    let (token, fresh) = (file("token", &token.unwrap()), file("fresh", "fresh-secret"));
    assert!(bad(&launch.run(&["tenant", "list"])).contains("invalid_admin_token"));
    let operator = |arguments: &[&str]| {
        let output = launch.run(&[arguments, &["--admin-token-file", &token, "--json"]].concat());
        serde_json::from_str::<Value>(good(&output).lines().next().unwrap()).unwrap()
    };
    operator(&["tenant", "list"]);
    operator(&["template", "list"]);
    let made = operator(&["tenant", "create", "--name", "Another", "--webhook-secret-file", &fresh]);
    assert_eq!(operator(&["tenant", "show", made["tenantId"].as_str().unwrap()])["signed"], true);
    let id = tenant.id.to_string();
    for unset in [&["create", "--name", "Unsigned"][..], &["change", &id]] {
        let options = [&["tenant"], unset, &["--webhook-secret", "", "--admin-token-file", &token]].concat();
        let said = bad(&launch.run(&options));
        assert!(said.contains("--webhook-secret is empty"), "{said}");
    }
    operator(&["tenant", "change", &id, "--webhook-secret-file", &fresh]);
    good(&launch.run(&with(&["--key-file", &key, "--secret-file", &fresh])));
    assert!(bad(&launch.run(&with(&["--key-file", &key, "--secret-file", &secret]))).contains("signature"));
}

#[test]
fn the_help_of_each_secret_says_that_it_shows_in_ps_and_what_does_not() {
    let folder = Folder::new("help");
    let launch = Launch { folder: folder.path().to_owned(), settings: [].into() };
    for (command, options) in [
        (&["trigger"][..], &["key", "secret"][..]),
        (&["tenant", "create"], &["webhook-secret", "admin-token"]),
        (&["tenant", "change"], &["webhook-secret", "admin-token"]),
        (&["template", "put"], &["admin-token"]),
    ] {
        let help = good(&launch.run(&[command, &["--help"]].concat()));
        let (_, help) = help.split_once("Options:").unwrap();
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for option in options {
            let own =
                words.split(&format!("--{option} <")).nth(1).unwrap_or_else(|| panic!("{option}: {words}"));
            let own = own.split(" --").next().unwrap_or_default();
            assert!(own.contains("shows in `ps`"), "{command:?} {option}: {own}");
            assert!(words.contains(&format!("--{option}-file does not")), "{command:?} {option}: {words}");
        }
    }
}
