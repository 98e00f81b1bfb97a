//! Thousands of bodies, each a good one with a few random changes: never a 5xx, and the engine stays ready.
//!
//! The seed is printed; `ORQESTRA_FUZZ_SEED` gives it again.

use orqestra_tests::http::Request;
use orqestra_tests::load::order;
use orqestra_tests::world::{TRIGGER, World};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

const BODIES: usize = 3_000;

/// What is put in: bits of JSON and of what is almost JSON.
const BITS: [&[u8]; 28] = [
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"true",
    b"-0",
    b"1e400",
    b"\\ud800",
    b"\\u0000",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"18446744073709551616",
    b"[[[[[[[[[[[[[[[[",
    b"\"payload\":{},",
    b"\"userId\":\"v\",",
    b"\"channels\":[\"SMS\"],",
    b"\"eventId\":\"e\",",
    b"{{ x }}",
    b"{% for a in b %}",
    b"\xf0\x9f\x98\x80",
    b"\r\n",
    b"\x7f",
];

/// Changes a body in one to six places.
fn mutate(random: &mut StdRng, body: &mut Vec<u8>) {
    for _ in 0..random.random_range(1..=6) {
        let at = random.random_range(0..=body.len());
        let to = (at + random.random_range(0..16)).min(body.len());
        match random.random_range(0..6) {
            0 => drop(body.drain(at..to)),
            1 => {
                let bit = BITS[random.random_range(0..BITS.len())];
                drop(body.splice(at..at, bit.iter().copied()));
            }
            2 => {
                let bit = BITS[random.random_range(0..BITS.len())];
                drop(body.splice(at..to, bit.iter().copied()));
            }
            3 => {
                let again = body[at..to].to_vec();
                drop(body.splice(at..at, again));
            }
            4 => body.truncate(at.max(1)),
            _ => {
                if let Some(byte) = body.get_mut(at) {
                    *byte = random.random();
                }
            }
        }
    }
}

#[tokio::test]
async fn no_body_however_mangled_is_a_5xx() {
    let seed = std::env::var("ORQESTRA_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let world = World::start().await;
    let mut counts = std::collections::BTreeMap::<u16, usize>::new();
    for number in 0..BODIES {
        let mut body = order(number).to_string().into_bytes();
        mutate(&mut random, &mut body);
        let shown = String::from_utf8_lossy(&body).into_owned();
        let request = Request::post(TRIGGER)
            .key(&world.tenant().key)
            .header("content-type", "application/json")
            .bytes(body);
        let answer = world.call(request).await;
        let status = answer.status.as_u16();
        *counts.entry(status).or_default() += 1;
        assert!(matches!(status, 200 | 400 | 413 | 422), "seed {seed}, body {number}: {status} for {shown}");
        if status != 200 {
            assert!(answer.error().1["code"].is_string(), "seed {seed}, body {number}");
        }
    }
    println!("{counts:?}");
    assert!(
        counts.contains_key(&200) && counts.contains_key(&400) && counts.contains_key(&422),
        "{counts:?}"
    );
    drop(world.call(Request::get("/readyz")).await.expect(200));
    drop(world.trigger(world.tenant(), &super::global("u")).await.expect(200));
    drop(world.drain().await);
}
