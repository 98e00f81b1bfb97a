//! `GET /demo`: a shop's page with a bell that fills as pushes arrive, on the official JavaScript client.
//!
//! Its files are built into the program and hold no secret; what may be shown by a browser is said in strict headers.
//! It is served only where the settings say so, since its visitor gives an API key to a browser.

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::error::ApiError;
use crate::realtime::origin::is_authority;

pub(crate) const PATH: &str = "/demo";
pub(crate) const FILE_PATH: &str = "/demo/{file}";

/// Whether a process serves the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DemoPage {
    /// It does.
    Served,
    /// Its routes are not there.
    #[default]
    Absent,
}

struct File {
    name: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const PAGE: File =
    File { name: "", content_type: "text/html; charset=utf-8", text: include_str!("page/index.html") };

/// What the page loads.
const FILES: [File; 6] = [
    script("app.js", include_str!("page/app.js")),
    script("engine.js", include_str!("page/engine.js")),
    script("view.js", include_str!("page/view.js")),
    script("centrifuge.js", include_str!("centrifuge/centrifuge.js")),
    File { name: "style.css", content_type: "text/css; charset=utf-8", text: include_str!("page/style.css") },
    File { name: "icon.svg", content_type: "image/svg+xml", text: include_str!("page/icon.svg") },
];

const fn script(name: &'static str, text: &'static str) -> File {
    File { name, content_type: "text/javascript; charset=utf-8", text }
}

/// The routes, where they are to be there.
pub(crate) fn routes(page: DemoPage) -> Router<App> {
    match page {
        DemoPage::Served => Router::new().route(PATH, get(index)).route(FILE_PATH, get(file)),
        DemoPage::Absent => Router::new(),
    }
}

async fn index(headers: HeaderMap) -> Response {
    answer(&PAGE, &headers)
}

async fn file(name: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Result<Response, ApiError> {
    let Path(name) = name.map_err(|_| ApiError::NoSuchRoute)?;
    let file = FILES.iter().find(|file| file.name == name).ok_or(ApiError::NoSuchRoute)?;
    Ok(answer(file, &headers))
}

fn answer(file: &File, request: &HeaderMap) -> Response {
    let fixed = [
        (CONTENT_TYPE, file.content_type),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        // The next version's page must not meet this one's scripts.
        (CACHE_CONTROL, "no-cache"),
    ];
    let mut response = (fixed, file.text).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy(request));
    response
}

/// Nothing but what this page loads and where it connects to, and no text ever taken for a script or for markup.
fn policy(request: &HeaderMap) -> HeaderValue {
    // Some browsers' 'self' leaves out WebSockets, so they are named too; a host that is none is left out.
    let host = request.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| is_authority(host));
    let sockets = host.map(|host| format!(" ws://{host} wss://{host}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{sockets}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    );
    HeaderValue::from_str(&policy).expect("an authority's characters may stand in a header")
}
