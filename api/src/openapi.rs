//! `GET /openapi.json`: the description of all routes, generated from the code beside each of them.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::{admin, probe, v1};

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
        admin::tenants::register,
        admin::tenant::show,
        admin::change_tenant::change,
        admin::template::put,
        admin::providers::put,
        admin::event::event,
        admin::resolve::resolve,
        admin::sandbox::messages,
        probe::healthz::healthz,
        probe::readyz::readyz,
        probe::metrics::metrics,
        openapi,
    ),
    modifiers(&Credentials),
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

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| Document::openapi().to_pretty_json().expect("the description is JSON"));

/// The description of all routes, as it is served.
pub fn document() -> &'static str {
    &DOCUMENT
}

/// Describes all routes.
#[utoipa::path(get, path = "/openapi.json", tag = "Probes", responses(
    (status = 200, description = "An OpenAPI document", body = Object, content_type = "application/json"),
))]
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document())
}
