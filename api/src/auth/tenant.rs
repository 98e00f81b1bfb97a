//! A tenant's backend shows its API key in `x-api-key`.

use axum::http::HeaderMap;
use orqestra_commands::{Actor, Authenticated, Directory};
use orqestra_domain::TenantId;

use super::single;
use crate::error::{ApiError, Thing};
use crate::observe::Scope;

const HEADER: &str = "x-api-key";

/// Finds the tenant that the key opens. A change of keys elsewhere holds here within a second; no caller is rejected by what this
/// process remembers alone.
pub(crate) async fn authenticate(
    directory: &Directory,
    headers: &HeaderMap,
    scope: &Scope,
) -> Result<Authenticated, ApiError> {
    if !headers.contains_key(HEADER) {
        return Err(ApiError::MissingApiKey);
    }
    let key = single(headers, HEADER).and_then(|value| value.to_str().ok()).ok_or(ApiError::InvalidApiKey)?;
    directory.fresh().await?;
    match judge(directory, key, scope) {
        Err(ApiError::InvalidApiKey | ApiError::TenantInactive) => {
            directory.catch_up_now().await?;
            judge(directory, key, scope)
        }
        judged => judged,
    }
}

fn judge(directory: &Directory, key: &str, scope: &Scope) -> Result<Authenticated, ApiError> {
    let caller = directory.authenticate(key)?.ok_or(ApiError::InvalidApiKey)?;
    scope.is_for(caller.tenant.id);
    scope.refer(&caller.tenant);
    if caller.tenant.record.active { Ok(caller) } else { Err(ApiError::TenantInactive) }
}

/// Holds a path's tenant to the key's: another tenant's id is as good as none.
pub(crate) fn hold_to(caller: &Authenticated, path: &str) -> Result<(), ApiError> {
    match path.parse::<TenantId>() {
        Ok(tenant) if tenant == caller.tenant.id => Ok(()),
        _ => Err(ApiError::NotFound(Thing::Tenant)),
    }
}

/// Who the caller is, in metadata.
pub(crate) const fn actor(caller: &Authenticated) -> Actor {
    Actor::ApiKey(caller.key)
}
