//! Writes folded changes into the suppressions, a statement a kind of change.
//!
//! A row moves forward only (`sequence`), so that events handled again change nothing.

use sqlx::PgConnection;

use super::Changes;
use crate::generation::Generation;
use crate::plan::{self, Plans};

/// Writes the changes of a batch. The connection must be in a transaction.
pub(super) async fn write(
    conn: &mut PgConnection,
    generation: Generation,
    changes: &Changes<'_>,
) -> Result<(), sqlx::Error> {
    if changes.is_empty() {
        return Ok(());
    }
    plan::look_up_by_index(conn, Plans::ByCost).await?;
    suppress(conn, generation, changes).await?;
    lift(conn, generation, changes).await
}

async fn suppress(
    conn: &mut PgConnection,
    generation: Generation,
    changes: &Changes<'_>,
) -> Result<(), sqlx::Error> {
    let (mut tenants, mut addresses, mut channels) = (Vec::new(), Vec::new(), Vec::new());
    let (mut reasons, mut causes, mut notifications) = (Vec::new(), Vec::new(), Vec::new());
    let (mut since, mut positions) = (Vec::new(), Vec::new());
    let (mut sequences, mut suppressed) = (Vec::new(), Vec::new());
    for ((tenant, address), change) in changes {
        let Some((event, position)) = change.suppressed else { continue };
        tenants.push(tenant.as_uuid());
        addresses.push(address.as_bytes().as_slice());
        channels.push(event.channel.as_str());
        reasons.push(event.reason.as_str());
        causes.push(event.cause.as_deref());
        notifications.push(event.notification.map(|notification| notification.as_uuid()));
        since.push(event.at.as_datetime());
        positions.push(position.get());
        sequences.push(change.sequence);
        suppressed.push(!change.lifted);
    }
    if tenants.is_empty() {
        return Ok(());
    }
    sqlx::query(&generation.sql(include_str!("suppress.sql")))
        .bind(tenants)
        .bind(addresses)
        .bind(channels)
        .bind(reasons)
        .bind(causes)
        .bind(notifications)
        .bind(since)
        .bind(positions)
        .bind(sequences)
        .bind(suppressed)
        .execute(conn)
        .await
        .map(drop)
}

async fn lift(
    conn: &mut PgConnection,
    generation: Generation,
    changes: &Changes<'_>,
) -> Result<(), sqlx::Error> {
    let (mut tenants, mut addresses, mut sequences) = (Vec::new(), Vec::new(), Vec::new());
    for ((tenant, address), change) in changes.iter().filter(|(_, change)| change.suppressed.is_none()) {
        tenants.push(tenant.as_uuid());
        addresses.push(address.as_bytes().as_slice());
        sequences.push(change.sequence);
    }
    if tenants.is_empty() {
        return Ok(());
    }
    sqlx::query(&generation.sql(include_str!("lift.sql")))
        .bind(tenants)
        .bind(addresses)
        .bind(sequences)
        .execute(conn)
        .await
        .map(drop)
}
