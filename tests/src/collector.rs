//! A collector of spans that speaks OTLP over HTTP: it keeps all that it gets, to be looked at.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;

/// See the module. It ends with the test's runtime.
#[derive(Clone)]
pub struct Collector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<Span>>>,
    instances: Arc<Mutex<BTreeSet<String>>>,
}

impl Collector {
    /// Starts it.
    ///
    /// # Panics
    /// If it cannot listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let collector = Self { address, spans: Arc::default(), instances: Arc::default() };
        let serving = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move {
                    let answer = service_fn(|request| serving.take(request));
                    http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await.ok();
                });
            }
        });
        collector
    }

    /// What `ORQESTRA_OTLP_ENDPOINT` has to say.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every span that came so far.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().expect("no panic while locked").clone()
    }

    /// The processes that sent spans, by their `service.instance.id`; one that names none is empty.
    pub fn instances(&self) -> BTreeSet<String> {
        self.instances.lock().expect("no panic while locked").clone()
    }

    async fn take(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path().to_owned();
        let body =
            request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let mut response = Response::new(Full::default());
        match ExportTraceServiceRequest::decode(body) {
            Ok(export) if path == "/v1/traces" => {
                let resources = export.resource_spans.iter().map(|of| of.resource.as_ref());
                let instance = |resource: Option<&Resource>| {
                    let attributes = &resource?.attributes;
                    attribute(attributes, "service.instance.id").map(str::to_owned)
                };
                let instances = resources.map(|resource| instance(resource).unwrap_or_default());
                self.instances.lock().expect("no panic while locked").extend(instances);
                let scopes = export.resource_spans.into_iter().flat_map(|of| of.scope_spans);
                let spans = scopes.flat_map(|of| of.spans);
                self.spans.lock().expect("no panic while locked").extend(spans);
            }
            _ => *response.status_mut() = StatusCode::BAD_REQUEST,
        }
        Ok(response)
    }
}

/// A span's attribute, if it is a text.
pub fn text<'a>(span: &'a Span, name: &str) -> Option<&'a str> {
    attribute(&span.attributes, name)
}

fn attribute<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}
