//! The events that a reader of the log asks for: the payloads that it ignores stay in the database.
//!
//! An interest may leave out events and payloads, never positions: a page tells how far it reaches, whatever lies before
//! it. It names what is ignored by the names of events, so that an event of a name that this program does not know is
//! always met by the readers of its aggregate.

use crate::recorded::RecordedEvent;

/// The events that a reader asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    pub(crate) aggregate_types: Option<&'static [&'static str]>,
    pub(crate) event_types: Option<&'static [&'static str]>,
    pub(crate) other_event_types: Option<&'static [&'static str]>,
    pub(crate) payloads: bool,
}

impl Interest {
    /// Every event with its payload.
    pub const ALL: Self =
        Self { aggregate_types: None, event_types: None, other_event_types: None, payloads: true };

    /// The events of aggregates of these types.
    pub const fn of(aggregate_types: &'static [&'static str]) -> Self {
        Self { aggregate_types: Some(aggregate_types), ..Self::ALL }
    }

    /// Of these, the events of these types alone, by their column. For a reader that decodes nothing.
    #[must_use]
    pub const fn only(self, event_types: &'static [&'static str]) -> Self {
        Self { event_types: Some(event_types), ..self }
    }

    /// Of these, all but the events of these types.
    #[must_use]
    pub const fn except(self, event_types: &'static [&'static str]) -> Self {
        Self { other_event_types: Some(event_types), ..self }
    }

    /// The same without payloads: an event can then be counted and not be decoded.
    #[must_use]
    pub const fn without_payloads(self) -> Self {
        Self { payloads: false, ..self }
    }

    /// Whether the reader asks for this event.
    pub fn wants(&self, event: &RecordedEvent) -> bool {
        self.wants_type(&event.aggregate_type, &event.event_type)
    }

    /// Whether it asks for events of a type of an aggregate of a type.
    pub fn wants_type(&self, aggregate_type: &str, event_type: &str) -> bool {
        let named = |names: &'static [&'static str], name: &str| names.contains(&name);
        self.aggregate_types.is_none_or(|types| named(types, aggregate_type))
            && self.event_types.is_none_or(|types| named(types, event_type))
            && !self.other_event_types.is_some_and(|types| named(types, event_type))
    }

    /// The types of aggregates that it asks for; `None` for all.
    pub const fn aggregate_types(&self) -> Option<&'static [&'static str]> {
        self.aggregate_types
    }
}
