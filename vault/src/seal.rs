//! The seal of a field: AES-256-GCM under a data key, bound to where the field stands.
//!
//! Stored is base64 of nonce (12 bytes), ciphertext and tag (16 bytes). The associated data are five parts, each
//! after its length as a big-endian `u32`: the tag `orqestra/seal/1`, tenant (16 bytes), aggregate id as stored,
//! field name, key id (16 bytes). A sealed value moved to another field, event stream or tenant does not open.

use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use orqestra_domain::{Sealed, TenantId};

use crate::key::DataKey;

pub(crate) const NONCE: usize = 12;
pub(crate) const TAG: usize = 16;

/// Where a field stands: a sealed value opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldContext<'a> {
    /// Whose stream it is.
    pub tenant: TenantId,
    /// The stream's id as stored, `<tenant>/<uuid>`.
    pub aggregate_id: &'a str,
    /// The field's name, as in `variables`; never changes once used.
    pub field: &'a str,
}

/// Why a sealed value did not open although its key was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not base64 of at least a nonce and a tag.
    #[error("the sealed value is malformed")]
    Malformed,
    /// It names another key than the one given, or that key is another tenant's.
    #[error("the sealed value belongs to another key")]
    OtherKey,
    /// It was changed, or sealed for another place.
    #[error("the sealed value was changed or stands in the wrong place")]
    Tampered,
}

pub(crate) fn seal(key: &DataKey, ctx: &FieldContext<'_>, nonce: [u8; NONCE], plain: &[u8]) -> Sealed {
    let sealed = encrypt(key.bytes(), nonce, &field_aad(key, ctx), plain);
    Sealed { key_id: key.id(), data: STANDARD.encode(sealed) }
}

pub(crate) fn open(key: &DataKey, ctx: &FieldContext<'_>, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
    if sealed.key_id != key.id() || ctx.tenant != key.tenant() {
        return Err(OpenError::OtherKey);
    }
    let data = STANDARD.decode(&sealed.data).map_err(|_| OpenError::Malformed)?;
    if data.len() < NONCE + TAG {
        return Err(OpenError::Malformed);
    }
    decrypt(key.bytes(), &field_aad(key, ctx), data).ok_or(OpenError::Tampered)
}

fn field_aad(key: &DataKey, ctx: &FieldContext<'_>) -> Vec<u8> {
    let (tenant, key_id) = (ctx.tenant.as_uuid(), key.id().as_uuid());
    parts(&[
        b"orqestra/seal/1",
        tenant.as_bytes(),
        ctx.aggregate_id.as_bytes(),
        ctx.field.as_bytes(),
        key_id.as_bytes(),
    ])
}

/// Joins parts so that no two lists of parts give the same bytes.
pub(crate) fn parts(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        let len = u32::try_from(part.len()).expect("ids and names are far below 4 GB");
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Gives nonce, ciphertext and tag.
pub(crate) fn encrypt(key: &[u8; 32], nonce: [u8; NONCE], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(NONCE + plain.len() + TAG);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let tag = Aes256Gcm::new(key.into())
        .encrypt_in_place_detached(&nonce.into(), aad, &mut out[NONCE..])
        .expect("a field is far below AES-GCM's limit of 64 GB");
    out.extend_from_slice(&tag);
    out
}

/// Takes nonce, ciphertext and tag; nothing where they are too short or the tag does not fit.
pub(crate) fn decrypt(key: &[u8; 32], aad: &[u8], mut data: Vec<u8>) -> Option<Vec<u8>> {
    let tag = *data.last_chunk::<TAG>()?;
    data.truncate(data.len() - TAG);
    let (nonce, text) = data.split_first_chunk_mut::<NONCE>()?;
    Aes256Gcm::new(key.into()).decrypt_in_place_detached((&*nonce).into(), aad, text, &tag.into()).ok()?;
    data.drain(..NONCE);
    Some(data)
}

#[cfg(test)]
mod tests {
    use orqestra_domain::KeyId;
    use proptest::prelude::*;
    use uuid::Uuid;
    use zeroize::Zeroizing;

    use super::*;
    use crate::key::KeyScope;

    fn key(id: Uuid, tenant: TenantId, bytes: [u8; 32]) -> DataKey {
        DataKey::new(KeyId::from_uuid(id), tenant, KeyScope::Tenant, Zeroizing::new(bytes))
    }

    fn place(field: &str) -> FieldContext<'_> {
        FieldContext { tenant: TenantId::PLATFORM, aggregate_id: "t/a", field }
    }

    #[test]
    fn the_seal_of_a_field_never_changes() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/seal.json")).unwrap();
        for vector in vectors.as_array().unwrap() {
            let text = |name: &str| vector[name].as_str().unwrap();
            let tenant = text("tenant").parse().unwrap();
            let bytes = hex::decode(text("key")).unwrap().try_into().unwrap();
            let key = key(text("keyId").parse().unwrap(), tenant, bytes);
            let ctx = FieldContext { tenant, aggregate_id: text("aggregateId"), field: text("field") };
            let nonce = hex::decode(text("nonce")).unwrap().try_into().unwrap();

            assert_eq!(hex::encode(field_aad(&key, &ctx)), text("aad"));
            let sealed = seal(&key, &ctx, nonce, text("plain").as_bytes());
            assert_eq!(sealed.data, text("data"));
            assert_eq!(open(&key, &ctx, &sealed).unwrap(), text("plain").as_bytes());
        }
    }

    #[test]
    fn a_sealed_value_opens_nowhere_else() {
        let mine = key(Uuid::from_u128(1), TenantId::PLATFORM, [1; 32]);
        let sealed = seal(&mine, &place("variables"), [0; NONCE], b"secret");
        assert_eq!(open(&mine, &place("answer"), &sealed), Err(OpenError::Tampered));
        let moved = FieldContext { aggregate_id: "t/b", ..place("variables") };
        assert_eq!(open(&mine, &moved, &sealed), Err(OpenError::Tampered));
        let tenant = TenantId::from_uuid(Uuid::from_u128(9));
        let abroad = FieldContext { tenant, ..place("variables") };
        assert_eq!(open(&mine, &abroad, &sealed), Err(OpenError::OtherKey));
        let other = key(Uuid::from_u128(2), TenantId::PLATFORM, [1; 32]);
        assert_eq!(open(&other, &place("variables"), &sealed), Err(OpenError::OtherKey));
        let renamed = Sealed { key_id: other.id(), ..sealed };
        assert_eq!(open(&other, &place("variables"), &renamed), Err(OpenError::Tampered));
    }

    #[test]
    fn what_is_no_sealed_value_is_malformed() {
        let mine = key(Uuid::from_u128(1), TenantId::PLATFORM, [1; 32]);
        for data in ["", "not base64!", "AAAA"] {
            let sealed = Sealed { key_id: mine.id(), data: data.to_owned() };
            assert_eq!(open(&mine, &place("f"), &sealed), Err(OpenError::Malformed));
        }
    }

    proptest! {
        #[test]
        fn a_sealed_value_opens_to_what_was_sealed(plain: Vec<u8>, nonce: [u8; NONCE], bytes: [u8; 32]) {
            let mine = key(Uuid::from_u128(1), TenantId::PLATFORM, bytes);
            let sealed = seal(&mine, &place("f"), nonce, &plain);
            prop_assert_eq!(open(&mine, &place("f"), &sealed), Ok(plain));
        }

        #[test]
        fn any_flipped_bit_is_noticed(plain: Vec<u8>, at: prop::sample::Index, bit in 0..8_u8) {
            let mine = key(Uuid::from_u128(1), TenantId::PLATFORM, [1; 32]);
            let sealed = seal(&mine, &place("f"), [0; NONCE], &plain);
            let mut data = STANDARD.decode(&sealed.data).unwrap();
            let at = at.index(data.len());
            data[at] ^= 1 << bit;
            let changed = Sealed { data: STANDARD.encode(data), ..sealed };
            prop_assert_eq!(open(&mine, &place("f"), &changed), Err(OpenError::Tampered));
        }

        #[test]
        fn different_parts_never_join_to_the_same_bytes(a: Vec<Vec<u8>>, b: Vec<Vec<u8>>) {
            let join = |list: &[Vec<u8>]| parts(&list.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(join(&a) == join(&b), a == b);
        }
    }
}
