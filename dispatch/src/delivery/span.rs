//! What a tracing backend and the log are told of a delivery: one span of it in its request's trace, one of each call to a
//! provider, and one line a call.
//!
//! The spans are made only where a backend is configured. Nothing here names an address, a content or an answer.

use orqestra_commands::Trace;
use tracing::Span;
use tracing::field::Empty;

use super::Called;
use crate::due::{DueKey, DueRow};
use crate::provider::{NotTaken, SendError};

/// The span of working on a delivery once, a child of the request that it follows from.
pub(super) fn delivery(row: &DueRow, trace: Option<&Trace>) -> Span {
    let DueKey { tenant, notification, channel } = row.key;
    tracing::trace_span!(
        target: "orqestra::span",
        "delivery",
        otel.name = format_args!("delivery {channel}"),
        otel.parent = trace.map(|trace| display(trace.entry())),
        request.id = trace.map(Trace::request_id),
        trace.id = trace.and_then(Trace::given),
        tenant.id = %tenant,
        notification.id = %notification,
        channel = %channel,
    )
}

/// The span of a call to a provider.
pub(super) fn attempt(row: &DueRow, provider: &str) -> Span {
    let DueKey { tenant, notification, channel } = row.key;
    tracing::trace_span!(
        target: "orqestra::span",
        "attempt",
        otel.name = format_args!("attempt {channel}"),
        otel.kind = "client",
        tenant.id = %tenant,
        notification.id = %notification,
        channel = %channel,
        provider,
        attempt = row.due.attempt,
        outcome = Empty,
        code = Empty,
        otel.status = Empty,
    )
}

/// Ends an attempt's span and writes its line, in the target of lines that can be switched off.
pub(super) fn end(row: &DueRow, called: &Called, trace: Option<&Trace>) {
    let Called { carrier, sent, elapsed, span, .. } = called;
    let (outcome, code) = match sent {
        Ok(_) => ("sent", None),
        Err(SendError::NotTaken(NotTaken { cause, .. })) => ("not_taken", Some(cause.as_str())),
        Err(SendError::Refused { cause, .. }) => ("refused", Some(cause.as_str())),
        Err(SendError::Unknown { cause, .. }) => ("unknown", Some(cause.as_str())),
        Err(SendError::NotAsked { cause, .. }) => ("not_asked", Some(cause.as_str())),
    };
    span.record("outcome", outcome);
    if let Some(code) = code {
        span.record("code", code);
        span.record("otel.status", "error");
    }
    let DueKey { tenant, notification, channel } = row.key;
    tracing::info!(
        target: "orqestra::access",
        {
            trace.id = trace.map(Trace::id),
            tenant.id = %tenant,
            notification.id = %notification,
            channel = %channel,
            provider = carrier.provider.name(),
            attempt = row.due.attempt,
            outcome,
            code,
            duration_ms = (elapsed.as_secs_f64() * 1_000_000.0).round() / 1_000.0,
        },
        "called a provider"
    );
}
