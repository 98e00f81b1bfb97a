//! An email provider's API over HTTP, as Resend's is called: it takes each email at once, late or never, or refuses it.
//!
//! It counts the emails that it took by their idempotency keys.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The manner of its answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// It takes each email after this long.
    After(Duration),
    /// It never answers.
    Never,
    /// It answers 503.
    Unavailable,
}

/// The idempotency keys of the emails that it took.
type Taken = Arc<Mutex<HashSet<String>>>;

/// A running API.
pub(crate) struct MailApi {
    address: SocketAddr,
    taken: Taken,
    task: JoinHandle<()>,
}

impl MailApi {
    /// Listens on this machine.
    pub(crate) async fn start(manner: Manner) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let taken = Taken::default();
        let routes = Router::new().route("/emails", post(email)).with_state((manner, Arc::clone(&taken)));
        let task = tokio::spawn(async move {
            // It ends with the task.
            drop(axum::serve(listener, routes).await);
        });
        Ok(Self { address, taken, task })
    }

    /// The entry of a provider list that calls it.
    pub(crate) fn provider(&self) -> Value {
        provider(self.address)
    }

    /// Returns the number of emails that it took, each counted once.
    pub(crate) fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for MailApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The entry of a provider list that calls an API at this address.
pub(crate) fn provider(address: SocketAddr) -> Value {
    json!({
        "kind": "resend", "apiKey": "re_bench", "from": "Shop <shop@example.org>",
        "baseUrl": format!("http://{address}"), "allowLoopback": true,
    })
}

async fn email(
    State((manner, taken)): State<(Manner, Taken)>,
    headers: HeaderMap,
) -> (StatusCode, Json<Value>) {
    match manner {
        Manner::After(wait) => tokio::time::sleep(wait).await,
        Manner::Never => std::future::pending().await,
        Manner::Unavailable => {
            let error = json!({"statusCode": 503, "name": "service_unavailable", "message": "come again"});
            return (StatusCode::SERVICE_UNAVAILABLE, Json(error));
        }
    }
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    taken.insert(key.to_owned());
    (StatusCode::OK, Json(json!({"id": format!("{:08x}-0000-4000-8000-000000000000", taken.len())})))
}
