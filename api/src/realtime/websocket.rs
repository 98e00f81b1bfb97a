//! `GET /connection/websocket`: Centrifugo's client protocol, its JSON form, for recipients' front ends.
//!
//! The token that the client then shows says who it is; here only the page's origin is checked, and room.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use orqestra_domain::Timestamp;

use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::server::Requests;

pub(crate) const PATH: &str = "/connection/websocket";

/// Bytes of a client's message: more than its channels and a token come to.
const MAX_MESSAGE: usize = 64 * 1024;
/// Bytes that each connection holds for reading and for writing; there may be many.
const BUFFER: usize = 4 * 1024;
/// Seconds until another try is worth it.
const RETRY_AFTER: u64 = 5;
const PROTOCOL: &str = "centrifuge-json";

/// Opens a connection for live pushes.
#[utoipa::path(
    get,
    path = "/connection/websocket",
    tag = "Realtime",
    operation_id = "openWebSocket",
    responses(
        (status = 101, description = "A WebSocket that speaks Centrifugo's client protocol (JSON)"),
        (status = 403, description = "The page's origin is not allowed", body = ErrorBody),
        (status = 426, description = "No request for a WebSocket", body = ErrorBody),
        (status = 503, description = "Too many connections", body = ErrorBody, headers(
            ("Retry-After" = u64, description = "Seconds until another try is worth it"),
        )),
    ),
)]
pub(crate) async fn websocket(
    State(app): State<App>,
    requests: Option<Extension<Requests>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|_| ApiError::UpgradeRequired)?;
    if !app.allowed_origins.allow(&headers) {
        return Err(ApiError::ForeignOrigin);
    }
    let place = app.hub.place().ok_or(ApiError::Overloaded(RETRY_AFTER))?;
    // As long as the connection lasts, it is a request under way.
    let under_way = requests.map(|Extension(requests)| requests.begin());
    let process = &app.process;
    let client = process.ids.uuid_v7(process.clock.now()).to_string();
    let clock = Arc::clone(&process.clock);
    let now: orqestra_realtime::Now = Arc::new(move || -> Timestamp { clock.now() });
    let tokens = Arc::clone(&app.tokens);
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    Ok(upgrade.on_upgrade(async move |socket| {
        place.serve(socket, Arc::new(app), tokens, now, client).await;
        drop(under_way);
    }))
}
