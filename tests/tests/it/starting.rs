//! The start of `orqestra up`: what becomes of its database where it fails, and what the environment may not change.

use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use orqestra_tests::load::order;
use orqestra_tests::wait;
use orqestra_tests::world::{ENDS_WITHIN, World};
use rustix::process::{Pid, Signal, test_kill_process};

const WITHIN: Duration = Duration::from_mins(1);

fn starts(world: &World) -> Child {
    let mut command = world.launch().command(&["up"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

async fn end(child: &mut Child) -> ExitStatus {
    wait::until_now("the end of a start", ENDS_WITHIN, || child.try_wait().unwrap()).await
}

fn runs(server: Pid) -> bool {
    test_kill_process(server).is_ok()
}

/// A server whose parent was killed is the system's, which collects its end a moment later.
async fn gone(server: Pid) {
    wait::until_now("the end of the server", ENDS_WITHIN, || (!runs(server)).then_some(())).await;
}

#[tokio::test]
async fn a_start_that_fails_or_is_told_to_end_leaves_no_database_running() {
    let world = World::private().await;
    world.expect_errors();
    world.sigterm().await;
    // A setting that shows to be wrong only once the database is asked: another key than the stored data's.
    let other = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";
    world.set("ORQESTRA_MASTER_KEY", Some(other));
    let mut failing = starts(&world);
    let server = wait::until_now("a server", WITHIN, || world.private_server()).await;
    let status = wait::until_now("the end of a start", WITHIN, || failing.try_wait().unwrap()).await;
    assert!(!status.success(), "{status}");
    gone(server).await;
    world.set("ORQESTRA_MASTER_KEY", None);
    // Ctrl-C as soon as the server is there, and a little later each time.
    for later in [0, 50, 100, 200, 400, 800] {
        let mut child = starts(&world);
        let pid = Pid::from_child(&child);
        let server = wait::until_now("a server", WITHIN, || world.private_server()).await;
        tokio::time::timeout(Duration::from_millis(later), end(&mut child)).await.ok();
        rustix::process::kill_process(pid, Signal::INT).ok();
        let status = end(&mut child).await;
        assert!(status.success(), "after {later} ms: {status}");
        gone(server).await;
    }
    // The next start is as any other, and adopts what a killed one left.
    world.begin().await;
    world.kill9().await;
    world.begin().await;
    assert!(world.engine().banner().contains("found running"), "{}", world.engine().banner());
    // One that fails ends also what it adopted.
    world.kill9().await;
    let server = world.private_server().unwrap();
    assert!(runs(server));
    world.set("ORQESTRA_MASTER_KEY", Some(other));
    let mut failing = starts(&world);
    let status = wait::until_now("the end of a start", WITHIN, || failing.try_wait().unwrap()).await;
    assert!(!status.success(), "{status}");
    gone(server).await;
    world.set("ORQESTRA_MASTER_KEY", None);
    world.begin().await;
}

#[tokio::test]
async fn what_the_environment_says_to_postgresqls_clients_changes_nothing() {
    let foreign = [
        ("PGOPTIONS", "-c default_transaction_read_only=on -c statement_timeout=1"),
        ("PGHOST", "nowhere.invalid"),
        ("PGHOSTADDR", "192.0.2.1"),
        ("PGPORT", "1"),
        ("PGUSER", "nobody"),
        ("PGPASSWORD", "wrong"),
        ("PGDATABASE", "none"),
        ("PGPASSFILE", "/nowhere"),
        ("PGSERVICE", "none"),
        ("PGSERVICEFILE", "/nowhere"),
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", "/nowhere"),
        ("PGSSLCERT", "/nowhere"),
        ("PGSSLKEY", "/nowhere"),
        ("PGAPPNAME", "somebody"),
        ("PGCLIENTENCODING", "SQL_ASCII"),
        ("PGTZ", "Asia/Tokyo"),
        ("PGDATESTYLE", "German"),
        ("PGDATA", "/nowhere"),
        ("PGSYSCONFDIR", "/nowhere"),
        ("PGTARGETSESSIONATTRS", "standby"),
    ];
    for world in [World::private_with(&foreign).await, World::with(&foreign).await] {
        drop(world.trigger(world.tenant(), &order(1)).await.expect(200));
        drop(world.drain().await);
        let doctor = world.launch().run(&["doctor"]);
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        let stored = |line: &str| line.split_whitespace().eq(["ok", "appends", "would", "be", "stored"]);
        assert!(said.lines().any(stored), "{said}");
        world.restart().await;
    }
}
