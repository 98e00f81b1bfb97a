//! The master key: it wraps data keys and nothing else.
//!
//! A wrapped key is 69 bytes: version 1, the id of the master key (8 bytes), nonce (12), ciphertext (32), tag (16);
//! AES-256-GCM. The associated data are six parts, each after its length as a big-endian `u32`: the tag
//! `orqestra/wrap/1`, tenant, key id, kind (2 bytes), recipient reference or nothing, month (4 bytes) or nothing.
//! A wrapped key moved to another row does not open.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use orqestra_domain::{KeyId, TenantId};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::key::{DataKey, KeyScope, NewKey};
use crate::seal::{NONCE, TAG, decrypt, encrypt, parts};

const VERSION: u8 = 1;
const ID: usize = 8;
const WRAPPED: usize = 1 + ID + NONCE + 32 + TAG;

/// The key that wraps data keys. Its bytes are wiped when it is dropped, and nothing prints them.
#[derive(Clone)]
pub struct MasterKey {
    bytes: Zeroizing<[u8; 32]>,
    id: [u8; ID],
}

/// A text that is not base64 of 32 bytes. Does not repeat the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a master key is base64 of exactly 32 bytes")]
pub struct InvalidMasterKey;

/// Why a stored key did not unwrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    /// Another length or version than is known.
    #[error("the wrapped key has an unknown form")]
    Malformed,
    /// Wrapped with a master key that is not at hand.
    #[error("the key was wrapped with another master key")]
    OtherMaster,
    /// Changed, or moved to another row.
    #[error("the wrapped key was changed or stands in the wrong row")]
    Tampered,
}

impl MasterKey {
    /// Takes 32 bytes.
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        let digest =
            Sha256::new().chain_update(b"orqestra/master-id/1\0").chain_update(bytes.as_slice()).finalize();
        let mut id = [0; ID];
        id.copy_from_slice(&digest[..ID]);
        Self { bytes, id }
    }

    /// Makes one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes);
        Self::new(bytes)
    }

    /// Reads base64 of 32 bytes; blanks and line ends around it are left out.
    ///
    /// # Errors
    /// [`InvalidMasterKey`] for anything else.
    pub fn from_base64(text: &str) -> Result<Self, InvalidMasterKey> {
        let raw = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| InvalidMasterKey)?);
        let bytes: [u8; 32] = raw.as_slice().try_into().map_err(|_| InvalidMasterKey)?;
        Ok(Self::new(Zeroizing::new(bytes)))
    }

    /// The key as settings hold it. Secret.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.bytes.as_slice()))
    }

    /// The first 8 bytes of SHA-256 over a tag and the key: tells master keys apart, reveals nothing.
    pub const fn id(&self) -> [u8; ID] {
        self.id
    }

    /// Whether its bytes cannot come from chance: 32 such bytes have fewer than 16 different ones, or a steady step from one
    /// to the next, less than once in 10^15.
    pub(crate) fn is_guessable(&self) -> bool {
        let distinct: std::collections::BTreeSet<u8> = self.bytes.iter().copied().collect();
        let step = |pair: &[u8]| pair[1].wrapping_sub(pair[0]);
        let steady = self.bytes.windows(2).all(|pair| step(pair) == step(&self.bytes[..2]));
        distinct.len() < 16 || steady
    }

    pub(crate) fn wrap(&self, key: &DataKey, nonce: [u8; NONCE]) -> NewKey {
        let (id, tenant, scope) = (key.id(), key.tenant(), key.scope());
        let mut wrapped = Vec::with_capacity(WRAPPED);
        wrapped.push(VERSION);
        wrapped.extend_from_slice(&self.id);
        wrapped.extend(encrypt(&self.bytes, nonce, &aad(id, tenant, &scope), key.bytes()));
        NewKey { id, tenant, scope, wrapped }
    }

    pub(crate) fn unwrap(&self, stored: &NewKey) -> Result<DataKey, UnwrapError> {
        let NewKey { id, tenant, scope, wrapped } = stored;
        if wrapped.len() != WRAPPED || wrapped[0] != VERSION {
            return Err(UnwrapError::Malformed);
        }
        if wrapped[1..=ID] != self.id {
            return Err(UnwrapError::OtherMaster);
        }
        let plain = decrypt(&self.bytes, &aad(*id, *tenant, scope), wrapped[1 + ID..].to_vec())
            .ok_or(UnwrapError::Tampered)?;
        let plain = Zeroizing::new(plain);
        let bytes: [u8; 32] = plain.as_slice().try_into().map_err(|_| UnwrapError::Malformed)?;
        Ok(DataKey::new(*id, *tenant, *scope, Zeroizing::new(bytes)))
    }
}

fn aad(id: KeyId, tenant: TenantId, scope: &KeyScope) -> Vec<u8> {
    let month = scope.month().map(i32::to_be_bytes);
    parts(&[
        b"orqestra/wrap/1",
        tenant.as_uuid().as_bytes(),
        id.as_uuid().as_bytes(),
        &scope.kind().to_be_bytes(),
        scope.recipient().map_or(&[], |r| &r.as_bytes()[..]),
        month.as_ref().map_or(&[], |m| &m[..]),
    ])
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use orqestra_domain::RecipientRef;

    use super::*;
    use crate::entropy::SeededEntropy;

    fn wrapped() -> (MasterKey, NewKey) {
        let master = MasterKey::generate(&SeededEntropy::new(1));
        let id = KeyId::from_uuid(uuid::Uuid::from_u128(1));
        let key = DataKey::new(id, TenantId::PLATFORM, KeyScope::Tenant, Zeroizing::new([3; 32]));
        let new = master.wrap(&key, [0; NONCE]);
        (master, new)
    }

    #[test]
    fn the_wrap_of_a_key_never_changes() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/wrap.json")).unwrap();
        for vector in vectors.as_array().unwrap() {
            let text = |name: &str| vector[name].as_str().unwrap();
            let bytes = |name: &str| hex::decode(text(name)).unwrap();
            let master = MasterKey::from_base64(text("master")).unwrap();
            let recipient: Option<Vec<u8>> = vector["recipientRef"].as_str().map(|r| hex::decode(r).unwrap());
            let month = vector["month"].as_i64().map(|m| m.try_into().unwrap());
            let kind = vector["kind"].as_i64().unwrap().try_into().unwrap();
            let scope = KeyScope::from_columns(kind, recipient.as_deref(), month).unwrap();
            let (id, tenant) = (text("keyId").parse().unwrap(), text("tenant").parse().unwrap());
            let key = DataKey::new(id, tenant, scope, Zeroizing::new(bytes("key").try_into().unwrap()));

            assert_eq!(aad(id, tenant, &scope), bytes("aad"));
            let new = master.wrap(&key, bytes("nonce").try_into().unwrap());
            assert_eq!(hex::encode(&new.wrapped), text("wrapped"));
            assert_eq!(master.unwrap(&new).unwrap().bytes(), key.bytes());
        }
    }

    #[test]
    fn a_wrapped_key_opens_in_its_own_row_only() {
        let (master, new) = wrapped();
        let recipient = RecipientRef::from_bytes([0; 32]);
        for moved in [
            NewKey { id: KeyId::from_uuid(uuid::Uuid::from_u128(2)), ..new.clone() },
            NewKey { tenant: TenantId::from_uuid(uuid::Uuid::from_u128(2)), ..new.clone() },
            NewKey { scope: KeyScope::Index, ..new.clone() },
            NewKey { scope: KeyScope::Recipient { recipient, month: 202_611 }, ..new.clone() },
        ] {
            assert_eq!(master.unwrap(&moved).unwrap_err(), UnwrapError::Tampered);
        }
    }

    #[test]
    fn another_master_key_is_told_from_a_changed_row() {
        let (master, mut new) = wrapped();
        let other = MasterKey::generate(&SeededEntropy::new(2));
        assert_eq!(other.unwrap(&new).unwrap_err(), UnwrapError::OtherMaster);
        new.wrapped[40] ^= 1;
        assert_eq!(master.unwrap(&new).unwrap_err(), UnwrapError::Tampered);
        new.wrapped[0] = 2;
        assert_eq!(master.unwrap(&new).unwrap_err(), UnwrapError::Malformed);
    }

    #[test]
    fn a_master_key_whose_bytes_repeat_or_count_is_told_from_one_by_chance() {
        let key = |bytes: [u8; 32]| MasterKey::new(Zeroizing::new(bytes));
        let counting = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let in_threes = std::array::from_fn(|at| [7, 200, 31][at % 3]);
        for weak in [[0; 32], counting, in_threes] {
            assert!(key(weak).is_guessable(), "{weak:?}");
        }
        for seed in 0..100 {
            assert!(!MasterKey::generate(&SeededEntropy::new(seed)).is_guessable());
        }
    }

    #[test]
    fn a_master_key_is_base64_of_32_bytes() {
        let key = MasterKey::generate(&SeededEntropy::new(1));
        let text = format!(" {}\n", *key.to_base64());
        assert_eq!(MasterKey::from_base64(&text).unwrap().id(), key.id());
        for bad in ["", "AAAA", "not base64", &"A".repeat(44)] {
            assert_eq!(MasterKey::from_base64(bad).unwrap_err(), InvalidMasterKey, "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let (master, new) = wrapped();
        assert_eq!(format!("{master:?}"), "MasterKey(..)");
        assert!(!format!("{new:?}").contains("wrapped"));
    }
}
