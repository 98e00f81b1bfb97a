//! The addresses that may be suppressed, of all tenants: eight bytes each.
//!
//! It answers for most deliveries, whose address was never suppressed, without a question to the database. Invariant: it never
//! loses an address. One that was lifted stays in it, and so does one that shares its eight bytes with another: they cost a
//! look into a stream, which alone decides.

use std::collections::HashSet;

use orqestra_domain::TenantId;
use uuid::Uuid;

/// See the module.
#[derive(Default)]
pub(super) struct MaybeSuppressed(HashSet<u64>);

impl MaybeSuppressed {
    pub(super) fn holds(&self, tenant: TenantId, stream: Uuid) -> bool {
        self.0.contains(&short(tenant, stream))
    }

    /// Takes in the streams of events, whatever these say.
    pub(super) fn extend<'a>(&mut self, streams: impl IntoIterator<Item = &'a (TenantId, Uuid)>) {
        self.0.extend(streams.into_iter().map(|(tenant, stream)| short(*tenant, *stream)));
    }
}

/// A stream's id is a hash of tenant and address, so half of its bits tell addresses apart.
fn short(tenant: TenantId, stream: Uuid) -> u64 {
    let ((one, other), (of, tenant)) = (stream.as_u64_pair(), tenant.as_uuid().as_u64_pair());
    one ^ other.rotate_left(1) ^ of ^ tenant.rotate_left(1)
}

#[cfg(test)]
mod tests {
    use orqestra_domain::{AddressRef, SuppressionId};

    use super::*;

    #[test]
    fn it_holds_what_it_was_given_and_of_another_tenant_nothing() {
        let [shop, other] = [1, 2].map(|number| TenantId::from_uuid(Uuid::from_u128(number)));
        let stream =
            |tenant, number: u8| SuppressionId::of(tenant, &AddressRef::from_bytes([number; 32])).as_uuid();
        let mut suppressed = MaybeSuppressed::default();
        let given: Vec<_> = (0..100).map(|number| (shop, stream(shop, number))).collect();
        suppressed.extend(&given);
        suppressed.extend(&given);
        assert!(given.iter().all(|(tenant, id)| suppressed.holds(*tenant, *id)));
        assert!((100..=255).all(|number| !suppressed.holds(shop, stream(shop, number))));
        assert!((0..100).all(|number| !suppressed.holds(other, stream(other, number))));
        assert_eq!(suppressed.0.len(), 100);
    }
}
