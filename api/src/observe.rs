//! Around every request: its id and trace, its line in the log, its span, its metrics, and the body of its error.
//!
//! A failure is logged here and nowhere else. Nothing here or in the lines names an address, a token or a body. Lines of
//! requests that were answered have a target of their own, so that they can be switched off.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use metrics::{Counter, Histogram};
use orqestra_commands::{CallerId, CallersIds, TenantEntry, Trace};
use orqestra_domain::{NotificationId, TenantId};
use tracing::{Instrument, Span};

use crate::envelope;
use crate::error::{ApiError, Failure};
use crate::probe;
use crate::process::Process;
use crate::request::{REQUEST_ID, callers_ids, trace_parent};
use crate::router::ROUTES;
use crate::server::NoPlace;

/// The target of lines that tell of what went well.
const ACCESS: &str = "orqestra::access";
/// Seconds after which a connection without a place may find one.
const NO_PLACE_FOR: u64 = 1;
const HERE: &str = module_path!();
/// The statuses that routes answer with; all others are counted together.
const STATUSES: [u16; 19] =
    [101, 200, 201, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 422, 426, 429, 431, 500, 503];

/// The notification that an answer is about, for the request's line and span: its own id, not the caller's event id, which may be
/// personal.
#[derive(Clone, Copy)]
pub(crate) struct OfNotification(pub(crate) NotificationId);

/// What is known of a request while it runs.
#[derive(Clone)]
pub(crate) struct Scope(Arc<ScopeInner>);

struct ScopeInner {
    /// What the caller calls it, for the answer alone.
    ids: CallersIds,
    trace: Arc<Trace>,
    /// The same, once it is known under whose key the caller's ids are referred to.
    referring: OnceLock<Arc<Trace>>,
    tenant: OnceLock<TenantId>,
}

impl Scope {
    fn new(ids: CallersIds, trace: Trace) -> Self {
        let (trace, referring, tenant) = (Arc::new(trace), OnceLock::new(), OnceLock::new());
        Self(Arc::new(ScopeInner { ids, trace, referring, tenant }))
    }

    /// The trace that the request belongs to.
    pub(crate) fn trace(&self) -> &Arc<Trace> {
        self.0.referring.get().unwrap_or(&self.0.trace)
    }

    /// The request's id, as logs and events have it.
    fn request_id(&self) -> &str {
        self.0.trace.request_id()
    }

    /// The request's id, as its answer has it: the caller's own, if it gave one.
    fn told_id(&self) -> &str {
        self.0.ids.request.as_ref().map_or_else(|| self.request_id(), CallerId::as_str)
    }

    /// Refers to those of the caller's ids that may not stand in clear, under this tenant's key.
    pub(crate) fn refer(&self, tenant: &TenantEntry) {
        if self.0.ids.are_plain() {
            return;
        }
        self.0.referring.get_or_init(|| {
            let trace = Trace::clone(&self.0.trace);
            Arc::new(trace.referring(&self.0.ids, &tenant.index))
        });
    }

    /// Says whose request it is.
    pub(crate) fn is_for(&self, tenant: TenantId) {
        self.0.tenant.get_or_init(|| tenant);
    }
}

/// Runs a request and writes down how it went.
pub(crate) async fn observe(State(process): State<Process>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let ids = callers_ids(request.headers());
    let own = || process.ids.uuid_v7(process.clock.now()).to_string();
    let trace = Trace::of_request(&ids, trace_parent(request.headers()), own);
    let scope = Scope::new(ids, trace);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let method = known(request.method());
    request.extensions_mut().insert(scope.clone());
    let trace_id = scope.0.trace.id();
    let lines = tracing::info_span!("request", request.id = scope.request_id(), trace.id = trace_id);
    let span = lines.in_scope(|| server_span(&scope, route, method));
    let no_place = request.extensions().get::<NoPlace>().is_some();
    let answered = async move {
        if no_place { ApiError::Overloaded(NO_PLACE_FOR).into_response() } else { next.run(request).await }
    };
    let answered = AssertUnwindSafe(answered).catch_unwind().instrument(span.clone()).instrument(lines).await;
    let mut response = answered
        .unwrap_or_else(|_| ApiError::Internal("the request's task panicked".to_owned()).into_response());
    let failure = response.extensions_mut().remove::<Failure>();
    if let Some(Failure(error)) = &failure {
        envelope::write(&mut response, error, scope.told_id());
    }
    if let Ok(id) = HeaderValue::from_str(scope.told_id()) {
        response.headers_mut().insert(HeaderName::from_static(REQUEST_ID), id);
    }
    // What is answered is a tenant's or an operator's own, but where the route says otherwise.
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    let elapsed = started.elapsed();
    process.http().record(route, response.status(), elapsed);
    span.record("http.response.status_code", response.status().as_u16());
    if let Some(tenant) = scope.0.tenant.get() {
        span.record("tenant.id", tracing::field::display(tenant));
    }
    let notification = response.extensions_mut().remove::<OfNotification>().map(|of| of.0);
    if let Some(notification) = notification {
        span.record("notification.id", tracing::field::display(notification));
    }
    if response.status().is_server_error() {
        span.record("otel.status", "error");
    }
    if let Some(reference) = scope.trace().request_ref() {
        span.record("request.ref", reference);
    }
    if let Some(reference) = scope.trace().given_ref() {
        span.record("trace.ref", reference);
    }
    drop(span);
    let status = response.status();
    let line = Line { scope: &scope, trace_id, notification, route, method, status, elapsed };
    line.write(failure.as_ref().map(|failure| &*failure.0));
    response
}

/// A method's name; one that nobody knows may be as long as all headers.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| method.as_str() == *known).unwrap_or("_OTHER")
}

/// The span for a tracing backend: made only where one is configured, and not for probes.
fn server_span(scope: &Scope, route: &str, method: &str) -> Span {
    if probe::PATHS.contains(&route) {
        return Span::none();
    }
    let trace = &scope.0.trace;
    tracing::trace_span!(
        target: "orqestra::span",
        "request",
        otel.name = format_args!("{method} {route}"),
        otel.kind = "server",
        otel.entry = %trace.entry(),
        otel.parent = trace.parent().map(tracing::field::display),
        request.id = trace.request_id(),
        "request.ref" = tracing::field::Empty,
        trace.id = trace.given(),
        "trace.ref" = tracing::field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
        tenant.id = tracing::field::Empty,
        notification.id = tracing::field::Empty,
        otel.status = tracing::field::Empty,
    )
}

/// Writes down a refusal of what was no request yet, and gives its id and its body.
pub(crate) fn unrouted(process: &Process, error: &ApiError) -> (String, Vec<u8>) {
    let (status, code) = error.row();
    let id = process.ids.uuid_v7(process.clock.now()).to_string();
    let scope = Scope::new(CallersIds::default(), Trace::own(id));
    process.http().record("none", status, Duration::ZERO);
    tracing::info!(
        request.id = scope.request_id(),
        trace.id = scope.0.trace.id(),
        http.status = status.as_u16(),
        code,
        "refused a request"
    );
    let body = envelope::body(error, scope.request_id());
    (scope.request_id().to_owned(), body)
}

struct Line<'a> {
    scope: &'a Scope,
    trace_id: String,
    notification: Option<NotificationId>,
    route: &'a str,
    method: &'a str,
    status: StatusCode,
    elapsed: Duration,
}

impl Line<'_> {
    fn write(&self, error: Option<&ApiError>) {
        macro_rules! line {
            ($level:ident, $target:expr, $message:literal $(, $name:literal = $value:expr)*) => {
                tracing::$level!(
                    target: $target,
                    {
                        request.id = self.scope.request_id(),
                        "request.ref" = self.scope.trace().request_ref(),
                        trace.id = self.trace_id,
                        "trace.ref" = self.scope.trace().given_ref(),
                        tenant.id = self.scope.0.tenant.get().map(tracing::field::display),
                        notification.id = self.notification.map(tracing::field::display),
                        http.method = self.method,
                        http.route = self.route,
                        http.status = self.status.as_u16(),
                        duration_ms = (self.elapsed.as_secs_f64() * 1_000_000.0).round() / 1_000.0,
                        $($name = $value,)*
                    },
                    $message
                )
            };
        }
        match error {
            None if probe::PATHS.contains(&self.route) => line!(debug, ACCESS, "answered a request"),
            None => line!(info, ACCESS, "answered a request"),
            Some(error) => match error.cause() {
                Some(cause) => {
                    line!(error, HERE, "a request failed", "code" = error.row().1, "error" = cause);
                }
                None => line!(info, HERE, "refused a request", "code" = error.row().1),
            },
        }
    }
}

/// Counters and durations by route, and what became of triggers, made when first used and never looked up again.
pub(crate) struct HttpMetrics {
    routes: HashMap<&'static str, RouteMetrics>,
    none: RouteMetrics,
    accepted: OnceLock<Counter>,
    repeated: OnceLock<Counter>,
}

struct RouteMetrics {
    route: &'static str,
    counts: [OnceLock<Counter>; STATUSES.len() + 1],
    duration: OnceLock<Histogram>,
}

impl HttpMetrics {
    pub(crate) fn new() -> Self {
        let routes = ROUTES.iter().map(|route| (*route, RouteMetrics::new(route))).collect();
        let none = RouteMetrics::new("none");
        Self { routes, none, accepted: OnceLock::new(), repeated: OnceLock::new() }
    }

    /// Lets the series of what may be answered begin at zero.
    pub(crate) fn begin<'a>(&self, answers: impl IntoIterator<Item = (&'a str, u16)>) {
        for (route, status) in answers {
            let metrics = self.routes.get(route).unwrap_or(&self.none);
            metrics.count(status).increment(0);
            metrics.duration();
        }
    }

    /// Lets those of triggers begin at zero.
    pub(crate) fn begin_triggers(&self) {
        self.count(false).increment(0);
        self.count(true).increment(0);
    }

    /// Counts a trigger that was answered with success, now or before.
    pub(crate) fn triggered(&self, replayed: bool) {
        self.count(replayed).increment(1);
    }

    fn count(&self, replayed: bool) -> &Counter {
        let (counter, outcome) =
            if replayed { (&self.repeated, "repeated") } else { (&self.accepted, "accepted") };
        counter.get_or_init(|| metrics::counter!("orqestra_triggers_total", "outcome" => outcome))
    }

    fn record(&self, route: &str, status: StatusCode, elapsed: Duration) {
        self.routes.get(route).unwrap_or(&self.none).record(status, elapsed);
    }
}

impl RouteMetrics {
    fn new(route: &'static str) -> Self {
        Self { route, counts: std::array::from_fn(|_| OnceLock::new()), duration: OnceLock::new() }
    }

    fn record(&self, status: StatusCode, elapsed: Duration) {
        self.count(status.as_u16()).increment(1);
        self.duration().record(elapsed.as_secs_f64());
    }

    fn count(&self, status: u16) -> &Counter {
        let known = STATUSES.iter().position(|known| *known == status);
        self.counts[known.unwrap_or(STATUSES.len())].get_or_init(|| {
            let status = known.map_or_else(|| "other".to_owned(), |_| status.to_string());
            metrics::counter!("orqestra_http_requests_total", "route" => self.route, "status" => status)
        })
    }

    fn duration(&self) -> &Histogram {
        self.duration.get_or_init(
            || metrics::histogram!("orqestra_http_request_duration_seconds", "route" => self.route),
        )
    }
}
