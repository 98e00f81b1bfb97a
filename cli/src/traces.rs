//! Spans for a collector: what the rooms mark with the target `orqestra::span`, in the traces that requests belong to.
//!
//! A span's fields name its place: `otel.entry` is the span itself and `otel.parent` what it follows from, as
//! `traceparent`; without them it is a child of the span around it, and without that it is nobody's and not sent. Whoever
//! makes spans never waits: what does not fit into the queue is dropped.

mod client;

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, IdGenerator as _, RandomIdGenerator, SpanData, SpanEvents,
    SpanLinks, SpanProcessor as _,
};
use orqestra_commands::TraceParent;
use orqestra_event_log::Clock as _;
use orqestra_event_log::source::SystemClock;
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use uuid::Uuid;

use self::client::Client;

/// Spans that wait at most.
const QUEUE: usize = 16_384;
/// Spans in one request.
const BATCH: usize = 1_024;
/// How long a span waits for others.
const GATHER: Duration = Duration::from_secs(1);

/// What sends spans. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Spans(Arc<Inner>);

struct Inner {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
}

impl Spans {
    /// Sends to the collector at `endpoint`, as in `http://127.0.0.1:4318`, by tasks of this runtime, as this process.
    pub(crate) fn start(endpoint: &str, process: Uuid, runtime: &Handle) -> anyhow::Result<Self> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new(runtime))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(client::TIMEOUT)
            .build()
            .context("otlp_endpoint")?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(GATHER)
            .build();
        let mut processor = BatchSpanProcessor::new(exporter, batches);
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        // The same as in the metadata of this process's events.
        let instance = KeyValue::new("service.instance.id", process.to_string());
        let resource = Resource::builder_empty().with_service_name("orqestra");
        processor.set_resource(&resource.with_attributes([version, instance]).build());
        Ok(Self(Arc::new(Inner { processor, scope: InstrumentationScope::builder("orqestra").build() })))
    }

    /// Sends what waits, if the collector takes it in time.
    pub(crate) fn end(&self, within: Duration) {
        if self.0.processor.shutdown_with_timeout(within).is_err() {
            tracing::warn!("the last spans were not sent");
        }
    }
}

/// A span that has begun.
struct Open {
    context: SpanContext,
    parent: SpanId,
    parent_is_remote: bool,
    began: SystemTime,
    fields: Fields,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let around = span.parent().and_then(|around| {
            around.extensions().get::<Open>().map(|open| (open.context.trace_id(), open.context.span_id()))
        });
        let ids = RandomIdGenerator::default();
        let (trace, own, parent) = match (fields.entry, fields.parent, around) {
            (Some(entry), parent, _) => {
                let parent = parent.map_or(SpanId::INVALID, |parent| SpanId::from_bytes(parent.span()));
                (TraceId::from_bytes(entry.trace()), SpanId::from_bytes(entry.span()), parent)
            }
            (None, Some(parent), _) => {
                (TraceId::from_bytes(parent.trace()), ids.new_span_id(), SpanId::from_bytes(parent.span()))
            }
            (None, None, Some((trace, parent))) => (trace, ids.new_span_id(), parent),
            (None, None, None) => return,
        };
        if fields.entry.or(fields.parent).is_some_and(|context| !context.is_sampled()) {
            return;
        }
        let parent_is_remote = fields.parent.is_some();
        let context = SpanContext::new(trace, own, TraceFlags::SAMPLED, false, TraceState::default());
        span.extensions_mut().insert(Open { context, parent, parent_is_remote, began: now(), fields });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            values.record(&mut open.fields);
        }
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(&id) else { return };
        let Some(Open { context, parent, parent_is_remote, began, fields }) =
            span.extensions_mut().remove::<Open>()
        else {
            return;
        };
        self.0.processor.on_end(SpanData {
            span_context: context,
            parent_span_id: parent,
            parent_span_is_remote: parent_is_remote,
            span_kind: fields.kind,
            name: fields.name.unwrap_or(Cow::Borrowed(span.name())),
            start_time: began,
            end_time: now(),
            attributes: fields.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: fields.status,
            instrumentation_scope: self.0.scope.clone(),
        });
    }
}

fn now() -> SystemTime {
    SystemClock.now().as_datetime().into()
}

/// A span's fields, those that name its place and kind apart.
struct Fields {
    entry: Option<TraceParent>,
    parent: Option<TraceParent>,
    name: Option<Cow<'static, str>>,
    kind: SpanKind,
    status: Status,
    attributes: Vec<KeyValue>,
}

impl Default for Fields {
    fn default() -> Self {
        let (kind, status) = (SpanKind::Internal, Status::Unset);
        Self { entry: None, parent: None, name: None, kind, status, attributes: Vec::new() }
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.attributes.push(KeyValue::new(field.name(), value));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "otel.entry" => self.entry = TraceParent::parse(value),
            "otel.parent" => self.parent = TraceParent::parse(value),
            "otel.name" => self.name = Some(Cow::Owned(value.to_owned())),
            "otel.kind" => {
                self.kind = match value {
                    "server" => SpanKind::Server,
                    "client" => SpanKind::Client,
                    _ => SpanKind::Internal,
                };
            }
            "otel.status" => self.status = Status::error(""),
            _ => self.put(field, value.to_owned()),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
