//! What routes share: the credentials that open them, the errors that any of them may answer, and the headers of answers.
//!
//! What a route says of its own errors stands; what is missing is added.

use utoipa::Modify;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};

use super::operations;

const JSON: &str = "application/json";
const ERROR: &str = "ErrorBody";

/// The two kinds of credentials.
pub(super) struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let key = ApiKeyValue::with_description("x-api-key", "A key of the tenant, for its backend alone");
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "The admin token. After 8 wrong ones an address has to wait before another is looked at (429, \
             `too_many_wrong_tokens`); a right one, or 10 minutes without a wrong one, begin anew",
        ));
        components.add_security_scheme("apiKey", SecurityScheme::ApiKey(ApiKey::Header(key)));
        components.add_security_scheme("adminToken", SecurityScheme::Http(token.build()));
    }
}

/// The errors of routes with credentials, of routes with a body, of operators' routes and of all of them.
pub(super) struct SharedErrors;

impl Modify for SharedErrors {
    fn modify(&self, document: &mut OpenApi) {
        for operation in operations(document) {
            let is = |tag: &str| operation.tags.iter().flatten().any(|of| of == tag);
            let (admin, called_back) = (is("Admin"), is("Callbacks"));
            let has_credentials = operation.security.is_some();
            // A probe finds a place where no other request does.
            let finds_no_place = !is("Probes") || operation.operation_id.as_deref() == Some("openapi");
            if has_credentials {
                add(operation, "500", "Something inside failed, or the database does not answer");
            } else {
                // Said of each operation: none is needed here.
                operation.security = Some(Vec::new());
            }
            if admin {
                add(
                    operation,
                    "429",
                    "More than 8 wrong admin tokens came from this address: no token of it is looked at until `Retry-After`, \
                     the right one neither; 1 second at first, doubled with each further wrong token, a minute at most",
                );
            }
            if called_back {
                add(operation, "400", "The body ended early, or is not what the provider sends");
                add(operation, "408", "The body did not arrive in time");
                add(operation, "413", "The body is larger than 1 MB");
                add(operation, "500", "Something inside failed, or the database does not answer");
            } else if operation.request_body.is_some() {
                add(operation, "400", "The body is no JSON, or ended early");
                add(operation, "408", "The body did not arrive in time");
                add(operation, "413", "The body is larger than 256 KB, or the event too large to be stored");
                add(operation, "415", "The body is not `application/json`");
            }
            if finds_no_place {
                add(operation, "503", "Too much at once, or another process has to answer");
            }
            add(operation, "default", "Any other error, in the form of all of them");
            operation.responses.responses.iter_mut().for_each(|(status, response)| headers(status, response));
        }
    }
}

fn add(operation: &mut Operation, status: &str, description: &str) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ERROR))).build();
    let response = ResponseBuilder::new().description(description).content(JSON, content).build();
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.into());
}

/// The headers that an answer of this status has, beside those that its route names.
fn headers(status: &str, response: &mut RefOr<utoipa::openapi::Response>) {
    let RefOr::T(response) = response else { return };
    let mut add = |name: &str, of: Type, description: &str| {
        let least = (of == Type::Integer).then_some(1);
        let header =
            HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(of).minimum(least).build()));
        let header = header.description(Some(description)).build();
        response.headers.entry(name.to_owned()).or_insert_with(|| header.into());
    };
    add("X-Request-Id", Type::String, "The request's id, the caller's own if it sent one that may be shown");
    if !response.content.values().any(is_error) {
        return;
    }
    match status {
        "401" => add("WWW-Authenticate", Type::String, "What credential is asked for"),
        "429" | "503" => add("Retry-After", Type::Integer, "Seconds until another try is worth it"),
        "500" => {
            add("Retry-After", Type::Integer, "Where it may pass: seconds until another try is worth it");
        }
        _ => {}
    }
}

fn is_error(content: &RefOr<Content>) -> bool {
    let RefOr::T(content) = content else { return false };
    let Some(RefOr::Ref(of)) = &content.schema else { return false };
    of.ref_location.rsplit('/').next() == Some(ERROR)
}
