//! The kind of an API key: live, or for tests.

/// The kind of an API key, and of the events that come with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApiKeyKind {
    /// The tenant's providers carry the messages.
    Live,
    /// The sandbox alone carries them.
    Test,
}
