//! How spans get to the collector: HTTP without TLS, each request within a deadline, on the engine's own runtime.
//!
//! A collector that is away is told of once when it goes and once when it is back. What it did not take is lost.

use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use orqestra_event_log::Outage;
use tokio::runtime::Handle;

/// How long a collector may take to answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of an answer that are read.
const MOST: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Client {
    http: HyperClient<HttpConnector, Full<Bytes>>,
    runtime: Handle,
    outage: Outage,
}

impl Client {
    pub(super) fn new(runtime: &Handle) -> Self {
        let http = HyperClient::builder(TokioExecutor::new()).build_http();
        Self { http, runtime: runtime.clone(), outage: Outage::default() }
    }
}

#[async_trait]
impl HttpClient for Client {
    /// Called on a thread of the exporter's, which has no runtime of its own.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sending = self.runtime.spawn(async move {
            let sending = async {
                let (parts, body) = http.request(request.map(Full::new)).await?.into_parts();
                let body = Limited::new(body, MOST).collect().await?.to_bytes();
                Ok::<_, HttpError>(Response::from_parts(parts, body))
            };
            // The deadline needs the runtime's timer, so it is made here and not on the exporter's thread.
            tokio::time::timeout(TIMEOUT, sending).await
        });
        let answered: Result<_, HttpError> = match sending.await {
            Ok(Ok(answered)) => answered,
            Ok(Err(late)) => Err(late.into()),
            Err(ended) => Err(ended.into()),
        };
        let why = match &answered {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        let outcome = if why.is_none() { "taken" } else { "lost" };
        metrics::counter!("orqestra_span_batches_total", "outcome" => outcome).increment(1);
        match why {
            None => {
                if let Some(duration_ms) = self.outage.ends() {
                    tracing::info!(duration_ms, "the collector takes spans again");
                }
            }
            Some(reason) => {
                if self.outage.begins() {
                    tracing::warn!(reason, "the collector does not take spans; those of this time are lost");
                }
            }
        }
        answered
    }
}
