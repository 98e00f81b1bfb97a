//! The recipients that a batch of events forgets, as read models that hold their rows write them.

use std::collections::BTreeMap;

use orqestra_domain::{RecipientRef, TenantId};
use orqestra_event_log::Position;
use sqlx::PgConnection;

/// Recipients, each with the position of its forgetting.
pub(crate) type Forgotten = BTreeMap<(TenantId, RecipientRef), Position>;

/// Runs a read model's own statement with the tenants, the recipients and the positions as arrays.
pub(crate) async fn write(
    conn: &mut PgConnection,
    statement: &str,
    forgotten: &Forgotten,
) -> Result<(), sqlx::Error> {
    let (mut tenants, mut recipients, mut positions) = (Vec::new(), Vec::new(), Vec::new());
    for ((tenant, recipient), position) in forgotten {
        tenants.push(tenant.as_uuid());
        recipients.push(recipient.as_bytes().as_slice());
        positions.push(position.get());
    }
    sqlx::query(statement).bind(tenants).bind(recipients).bind(positions).execute(conn).await.map(drop)
}
