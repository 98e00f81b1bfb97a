//! Data keys: what they are for, how they travel to the log, and how they look once opened.
//!
//! A key seals one scope of one tenant only. The bytes of an opened key are wiped when its last holder lets go
//! of it, and nothing prints them.

use std::fmt;
use std::sync::Arc;

use orqestra_domain::{KeyId, RecipientRef, TenantId};
use zeroize::Zeroizing;

/// What a data key is for. With the tenant it names at most one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// Seals the tenant's own secrets: provider credentials, webhook secrets.
    Tenant,
    /// Hashes look-up values: people, addresses, request bodies. Seals nothing.
    Index,
    /// Seals one person's fields of the notifications accepted in one calendar month (UTC).
    Recipient {
        /// The person.
        recipient: RecipientRef,
        /// `year * 100 + month`, as in 202611.
        month: i32,
    },
}

impl KeyScope {
    /// The stored `kind`; never changes its meaning.
    pub const fn kind(&self) -> i16 {
        match self {
            Self::Tenant => 0,
            Self::Index => 1,
            Self::Recipient { .. } => 2,
        }
    }

    /// The stored `recipient_ref`.
    pub const fn recipient(&self) -> Option<&RecipientRef> {
        match self {
            Self::Recipient { recipient, .. } => Some(recipient),
            Self::Tenant | Self::Index => None,
        }
    }

    /// The stored `month`.
    pub const fn month(&self) -> Option<i32> {
        match self {
            Self::Recipient { month, .. } => Some(*month),
            Self::Tenant | Self::Index => None,
        }
    }

    /// Reads the three stored columns back; nothing where they do not fit together.
    pub fn from_columns(kind: i16, recipient: Option<&[u8]>, month: Option<i32>) -> Option<Self> {
        match (kind, recipient, month) {
            (0, None, None) => Some(Self::Tenant),
            (1, None, None) => Some(Self::Index),
            (2, Some(recipient), Some(month)) => {
                let recipient = RecipientRef::from_bytes(recipient.try_into().ok()?);
                Some(Self::Recipient { recipient, month })
            }
            _ => None,
        }
    }
}

/// A key that no append has stored yet. It travels in the append that first uses it.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is for.
    pub scope: KeyScope,
    /// The key under the master key, as stored.
    pub wrapped: Vec<u8>,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, tenant, scope, wrapped: _ } = self;
        write!(f, "NewKey({id}, {tenant}, {scope:?})")
    }
}

/// An opened data key. Copies share the same bytes.
#[derive(Clone)]
pub struct DataKey(Arc<Opened>);

struct Opened {
    id: KeyId,
    tenant: TenantId,
    scope: KeyScope,
    bytes: Zeroizing<[u8; 32]>,
}

impl DataKey {
    pub(crate) fn new(id: KeyId, tenant: TenantId, scope: KeyScope, bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(Arc::new(Opened { id, tenant, scope, bytes }))
    }

    /// Its id, which every value that it seals names.
    pub fn id(&self) -> KeyId {
        self.0.id
    }

    /// Whose it is.
    pub fn tenant(&self) -> TenantId {
        self.0.tenant
    }

    /// What it is for.
    pub fn scope(&self) -> KeyScope {
        self.0.scope
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0.bytes
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_back_from_its_columns() {
        let recipient = RecipientRef::from_bytes([7; 32]);
        for scope in [KeyScope::Tenant, KeyScope::Index, KeyScope::Recipient { recipient, month: 202_611 }] {
            let reference = scope.recipient().map(|r| &r.as_bytes()[..]);
            assert_eq!(KeyScope::from_columns(scope.kind(), reference, scope.month()), Some(scope));
        }
    }

    #[test]
    fn columns_that_do_not_fit_together_are_no_scope() {
        assert_eq!(KeyScope::from_columns(0, None, Some(202_611)), None);
        assert_eq!(KeyScope::from_columns(2, Some(&[7; 31]), Some(202_611)), None);
        assert_eq!(KeyScope::from_columns(3, None, None), None);
    }
}
