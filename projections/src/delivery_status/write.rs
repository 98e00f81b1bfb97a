//! Writes folded changes into deliveries and attempts, a statement a kind of change.
//!
//! A row moves forward only (`sequence`), so that events handled again change nothing.

use orqestra_domain::Timestamp;
use orqestra_domain::notification::{PlanOutcome, SkipReason};
use sqlx::PgConnection;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use time::OffsetDateTime;
use uuid::Uuid;

use super::AttemptOutcome;
use super::fold::{AttemptChange, AttemptKey, Changes, DeliveryChange, DeliveryKey};
use crate::generation::Generation;
use crate::plan::{self, Plans};

/// Writes the changes of a batch. The connection must be in a transaction.
pub(crate) async fn write(
    conn: &mut PgConnection,
    generation: Generation,
    changes: &Changes<'_>,
) -> Result<(), sqlx::Error> {
    plan::look_up_by_index(conn, Plans::ByCost).await?;
    let (whole, partial): (Vec<_>, Vec<_>) =
        changes.deliveries.iter().partition(|(_, delivery)| delivery.planned.is_some());
    if !whole.is_empty() {
        insert_deliveries(conn, generation, &whole).await?;
    }
    if !partial.is_empty() {
        let statement = generation.sql(include_str!("update_deliveries.sql"));
        DeliveryColumns::of(&partial).bind_to(sqlx::query(&statement)).execute(&mut *conn).await?;
    }
    write_dead_letters(conn, generation, changes).await?;
    let (whole, partial): (Vec<_>, Vec<_>) =
        changes.attempts.iter().partition(|(_, attempt)| attempt.started.is_some());
    if !whole.is_empty() {
        insert_attempts(conn, generation, &whole).await?;
    }
    if !partial.is_empty() {
        update_attempts(conn, generation, &partial).await?;
    }
    Ok(())
}

type Delivery<'r, 'a> = (&'r DeliveryKey, &'r DeliveryChange<'a>);
type Attempt<'r, 'a> = (&'r AttemptKey, &'r AttemptChange<'a>);

async fn insert_deliveries(
    conn: &mut PgConnection,
    generation: Generation,
    rows: &[Delivery<'_, '_>],
) -> Result<(), sqlx::Error> {
    let (mut deliveries, mut recipients) = (Vec::new(), Vec::new());
    let mut event_types = Vec::new();
    let (mut templates, mut versions) = (Vec::new(), Vec::new());
    let (mut accepted_at, mut positions) = (Vec::new(), Vec::new());
    for planned in rows.iter().filter_map(|(_, delivery)| delivery.planned.as_ref()) {
        let template = match &planned.line.outcome {
            PlanOutcome::Planned { template } => Some(template),
            PlanOutcome::Skipped { .. } => None,
        };
        deliveries.push(planned.line.delivery_id.as_uuid());
        recipients.push(planned.accepted.recipient_ref.as_bytes().as_slice());
        event_types.push(planned.accepted.event_type.as_str());
        templates.push(template.map(|template| template.template_id.as_uuid()));
        versions.push(template.map(|template| number(template.version)));
        accepted_at.push(planned.accepted.accepted_at.as_datetime());
        positions.push(planned.position.get());
    }
    let statement = generation.sql(include_str!("insert_deliveries.sql"));
    DeliveryColumns::of(rows)
        .bind_to(sqlx::query(&statement))
        .bind(deliveries)
        .bind(recipients)
        .bind(event_types)
        .bind(templates)
        .bind(versions)
        .bind(accepted_at)
        .bind(positions)
        .execute(conn)
        .await
        .map(drop)
}

/// Brings the list of dead letters up to the deliveries, which were written before it.
async fn write_dead_letters(
    conn: &mut PgConnection,
    generation: Generation,
    changes: &Changes<'_>,
) -> Result<(), sqlx::Error> {
    let keys = |wanted: &dyn Fn(&DeliveryChange<'_>) -> bool| {
        let keys = changes.deliveries.iter().filter(|(_, change)| wanted(change)).map(|(key, _)| *key);
        let keys = keys.map(|(tenant, id, channel)| ((tenant.as_uuid(), id.as_uuid()), channel.as_str()));
        let (ids, channels): (Vec<(Uuid, Uuid)>, Vec<&str>) = keys.unzip();
        let (tenants, notifications): (Vec<Uuid>, Vec<Uuid>) = ids.into_iter().unzip();
        (tenants, notifications, channels)
    };
    for (statement, (tenants, notifications, channels)) in [
        (include_str!("insert_dead_letters.sql"), keys(&|change| change.may_be_a_dead_letter())),
        (include_str!("delete_dead_letters.sql"), keys(&|change| change.may_have_been_a_dead_letter())),
    ] {
        if !tenants.is_empty() {
            sqlx::query(&generation.sql(statement))
                .bind(tenants)
                .bind(notifications)
                .bind(channels)
                .execute(&mut *conn)
                .await?;
        }
    }
    Ok(())
}

async fn insert_attempts(
    conn: &mut PgConnection,
    generation: Generation,
    rows: &[Attempt<'_, '_>],
) -> Result<(), sqlx::Error> {
    let (mut providers, mut instances) = (Vec::new(), Vec::new());
    let (mut started_at, mut duplicates) = (Vec::new(), Vec::new());
    for started in rows.iter().filter_map(|(_, attempt)| attempt.started) {
        providers.push(started.provider.as_str());
        instances.push(started.instance.map(|instance| instance.as_uuid()));
        started_at.push(started.at.as_datetime());
        duplicates.push(started.possible_duplicate);
    }
    let common = AttemptColumns::of(rows);
    sqlx::query(&generation.sql(include_str!("insert_attempts.sql")))
        .bind(common.tenants)
        .bind(common.notifications)
        .bind(common.channels)
        .bind(common.numbers)
        .bind(providers)
        .bind(started_at)
        .bind(common.ended_at)
        .bind(common.outcomes)
        .bind(common.causes)
        .bind(duplicates)
        .bind(common.sequences)
        .bind(instances)
        .execute(conn)
        .await
        .map(drop)
}

async fn update_attempts(
    conn: &mut PgConnection,
    generation: Generation,
    rows: &[Attempt<'_, '_>],
) -> Result<(), sqlx::Error> {
    let common = AttemptColumns::of(rows);
    sqlx::query(&generation.sql(include_str!("update_attempts.sql")))
        .bind(common.tenants)
        .bind(common.notifications)
        .bind(common.channels)
        .bind(common.numbers)
        .bind(common.ended_at)
        .bind(common.outcomes)
        .bind(common.causes)
        .bind(common.sequences)
        .execute(conn)
        .await
        .map(drop)
}

fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// The columns that a new delivery and a changed one share.
#[derive(Default)]
struct DeliveryColumns<'a> {
    tenants: Vec<Uuid>,
    notifications: Vec<Uuid>,
    channels: Vec<&'static str>,
    statuses: Vec<Option<&'static str>>,
    reasons: Vec<Option<&'static str>>,
    next_due: Vec<Option<OffsetDateTime>>,
    held_at: Vec<Option<OffsetDateTime>>,
    settled_at: Vec<Option<OffsetDateTime>>,
    providers: Vec<Option<&'a str>>,
    attempts: Vec<i32>,
    last_causes: Vec<Option<&'a str>>,
    message_ids: Vec<Option<&'a str>>,
    duplicates: Vec<bool>,
    missing: Vec<Option<String>>,
    rendered_at: Vec<Option<OffsetDateTime>>,
    first_attempt_at: Vec<Option<OffsetDateTime>>,
    sent_at: Vec<Option<OffsetDateTime>>,
    sequences: Vec<i64>,
}

impl<'a> DeliveryColumns<'a> {
    fn of(rows: &[Delivery<'_, 'a>]) -> Self {
        let mut columns = Self::default();
        for ((tenant, notification, channel), delivery) in rows {
            let status = delivery.status;
            let rendered = delivery.rendered;
            columns.tenants.push(tenant.as_uuid());
            columns.notifications.push(notification.as_uuid());
            columns.channels.push(channel.as_str());
            columns.statuses.push(status.map(|change| change.status.as_str()));
            columns.reasons.push(status.and_then(|change| change.reason).map(SkipReason::as_str));
            columns.next_due.push(datetime(status.and_then(|change| change.next_due)));
            columns.held_at.push(datetime(status.and_then(|change| change.held_at())));
            columns.settled_at.push(datetime(status.and_then(|change| change.settled_at())));
            columns.providers.push(delivery.provider);
            columns.attempts.push(number(delivery.attempts));
            columns.last_causes.push(delivery.last_cause);
            columns.message_ids.push(delivery.provider_message_id);
            columns.duplicates.push(delivery.possible_duplicate);
            columns.missing.push(
                rendered
                    .filter(|rendered| !rendered.missing.is_empty())
                    .map(|rendered| serde_json::Value::from(rendered.missing.as_slice()).to_string()),
            );
            columns.rendered_at.push(datetime(rendered.map(|rendered| rendered.at)));
            columns.first_attempt_at.push(datetime(delivery.first_attempt_at));
            columns.sent_at.push(datetime(delivery.sent_at));
            columns.sequences.push(delivery.sequence);
        }
        columns
    }

    fn bind_to<'q>(
        self,
        query: Query<'q, sqlx::Postgres, PgArguments>,
    ) -> Query<'q, sqlx::Postgres, PgArguments>
    where
        'a: 'q,
    {
        query
            .bind(self.tenants)
            .bind(self.notifications)
            .bind(self.channels)
            .bind(self.statuses)
            .bind(self.reasons)
            .bind(self.next_due)
            .bind(self.held_at)
            .bind(self.settled_at)
            .bind(self.providers)
            .bind(self.attempts)
            .bind(self.last_causes)
            .bind(self.message_ids)
            .bind(self.duplicates)
            .bind(self.missing)
            .bind(self.rendered_at)
            .bind(self.first_attempt_at)
            .bind(self.sent_at)
            .bind(self.sequences)
    }
}

/// The columns that a new attempt and an ended one share.
#[derive(Default)]
struct AttemptColumns<'a> {
    tenants: Vec<Uuid>,
    notifications: Vec<Uuid>,
    channels: Vec<&'static str>,
    numbers: Vec<i32>,
    ended_at: Vec<Option<OffsetDateTime>>,
    outcomes: Vec<&'static str>,
    causes: Vec<Option<&'a str>>,
    sequences: Vec<i64>,
}

impl<'a> AttemptColumns<'a> {
    fn of(rows: &[Attempt<'_, 'a>]) -> Self {
        let mut columns = Self::default();
        for (((tenant, notification, channel), attempt), change) in rows {
            let ended = change.ended.as_ref();
            columns.tenants.push(tenant.as_uuid());
            columns.notifications.push(notification.as_uuid());
            columns.channels.push(channel.as_str());
            columns.numbers.push(number(*attempt));
            columns.ended_at.push(datetime(ended.map(|ended| ended.at)));
            columns.outcomes.push(ended.map_or(AttemptOutcome::Open, |ended| ended.outcome).as_str());
            columns.causes.push(ended.and_then(|ended| ended.cause));
            columns.sequences.push(change.sequence);
        }
        columns
    }
}

fn datetime(moment: Option<Timestamp>) -> Option<OffsetDateTime> {
    moment.map(Timestamp::as_datetime)
}
