//! Measures appends a second.
use orqestra_domain::TenantId;
use orqestra_event_log::source::{SystemClock, SystemIds};
use orqestra_event_log::*;
use orqestra_tests::postgres::TestDatabase;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn append(stream: Uuid, expected: i64) -> Append {
    let t = TenantId::PLATFORM;
    Append {
        aggregate_type: "Notification".into(),
        aggregate_id: format!("{t}/{stream}"),
        expected,
        events: vec![NewEvent {
            event_type: "NotificationAccepted".into(),
            event_version: "1.0.0".into(),
            payload: json!({"NotificationAccepted": {"eventId": stream, "acceptedAt": "2026-11-24T00:00:00.000000Z", "plan": "x".repeat(190)}}),
            metadata: Metadata::from_iter([("requestId".to_owned(), "r-1234567890".to_owned())]),
        }],
        ticket: Ticket { fresh: true, ..Ticket::default() },
    }
}

#[tokio::main]
async fn main() {
    let held = std::env::args().any(|a| a == "held");
    for (callers, writers, conflicts) in [
        (64, 1, 0),
        (256, 1, 0),
        (64, 1, 1),
        (64, 1, 10),
        (256, 1, 1),
        (256, 1, 10),
        (64, 2, 0),
        (256, 2, 0),
        (256, 4, 0),
    ] {
        let db = TestDatabase::migrated(&MIGRATOR).await;
        let mut logs = vec![];
        for _ in 0..writers {
            logs.push(
                EventLog::open(
                    db.pool().clone(),
                    LogOptions::new(Arc::new(SystemClock), Arc::new(SystemIds)),
                    CancellationToken::new(),
                )
                .await
                .unwrap(),
            );
        }
        let taken = Uuid::from_u128(5);
        logs[0].append(append(taken, 0)).await;
        let mut holder = db.pool().begin().await.unwrap();
        if held {
            sqlx::query("set transaction isolation level repeatable read")
                .execute(&mut *holder)
                .await
                .unwrap();
            sqlx::query("select count(*) from events").execute(&mut *holder).await.unwrap();
        }
        let until = Instant::now() + Duration::from_secs(4);
        let started = Instant::now();
        let tasks: Vec<_> = (0..callers)
            .map(|c| {
                let log = logs[c % writers].clone();
                tokio::spawn(async move {
                    let (mut n, mut lat) = (0u64, vec![]);
                    while Instant::now() < until {
                        n += 1;
                        let s = if conflicts > 0 && n % (100 / conflicts) == 0 {
                            taken
                        } else {
                            SystemIds.uuid_v7(SystemClock.now())
                        };
                        let t = Instant::now();
                        match log.append(append(s, 0)).await {
                            Outcome::Recorded(_) | Outcome::Conflict { .. } => {}
                            o => panic!("{o:?}"),
                        }
                        lat.push(t.elapsed());
                    }
                    (n, lat)
                })
            })
            .collect();
        let (mut n, mut lat) = (0, vec![]);
        for t in tasks {
            let (a, b) = t.await.unwrap();
            n += a;
            lat.extend(b);
        }
        let s = started.elapsed().as_secs_f64();
        lat.sort();
        println!(
            "callers {callers} writers {writers} conflicts {conflicts}%: {:.0}/s p50 {:?} p99 {:?}",
            n as f64 / s,
            lat[lat.len() / 2],
            lat[lat.len() * 99 / 100]
        );
        drop(holder);
        for l in logs {
            l.close().await;
        }
    }
}
