//! Writes folded changes into the inbox's tables, a statement a kind of change.
//!
//! A row moves forward only (`sequence`). What a forgotten person got before does not come back, whoever writes: a
//! writer that adds rows outside the subscription must hold [`keep_from_forgetting`] while it does. The locks are those of
//! a table, which need a right to it: any role could hold an advisory lock.

use orqestra_domain::{TenantId, Timestamp};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::fold::{Changes, RowChange};
use crate::forgotten;
use crate::generation::Generation;
use crate::plan::{self, Plans};

/// Writes the changes of a batch. The connection must be in a transaction.
pub(crate) async fn write(
    conn: &mut PgConnection,
    generation: Generation,
    changes: &Changes<'_>,
) -> Result<(), sqlx::Error> {
    let (whole, partial): (Vec<_>, Vec<_>) = changes.rows.iter().partition(|(_, row)| row.accepted.is_some());
    let plans = if partial.is_empty() && changes.forgotten.is_empty() { Plans::Kept } else { Plans::ByCost };
    plan::look_up_by_index(conn, plans).await?;
    if !changes.forgotten.is_empty() {
        forget(conn, generation, changes).await?;
    }
    if !whole.is_empty() {
        insert(conn, generation, &whole).await?;
    }
    if !partial.is_empty() {
        update(conn, generation, &partial).await?;
    }
    Ok(())
}

/// Keeps people from being forgotten until the transaction ends; waits for a forgetting that is under way.
pub(crate) async fn keep_from_forgetting(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("lock table inbox_forgotten in row share mode").execute(conn).await.map(drop)
}

async fn forget(
    conn: &mut PgConnection,
    generation: Generation,
    changes: &Changes<'_>,
) -> Result<(), sqlx::Error> {
    // Where other writers are kept out, waiting for one that waits for the table would never end.
    if generation == Generation::Live {
        // Before rows of the inbox are touched: a rebuild takes the two tables in this order too.
        sqlx::query("lock table inbox_forgotten in exclusive mode").execute(&mut *conn).await?;
    }
    forgotten::write(conn, &generation.sql(include_str!("forget.sql")), &changes.forgotten).await
}

type Row<'r, 'a> = (&'r (TenantId, orqestra_domain::NotificationId), &'r RowChange<'a>);

async fn insert(
    conn: &mut PgConnection,
    generation: Generation,
    rows: &[Row<'_, '_>],
) -> Result<(), sqlx::Error> {
    let count = rows.len();
    let (mut recipients, mut deliveries) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut types, mut accepted_at) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut positions = Vec::with_capacity(count);
    for accepted in rows.iter().filter_map(|(_, row)| row.accepted.as_ref()) {
        recipients.push(accepted.recipient.as_bytes().as_slice());
        deliveries.push(accepted.delivery.as_uuid());
        types.push(accepted.event_type.as_str());
        accepted_at.push(accepted.at.as_datetime());
        positions.push(accepted.position.get());
    }
    let common = Common::of(rows);
    sqlx::query(&generation.sql(include_str!("insert.sql")))
        .bind(common.tenants)
        .bind(common.notifications)
        .bind(recipients)
        .bind(deliveries)
        .bind(types)
        .bind(common.categories)
        .bind(common.content_keys)
        .bind(common.contents)
        .bind(accepted_at)
        .bind(common.rendered_at)
        .bind(common.read_at)
        .bind(positions)
        .bind(common.sequences)
        .bind(common.rendered_positions)
        .execute(conn)
        .await
        .map(drop)
}

async fn update(
    conn: &mut PgConnection,
    generation: Generation,
    rows: &[Row<'_, '_>],
) -> Result<(), sqlx::Error> {
    let common = Common::of(rows);
    sqlx::query(&generation.sql(include_str!("update.sql")))
        .bind(common.tenants)
        .bind(common.notifications)
        .bind(common.categories)
        .bind(common.content_keys)
        .bind(common.contents)
        .bind(common.rendered_at)
        .bind(common.read_at)
        .bind(common.sequences)
        .bind(common.rendered_positions)
        .execute(conn)
        .await
        .map(drop)
}

/// The columns that a new row and a changed one share.
#[derive(Default)]
struct Common<'a> {
    tenants: Vec<Uuid>,
    notifications: Vec<Uuid>,
    categories: Vec<Option<&'a str>>,
    content_keys: Vec<Option<Uuid>>,
    contents: Vec<Option<&'a str>>,
    rendered_at: Vec<Option<OffsetDateTime>>,
    rendered_positions: Vec<Option<i64>>,
    read_at: Vec<Option<OffsetDateTime>>,
    sequences: Vec<i64>,
}

impl<'a> Common<'a> {
    fn of(rows: &[Row<'_, 'a>]) -> Self {
        let mut columns = Self::default();
        for ((tenant, notification), row) in rows {
            columns.tenants.push(tenant.as_uuid());
            columns.notifications.push(notification.as_uuid());
            columns.categories.push(row.rendered.and_then(|(rendered, _)| rendered.category.as_deref()));
            columns.content_keys.push(row.rendered.map(|(rendered, _)| rendered.content.key_id.as_uuid()));
            columns.contents.push(row.rendered.map(|(rendered, _)| rendered.content.data.as_str()));
            columns.rendered_at.push(row.rendered.map(|(rendered, _)| rendered.at.as_datetime()));
            columns.rendered_positions.push(row.rendered.map(|(_, position)| position.get()));
            columns.read_at.push(row.read_at.map(Timestamp::as_datetime));
            columns.sequences.push(row.sequence);
        }
        columns
    }
}
