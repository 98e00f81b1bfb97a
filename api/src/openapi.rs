//! `GET /openapi.json`: the description of all routes, generated from the code beside each of them.

mod bounds;

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use self::bounds::Described;
use crate::view::ChannelView;
use crate::{admin, probe, realtime, v1};

pub(crate) const PATH: &str = "/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Orqestra",
        description = "A multi-tenant notification engine: one event in, EMAIL, SMS and PUSH out.",
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
        admin::event::event,
        admin::explanation::explain,
        admin::resolve::resolve,
        admin::sandbox::messages,
        realtime::websocket::websocket,
        probe::healthz::healthz,
        probe::readyz::readyz,
        probe::metrics::metrics,
        openapi,
    ),
    // A default of a generic type is not found by itself.
    components(schemas(ChannelView)),
    modifiers(&Credentials, &SharedErrors, &Described),
)]
struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-api-key")));
        let token = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        components.add_security_scheme("apiKey", key);
        components.add_security_scheme("adminToken", token);
    }
}

/// The errors that every route with credentials has, and those that every route with a body has.
struct SharedErrors;

impl Modify for SharedErrors {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch];
            for operation in operations.into_iter().flatten().filter(|operation| operation.security.is_some())
            {
                let mut add = |status: &str, description: &str| {
                    let content =
                        ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
                    let response = ResponseBuilder::new()
                        .description(description)
                        .content("application/json", content)
                        .build();
                    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.into());
                };
                add("500", "The database does not answer");
                if operation.request_body.is_some() {
                    add("400", "The body is no JSON");
                    add("408", "The body did not arrive in time");
                    add("413", "The body is larger than 256 KB");
                    add("415", "The body is not `application/json`");
                    add("503", "Too much at once; `Retry-After` says when to come again");
                }
            }
        }
    }
}

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| Document::openapi().to_pretty_json().expect("the description is JSON"));

/// The description of all routes, as it is served.
pub fn document() -> &'static str {
    &DOCUMENT
}

/// Describes all routes.
#[utoipa::path(get, path = "/openapi.json", tag = "Probes", operation_id = "openapi", responses(
    (status = 200, description = "An OpenAPI document", body = Object, content_type = "application/json"),
))]
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document())
}
