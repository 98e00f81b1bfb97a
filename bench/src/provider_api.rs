//! A provider's API over HTTP, for emails as Resend's is called and for text messages as Twilio's: it takes each message at once,
//! late or never, or refuses it.
//!
//! It counts the emails that it took by their idempotency keys; text messages have none.

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

/// The account of its text messages.
const ACCOUNT: &str = "AC00000000000000000000000000000000";

/// The manner of its answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// It takes each message at once.
    AtOnce,
    /// It takes each message after this long.
    After(Duration),
    /// It never answers.
    Never,
    /// It answers 503.
    Unavailable,
}

impl Manner {
    /// Waits until it is time to answer; whether the message is taken.
    async fn takes(self) -> bool {
        match self {
            Self::AtOnce => true,
            Self::After(wait) => {
                tokio::time::sleep(wait).await;
                true
            }
            Self::Never => std::future::pending().await,
            Self::Unavailable => false,
        }
    }
}

/// What it took.
#[derive(Default)]
struct Taken {
    /// The idempotency keys of the emails.
    emails: HashSet<String>,
    texts: usize,
}

type Shared = Arc<Mutex<Taken>>;

/// A running API.
pub(crate) struct ProviderApi {
    address: SocketAddr,
    taken: Shared,
    task: JoinHandle<()>,
}

impl ProviderApi {
    /// Listens on this machine.
    pub(crate) async fn start(manner: Manner) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let taken = Shared::default();
        let routes = Router::new()
            .route("/emails", post(email))
            .route(&format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json"), post(text))
            .with_state((manner, Arc::clone(&taken)));
        let task = tokio::spawn(async move {
            // It ends with the task.
            drop(axum::serve(listener, routes).await);
        });
        Ok(Self { address, taken, task })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the number of emails that it took, each counted once.
    pub(crate) fn emails(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).emails.len()
    }

    /// Returns the number of text messages that it took.
    pub(crate) fn texts(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).texts
    }
}

impl Drop for ProviderApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The entry of a list of EMAIL providers that calls an API at this address.
pub(crate) fn resend(address: SocketAddr) -> Value {
    json!({
        "kind": "resend", "apiKey": "re_bench", "from": "Shop <shop@example.org>",
        "baseUrl": format!("http://{address}"), "allowLoopback": true,
    })
}

/// The entry of a list of SMS providers that calls an API at this address.
pub(crate) fn twilio(address: SocketAddr) -> Value {
    json!({
        "kind": "twilio", "accountSid": ACCOUNT, "authToken": "bench", "from": "+15005550006",
        "baseUrl": format!("http://{address}"), "allowLoopback": true,
    })
}

async fn email(
    State((manner, taken)): State<(Manner, Shared)>,
    headers: HeaderMap,
) -> (StatusCode, Json<Value>) {
    if !manner.takes().await {
        let error = json!({"statusCode": 503, "name": "service_unavailable", "message": "come again"});
        return (StatusCode::SERVICE_UNAVAILABLE, Json(error));
    }
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    taken.emails.insert(key.to_owned());
    (StatusCode::OK, Json(json!({"id": format!("{:08x}-0000-4000-8000-000000000000", taken.emails.len())})))
}

async fn text(State((manner, taken)): State<(Manner, Shared)>) -> (StatusCode, Json<Value>) {
    if !manner.takes().await {
        let error = json!({"code": 20503, "message": "Service unavailable", "status": 503});
        return (StatusCode::SERVICE_UNAVAILABLE, Json(error));
    }
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    taken.texts += 1;
    (StatusCode::CREATED, Json(json!({"sid": format!("SM{:032x}", taken.texts), "status": "queued"})))
}
