//! Things that another user of the machine has prepared are not taken: the data folder, each file in it, the settings file,
//! PostgreSQL's programs. And the files that an engine makes are out of their reach.

use std::fs::{DirBuilder, Permissions, set_permissions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use orqestra_tests::engine::{Launch, binary};
use orqestra_tests::folder::Folder;
use orqestra_tests::wait;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal};

const STRANGER: u32 = 65_534;
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";
const WITHIN: Duration = Duration::from_mins(1);

/// Whether files can be given away here, as root can; else these cases are left out.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn launch(folder: &Folder, data: &Path) -> Launch {
    let settings =
        [("ORQESTRA_LISTEN", "127.0.0.1:0".to_owned()), ("ORQESTRA_DATA_DIR", data.display().to_string())];
    let settings = settings.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
    Launch { folder: folder.path().to_owned(), settings }
}

/// Runs these commands, all of which fail, and returns their messages.
fn refused(launch: &Launch, commands: &[&[&str]]) -> Vec<String> {
    let said = commands.iter().map(|command| {
        let output = launch.run(command);
        let said =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        said
    });
    said.collect()
}

fn mode(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn write(path: &Path, text: &str, bits: u32) {
    std::fs::write(path, text).unwrap();
    mode(path, bits);
}

#[test]
fn a_data_folder_that_another_user_could_have_prepared_is_not_taken() {
    type Plant = fn(&Path);
    let starts: &[&[&str]] =
        &[&["up"], &["bootstrap"], &["serve", "--role", "api"], &["recover", "--after-restore"]];
    let cases: &[(&str, bool, Plant, &str)] = &[
        ("open", false, |data| mode(data, 0o777), "data can be written by others (mode 777)"),
        (
            "group",
            true,
            |data| {
                chown(data, None, Some(STRANGER)).unwrap();
                mode(data, 0o770);
            },
            "data can be written by others (mode 770)",
        ),
        ("sticky", false, |data| mode(data, 0o1777), "data can be written by others (mode 777)"),
        ("around", false, |data| mode(data.parent().unwrap(), 0o777), "can be written by others (mode 777)"),
        (
            "theirs",
            true,
            |data| chown(data, Some(STRANGER), None).unwrap(),
            "data belongs to another user (uid 65534)",
        ),
        (
            "below theirs",
            true,
            |data| chown(data.parent().unwrap(), Some(STRANGER), None).unwrap(),
            "belongs to another user (uid 65534)",
        ),
        (
            "link",
            true,
            |data| {
                let real = data.with_file_name("real");
                std::fs::rename(data, &real).unwrap();
                symlink(real, data).unwrap();
                lchown(data, Some(STRANGER), None).unwrap();
            },
            "data is a link of another user (uid 65534)",
        ),
        (
            "link to theirs",
            true,
            |data| {
                let real = data.with_file_name("real");
                std::fs::rename(data, &real).unwrap();
                symlink(&real, data).unwrap();
                chown(real, Some(STRANGER), None).unwrap();
            },
            "real belongs to another user (uid 65534)",
        ),
        (
            "file",
            false,
            |data| {
                std::fs::remove_dir(data).unwrap();
                write(data, "", 0o600);
            },
            "data is no folder",
        ),
        (
            "key of theirs",
            true,
            |data| {
                write(&data.join("master.key"), KEY, 0o600);
                chown(data.join("master.key"), Some(STRANGER), None).unwrap();
            },
            "master.key belongs to another user (uid 65534)",
        ),
        (
            "key by a link",
            false,
            |data| {
                write(&data.with_file_name("elsewhere"), KEY, 0o600);
                symlink("../elsewhere", data.join("master.key")).unwrap();
            },
            "master.key is no plain file",
        ),
        (
            "key by a hard link",
            false,
            |data| {
                write(&data.with_file_name("elsewhere"), KEY, 0o600);
                std::fs::hard_link(data.with_file_name("elsewhere"), data.join("master.key")).unwrap();
            },
            "master.key has another name too",
        ),
        (
            "pipe",
            false,
            |data| {
                mknodat(CWD, data.join("admin.token"), FileType::Fifo, Mode::from_raw_mode(0o600), 0)
                    .unwrap();
            },
            "admin.token is no plain file",
        ),
        (
            "folder as a file",
            false,
            |data| std::fs::create_dir(data.join("realtime.secret")).unwrap(),
            "realtime.secret is no plain file",
        ),
        (
            "readable",
            false,
            |data| write(&data.join("master.key"), KEY, 0o640),
            "master.key can be read by others (mode 640)",
        ),
        (
            "writable",
            false,
            |data| write(&data.join("database.json"), "{}", 0o606),
            "database.json can be written by others",
        ),
        (
            "passwords",
            false,
            |data| write(&data.join("postgres.pass"), "", 0o644),
            "postgres.pass can be read by others",
        ),
        (
            "location",
            false,
            |data| write(&data.join("postgres.location"), "/tmp/theirs\n", 0o666),
            "postgres.location can be written by others",
        ),
        (
            "lock",
            false,
            |data| {
                write(&data.with_file_name("kept"), "kept", 0o600);
                symlink("../kept", data.join("engine.lock")).unwrap();
            },
            "engine.lock is no plain file",
        ),
        (
            "start log",
            false,
            |data| {
                write(&data.with_file_name("kept"), "kept", 0o600);
                symlink("../kept", data.join("postgres.start.log")).unwrap();
            },
            "postgres.start.log is no plain file",
        ),
        (
            "unknown",
            true,
            |data| {
                write(&data.join("note"), "", 0o600);
                chown(data.join("note"), Some(STRANGER), None).unwrap();
            },
            "note belongs to another user",
        ),
    ];
    for (name, by_root, plant, why) in cases {
        if *by_root && !is_root() {
            continue;
        }
        let folder = Folder::new("planted");
        let data = folder.path().join("a/data");
        DirBuilder::new().mode(0o700).recursive(true).create(&data).unwrap();
        plant(&data);
        let before = std::fs::read(data.join("master.key")).ok();
        let mut launch = launch(&folder, &data);
        for said in refused(&launch, &starts[..2]) {
            assert!(said.contains(why) && said.contains(": "), "{name}: {said}");
            assert!(!said.contains(KEY), "{name}: {said}");
        }
        launch
            .settings
            .insert("ORQESTRA_DATABASE_URL".to_owned(), "postgres://nobody@127.0.0.1:9/none".to_owned());
        for said in refused(&launch, &starts[1..3]) {
            assert!(said.contains(why), "{name}: {said}");
        }
        assert_eq!(std::fs::read(data.join("master.key")).ok(), before, "{name}: a key was made");
        assert!(!data.join("postgres").exists(), "{name}");
        assert!(
            std::fs::read(data.with_file_name("kept")).is_ok_and(|kept| kept == b"kept")
                || !data.with_file_name("kept").exists()
        );
        let doctor = launch.run(&["doctor"]);
        let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(told.contains("AMISS  data folder") && told.contains(why), "{name}: {told}");
    }
}

#[test]
fn commands_read_nothing_that_another_user_could_have_put_there() {
    let folder = Folder::new("planted");
    let data = folder.path().join("data");
    DirBuilder::new().mode(0o700).create(&data).unwrap();
    write(&data.join("admin.token"), "token-of-somebody-else", 0o600);
    write(&data.join("demo-tenant.json"), "{}", 0o600);
    write(&data.join("database.json"), r#"{"owner": "postgres://a@b/c", "app": "postgres://a@b/c"}"#, 0o600);
    let launch = launch(&folder, &data);
    let commands: &[&[&str]] = &[
        &["tenant", "list", "--url", "http://127.0.0.1:9"],
        &["trigger", "x", "--user", "u", "--url", "http://127.0.0.1:9"],
        &["migrate"],
        &["log", "tail"],
    ];
    mode(&data, 0o777);
    for said in refused(&launch, commands) {
        assert!(said.contains("data can be written by others (mode 777): see whether"), "{said}");
    }
    mode(&data, 0o700);
    for file in ["admin.token", "demo-tenant.json", "database.json"] {
        mode(&data.join(file), 0o622);
    }
    for said in refused(&launch, commands) {
        assert!(said.contains(" can be written by others (mode 622): see whether"), "{said}");
        assert!(!said.contains("somebody-else"), "{said}");
    }
}

#[test]
fn a_settings_file_that_another_user_can_write_is_not_read() {
    let folder = Folder::new("planted");
    let file = folder.path().join("orqestra.toml");
    let launch = launch(&folder, &folder.path().join("data"));
    let commands: &[&[&str]] = &[&["up"], &["serve", "--role", "api"], &["doctor"], &["tenant", "list"]];
    let text = "admin_token = \"token-of-somebody-else\"\n";
    for bits in [0o646, 0o602, 0o666] {
        write(&file, text, bits);
        for said in refused(&launch, commands) {
            assert!(
                said.contains(&format!("orqestra.toml can be written by others (mode {bits:o})")),
                "{said}"
            );
            assert!(said.contains("chmod go-w") && !said.contains("somebody-else"), "{said}");
        }
    }
    mode(&file, 0o644);
    mode(folder.path(), 0o777);
    for said in refused(&launch, commands) {
        assert!(said.contains("can be written by others (mode 777)"), "{said}");
    }
    mode(folder.path(), 0o755);
    if is_root() {
        chown(&file, Some(STRANGER), None).unwrap();
        for said in refused(&launch, commands) {
            assert!(said.contains("orqestra.toml belongs to another user (uid 65534)"), "{said}");
        }
        chown(&file, Some(0), None).unwrap();
    }
    // Without a file its folder does not matter.
    let elsewhere = Launch { folder: folder.path().join("open"), settings: launch.settings.clone() };
    std::fs::create_dir(&elsewhere.folder).unwrap();
    mode(&elsewhere.folder, 0o777);
    let said = &refused(&elsewhere, &[&["tenant", "list", "--url", "http://127.0.0.1:9"]])[0];
    assert!(said.contains("no admin token"), "{said}");
    // A link of one's own, and a file that everybody may read.
    std::fs::rename(&file, folder.path().join("real.toml")).unwrap();
    symlink("real.toml", &file).unwrap();
    let said = &refused(&launch, &[&["tenant", "list", "--url", "http://127.0.0.1:9"]])[0];
    assert!(said.contains("no engine answers at http://127.0.0.1:9"), "{said}");
}

#[test]
fn programs_that_another_user_could_have_put_there_are_not_run() {
    let folder = Folder::new("planted");
    let programs = folder.path().join("bin");
    let ran = folder.path().join("ran");
    std::fs::create_dir(&programs).unwrap();
    for name in ["postgres", "initdb"] {
        let script = format!("#!/bin/sh\ntouch {}\necho 'postgres (PostgreSQL) 15.1'\n", ran.display());
        write(&programs.join(name), &script, 0o755);
    }
    let mut launch = launch(&folder, &folder.path().join("data"));
    launch.settings.insert("ORQESTRA_PG_BIN".to_owned(), programs.display().to_string());
    mode(&programs, 0o777);
    let said = &refused(&launch, &[&["up"]])[0];
    assert!(said.contains("bin can be written by others (mode 777)"), "{said}");
    mode(&programs, 0o755);
    mode(&programs.join("postgres"), 0o757);
    let said = &refused(&launch, &[&["up"]])[0];
    assert!(said.contains("bin/postgres can be written by others (mode 757)"), "{said}");
    assert!(!ran.exists());
}

/// Files and passwords of a private database.
#[tokio::test]
async fn files_that_a_start_makes_are_closed_to_others_and_taken_by_the_next() {
    let world = World::private().await;
    let data = world.folder().join("data");
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        let found = std::fs::symlink_metadata(&path).unwrap();
        assert_eq!(found.mode() & 0o077, 0, "{}", path.display());
    }
    let told = std::fs::read_to_string(data.join("database.json")).unwrap();
    let passwords = std::fs::read_to_string(data.join("postgres.pass")).unwrap();
    assert_eq!(passwords.lines().count(), 3);
    for line in passwords.lines() {
        let password = line.rsplit(':').next().unwrap();
        assert!(!told.contains(password), "what is pasted into a command line holds no password");
        assert!(!world.engine().log().contains(password) && !world.engine().banner().contains(password));
    }
    // PostgreSQL's own programs find them by the address.
    let url = told.split('"').find(|text| text.starts_with("postgres://orqestra_owner")).unwrap();
    assert!(url.contains("passfile="), "{url}");
    let asked = Command::new("psql").args([url, "-Atc", "select current_user"]).output().expect("psql");
    assert_eq!(String::from_utf8_lossy(&asked.stdout).trim(), "orqestra_owner", "{asked:?}");
    let without = url.split("&passfile=").next().unwrap();
    let asked = Command::new("psql").args(["-w", without, "-Atc", "select 1"]).output().expect("psql");
    assert!(!asked.status.success(), "without it even root is not let in: {asked:?}");
    drop(world.launch().run(&["doctor"]));
    world.restart().await;
}

/// A user that may become root does not need to plant anything.
#[test]
fn files_of_the_user_that_became_root_by_sudo_are_taken() {
    if !is_root() {
        return;
    }
    let folder = Folder::new("planted");
    let file = folder.path().join("orqestra.toml");
    write(&file, "admin_token = \"a-token-of-the-operators-own\"\n", 0o644);
    chown(&file, Some(1_000), None).unwrap();
    chown(folder.path(), Some(1_000), None).unwrap();
    let mut launch = launch(&folder, &folder.path().join("data"));
    let command: &[&[&str]] = &[&["tenant", "list", "--url", "http://127.0.0.1:9"]];
    assert!(refused(&launch, command)[0].contains("belongs to another user (uid 1000)"));
    launch.settings.insert("SUDO_UID".to_owned(), "1000".to_owned());
    assert!(refused(&launch, command)[0].contains("no engine answers at http://127.0.0.1:9"));
}

/// As in a container that runs as an id alone.
#[tokio::test]
async fn a_user_without_a_name_can_start_an_engine() {
    const NAMELESS: u32 = 61_700;
    if !is_root() {
        return;
    }
    let folder = Folder::new("nameless");
    chown(folder.path(), Some(NAMELESS), Some(NAMELESS)).unwrap();
    let (out, log) = (folder.path().join("out"), folder.path().join("log"));
    let start = || -> Child {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--clear-groups"]);
        command.args([format!("--reuid={NAMELESS}"), format!("--regid={NAMELESS}"), "--".to_owned()]);
        command.arg(binary()).arg("up").current_dir(folder.path()).env_clear();
        command.env("PATH", "/usr/bin:/bin").env("ORQESTRA_LISTEN", "127.0.0.1:0");
        let file = |path: &PathBuf| std::fs::File::create(path).unwrap();
        command.stdin(Stdio::null()).stdout(file(&out)).stderr(file(&log)).spawn().expect("setpriv")
    };
    for _ in 0..2 {
        let mut child = start();
        wait::until_now("an engine that runs", WITHIN, || {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            assert!(child.try_wait().unwrap().is_none(), "{said}");
            std::fs::read_to_string(&out).is_ok_and(|banner| banner.contains("Ctrl-C")).then_some(())
        })
        .await;
        rustix::process::kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let status = wait::until_now("its end", ENDS_WITHIN, || child.try_wait().unwrap()).await;
        assert!(status.success(), "{status}: {}", std::fs::read_to_string(&log).unwrap());
    }
    let data = folder.path().join(".orqestra/postgres/data");
    assert_eq!(std::fs::metadata(data).unwrap().uid(), NAMELESS);
}
