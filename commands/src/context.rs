//! Who asks and under which trace: what a command writes into its events' metadata.

use std::fmt;
use std::sync::Arc;

use orqestra_domain::ApiKeyId;
use orqestra_event_log::{Priority, RecordedEvent};

use crate::trace::Trace;

/// The name of an admin token's holder, in a form that can hold no address and no telephone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminName(Arc<str>);

/// A text that is not an [`AdminName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 32 of a-z, 0-9 and -, beginning with a letter and with at most 4 digits")]
pub struct InvalidAdminName;

impl AdminName {
    /// The name where the installation sets none.
    pub const DEFAULT: &'static str = "primary";

    /// Checks length and characters.
    ///
    /// # Errors
    /// If the text has another form.
    pub fn parse(text: &str) -> Result<Self, InvalidAdminName> {
        let plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let begins = text.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
        if plain && begins && digits <= 4 && text.len() <= 32 {
            Ok(Self(text.into()))
        } else {
            Err(InvalidAdminName)
        }
    }
}

impl Default for AdminName {
    fn default() -> Self {
        Self(Self::DEFAULT.into())
    }
}

/// Who gave a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A tenant's backend, by one of its keys.
    ApiKey(ApiKeyId),
    /// The holder of the admin token of that name.
    Admin(AdminName),
    /// The engine itself; the name says which part.
    Engine(&'static str),
}

impl Actor {
    /// Whether somebody waits for what it does.
    pub(crate) const fn priority(&self) -> Priority {
        match self {
            Self::ApiKey(_) | Self::Admin(_) => Priority::Caller,
            Self::Engine(_) => Priority::Background,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey(key) => write!(f, "api-key:{key}"),
            Self::Admin(name) => write!(f, "admin:{}", name.0),
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
        let own = || Arc::new(Trace::of_event(first));
        self.trace.as_ref().map_or_else(own, Arc::clone)
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
        assert_eq!(Actor::Admin(AdminName::default()).priority(), Priority::Caller);
    }

    #[test]
    fn an_admins_name_can_hold_no_address_and_no_number() {
        assert_eq!(Actor::Admin(AdminName::default()).to_string(), "admin:primary");
        assert_eq!(Actor::Admin(AdminName::parse("ops-2").unwrap()).to_string(), "admin:ops-2");
        for bad in [
            "",
            "Ops",
            "ops@example.com",
            "2ops",
            "+254712345678",
            "a254712345678",
            "ops team",
            &"a".repeat(33),
        ] {
            assert_eq!(AdminName::parse(bad), Err(InvalidAdminName), "{bad}");
        }
    }
}
