//! Measures how fast queued notifications drain through the sandbox. Temporary.
use orqestra_commands::directory::DefaultProvider;
use orqestra_commands::*;
use orqestra_dispatch::*;
use orqestra_domain::template::TemplateContent;
use orqestra_domain::tenant::Limits;
use orqestra_domain::*;
use orqestra_event_log::source::{SystemClock, SystemIds};
use orqestra_event_log::*;
use orqestra_tests::postgres::TestDatabase;
use orqestra_vault::*;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

fn rss() -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines()
        .find(|l| l.starts_with("VmRSS"))
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}

#[tokio::main]
async fn main() {
    let n: usize = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(50_000);
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let pool = database.pool().clone();
    let token = CancellationToken::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let log = EventLog::open(
        pool.clone(),
        LogOptions::new(clock.clone(), Arc::new(SystemIds)),
        token.child_token(),
    )
    .await
    .unwrap();
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let vault = Vault::new(pool.clone(), MasterKey::generate(&*entropy), entropy.clone());
    let directory =
        Directory::open(log.clone(), vault.clone(), DefaultProvider::Sandbox, token.child_token())
            .await
            .unwrap();
    let commands = Commands::new(log.clone(), vault, directory, clock, Arc::new(SystemIds), entropy.clone());
    let ctx = Context::engine("bench");
    let reg = commands
        .register_tenant(
            RegisterTenant {
                id: None,
                name: TenantName::parse("t").unwrap(),
                api_key: None,
                webhook_secret: None,
                limits: Limits::default(),
                delivery_channels: None,
                sender_email: None,
            },
            &ctx,
        )
        .await
        .unwrap();
    let et = EventTypeName::parse("order.confirmed").unwrap();
    commands.put_template(reg.tenant_id, et.clone(), Channel::Email, TemplateContent { subject: Some("Order {{ number }}".into()), title: None, body: "<h1>Hello {{ name }}</h1><p>Your order {{ number }} of {{ amount }} is confirmed.</p><a href=\"https://example.org/{{ number }}\">see it</a>".into(), category: None }, true, &ctx).await.unwrap();
    let tenant = commands.directory().tenant(reg.tenant_id).unwrap();
    let start = Instant::now();
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for _ in 0..64 {
        let (commands, tenant, next, et, ctx) =
            (commands.clone(), tenant.clone(), next.clone(), et.clone(), ctx.clone());
        tasks.push(tokio::spawn(async move {
            loop {
                let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if i >= n {
                    break;
                }
                let vars = json!({"name": "Jo", "number": format!("ORD-{i}"), "amount": "$49.99"})
                    .as_object()
                    .unwrap()
                    .clone();
                commands
                    .trigger(
                        &tenant,
                        Trigger {
                            event_type: et.clone(),
                            event_id: Some(EventId::parse(&format!("e-{i}")).unwrap()),
                            channels: None,
                            recipient: RecipientInput {
                                user_id: UserId::parse(&format!("u-{}", i % 5000)).unwrap(),
                                email: Some(EmailAddress::parse("user@example.com").unwrap()),
                                phone: None,
                            },
                            body: json!({"e": i, "variables": vars}),
                            variables: Some(vars),
                            idempotency_key: None,
                        },
                        &ctx,
                    )
                    .await
                    .unwrap();
            }
        }));
    }
    for t in tasks {
        t.await.unwrap();
    }
    println!(
        "accepted {n} in {:?} = {:.0}/s rss {} MB",
        start.elapsed(),
        n as f64 / start.elapsed().as_secs_f64(),
        rss()
    );
    let settings = DispatchSettings::default();
    let (c0, start) = (cpu(), Instant::now());
    let stop = token.child_token();
    let run = tokio::spawn(Dispatch::run(
        DispatchDeps { commands: commands.clone(), pool: pool.clone(), entropy, providers: None },
        settings,
        stop.clone(),
    ));
    let want = i64::try_from(4 * n).unwrap();
    let h0 = log.head().borrow().get() - n as i64;
    let mut last = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let done = log.head().borrow().get() - h0;
        println!(
            "  t {:.1} events {} (+{}/s) subscription {} rss {} MB",
            start.elapsed().as_secs_f64(),
            done - n as i64,
            (done - last) * 2,
            log.progress(SUBSCRIPTION).borrow().get(),
            rss()
        );
        last = done;
        if done >= want || start.elapsed() > Duration::from_secs(90) {
            break;
        }
    }
    println!(
        "drained {n} in {:?} = {:.0}/s cpu {:.1}s",
        start.elapsed(),
        n as f64 / start.elapsed().as_secs_f64(),
        cpu() - c0
    );
    let head = log.fetch_head().await.unwrap();
    let mut p = log.progress(SUBSCRIPTION);
    tokio::time::timeout(Duration::from_secs(30), p.wait_for(|x| *x >= head)).await.ok();
    let left: i64 = sqlx::query_scalar("select count(*) from dispatch_due").fetch_one(&pool).await.unwrap();
    let kept: i64 =
        sqlx::query_scalar("select count(*) from sandbox_messages").fetch_one(&pool).await.unwrap();
    let per: Vec<(String, i64)> =
        sqlx::query_as("select event_type, count(*) from events group by 1").fetch_all(&pool).await.unwrap();
    println!("all read at {:?}; left {left} kept {kept} {per:?}", start.elapsed());
    stop.cancel();
    run.await.unwrap().unwrap();
    token.cancel();
}
