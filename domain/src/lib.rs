//! The rules of Orqestra: aggregates, their events and refusals, value objects and pure policies.
//!
//! Everything here is synchronous and pure. Time, ids and randomness come in with each command; nothing reads
//! a clock, an environment, a socket or a file. Stored events are a public contract: additive, versioned, every
//! shape ever written stays loadable (see `golden/`).
//!
//! To add an event: add the variant, write its golden file, fold it in `evolve`, and list it in `docs/events.md`. To
//! change one: raise its version in `event.rs` too, and teach `upcast.rs` the shape before. Both raise the number in
//! `shapes.rs`.

pub mod address;
mod aggregate;
mod api_key_kind;
pub mod category;
mod cause;
mod channel;
pub mod event;
pub mod evidence;
mod expires_in;
#[cfg(test)]
mod golden;
pub mod id;
pub mod mail_route;
pub mod mailbox;
pub mod notification;
pub mod provider;
pub mod recipient;
pub mod redrive;
pub mod retry;
#[cfg(test)]
mod sample;
pub mod sealed;
pub mod shapes;
#[cfg(test)]
mod stored_values;
pub mod strength;
pub mod suppression;
pub mod template;
pub mod tenant;
pub mod text;
pub mod timestamp;
mod unknown_policy;
pub mod upcast;

pub use address::{EmailAddress, PhoneNumber};
pub use api_key_kind::ApiKeyKind;
pub use category::{InvalidCategories, PushCategories};
pub use cause::Cause;
pub use channel::Channel;
pub use event::AnyEvent;
pub use expires_in::ExpiresIn;
pub use id::{
    AddressRef, ApiKeyHash, ApiKeyId, DedupKey, DeliveryId, EventId, EvidenceId, Fingerprint, KeyId,
    NotificationId, ProviderInstanceId, ReceiptRef, RecipientRef, RedriveId, StreamId, SuppressionId,
    TemplateId, TenantId,
};
pub use mail_route::MailRoute;
pub use mailbox::{InvalidMailbox, Mailbox};
pub use sealed::Sealed;
pub use strength::{Strength, WeakSecret};
pub use text::{EventTypeName, TenantName, UserId};
pub use timestamp::Timestamp;
