//! Who asks and under which trace: what a command writes into its events' metadata.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use orqestra_domain::{ApiKeyId, RecipientRef};
use orqestra_event_log::{Priority, RecordedEvent};

use crate::trace::Trace;

/// Who gave a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A tenant's backend, by one of its keys.
    ApiKey(ApiKeyId),
    /// The holder of the admin token.
    Admin,
    /// The engine itself; the name says which part.
    Engine(&'static str),
}

impl Actor {
    /// Whether somebody waits for what it does.
    pub(crate) const fn priority(&self) -> Priority {
        match self {
            Self::ApiKey(_) | Self::Admin => Priority::Caller,
            Self::Engine(_) => Priority::Background,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey(key) => write!(f, "api-key:{key}"),
            Self::Admin => f.write_str("admin"),
            Self::Engine(part) => write!(f, "engine:{part}"),
        }
    }
}

/// What stands around a command.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who gave it.
    pub actor: Actor,
    /// The trace of the request that it came with.
    pub trace: Option<Arc<Trace>>,
}

impl Context {
    /// A command that the engine gives itself.
    pub const fn engine(part: &'static str) -> Self {
        Self { actor: Actor::Engine(part), trace: None }
    }

    /// The trace of what it appends, of which this is the first event.
    pub(crate) fn trace(&self, first: &RecordedEvent) -> Arc<Trace> {
        let own = || Arc::new(Trace::of(first.event_id.to_string(), None, None));
        self.trace.as_ref().map_or_else(own, Arc::clone)
    }

    pub(crate) fn metadata(&self, recipient: Option<&RecipientRef>) -> HashMap<String, String> {
        let mut metadata = HashMap::with_capacity(5);
        metadata.insert("actor".to_owned(), self.actor.to_string());
        let trace = self.trace.as_deref();
        let optional = [
            ("requestId", trace.map(|trace| trace.request_id().to_owned())),
            ("traceId", trace.and_then(Trace::given).map(str::to_owned)),
            ("traceparent", trace.and_then(Trace::parent).map(|parent| parent.to_string())),
            ("recipientRef", recipient.map(ToString::to_string)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                metadata.insert(name.to_owned(), value);
            }
        }
        metadata
    }
}

#[cfg(test)]
mod tests {
    use orqestra_domain::ApiKeyId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_what_the_engine_gives_itself_is_background() {
        assert_eq!(Context::engine("dispatch").actor.priority(), Priority::Background);
        assert_eq!(Actor::ApiKey(ApiKeyId::from_uuid(Uuid::nil())).priority(), Priority::Caller);
        assert_eq!(Actor::Admin.priority(), Priority::Caller);
    }
}
