//! Identifiers, each a type of its own so that one cannot be passed for another.
//!
//! Ids that a rule derives (notification, delivery, template) are version 5 UUIDs and therefore the same wherever they
//! are computed. Hashes (references, fingerprints) are 32 bytes, written as lowercase hex.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::channel::Channel;
use crate::text::{EventTypeName, TextError};

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that already has this meaning.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID inside.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A customer of the installation. Everything stored names one.
    TenantId
);
uuid_id!(
    /// One accepted event of one tenant, on all its channels.
    NotificationId
);
uuid_id!(
    /// All tries of one notification on one channel.
    DeliveryId
);
uuid_id!(
    /// The key that providers deduplicate a delivery by: the delivery's id, or another one from each requeue on.
    DedupKey
);
uuid_id!(
    /// One redrive of dead letters.
    RedriveId
);
uuid_id!(
    /// The template of one tenant, event type and channel, over all its versions.
    TemplateId
);
uuid_id!(
    /// A data key that sealed fields name.
    KeyId
);
uuid_id!(
    /// One entry of a provider configuration. Two entries of a tenant that reach different servers have different ids.
    ProviderInstanceId
);
uuid_id!(
    /// One thing that is kept for auditors, as a reading of personal data.
    EvidenceId
);
uuid_id!(
    /// An address of a tenant, suppressed or not any more.
    SuppressionId
);
uuid_id!(
    /// One API key of a tenant; names the key in logs and metadata without revealing it.
    ApiKeyId
);

impl TenantId {
    /// The tenant that owns the `global.*` templates every other tenant falls back to.
    pub const PLATFORM: Self = Self(Uuid::from_u128(0x6f72_7165_7374_7261_8000_706c_6174_666d));
    /// Owns no stream. The claims of API keys are stored under it, so that a key is claimed once in an installation.
    pub const API_KEYS: Self = Self(Uuid::from_u128(0x6f72_7165_7374_7261_8000_6170_696b_6579));

    /// Whether the engine keeps this id for itself, so that no tenant can be registered under it by a setting.
    pub fn is_reserved(self) -> bool {
        self == Self::PLATFORM || self == Self::API_KEYS
    }
}

impl NotificationId {
    /// Derives the notification of a tenant's event, so that the same event cannot exist twice.
    pub fn of_event(tenant: TenantId, event: &EventId) -> Self {
        Self(Uuid::new_v5(&tenant.0, event.as_str().as_bytes()))
    }
}

impl DeliveryId {
    /// Derives the delivery of a notification on a channel.
    pub fn of(notification: NotificationId, channel: Channel) -> Self {
        Self(Uuid::new_v5(&notification.0, channel.as_str().as_bytes()))
    }
}

impl DedupKey {
    /// The key of a delivery that was never requeued.
    pub const fn first(delivery: DeliveryId) -> Self {
        Self(delivery.0)
    }

    /// Derives the key of a delivery from so many requeues on.
    pub fn of(delivery: DeliveryId, requeues: u32) -> Self {
        if requeues == 0 {
            return Self::first(delivery);
        }
        Self(Uuid::new_v5(&delivery.0, format!("requeue|{requeues}").as_bytes()))
    }
}

impl TemplateId {
    /// Derives the template of a tenant for an event type and channel.
    pub fn of(tenant: TenantId, event_type: &EventTypeName, channel: Channel) -> Self {
        let name = format!("template|{channel}|{event_type}");
        Self(Uuid::new_v5(&tenant.0, name.as_bytes()))
    }
}

impl SuppressionId {
    /// Derives the suppression of a tenant's address, so that the same address always has one stream.
    pub fn of(tenant: TenantId, address: &AddressRef) -> Self {
        let name = [b"suppression|".as_slice(), address.as_bytes()].concat();
        Self(Uuid::new_v5(&tenant.0, &name))
    }
}

impl ProviderInstanceId {
    /// Derives the instance of an entry, so that the same settings in the same place always give the same id.
    ///
    /// `settings` names the provider's kind and what tells it apart, and holds nothing personal in clear.
    pub fn of(tenant: TenantId, channel: Channel, settings: &str) -> Self {
        let name = format!("provider|{channel}|{settings}");
        Self(Uuid::new_v5(&tenant.0, name.as_bytes()))
    }
}

/// The caller's id of an event: 1 to 255 bytes without control characters, kept as received. A stored one is read without
/// a check.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

/// Prints the length alone: a caller may have put an address into the id.
impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({} bytes)", self.0.len())
    }
}

impl EventId {
    /// Most bytes of UTF-8 that an event id may have.
    pub const MAX_BYTES: usize = 255;

    /// Checks the length and that no control character is inside.
    ///
    /// # Errors
    /// Says which of the two does not hold.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        if raw.len() > Self::MAX_BYTES {
            return Err(TextError::TooManyBytes { max: Self::MAX_BYTES });
        }
        crate::text::checked(raw, Self::MAX_BYTES).map(Self)
    }

    /// The id as received.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A reference or fingerprint that is not 64 lowercase hex digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 lowercase hexadecimal digits")]
pub struct InvalidHash;

fn hex_of(bytes: &[u8; 32]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    let mut out = String::with_capacity(64);
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 0xf));
    }
    out
}

fn bytes_of(hex: &str) -> Result<[u8; 32], InvalidHash> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Ok(c - b'0'),
        b'a'..=b'f' => Ok(c - b'a' + 10),
        _ => Err(InvalidHash),
    };
    let hex: &[u8; 64] = hex.as_bytes().try_into().map_err(|_| InvalidHash)?;
    let mut out = [0; 32];
    for (slot, pair) in out.iter_mut().zip(hex.chunks_exact(2)) {
        *slot = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(out)
}

macro_rules! hash_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps the 32 bytes of a digest.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The digest's bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex_of(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidHash;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                bytes_of(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidHash;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

hash_id!(
    /// HMAC of a user id with the tenant's index key: the look-up form of a person.
    RecipientRef
);
hash_id!(
    /// HMAC of a normalised address with the tenant's index key.
    AddressRef
);
hash_id!(
    /// HMAC of the RFC 8785 form of a trigger's parsed body with the tenant's index key.
    Fingerprint
);
hash_id!(
    /// SHA-256 of a provider's kind and what it calls a receipt by: tells a repeat.
    ReceiptRef
);
hash_id!(
    /// SHA-256 of an API key; the key itself is random and never stored.
    ApiKeyHash
);

/// The id of a stream as stored: `<tenant>/<uuid>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamId(String);

impl StreamId {
    /// The stream of a notification.
    pub fn notification(tenant: TenantId, id: NotificationId) -> Self {
        Self::new(tenant, id.0)
    }

    /// The one stream of a tenant.
    pub fn tenant(tenant: TenantId) -> Self {
        Self::new(tenant, tenant.0)
    }

    /// The stream of a template.
    pub fn template(tenant: TenantId, id: TemplateId) -> Self {
        Self::new(tenant, id.0)
    }

    /// The stream of a recipient, named by the reference so that the log does not name the person.
    pub fn recipient(tenant: TenantId, recipient: RecipientRef) -> Self {
        Self::new(tenant, Uuid::new_v5(&tenant.0, recipient.as_bytes()))
    }

    /// The stream of an evidence.
    pub fn evidence(tenant: TenantId, id: EvidenceId) -> Self {
        Self::new(tenant, id.0)
    }

    /// The stream of a redrive.
    pub fn redrive(tenant: TenantId, id: RedriveId) -> Self {
        Self::new(tenant, id.0)
    }

    /// The stream of a suppressed address, named so that the log does not name the address.
    pub fn suppression(tenant: TenantId, address: &AddressRef) -> Self {
        Self::new(tenant, SuppressionId::of(tenant, address).0)
    }

    fn new(tenant: TenantId, id: Uuid) -> Self {
        Self(format!("{}/{}", tenant.0.as_hyphenated(), id.as_hyphenated()))
    }

    /// The stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Splits a stored id into its tenant and the id within the tenant.
    pub fn split(stored: &str) -> Option<(TenantId, Uuid)> {
        let (tenant, id) = stored.split_once('/')?;
        Some((tenant.parse().ok()?, Uuid::try_parse(id).ok()?))
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_event_of_a_tenant_is_the_same_notification() {
        let tenant = TenantId::from_uuid(Uuid::from_u128(7));
        let event = EventId::parse("evt-1").unwrap();
        assert_eq!(NotificationId::of_event(tenant, &event), NotificationId::of_event(tenant, &event));
        assert_ne!(
            NotificationId::of_event(tenant, &event),
            NotificationId::of_event(TenantId::PLATFORM, &event)
        );
    }

    #[test]
    fn derived_ids_never_change() {
        let tenant = TenantId::from_uuid(Uuid::from_u128(7));
        let id = NotificationId::of_event(tenant, &EventId::parse("evt-1").unwrap());
        assert_eq!(id.to_string(), "de8a96bd-401d-53ee-b55c-8dcb92b2224a");
        let id = SuppressionId::of(tenant, &AddressRef::from_bytes([7; 32]));
        assert_eq!(id.to_string(), "0cec95f5-2f4c-560a-9016-307ae449d8b0");
    }

    #[test]
    fn an_event_id_has_1_to_255_bytes_without_controls() {
        assert!(EventId::parse("a").is_ok());
        assert!(EventId::parse(&"a".repeat(255)).is_ok());
        assert!(EventId::parse("").is_err());
        assert!(EventId::parse(&"a".repeat(256)).is_err());
        assert!(EventId::parse(&"\u{1f600}".repeat(63)).is_ok());
        assert!(EventId::parse(&"\u{1f600}".repeat(64)).is_err());
        assert!(EventId::parse("a\nb").is_err());
    }

    #[test]
    fn a_hash_reads_back_what_it_wrote() {
        let reference = RecipientRef::from_bytes([0xab; 32]);
        assert_eq!(reference.to_string().parse::<RecipientRef>(), Ok(reference));
        assert_eq!("AB".repeat(32).parse::<RecipientRef>(), Err(InvalidHash));
    }

    #[test]
    fn a_stream_id_splits_into_what_it_was_made_of() {
        let notification = NotificationId::from_uuid(Uuid::from_u128(9));
        let stream = StreamId::notification(TenantId::PLATFORM, notification);
        assert_eq!(StreamId::split(stream.as_str()), Some((TenantId::PLATFORM, notification.as_uuid())));
    }
}
