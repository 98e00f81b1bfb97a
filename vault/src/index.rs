//! Look-up hashes: HMAC-SHA256 with the tenant's index key over a tag and the value.
//!
//! Equal values of one tenant hash alike, and nothing else does: the tag keeps the kinds apart, the key keeps
//! tenants apart and makes a hash unsearchable without it.

use std::fmt;

use hmac::{Hmac, Mac};
use orqestra_domain::{AddressRef, Fingerprint, RecipientRef, UserId};
use sha2::Sha256;

use crate::key::{DataKey, KeyScope};

const RECIPIENT: &[u8] = b"orqestra/recipient-ref/1\0";
const ADDRESS: &[u8] = b"orqestra/address-ref/1\0";
const FINGERPRINT: &[u8] = b"orqestra/fingerprint/1\0";
const CALLER_ID: &[u8] = b"orqestra/caller-id/1\0";
const FORGETTING: &[u8] = b"orqestra/forgetting/1\0";
const IDEMPOTENCY_KEY: &[u8] = b"orqestra/idempotency-key/1\0";
const SECRET: &[u8] = b"orqestra/installation-secret/1\0";

/// Stands for an id that a caller chose for its request or its trace. Shown in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerIdRef([u8; 32]);

/// Stands for an idempotency key. Shown in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyRef([u8; 32]);

impl fmt::Display for CallerIdRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Display for IdempotencyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A tenant's index key.
#[derive(Clone, Debug)]
pub struct IndexKey(DataKey);

impl IndexKey {
    /// Takes a key of the index scope; nothing for any other.
    pub fn new(key: DataKey) -> Option<Self> {
        (key.scope() == KeyScope::Index).then_some(Self(key))
    }

    /// The reference of a person.
    pub fn recipient_ref(&self, user: &UserId) -> RecipientRef {
        RecipientRef::from_bytes(self.hash(RECIPIENT, user.as_str().as_bytes()))
    }

    /// The reference of an address in its normalised form.
    pub fn address_ref(&self, normalised: &str) -> AddressRef {
        AddressRef::from_bytes(self.hash(ADDRESS, normalised.as_bytes()))
    }

    /// The fingerprint of a request body in its RFC 8785 form.
    pub fn fingerprint(&self, canonical: &[u8]) -> Fingerprint {
        Fingerprint::from_bytes(self.hash(FINGERPRINT, canonical))
    }

    /// The reference of an id that a caller chose for its request or its trace.
    pub fn caller_id_ref(&self, id: &str) -> CallerIdRef {
        CallerIdRef(self.hash(CALLER_ID, id.as_bytes()))
    }

    /// The reference of an idempotency key.
    pub fn idempotency_ref(&self, key: &str) -> IdempotencyRef {
        IdempotencyRef(self.hash(IDEMPOTENCY_KEY, key.as_bytes()))
    }

    /// A mark by which one forgetting of a person is told from another, and nothing else is told.
    pub fn forgetting_mark(&self, recipient: &RecipientRef, position: i64) -> String {
        let value = [recipient.as_bytes().as_slice(), &position.to_be_bytes()].concat();
        hex::encode(&self.hash(FORGETTING, &value)[..8])
    }

    /// The id of a secret that the installation's processes share.
    pub(crate) fn secret_id(&self, secret: &str) -> [u8; 8] {
        let mut id = [0; 8];
        id.copy_from_slice(&self.hash(SECRET, secret.as_bytes())[..8]);
        id
    }

    fn hash(&self, tag: &[u8], value: &[u8]) -> [u8; 32] {
        Hmac::<Sha256>::new_from_slice(self.0.bytes())
            .expect("HMAC takes a key of any length")
            .chain_update(tag)
            .chain_update(value)
            .finalize()
            .into_bytes()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use orqestra_domain::{KeyId, TenantId};
    use uuid::Uuid;
    use zeroize::Zeroizing;

    use super::*;

    fn key(scope: KeyScope, bytes: [u8; 32]) -> DataKey {
        DataKey::new(KeyId::from_uuid(Uuid::nil()), TenantId::PLATFORM, scope, Zeroizing::new(bytes))
    }

    #[test]
    fn look_up_hashes_never_change() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../vectors/look-up.json")).unwrap();
        for vector in vectors.as_array().unwrap() {
            let text = |name: &str| vector[name].as_str().unwrap();
            let bytes = hex::decode(text("indexKey")).unwrap().try_into().unwrap();
            let index = IndexKey::new(key(KeyScope::Index, bytes)).unwrap();
            let user = UserId::parse(text("userId")).unwrap();
            assert_eq!(index.recipient_ref(&user).to_string(), text("recipientRef"));
            assert_eq!(index.address_ref(text("address")).to_string(), text("addressRef"));
            assert_eq!(index.fingerprint(text("body").as_bytes()).to_string(), text("fingerprint"));
            assert_eq!(index.caller_id_ref(text("callerId")).to_string(), text("callerIdRef"));
            assert_eq!(index.idempotency_ref(text("idempotencyKey")).to_string(), text("idempotencyRef"));
        }
    }

    #[test]
    fn the_id_of_a_secret_never_changes() {
        let index = IndexKey::new(key(KeyScope::Index, [1; 32])).unwrap();
        assert_eq!(hex::encode(index.secret_id("a-secret-of-all-processes")), "a3d120a68b5951a6");
    }

    #[test]
    fn one_value_hashes_differently_for_each_kind_and_key() {
        let index = IndexKey::new(key(KeyScope::Index, [1; 32])).unwrap();
        let other = IndexKey::new(key(KeyScope::Index, [2; 32])).unwrap();
        let user = UserId::parse("a@example.com").unwrap();
        assert_ne!(index.recipient_ref(&user).as_bytes(), index.address_ref("a@example.com").as_bytes());
        assert_ne!(index.recipient_ref(&user), other.recipient_ref(&user));
        let mail = "a@example.com";
        assert_ne!(index.caller_id_ref(mail).to_string(), index.idempotency_ref(mail).to_string());
        assert_ne!(index.caller_id_ref(mail).to_string(), index.address_ref(mail).to_string());
        assert_ne!(index.idempotency_ref(mail), other.idempotency_ref(mail));
    }

    #[test]
    fn a_key_that_seals_does_not_index() {
        assert!(IndexKey::new(key(KeyScope::Tenant, [1; 32])).is_none());
    }
}
