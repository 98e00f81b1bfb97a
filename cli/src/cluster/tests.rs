//! The private cluster against the installed PostgreSQL: each test has a data folder of its own and leaves no
//! process and no folder behind.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::binaries::Binaries;
use super::place::Place;
use super::{Cluster, GONE_WITHIN, LOOK_AGAIN_AFTER, STOP_WITHIN_AT_LEAST, start_or_adopt, works_in};

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
    std::fs::create_dir(&folder.0).unwrap();
    let place = Place::settle(&folder.0.canonicalize().unwrap()).unwrap();
    // One whose engine was killed long ago, and one that goes on although its engine is gone.
    let old = place.home().join("data.unfinished.1");
    std::fs::create_dir(&old).unwrap();
    std::fs::write(old.join("PG_VERSION"), "15\n").unwrap();
    let going_on = place.home().join("data.unfinished");
    let initdb = Binaries::find(None).await.unwrap().program("initdb");
    let mut orphan = place.command(&initdb);
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
