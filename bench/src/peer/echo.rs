//! Peer (b): axum alone. Checks the signature and answers with the body.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use super::{serve, signature};

/// Serves it.
pub(crate) async fn run(address: SocketAddr, secret: String) -> Result<()> {
    serve::until_told(address, post(echo), secret).await
}

async fn echo(
    State(secret): State<Arc<String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Bytes, StatusCode> {
    if signature::is_right(&headers, secret.as_bytes(), &body) {
        Ok(body)
    } else {
        Err(StatusCode::UNAUTHORIZED)
    }
}
