//! More connections than the process has descriptors for, and many that send slowly.

use std::time::{Duration, Instant};

use orqestra_tests::http::Request;
use orqestra_tests::load::order;
use orqestra_tests::wait;
use orqestra_tests::world::{TRIGGER, World};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
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

const SLOW: usize = 2_000;
/// What they may cost, in megabytes: some kilobytes each.
const MOST_MEMORY: u64 = 100;
/// What a probe may take meanwhile, on a busy machine.
const PROBED_WITHIN: Duration = Duration::from_secs(2);

#[tokio::test]
async fn slow_bodies_cost_little_and_keep_neither_probes_nor_another_tenant_waiting() {
    let world = World::start().await;
    let engine = world.engine();
    drop(world.call(Request::get("/readyz")).await.expect(200));
    let before = engine.peak_memory();
    // Nine of ten have no key; the others are one tenant's, whose own bodies are to wait and no others.
    let slow = world.new_tenant(json!({"name": "Slow"})).await;
    let head = |key: &str| {
        format!(
            "POST {TRIGGER} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
             content-length: 200000\r\n\r\n{{\"eventType\":"
        )
    };
    let (known, unknown) = (head(&slow.key), head("nobodys-key-of-some-length"));
    let mut clients = Vec::new();
    for number in 0..SLOW {
        let mut client = TcpStream::connect(engine.address()).await.unwrap();
        let head = if number % 10 == 0 { &known } else { &unknown };
        client.write_all(head.as_bytes()).await.unwrap();
        clients.push(client);
        if number % 100 == 99 {
            for path in ["/healthz", "/readyz"] {
                let asked = Instant::now();
                drop(world.call(Request::get(path)).await.expect(200));
                assert!(asked.elapsed() < PROBED_WITHIN, "{path} after {number}: {:?}", asked.elapsed());
            }
        }
    }
    let asked = Instant::now();
    drop(world.trigger(world.tenant(), &order(1)).await.expect(200));
    assert!(asked.elapsed() < PROBED_WITHIN, "{:?}", asked.elapsed());
    let cost = engine.peak_memory() - before;
    assert!(cost < MOST_MEMORY, "{cost} MB for {SLOW} slow bodies");
    // One without a key was told so, though its body never came.
    let mut answer = [0; 12];
    clients[1].read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
    drop(world.drain().await);
}
