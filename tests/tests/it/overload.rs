//! More connections than the process has descriptors for.

use std::time::Duration;

use orqestra_tests::http::Request;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::net::TcpStream;

const IDLE: usize = 60;
/// Far below the 75 seconds after which idle connections end by themselves.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test]
async fn where_descriptors_run_out_an_idle_connection_gives_way_to_who_comes() {
    let world = World::start().await;
    let engine = world.engine();
    let pid = i32::try_from(engine.pid()).unwrap();
    let descriptors = format!("/proc/{pid}/fd");
    let open = || std::fs::read_dir(&descriptors).unwrap().count();
    let limit = u64::try_from(open() + IDLE / 2).unwrap();
    let limits = Rlimit { current: Some(limit), maximum: Some(limit) };
    prlimit(Pid::from_raw(pid), Resource::Nofile, limits).unwrap();
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(TcpStream::connect(engine.address()).await.unwrap());
    }
    wait::until_now("a process without descriptors", ANSWERED_WITHIN, || {
        (open() + 1 >= usize::try_from(limit).unwrap()).then_some(())
    })
    .await;
    let asked = world.call(Request::get("/healthz"));
    let answer = tokio::time::timeout(ANSWERED_WITHIN, asked).await.expect("an answer while others are idle");
    drop(answer.expect(200));
    drop(idle);
}
