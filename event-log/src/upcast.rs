//! Brings events as they were once written to the shape that the domain reads today.
//!
//! Stored text never changes; every reader, the repository and [`RecordedEvent::event`](crate::RecordedEvent::event)
//! alike, sees it through this list. What changes a shape is pure and stands in `orqestra_domain::upcast`, beside the golden
//! files of the old shapes.

use std::fmt;
use std::sync::Arc;

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use orqestra_domain::event::version_of;
use orqestra_domain::upcast;

/// Upcasters in the order in which they apply.
#[derive(Clone)]
pub struct Upcasters(Arc<[Box<dyn EventUpcaster>]>);

impl Upcasters {
    /// Those of this version of the program: the domain's own.
    pub fn current() -> Self {
        Self::new(vec![Box::new(OfDomain)])
    }

    /// A list of one's own.
    pub fn new(upcasters: Vec<Box<dyn EventUpcaster>>) -> Self {
        Self(upcasters.into())
    }

    /// Whether any of them wants events of this type and version.
    pub(crate) fn want(&self, event_type: &str, event_version: &str) -> bool {
        self.0.iter().any(|upcaster| upcaster.can_upcast(event_type, event_version))
    }

    /// Applies each upcaster that wants the event, in order.
    pub fn apply(&self, event: SerializedEvent) -> SerializedEvent {
        self.0.iter().fold(event, |event, upcaster| {
            if upcaster.can_upcast(&event.event_type, &event.event_version) {
                upcaster.upcast(event)
            } else {
                event
            }
        })
    }
}

/// Brings up the shapes that the domain knows as older ones.
struct OfDomain;

impl EventUpcaster for OfDomain {
    fn can_upcast(&self, event_type: &str, event_version: &str) -> bool {
        upcast::is_older(event_type, event_version)
    }

    fn upcast(&self, mut event: SerializedEvent) -> SerializedEvent {
        upcast::upcast(&event.aggregate_id, &event.event_type, &mut event.payload);
        version_of(&event.event_type).clone_into(&mut event.event_version);
        event
    }
}

impl Default for Upcasters {
    fn default() -> Self {
        Self::current()
    }
}

impl fmt::Debug for Upcasters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upcasters({})", self.0.len())
    }
}
