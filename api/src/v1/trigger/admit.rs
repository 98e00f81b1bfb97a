//! Whether a trigger passes its tenant's limits, or is a repeat, which costs no quota.

use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{AnswerKeys, TenantEntry, Trigger, Triggered};
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::error::ApiError;
use crate::limits::{Exceeded, Moment, Permit, RepeatKeys, Taken};

/// How long a trigger at the limit waits for those that are not settled yet.
const SETTLED_WITHIN: Duration = Duration::from_secs(2);

/// What the limits let through.
pub(super) enum Admitted {
    New(Permit),
    Before(Box<Triggered>),
}

/// Counts a trigger, or finds that it is known. At the limit, permits that are not settled yet may belong to repeats:
/// it waits for them, for a while.
pub(super) async fn admit(
    app: &App,
    tenant: &Arc<TenantEntry>,
    trigger: &Trigger,
) -> Result<Admitted, ApiError> {
    let until = Instant::now() + SETTLED_WITHIN;
    let (mut patient, mut shared) = (true, true);
    loop {
        let now = Moment::now(&*app.process.clock);
        let repeat = || {
            if shared {
                repeat_keys(app.commands.answer_keys(tenant, trigger))
            } else {
                RepeatKeys::default()
            }
        };
        let refused = match app.limits.take(tenant.id, tenant.record.limits, now, repeat).await {
            Ok(Taken::Permit(permit)) => return Ok(Admitted::New(permit)),
            Ok(Taken::NotNow) => return Err(ApiError::Contended),
            Ok(Taken::Known(answer)) => {
                if app.commands.learn(tenant, trigger, &answer)
                    && let Some(known) = app.commands.known(tenant, trigger).await?
                {
                    return Ok(Admitted::Before(Box::new(known)));
                }
                // It was another request's, of which the log decides.
                shared = false;
                continue;
            }
            Err(refused) => refused,
        };
        if let Some(known) = app.commands.known(tenant, trigger).await? {
            return Ok(Admitted::Before(Box::new(known)));
        }
        match refused.settling {
            Some(settling) if patient => patient = timeout_at(until, settling.settled()).await.is_ok(),
            _ => {
                let limit = match refused.exceeded {
                    Exceeded::PerMinute { .. } => "per_minute",
                    Exceeded::Daily { .. } => "daily",
                };
                metrics::counter!("orqestra_limited_total", "limit" => limit).increment(1);
                return Err(ApiError::LimitReached(tenant.record.name.clone(), refused.exceeded));
            }
        }
    }
}

/// By what other processes know the answer.
pub(super) fn repeat_keys(keys: AnswerKeys) -> RepeatKeys {
    RepeatKeys { notification: keys.notification.map(|id| id.to_string()), claim: keys.key }
}
