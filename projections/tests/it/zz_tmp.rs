//! tmp
use std::sync::Arc;
use std::time::Instant;
use orqestra_domain::notification::*;
use orqestra_domain::Channel;
use orqestra_projections::Projection;
use crate::support::{World, tenant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn measure() {
    let world = Arc::new(World::new().await);
    let n = 4000usize;
    let window = 64;
    let mut tasks = Vec::new();
    for w in 0..window {
        let world = world.clone();
        tasks.push(tokio::spawn(async move {
            for i in 0..n / window {
                let user = format!("u{}", (w * 100 + i) % 500);
                let mut told = world.trigger(tenant(1), &user, &[Channel::Email, Channel::Push]).await;
                world.push(&mut told, "hello").await.unwrap();
                let a = world.start(&mut told, Channel::Email).await.unwrap();
                world.act(&mut told, NotificationCommand::RecordSuccess(RecordSuccess{channel: Channel::Email, attempt: a, provider_message_id: Some("abc".into()), answer: None, at: world.now()})).await.unwrap();
            }
        }));
    }
    for t in tasks { t.await.unwrap(); }
    let log = world.whole_log().await;
    for e in &log { e.event().unwrap(); }
    println!("{} events", log.len());
    for batch in [100, 500, 2000, 4000] {
        for p in Projection::ALL {
            for t in p.tables() { sqlx::query(&format!("truncate {}", t.name)).execute(world.pool()).await.unwrap(); }
            let start = Instant::now();
            for part in log.chunks(batch) { world.redeliver(p, part).await; }
            let t = start.elapsed();
            println!("{} batch {batch}: {:?} {:.0} ev/s {:.0} notif/s", p.name(), t, log.len() as f64 / t.as_secs_f64(), n as f64 / t.as_secs_f64());
        }
    }
}
