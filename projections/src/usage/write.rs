//! Writes what minutes gain, a row a minute and tenant.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::{Gain, Key, moment};
use crate::generation::Generation;
use crate::plan::{self, Plans};

/// Adds to the rows, making those that are missing.
pub(super) async fn add(
    conn: &mut PgConnection,
    generation: Generation,
    gains: &BTreeMap<Key, Gain>,
) -> Result<(), sqlx::Error> {
    plan::look_up_by_index(conn, Plans::Kept).await?;
    let (mut minutes, mut tenants) = (Vec::new(), Vec::new());
    let (mut accepted, mut seconds, mut positions) = (Vec::new(), Vec::new(), Vec::new());
    for ((minute, tenant), gain) in gains {
        minutes.push(moment(*minute).as_datetime());
        tenants.push(tenant.as_uuid());
        accepted.push(gain.accepted);
        // A list of lists would be unnested down to its numbers.
        seconds.push(format!("{{{}}}", gain.seconds.map(|count| count.to_string()).join(",")));
        positions.push(gain.position);
    }
    sqlx::query(&generation.sql(include_str!("add.sql")))
        .bind(minutes)
        .bind(tenants)
        .bind(accepted)
        .bind(seconds)
        .bind(positions)
        .execute(conn)
        .await
        .map(drop)
}
