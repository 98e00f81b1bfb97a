//! `GET /openapi.json`: the description of all routes, generated from the code beside each of them.
//!
//! What routes share (errors, credentials, headers), what the code checks of fields, and where answers have `null` is put in
//! here, so that generated clients and validators hold to what the engine takes and answers.

mod answers;
mod bounds;
mod shared;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::OpenApi;
use utoipa::openapi::Server;
use utoipa::openapi::path::Operation;

use self::answers::LeftOut;
use self::bounds::Described;
use self::shared::{Credentials, SharedErrors};
use crate::app::App;
use crate::public_url::PublicUrl;
use crate::view::ChannelView;
use crate::{admin, callbacks, probe, realtime, v1};

pub(crate) const PATH: &str = "/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Orqestra",
        description = "A multi-tenant notification engine: one event in, EMAIL, SMS and PUSH out.",
    ),
    tags(
        (name = "Events", description = "Events of tenants, in and out"),
        (name = "Notifications", description = "What a user got in the app"),
        (name = "Realtime", description = "Pushes as they come"),
        (name = "Callbacks", description = "What providers say later of the messages that they took"),
        (name = "Admin", description = "What operators set and look at"),
        (name = "Probes", description = "How the process stands, and what it serves"),
    ),
    paths(
        v1::trigger::trigger,
        v1::event::event,
        v1::realtime_token::realtime_token,
        v1::history::history,
        v1::mark_read::mark_read,
        admin::tenants::list,
        admin::tenants::register,
        admin::tenant::show,
        admin::change_tenant::change,
        admin::templates::list,
        admin::template::show,
        admin::template::put,
        admin::switch_template::switch,
        admin::providers::put,
        admin::providers::show,
        admin::provider_test::test,
        admin::events::find,
        admin::event::event,
        admin::explanation::explain,
        admin::resolve::resolve,
        admin::unknown::list,
        admin::dead_letters::list,
        admin::dead_letters::show,
        admin::redrive::request,
        admin::redrive::list,
        admin::redrive::show,
        admin::redrive::stop,
        admin::sandbox::messages,
        admin::suppressions::add,
        admin::suppressions::list,
        admin::suppression_lookup::look_up,
        admin::suppression::lift,
        callbacks::called,
        callbacks::called_in_secret,
        realtime::websocket::websocket,
        probe::healthz::healthz,
        probe::readyz::readyz,
        probe::metrics::metrics,
        openapi,
    ),
    // A default of a generic type is not found by itself.
    components(schemas(ChannelView)),
    modifiers(&Credentials, &SharedErrors, &Described, &LeftOut),
)]
struct Document;

/// The description of all routes, as it is served at this address; `/` where it is not known.
pub fn document(at: Option<&PublicUrl>) -> String {
    let mut document = Document::openapi();
    document.servers = Some(vec![Server::new(at.map_or("/", PublicUrl::as_str))]);
    document.to_pretty_json().expect("the description is JSON")
}

/// Every route with each status that it is described to answer with.
pub(crate) fn answers() -> Vec<(String, u16)> {
    let document = Document::openapi();
    let mut answers = Vec::new();
    for (path, item) in &document.paths.paths {
        let operations = [&item.get, &item.put, &item.post, &item.patch, &item.delete];
        let responses = operations.into_iter().flatten().flat_map(|operation| &operation.responses.responses);
        answers.extend(responses.filter_map(|(status, _)| Some((path.clone(), status.parse().ok()?))));
    }
    answers
}

/// Describes all routes.
#[utoipa::path(get, path = "/openapi.json", tag = "Probes", operation_id = "openapi", responses(
    (status = 200, description = "An OpenAPI document", body = Object, content_type = "application/json"),
))]
pub(crate) async fn openapi(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], app.description())
}

/// Every operation of the description.
fn operations(document: &mut utoipa::openapi::OpenApi) -> impl Iterator<Item = &mut Operation> {
    document.paths.paths.values_mut().flat_map(|item| {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten()
    })
}
