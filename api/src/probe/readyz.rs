//! `GET /readyz`: whether this process can do the work of its own roles. One that reaches the log is ready, and says what
//! else is amiss. It answers within two seconds, whatever hangs.

use std::borrow::Cow;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures::future::BoxFuture;
use serde::Serialize;
use utoipa::ToSchema;

use crate::process::Process;

pub(crate) const PATH: &str = "/readyz";
const TIMEOUT: Duration = Duration::from_millis(1_500);

/// What knows whether this process is ready.
pub trait Readiness: Send + Sync {
    /// Looks now.
    fn report(&self) -> BoxFuture<'_, ReadinessReport>;
}

/// How this process stands.
#[derive(Clone, Debug, Default)]
pub struct ReadinessReport {
    /// Whether it can do what its roles need: reach the log, by a clock that is right.
    pub ready: bool,
    /// The roles that run here.
    pub roles: Vec<&'static str>,
    /// How the subscriptions of these roles stand here.
    pub subscriptions: Vec<Subscription>,
    /// What else is amiss, or why it is not ready.
    pub degraded: Vec<Degraded>,
    /// The log that it works on, which tells installations apart.
    pub log_id: Option<String>,
}

/// How a subscription stands in this process.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Subscription {
    /// Its name, as in metrics.
    #[schema(value_type = String, example = "inbox-v1")]
    pub name: Cow<'static, str>,
    /// `starting`, `follows`, `stands_by` (another process runs it), `interrupted` (it tries again) or `halted` (it stands
    /// still at an event that it cannot handle).
    #[schema(value_type = String, example = "follows")]
    pub state: &'static str,
    /// How many events it is behind the log's head; absent where another process runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 0)]
    pub behind: Option<i64>,
}

/// Something that is amiss.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Degraded {
    /// Which part.
    #[schema(value_type = String, example = "log")]
    pub part: &'static str,
    /// What is wrong with it, without addresses or credentials.
    pub reason: String,
}

/// The answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadyBody {
    /// `ready`, `degraded` (ready, but something is amiss) or `unavailable`.
    #[schema(example = "ready")]
    status: &'static str,
    /// The roles that run here: `api`, `project`, `dispatch`, `relay`.
    #[schema(value_type = Vec<String>, example = json!(["project"]))]
    roles: Vec<&'static str>,
    /// How the subscriptions of these roles stand here.
    subscriptions: Vec<Subscription>,
    /// What is amiss.
    degraded: Vec<Degraded>,
    /// The id of the log that it works on: the same in every process of an installation, and in no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid")]
    log_id: Option<String>,
}

/// Says whether this process can do its work.
#[utoipa::path(get, path = "/readyz", tag = "Probes", operation_id = "readyz", responses(
    (status = 200, description = "It can", body = ReadyBody),
    (status = 503, description = "It cannot", body = ReadyBody),
))]
pub(crate) async fn readyz(State(process): State<Process>) -> (StatusCode, Json<ReadyBody>) {
    let report = tokio::time::timeout(TIMEOUT, process.readiness.report()).await.unwrap_or_else(|_| {
        let reason = "no answer in time".to_owned();
        ReadinessReport {
            degraded: vec![Degraded { part: "readiness", reason }],
            ..ReadinessReport::default()
        }
    });
    let (code, status) = match (report.ready, report.degraded.is_empty()) {
        (true, true) => (StatusCode::OK, "ready"),
        (true, false) => (StatusCode::OK, "degraded"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    let ReadinessReport { ready: _, roles, subscriptions, degraded, log_id } = report;
    (code, Json(ReadyBody { status, roles, subscriptions, degraded, log_id }))
}
