//! Writes folded changes into the look-up, a statement a kind of change.
//!
//! A row never changes: one that is there stays as it is, and one of a person who was forgotten after it does not come back.

use orqestra_domain::notification::Accepted;
use orqestra_domain::{AddressRef, Channel};
use sqlx::PgConnection;

use super::Changes;
use crate::forgotten;
use crate::generation::Generation;
use crate::plan::{self, Plans};

/// Writes the changes of a batch. The connection must be in a transaction.
pub(super) async fn write(
    conn: &mut PgConnection,
    generation: Generation,
    changes: &Changes<'_>,
) -> Result<(), sqlx::Error> {
    if changes.accepted.is_empty() && changes.forgotten.is_empty() {
        return Ok(());
    }
    let plans = if changes.forgotten.is_empty() { Plans::Kept } else { Plans::ByCost };
    plan::look_up_by_index(conn, plans).await?;
    // First, so that what is accepted after the forgetting stays and what was accepted before it is not inserted.
    if !changes.forgotten.is_empty() {
        let statement = generation.sql(include_str!("forget.sql"));
        forgotten::write(conn, &statement, &changes.forgotten).await?;
    }
    if !changes.accepted.is_empty() {
        insert(conn, generation, changes).await?;
    }
    Ok(())
}

async fn insert(
    conn: &mut PgConnection,
    generation: Generation,
    changes: &Changes<'_>,
) -> Result<(), sqlx::Error> {
    let (mut tenants, mut notifications, mut recipients) = (Vec::new(), Vec::new(), Vec::new());
    let (mut emails, mut phones) = (Vec::new(), Vec::new());
    let (mut types, mut accepted_at, mut positions) = (Vec::new(), Vec::new(), Vec::new());
    for ((tenant, notification), (accepted, position)) in &changes.accepted {
        tenants.push(tenant.as_uuid());
        notifications.push(notification.as_uuid());
        recipients.push(accepted.recipient_ref.as_bytes().as_slice());
        emails.push(address(accepted, Channel::Email));
        phones.push(address(accepted, Channel::Sms));
        types.push(accepted.event_type.as_str());
        accepted_at.push(accepted.accepted_at.as_datetime());
        positions.push(position.get());
    }
    sqlx::query(&generation.sql(include_str!("insert.sql")))
        .bind(tenants)
        .bind(notifications)
        .bind(recipients)
        .bind(emails)
        .bind(phones)
        .bind(types)
        .bind(accepted_at)
        .bind(positions)
        .execute(conn)
        .await
        .map(drop)
}

/// The look-up form of the address on a channel, also where the channel was skipped.
fn address(accepted: &Accepted, channel: Channel) -> Option<&[u8]> {
    let line = accepted.plan.iter().find(|line| line.channel == channel)?;
    line.address_ref.as_ref().map(AddressRef::as_bytes).map(<[u8; 32]>::as_slice)
}
