//! For the tests of providers.

use std::sync::Arc;

use orqestra_domain::TenantId;
use orqestra_vault::{DataKey, KeyScope, MasterKey, SeededEntropy, Vault};
use sqlx::PgPool;

/// A data key that no database holds. To be called on a runtime.
pub(crate) fn key() -> DataKey {
    let entropy = Arc::new(SeededEntropy::new(1));
    let pool = PgPool::connect_lazy("postgres://nowhere").unwrap();
    let vault = Vault::new(pool, MasterKey::generate(&*entropy), entropy);
    vault.new_key(TenantId::PLATFORM, KeyScope::Tenant).1
}
