//! Why a stored event cannot be read: it is broken, or a newer program wrote it.
//!
//! The two are told apart by what the event says of itself: its type, the version of its shape, and the program that
//! wrote it, with the number of the shapes that it knows. A broken event stays broken for every program; a newer one is left to a newer program.

use orqestra_domain::event::{UnreadableEvent, known_events, version_of};
pub use orqestra_domain::shapes::PROGRAM;
use orqestra_domain::shapes::{build_of, version_numbers as numbers};

use crate::recorded::RecordedEvent;

/// The name in an event's metadata under which its program stands.
const PROGRAM_ENTRY: &str = "program";

/// Why an event cannot be read by this program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A program with newer shapes wrote it.
    #[error("a newer program wrote it ({0}); this one is {PROGRAM}")]
    Newer(String),
    /// It has none of the shapes that any program wrote.
    #[error("{0}")]
    Broken(String),
    /// Its reader did not ask for payloads.
    #[error("its payload was not read")]
    NotRead,
}

impl Unreadable {
    /// Whether a newer program can read it.
    pub const fn is_newer(&self) -> bool {
        matches!(self, Self::Newer(_))
    }
}

/// Says that the shape's version is above the one that this program knows. A third number changes no shape.
pub(crate) fn newer_version(event: &RecordedEvent) -> Option<Unreadable> {
    let newest = version_of(&event.event_type);
    if event.event_version == newest {
        return None;
    }
    let [major, minor, _] = numbers(&event.event_version)?;
    let [known_major, known_minor, _] = numbers(newest)?;
    ((major, minor) > (known_major, known_minor)).then(|| {
        Unreadable::Newer(format!("{} {}, known is {newest}", event.event_type, event.event_version))
    })
}

/// Tells whether an event that could not be decoded is newer or broken.
pub(crate) fn classify(event: &RecordedEvent, error: &UnreadableEvent) -> Unreadable {
    let known = known_events(&event.aggregate_type);
    if !known.is_some_and(|names| names.contains(&event.event_type.as_str())) {
        return Unreadable::Newer(format!("unknown event {} of {}", event.event_type, event.aggregate_type));
    }
    let program = event.metadata.get(PROGRAM_ENTRY);
    match program {
        Some(program) if build_of(&program) > build_of(PROGRAM) => {
            Unreadable::Newer(format!("{program}: {error}"))
        }
        Some(_) | None => Unreadable::Broken(error.to_string()),
    }
}
