//! The private cluster against the installed PostgreSQL: each test has a data folder of its own and leaves no
//! process and no folder behind.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use orqestra_tests::wait;
use rustix::process::{Pid, Signal};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::account::has_name;
use super::binaries::Binaries;
use super::place::Place;
use super::{
    APP, Cluster, DATABASE, GONE_WITHIN, LOOK_AGAIN_AFTER, OWNER, PORT, SEALED, STOP_WITHIN_AT_LEAST,
    SUPERUSER, TOLD_TO_END, start_or_adopt, works_in,
};
use crate::keep::{DataDir, PASSWORDS_FILE};

/// A data folder that takes its cluster with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("orqestra-cluster-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Self(path)
    }

    async fn start(&self) -> Cluster {
        start_or_adopt(&self.0, &CancellationToken::new()).await.expect("the cluster starts")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let home = std::fs::read_to_string(self.0.join("postgres.location"))
            .map_or_else(|_| self.0.join("postgres"), |text| PathBuf::from(text.trim_end()));
        if let Some(pid) = std::fs::read_to_string(home.join("data/postmaster.pid"))
            .ok()
            .and_then(|text| Pid::from_raw(text.lines().next()?.parse().ok()?))
        {
            // A test that failed half-way: its server may go at once, its data are removed.
            let _ = rustix::process::kill_process(pid, Signal::QUIT);
        }
        drop(std::fs::remove_dir_all(home));
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Time for an end in order, which takes a moment.
fn by() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

async fn text(url: &str, sql: &str) -> String {
    let mut connection = PgConnection::connect(url).await.expect("the server accepts connections");
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("the statement runs")
}

#[tokio::test]
async fn a_server_that_a_killed_engine_left_is_adopted() {
    let folder = Folder::new("adopt");
    let first = folder.start().await;
    assert!(first.child.is_some());
    let pid = first.postmaster;
    drop(first); // what the kernel does to a killed engine: its lock goes, its server stays

    let second = folder.start().await;
    assert!(second.child.is_none());
    assert_eq!(second.postmaster, pid);
    second.stop(by()).await.expect("an adopted server stops");
}

#[tokio::test]
async fn a_start_that_is_told_to_end_ends_the_server_that_it_started_or_found() {
    let folder = Folder::new("told");
    let told = CancellationToken::new();
    told.cancel();
    let left = folder.start().await;
    let (pid, data) = (left.postmaster, left.home.join("data"));
    drop(left);
    let found = start_or_adopt(&folder.0, &told).await.unwrap_err();
    assert!(found.to_string().contains(TOLD_TO_END), "{found:#}");
    assert!(!works_in(pid, &data), "the server of a killed engine goes too");
    let started = start_or_adopt(&folder.0, &told).await.unwrap_err();
    assert!(started.to_string().contains(TOLD_TO_END), "{started:#}");
    let left = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let pid = left.lines().next().and_then(|pid| Pid::from_raw(pid.parse().ok()?));
    // The system ends a process that was killed when it comes to it.
    wait::until_now("the end of the server", 4 * STOP_WITHIN_AT_LEAST, || {
        pid.is_none_or(|pid| !works_in(pid, &data)).then_some(())
    })
    .await;
    folder.start().await.stop(by()).await.expect("the next start is as any other");
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_stop_and_after_a_crash_of_the_server() {
    let folder = Folder::new("keep");
    let cluster = folder.start().await;
    let mut owner = PgConnection::connect(&cluster.owner_url()).await.unwrap();
    owner.execute("CREATE TABLE kept (word text)").await.unwrap();
    owner.execute("INSERT INTO kept VALUES ('stopped')").await.unwrap();
    cluster.stop(by()).await.expect("open connections do not hold up the stop");

    let cluster = folder.start().await;
    assert!(cluster.child.is_some());
    assert_eq!(text(&cluster.owner_url(), "SELECT string_agg(word, ',') FROM kept").await, "stopped");
    let mut owner = PgConnection::connect(&cluster.owner_url()).await.unwrap();
    owner.execute("INSERT INTO kept VALUES ('crashed')").await.unwrap();
    rustix::process::kill_process(cluster.postmaster, Signal::KILL).unwrap();
    let mut crashed = cluster;
    crashed.child.take().unwrap().wait().await.unwrap();
    drop(crashed);

    let cluster = folder.start().await;
    assert!(cluster.child.is_some(), "a stale pid file is no server");
    assert_eq!(
        text(&cluster.owner_url(), "SELECT string_agg(word, ',' ORDER BY word) FROM kept").await,
        "crashed,stopped"
    );
    cluster.stop(by()).await.unwrap();
}

#[tokio::test]
async fn a_server_that_something_holds_up_ends_in_time_and_keeps_what_was_committed() {
    let folder = Folder::new("held");
    let cluster = folder.start().await;
    let data = cluster.home.join("data");
    // A server that ends in order waits for its archive.
    let local = data.join("local.conf");
    std::fs::write(&local, "archive_mode = on\narchive_command = 'sleep 120'\n").unwrap();
    cluster.stop(by()).await.unwrap();

    let cluster = folder.start().await;
    let mut owner = PgConnection::connect(&cluster.owner_url()).await.unwrap();
    owner.execute("CREATE TABLE kept ()").await.unwrap();
    let (pid, told) = (cluster.postmaster, Instant::now());
    cluster.stop(told).await.unwrap();
    let took = told.elapsed();
    assert!(took + GONE_WITHIN >= STOP_WITHIN_AT_LEAST, "nothing held it up: {took:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert!(!works_in(pid, &data));

    std::fs::remove_file(local).unwrap();
    let cluster = folder.start().await;
    let found = "SELECT count(*)::text FROM pg_tables WHERE tablename = 'kept'";
    assert_eq!(text(&cluster.owner_url(), found).await, "1");
    cluster.stop(by()).await.unwrap();
}

#[tokio::test]
async fn what_a_killed_engine_left_of_an_initdb_is_made_anew() {
    let folder = Folder::new("unfinished");
    let place = Place::settle(&DataDir::open(&folder.0).unwrap()).unwrap();
    // One whose engine was killed long ago, and one that goes on although its engine is gone.
    let old = place.home().join("data.unfinished.1");
    std::fs::create_dir(&old).unwrap();
    std::fs::write(old.join("PG_VERSION"), "15\n").unwrap();
    let going_on = place.home().join("data.unfinished");
    let initdb = Binaries::find(None).await.unwrap().program("initdb");
    let mut orphan = place.named_command(&initdb).await.unwrap();
    orphan.arg("--pgdata").arg(&going_on).stdout(Stdio::null()).stderr(Stdio::null());
    let mut orphan = orphan.kill_on_drop(true).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut look = tokio::time::interval(LOOK_AGAIN_AFTER);
    while !going_on.join("PG_VERSION").exists() {
        assert!(Instant::now() < deadline && orphan.try_wait().unwrap().is_none(), "initdb begins");
        look.tick().await;
    }

    let cluster = folder.start().await;
    assert!(cluster.child.is_some() && !old.exists());
    orphan.wait().await.unwrap();
    assert_eq!(text(&cluster.app_url(), "SELECT current_user::text").await, "orqestra_app");
    cluster.stop(by()).await.unwrap();
    let cluster = folder.start().await;
    assert_eq!(text(&cluster.app_url(), "SELECT current_user::text").await, "orqestra_app");
    cluster.stop(by()).await.unwrap();
}

#[tokio::test]
async fn two_engines_never_share_a_data_folder() {
    let folder = Folder::new("two");
    let first = folder.start().await;
    let refusal = start_or_adopt(&folder.0, &CancellationToken::new()).await.unwrap_err().to_string();
    assert!(refusal.starts_with("another engine already runs on "), "{refusal}");
    first.stop(by()).await.unwrap();
}

#[tokio::test]
async fn the_server_is_durable_and_out_of_reach_for_others() {
    let folder = Folder::new("closed");
    let cluster = folder.start().await;
    let app = cluster.app_url();
    for (setting, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
    ] {
        assert_eq!(text(&app, &format!("SELECT current_setting('{setting}')")).await, value, "{setting}");
    }
    for closed in [&cluster.home, &cluster.socket_folder] {
        let found = std::fs::metadata(closed).unwrap();
        assert_eq!(found.mode() & 0o777, 0o700, "{}", closed.display());
        assert_ne!(found.uid(), 0, "PostgreSQL never runs as root");
    }
    let mut engine = PgConnection::connect(&app).await.unwrap();
    let refusal = engine.execute("CREATE TABLE public.mine ()").await.unwrap_err();
    assert!(refusal.to_string().contains("permission denied"), "{refusal}");
    cluster.stop(by()).await.unwrap();
}

/// How to connect to the cluster as `role`, with this password or none.
fn as_role(cluster: &Cluster, role: &str, password: Option<&str>) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass().socket(&cluster.socket_folder).port(PORT);
    let options = options.username(role).database(if role == SUPERUSER { "postgres" } else { DATABASE });
    password.into_iter().fold(options, PgConnectOptions::password)
}

/// Asserts that the server asks every client for the data folder's password, its own user and root among them.
async fn is_closed(cluster: &Cluster) {
    for role in [SUPERUSER, OWNER, APP] {
        for wrong in [None, Some(""), Some("postgres"), Some("x")] {
            let refused = as_role(cluster, role, wrong).connect().await.expect_err(role);
            let code =
                refused.as_database_error().and_then(|said| said.code().map(std::borrow::Cow::into_owned));
            // A client that has no password ends what the server asks of it.
            assert!(code.as_deref().is_none_or(|code| code == "28P01"), "{role} {wrong:?}: {refused}");
        }
        let right = cluster.passwords.of_role(role);
        as_role(cluster, role, Some(right)).connect().await.expect(role).close().await.unwrap();
    }
    let mut owner =
        as_role(cluster, SUPERUSER, Some(cluster.passwords.of_role(SUPERUSER))).connect().await.unwrap();
    let open: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    assert_eq!(open, 0, "rules that ask for nothing");
    owner.close().await.unwrap();
}

#[tokio::test]
async fn no_client_gets_in_without_the_data_folders_password() {
    let folder = Folder::new("password");
    let cluster = folder.start().await;
    is_closed(&cluster).await;
    let kept = folder.0.join(PASSWORDS_FILE);
    assert_eq!(std::fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
    let before = cluster.passwords.of_role(APP).to_owned();
    cluster.stop(by()).await.unwrap();
    let said = std::fs::read_to_string(cluster_log(&folder.0)).unwrap_or_default();
    assert!(!said.contains(&before), "{said}");

    // A folder that has lost them makes others, and the database is opened by those alone.
    std::fs::remove_file(&kept).unwrap();
    let cluster = folder.start().await;
    assert_ne!(cluster.passwords.of_role(APP), before);
    assert!(as_role(&cluster, APP, Some(&before)).connect().await.is_err());
    is_closed(&cluster).await;
    drop(cluster);
    // Adopted, it asks for them as well.
    let cluster = folder.start().await;
    assert!(cluster.adopted());
    is_closed(&cluster).await;
    // A password that was set by hand: reported at once, and set anew by the next start.
    let mut superuser =
        as_role(&cluster, SUPERUSER, Some(cluster.passwords.of_role(SUPERUSER))).connect().await.unwrap();
    superuser.execute("ALTER ROLE postgres PASSWORD 'another'").await.unwrap();
    superuser.close().await.unwrap();
    cluster.stop(by()).await.unwrap();
    let refused = start_or_adopt(&folder.0, &CancellationToken::new()).await.unwrap_err();
    assert!(format!("{refused:#}").contains("start again, which sets it anew"), "{refused:#}");
    let cluster = folder.start().await;
    is_closed(&cluster).await;
    cluster.stop(by()).await.unwrap();
}

fn cluster_log(folder: &Path) -> PathBuf {
    folder.join(crate::keep::START_LOG_FILE)
}

/// Makes a cluster as earlier versions made it: every client that reaches its socket is let in.
async fn open_up(folder: &Folder) {
    let cluster = folder.start().await;
    let mut superuser =
        as_role(&cluster, SUPERUSER, Some(cluster.passwords.of_role(SUPERUSER))).connect().await.unwrap();
    for role in [SUPERUSER, OWNER, APP] {
        superuser.execute(format!("ALTER ROLE {role} PASSWORD NULL").as_str()).await.unwrap();
    }
    superuser.close().await.unwrap();
    let data = cluster.home.join("data");
    cluster.stop(by()).await.unwrap();
    std::fs::write(data.join("pg_hba.conf"), "local all all trust\n").unwrap();
    std::fs::remove_file(data.join(SEALED)).unwrap();
    std::fs::remove_file(folder.0.join(PASSWORDS_FILE)).unwrap();
}

#[tokio::test]
async fn a_cluster_of_an_earlier_version_asks_for_passwords_after_the_next_start() {
    let folder = Folder::new("before");
    open_up(&folder).await;
    let cluster = folder.start().await;
    is_closed(&cluster).await;
    let mut owner = PgConnection::connect(&cluster.owner_url()).await.unwrap();
    owner.execute("CREATE TABLE kept ()").await.unwrap();
    owner.close().await.unwrap();
    cluster.stop(by()).await.unwrap();

    // A server that a killed engine of an earlier version left running, with a client in it.
    open_up(&folder).await;
    let place = Place::settle(&DataDir::open(&folder.0).unwrap()).unwrap();
    let postgres = Binaries::find(None).await.unwrap().program("postgres");
    let mut left = place.command(&postgres);
    let mut left =
        left.arg("-D").arg(place.data()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut look = tokio::time::interval(LOOK_AGAIN_AFTER);
    let stranger =
        PgConnectOptions::new_without_pgpass().socket(place.socket_folder()).port(PORT).username(SUPERUSER);
    let mut stranger = loop {
        match stranger.connect().await {
            Ok(in_it) => break in_it,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        look.tick().await;
    };
    // It is our child, so its end is collected as the system would.
    let collected = tokio::spawn(async move { left.wait().await });
    let cluster = folder.start().await;
    collected.await.unwrap().unwrap();
    assert!(stranger.execute("SELECT 1").await.is_err(), "its session has ended");
    is_closed(&cluster).await;
    let found = "SELECT count(*)::text FROM pg_tables WHERE tablename = 'kept'";
    assert_eq!(text(&cluster.owner_url(), found).await, "1");
    cluster.stop(by()).await.unwrap();
}

#[tokio::test]
async fn for_root_the_server_runs_as_a_user_of_its_own() {
    let folder = Folder::new("account");
    let cluster = folder.start().await;
    let uid = std::fs::metadata(&cluster.home).unwrap().uid();
    let own = std::fs::metadata(format!("/proc/{}", cluster.postmaster.as_raw_nonzero())).unwrap().uid();
    assert_eq!(uid, own);
    if rustix::process::geteuid().is_root() {
        assert!(!has_name(uid), "{uid}");
        for name in ["base", "postgresql.conf", "pg_hba.conf", "orqestra.conf", SEALED] {
            assert_eq!(std::fs::metadata(cluster.home.join("data").join(name)).unwrap().uid(), uid, "{name}");
        }
    }
    cluster.stop(by()).await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_another_user_could_have_prepared_is_not_started() {
    let folder = Folder::new("planted");
    let cluster = folder.start().await;
    let (home, data) = (cluster.home.clone(), cluster.home.join("data"));
    cluster.stop(by()).await.unwrap();
    let refused =
        async || format!("{:#}", start_or_adopt(&folder.0, &CancellationToken::new()).await.unwrap_err());
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let conf = data.join("postgresql.conf");
    mode(&conf, 0o602);
    assert!(refused().await.contains("postgresql.conf can be written by others (mode 602)"));
    mode(&conf, 0o600);
    if rustix::process::geteuid().is_root() {
        let (stranger, uid) = (Some(65_534), Some(std::fs::metadata(&home).unwrap().uid()));
        for path in [data.clone(), data.join("postmaster.opts"), data.join("base/1/PG_VERSION")] {
            std::os::unix::fs::chown(&path, stranger, None).unwrap();
            let said = refused().await;
            assert!(
                said.contains(&format!("{} belongs to another user (uid 65534)", path.display())),
                "{said}"
            );
            std::os::unix::fs::chown(&path, uid, None).unwrap();
        }
        let location = folder.0.join("postgres.location");
        std::os::unix::fs::chown(&location, stranger, None).unwrap();
        assert!(refused().await.contains("postgres.location belongs to another user"));
        std::os::unix::fs::chown(&location, Some(0), None).unwrap();
    }
    folder.start().await.stop(by()).await.unwrap();
}

#[tokio::test]
async fn a_data_folder_with_a_long_and_awkward_name_works() {
    let folder = Folder::new(&format!("o'n eil {}", "long".repeat(20)));
    let cluster = folder.start().await;
    assert!(cluster.socket_folder.as_os_str().len() < 86);
    assert_eq!(text(&cluster.app_url(), "SELECT current_user::text").await, "orqestra_app");
    let socket_folder = cluster.socket_folder.clone();
    cluster.stop(by()).await.unwrap();
    drop(std::fs::remove_dir(socket_folder));
}
