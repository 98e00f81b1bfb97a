//! The routes: all of them, or those of a process without an API. One file an endpoint; what surrounds all of them is
//! in `observe`.

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, patch, post, put};

use crate::app::App;
use crate::error::ApiError;
use crate::observe::observe;
use crate::probe::ProbesAt;
use crate::process::Process;
use crate::{admin, callbacks, demo, openapi, probe, realtime, v1};

/// Every route's pattern.
pub(crate) const ROUTES: [&str; 35] = [
    v1::trigger::PATH,
    v1::realtime_token::PATH,
    v1::history::PATH,
    v1::mark_read::PATH,
    v1::event::PATH,
    admin::tenants::PATH,
    admin::tenant::PATH,
    admin::templates::PATH,
    admin::template::PATH,
    admin::providers::PATH,
    admin::provider_test::PATH,
    admin::events::PATH,
    admin::event::PATH,
    admin::explanation::PATH,
    admin::resolve::PATH,
    admin::unknown::PATH,
    admin::dead_letters::PATH,
    admin::dead_letters::ONE_PATH,
    admin::redrive::PATH,
    admin::redrive::LIST_PATH,
    admin::redrive::ONE_PATH,
    admin::redrive::STOP_PATH,
    admin::sandbox::PATH,
    admin::suppressions::PATH,
    admin::suppression_lookup::PATH,
    admin::suppression::PATH,
    callbacks::PATH,
    callbacks::SECRET_PATH,
    realtime::websocket::PATH,
    probe::healthz::PATH,
    probe::readyz::PATH,
    probe::metrics::PATH,
    openapi::PATH,
    demo::PATH,
    demo::FILE_PATH,
];

/// Builds the router of a process with an API.
pub fn router(app: App) -> Router {
    let http = app.process.http();
    http.begin(openapi::answers().iter().map(|(route, status)| (route.as_str(), *status)));
    http.begin_triggers();
    begin_metrics();
    let routes = Router::new()
        .route(v1::trigger::PATH, post(v1::trigger::trigger).get(v1::event::named_trigger))
        .route(v1::realtime_token::PATH, post(v1::realtime_token::realtime_token))
        .route(v1::history::PATH, get(v1::history::history))
        .route(v1::mark_read::PATH, put(v1::mark_read::mark_read))
        .route(v1::event::PATH, get(v1::event::event))
        .route(admin::tenants::PATH, post(admin::tenants::register).get(admin::tenants::list))
        .route(admin::tenant::PATH, patch(admin::change_tenant::change).get(admin::tenant::show))
        .route(admin::templates::PATH, get(admin::templates::list))
        .route(
            admin::template::PATH,
            put(admin::template::put).get(admin::template::show).patch(admin::switch_template::switch),
        )
        .route(admin::providers::PATH, put(admin::providers::put).get(admin::providers::show))
        .route(admin::provider_test::PATH, post(admin::provider_test::test))
        .route(admin::events::PATH, get(admin::events::find))
        .route(admin::event::PATH, get(admin::event::event))
        .route(admin::explanation::PATH, post(admin::explanation::explain))
        .route(admin::resolve::PATH, post(admin::resolve::resolve))
        .route(admin::unknown::PATH, get(admin::unknown::list))
        .route(admin::dead_letters::PATH, get(admin::dead_letters::list))
        .route(admin::dead_letters::ONE_PATH, get(admin::dead_letters::show))
        .route(admin::redrive::PATH, post(admin::redrive::request))
        .route(admin::redrive::LIST_PATH, get(admin::redrive::list))
        .route(admin::redrive::ONE_PATH, get(admin::redrive::show))
        .route(admin::redrive::STOP_PATH, post(admin::redrive::stop))
        .route(admin::sandbox::PATH, get(admin::sandbox::messages))
        .route(admin::suppressions::PATH, post(admin::suppressions::add).get(admin::suppressions::list))
        .route(admin::suppression_lookup::PATH, post(admin::suppression_lookup::look_up))
        .route(admin::suppression::PATH, delete(admin::suppression::lift))
        .route(callbacks::PATH, post(callbacks::called))
        .route(callbacks::SECRET_PATH, post(callbacks::called_in_secret))
        .route(realtime::websocket::PATH, get(realtime::websocket::websocket))
        .route(openapi::PATH, get(openapi::openapi))
        .merge(demo::routes(app.demo));
    completed(routes, app.process.clone(), app.probes).with_state(app)
}

/// Builds the router of the probes and nothing else.
pub(crate) fn probes(process: Process, at: ProbesAt) -> Router {
    let answers = openapi::answers();
    let probes = answers.iter().map(|(route, status)| (route.as_str(), *status));
    process.http().begin(probes.filter(|(route, _)| probe::PATHS.contains(route)));
    completed(Router::new(), process.clone(), at).with_state(process)
}

/// Lets the series of what is refused begin at zero, and that of look-backs.
fn begin_metrics() {
    for limit in ["per_minute", "daily"] {
        metrics::counter!("orqestra_limited_total", "limit" => limit).increment(0);
    }
    for reason in ["wrong_token", "waits"] {
        metrics::counter!("orqestra_admin_refusals_total", "reason" => reason).increment(0);
    }
    for provider in callbacks::KINDS.map(|kind| kind.name) {
        metrics::counter!("orqestra_receipts_rejected_total", "provider" => provider).increment(0);
        metrics::counter!("orqestra_callback_secrets_unopened_total", "provider" => provider).increment(0);
        metrics::counter!("orqestra_receipts_total",
            "provider" => provider, "receipt" => "delivered", "outcome" => "recorded")
        .increment(0);
    }
    for outcome in ["recovered", "not_recovered", "not_yet", "failed"] {
        metrics::counter!("orqestra_realtime_recoveries_total", "outcome" => outcome).increment(0);
    }
}

fn completed<S>(routes: Router<S>, process: Process, probes: ProbesAt) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Process: FromRef<S>,
{
    routes
        .merge(probe::routes(probes))
        .fallback(async || ApiError::NoSuchRoute)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(from_fn_with_state(process, observe))
}
