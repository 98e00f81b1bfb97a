//! Writes what minutes gain, a row a minute and tenant.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use orqestra_domain::{TenantId, Timestamp};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Acceptance, Gain, Key, moment, second_of};
use crate::generation::Generation;
use crate::plan::{self, Plans};

/// Up to where the rows of these acceptances have counted.
pub(super) async fn counted(
    conn: &mut PgConnection,
    generation: Generation,
    acceptances: &[Acceptance],
) -> Result<HashMap<Key, i64>, sqlx::Error> {
    plan::look_up_by_index(conn, Plans::Kept).await?;
    // A rebuild keeps writers out: who only read yet would add what it has counted meanwhile.
    sqlx::query(&generation.sql("lock table usage_minutes{g} in row exclusive mode"))
        .execute(&mut *conn)
        .await?;
    let keys: BTreeSet<Key> = acceptances.iter().map(Acceptance::key).collect();
    let (minutes, tenants): (Vec<_>, Vec<_>) =
        keys.into_iter().map(|(minute, tenant)| (moment(minute).as_datetime(), tenant.as_uuid())).unzip();
    let statement = generation.sql(
        "select u.minute, u.tenant_id, u.position
           from unnest($1::timestamptz[], $2::uuid[]) as k (minute, tenant_id)
           join usage_minutes{g} u on u.minute = k.minute and u.tenant_id = k.tenant_id",
    );
    let rows: Vec<(OffsetDateTime, Uuid, i64)> =
        sqlx::query_as(&statement).bind(minutes).bind(tenants).fetch_all(conn).await?;
    let of = |(minute, tenant, position)| {
        ((second_of(Timestamp::new(minute)), TenantId::from_uuid(tenant)), position)
    };
    Ok(rows.into_iter().map(of).collect())
}

/// Adds to the rows, making those that are missing.
pub(super) async fn add(
    conn: &mut PgConnection,
    generation: Generation,
    gains: &BTreeMap<Key, Gain>,
) -> Result<(), sqlx::Error> {
    if gains.is_empty() {
        return Ok(());
    }
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
