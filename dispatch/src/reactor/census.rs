//! Counts what is due, for operators: the table's rows by kind, and how old the oldest due one is.
//!
//! Nothing depends on it. It looks at the whole table, so after each count it rests in proportion to what that took.

use std::sync::Arc;
use std::time::Duration;

use orqestra_event_log::{Clock, Outage};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::due::store::{self, Counted, DueError};
use crate::due::{DueKind, waiting};
use crate::waiting::WaitReason;

/// The shortest rest between two counts.
const REST: Duration = Duration::from_secs(5);
/// After a count that took long the rest is this many times as long.
const PATIENCE: u32 = 50;

pub(super) struct Census {
    pub(super) pool: PgPool,
    pub(super) clock: Arc<dyn Clock>,
}

impl Census {
    pub(super) async fn run(self, token: CancellationToken) {
        let outage = Outage::default();
        loop {
            let began = Instant::now();
            let counted = async {
                let rows = store::count(&self.pool, self.clock.now()).await?;
                Ok::<_, DueError>((rows, waiting::count(&self.pool).await?))
            };
            match counted.await {
                Ok((counted, waiting)) => {
                    self.show(&counted);
                    show_waiting(&waiting);
                    if let Some(duration_ms) = outage.ends() {
                        tracing::info!(duration_ms, "due deliveries can be counted again");
                    }
                }
                Err(error) => {
                    show_nothing();
                    if outage.begins() {
                        tracing::warn!(error = %error, "due deliveries cannot be counted");
                    }
                }
            }
            let rest = (began.elapsed() * PATIENCE).max(REST);
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    fn show(&self, counted: &[Counted]) {
        for kind in [DueKind::Send, DueKind::Sweep, DueKind::Held] {
            let of_kind = counted.iter().find(|counted| counted.kind == kind);
            let rows = of_kind.map_or(0, |counted| counted.rows);
            let rows = f64::from(u32::try_from(rows).unwrap_or(u32::MAX));
            let oldest = of_kind.and_then(|counted| counted.oldest);
            let age = oldest.map_or(0.0, |oldest| self.clock.now().since(oldest).as_secs_f64());
            metrics::gauge!("orqestra_due_deliveries", "kind" => kind.as_str()).set(rows);
            metrics::gauge!("orqestra_due_oldest_seconds", "kind" => kind.as_str()).set(age);
            if kind == DueKind::Held {
                metrics::gauge!("orqestra_unknown_held").set(rows);
                metrics::gauge!("orqestra_oldest_unknown_seconds").set(age);
            }
        }
    }
}

/// What cannot be counted is not known: NaN stands for nothing.
fn show_nothing() {
    for kind in [DueKind::Send, DueKind::Sweep, DueKind::Held] {
        metrics::gauge!("orqestra_due_deliveries", "kind" => kind.as_str()).set(f64::NAN);
        metrics::gauge!("orqestra_due_oldest_seconds", "kind" => kind.as_str()).set(f64::NAN);
    }
    metrics::gauge!("orqestra_unknown_held").set(f64::NAN);
    metrics::gauge!("orqestra_oldest_unknown_seconds").set(f64::NAN);
    for reason in WaitReason::ALL {
        metrics::gauge!("orqestra_waiting_deliveries", "reason" => reason.as_str()).set(f64::NAN);
    }
}

fn show_waiting(counted: &[(String, i64)]) {
    for reason in WaitReason::ALL {
        let rows =
            counted.iter().find(|(counted, _)| counted == reason.as_str()).map_or(0, |(_, rows)| *rows);
        let rows = f64::from(u32::try_from(rows).unwrap_or(u32::MAX));
        metrics::gauge!("orqestra_waiting_deliveries", "reason" => reason.as_str()).set(rows);
    }
}
