//! The trace that a request belongs to, and what follows from it long after.
//!
//! Made from what stands in the events' metadata and from nothing else, so every process and every later attempt comes
//! to the same ids without storing another. A `traceparent` that is not W3C's form counts as not given.

use std::fmt;

use orqestra_event_log::RecordedEvent;
use orqestra_vault::IndexKey;
use uuid::Uuid;

use crate::caller_id::{CallerId, is_written};

/// What ids are derived from texts under.
const NAMESPACE: Uuid = Uuid::from_u128(0x6b1d_0c5e_52b4_5d0e_9a57_3f1c_8e24_7ad1);
/// Of the flags the only one that says something here.
const SAMPLED: u8 = 1;

/// W3C's `traceparent`: a trace, the span in it that this follows from, and whether anybody keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace: [u8; 16],
    span: [u8; 8],
    flags: u8,
}

impl TraceParent {
    /// Reads the header of version 00, or the part of a later version's that version 00 has; `None` if it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let (head, rest) = text.split_at_checked(55)?;
        let mut parts = head.split('-');
        let [version] = bytes(parts.next()?)?;
        let (trace, span) = (bytes::<16>(parts.next()?)?, bytes::<8>(parts.next()?)?);
        let [flags] = bytes(parts.next()?)?;
        let whole = parts.next().is_none() && if version == 0 { rest.is_empty() } else { later(rest) };
        let named = trace != [0; 16] && span != [0; 8];
        (whole && named && version != 0xff).then_some(Self { trace, span, flags })
    }

    /// Whether its ids are by chance, as W3C asks for, as far as can be seen: they are not a text's bytes, and neither is a
    /// number.
    fn is_random(&self) -> bool {
        !is_written(&hex(&self.trace)) && !is_written(&hex(&self.span))
    }

    /// The trace.
    pub const fn trace(&self) -> [u8; 16] {
        self.trace
    }

    /// The span.
    pub const fn span(&self) -> [u8; 8] {
        self.span
    }

    /// Whether the trace is kept, so that spans are worth sending.
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }
}

/// As version 00.
impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, flags } = self;
        let (trace, span) = (u128::from_be_bytes(*trace), u64::from_be_bytes(*span));
        write!(f, "00-{trace:032x}-{span:016x}-{flags:02x}")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |text, byte| text + &format!("{byte:02x}"))
}

fn later(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('-')
}

/// So many bytes in small hexadecimal letters.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let small = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !small || text.len() != 2 * N {
        return None;
    }
    let mut read = [0; N];
    for (byte, pair) in read.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(read)
}

/// What a caller says of its request's place: ids of its own choice.
#[derive(Clone, Debug, Default)]
pub struct CallersIds {
    /// Of the request.
    pub request: Option<CallerId>,
    /// Of the trace that the request belongs to.
    pub trace: Option<CallerId>,
}

impl CallersIds {
    /// Whether each of them may stand in clear.
    pub fn are_plain(&self) -> bool {
        [&self.request, &self.trace].into_iter().flatten().all(CallerId::is_random)
    }
}

/// A request's trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    request_id: String,
    request_ref: Option<String>,
    given: Option<String>,
    given_ref: Option<String>,
    parent: Option<TraceParent>,
}

impl Trace {
    /// The trace of a request whose caller has given ids and a `traceparent`. What may stand in clear is taken over; `own` is
    /// the request's id where the caller's may not.
    pub fn of_request(ids: &CallersIds, parent: Option<&str>, own: impl FnOnce() -> String) -> Self {
        let plain =
            |id: &Option<CallerId>| id.as_ref().filter(|id| id.is_random()).map(|id| id.as_str().to_owned());
        let parent = parent.and_then(TraceParent::parse).filter(TraceParent::is_random);
        Self::of(plain(&ids.request).unwrap_or_else(own), plain(&ids.trace), parent)
    }

    /// The trace of a request that the engine itself has named.
    pub const fn own(request_id: String) -> Self {
        Self::of(request_id, None, None)
    }

    const fn of(request_id: String, given: Option<String>, parent: Option<TraceParent>) -> Self {
        Self { request_id, request_ref: None, given, given_ref: None, parent }
    }

    /// The same with a reference for each of the caller's ids that does not stand in clear, so that the events are found by
    /// it all the same: the HMAC under the key of the tenant whose backend called, or of the platform for an operator.
    #[must_use]
    pub fn referring(self, ids: &CallersIds, index: &IndexKey) -> Self {
        let hidden = |id: &Option<CallerId>| {
            let hidden = id.as_ref().filter(|id| !id.is_random());
            hidden.map(|id| index.caller_id_ref(id.as_str()).to_string())
        };
        Self { request_ref: hidden(&ids.request), given_ref: hidden(&ids.trace), ..self }
    }

    /// The trace of the request that an event was stored by. Every event has one: where no caller gave it, it is derived from
    /// the request's id, as `docs/events.md` says.
    pub fn of_event(event: &RecordedEvent) -> Self {
        let mut metadata = event.metadata.entries();
        let request_id = metadata.remove("requestId").unwrap_or_else(|| event.event_id.to_string());
        let parent = metadata.get("traceparent").and_then(|parent| TraceParent::parse(parent));
        Self {
            request_ref: metadata.remove("requestRef"),
            given_ref: metadata.remove("traceRef"),
            ..Self::of(request_id, metadata.remove("traceId"), parent)
        }
    }

    /// The request.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// What stands for the caller's id of the request, where that may not stand in clear.
    pub fn request_ref(&self) -> Option<&str> {
        self.request_ref.as_deref()
    }

    /// What stands for the caller's trace id, where that may not stand in clear.
    pub fn given_ref(&self) -> Option<&str> {
        self.given_ref.as_deref()
    }

    /// The caller's own trace id, as it came.
    pub fn given(&self) -> Option<&str> {
        self.given.as_deref()
    }

    /// What the caller's `traceparent` said.
    pub const fn parent(&self) -> Option<TraceParent> {
        self.parent
    }

    /// What log lines show: the trace of `traceparent`, else the caller's own trace id as it came, else the request's id
    /// without its hyphens, which is a trace's id too.
    pub fn id(&self) -> String {
        match (&self.parent, &self.given) {
            (None, Some(given)) => given.clone(),
            _ => format!("{:032x}", u128::from_be_bytes(self.trace())),
        }
    }

    /// The span of the request itself, which everything that follows from it is a child of.
    pub fn entry(&self) -> TraceParent {
        let trace = self.trace();
        let parent = self.parent.map_or([0; 8], |parent| parent.span);
        let name = [trace.as_slice(), &parent, self.request_id.as_bytes()].concat();
        let (span, _) = Uuid::new_v5(&NAMESPACE, &name).as_u64_pair();
        TraceParent {
            trace,
            span: span.to_be_bytes(),
            flags: self.parent.map_or(SAMPLED, |parent| parent.flags),
        }
    }

    fn trace(&self) -> [u8; 16] {
        if let Some(parent) = self.parent {
            return parent.trace;
        }
        let text = self.given.as_ref().unwrap_or(&self.request_id);
        match Uuid::try_parse(text) {
            Ok(id) if !id.is_nil() => id.into_bytes(),
            Ok(_) | Err(_) => Uuid::new_v5(&NAMESPACE, text.as_bytes()).into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const REQUEST: &str = "0190b5a0-0000-7000-8000-000000000001";

    fn trace(given: Option<&str>, parent: Option<&str>) -> Trace {
        Trace::of(REQUEST.to_owned(), given.map(str::to_owned), parent.and_then(TraceParent::parse))
    }

    #[test]
    fn a_valid_traceparent_is_read_and_written_the_same() {
        assert_eq!(TraceParent::parse(PARENT).unwrap().to_string(), PARENT);
        let later = format!("01{}-what-comes-later", &PARENT[2..]);
        assert_eq!(TraceParent::parse(&later).unwrap().to_string(), PARENT);
        let unsampled = format!("{}00", &PARENT[..53]);
        assert!(TraceParent::parse(PARENT).unwrap().is_sampled());
        assert!(!TraceParent::parse(&unsampled).unwrap().is_sampled());
    }

    #[test]
    fn what_is_no_traceparent_starts_a_new_trace() {
        let zeros = |from: usize, to: usize| {
            let mut text = PARENT.to_owned();
            text.replace_range(from..to, &"0".repeat(to - from));
            text
        };
        for wrong in [
            "",
            "nonsense",
            &PARENT[..54],
            &format!("{PARENT}-"),
            &format!("ff{}", &PARENT[2..]),
            &format!("01{}x", &PARENT[2..]),
            &PARENT.to_uppercase(),
            &PARENT.replace('-', "_"),
            &zeros(3, 35),
            &zeros(36, 52),
            &"é".repeat(40),
        ] {
            assert_eq!(TraceParent::parse(wrong), None, "{wrong}");
            assert_eq!(trace(None, Some(wrong)), trace(None, None), "{wrong}");
        }
    }

    #[test]
    fn log_lines_show_the_callers_trace_and_else_the_requests() {
        let parent = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace(Some("trace-7"), Some(PARENT)).id(), parent);
        assert_eq!(trace(Some("trace-7"), Some("nonsense")).id(), "trace-7");
        assert_eq!(trace(Some("trace-7"), None).id(), "trace-7");
        assert_eq!(trace(None, None).id(), REQUEST.replace('-', ""));
        assert_eq!(Trace::of("mine".to_owned(), None, None).id().len(), 32);
    }

    #[test]
    fn a_written_traceparent_is_not_taken_over_and_an_old_one_is_read() {
        let ids = CallersIds::default();
        for (written, taken) in [
            (PARENT, true),
            ("00-00000000000000000000254712345678-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0254712345678000-01", false),
            ("00-75736572406578616d706c652e636f6d-00f067aa0ba902b7-01", false),
        ] {
            let trace = Trace::of_request(&ids, Some(written), || REQUEST.to_owned());
            assert_eq!(trace.parent().is_some(), taken, "{written}");
            assert_eq!(TraceParent::parse(written).unwrap().to_string(), written);
        }
    }

    #[test]
    fn every_process_derives_the_same_span_of_a_request() {
        let entry = trace(None, Some(PARENT)).entry();
        assert_eq!(entry, trace(None, Some(PARENT)).entry());
        assert_eq!(entry.to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-16c6ec4ccc15505a-01");
        assert_eq!(trace(Some(REQUEST), None).entry().trace(), trace(None, None).entry().trace());
        assert_ne!(
            Trace::of("another".to_owned(), None, TraceParent::parse(PARENT)).entry().span(),
            entry.span()
        );
    }
}
