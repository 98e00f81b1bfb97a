//! The topics that the log is relayed to: the number of their partitions, and the last event sent to each.
//!
//! Kafka lets an administrator add partitions to a topic, which would move recipients from one to another. So the log
//! records the number under the topic's name, and it stays. The positions are stored with the relay's checkpoint.

use super::{Partition, Partitions};
use crate::error::LogError;
use crate::log::EventLog;
use crate::position::Position;
use crate::read::{Line, limited};
use crate::subscription::SubscriberError;

impl EventLog {
    /// Records the number of a topic's partitions unless one is recorded, and returns the recorded one.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn record_topic(&self, topic: &str, partitions: Partitions) -> Result<Partitions, LogError> {
        let pool = self.shared().reader.line(Line::Pages);
        let insert = sqlx::query(
            "insert into topics (topic, partitions) values ($1, $2) on conflict on constraint topics_pkey do nothing",
        );
        limited(insert.bind(topic).bind(partitions.count().cast_signed()).execute(pool)).await?;
        Ok(self.recorded_topic(topic).await?.unwrap_or(partitions))
    }

    /// Returns the number of a topic's partitions, if one is recorded.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn recorded_topic(&self, topic: &str) -> Result<Option<Partitions>, LogError> {
        let pool = self.shared().reader.line(Line::Pages);
        let select = sqlx::query_scalar("select partitions from topics where topic = $1");
        let recorded: Option<i16> = limited(select.bind(topic).fetch_optional(pool)).await?;
        Ok(recorded.and_then(|count| Partitions::new(count.cast_unsigned())))
    }

    /// Reads the last event sent to each partition of a topic, by number; zero where none was.
    ///
    /// # Errors
    /// If the database does not answer in time.
    pub async fn sent_to_topic(
        &self,
        topic: &str,
        partitions: Partitions,
    ) -> Result<Vec<Position>, LogError> {
        let pool = self.shared().reader.line(Line::Pages);
        let select = sqlx::query_as("select partition, position from topic_positions where topic = $1");
        let rows: Vec<(i16, i64)> = limited(select.bind(topic).fetch_all(pool)).await?;
        let mut sent = vec![Position::ZERO; usize::from(partitions.count())];
        for (number, position) in rows {
            if let Some(last) = usize::try_from(number).ok().and_then(|number| sent.get_mut(number)) {
                *last = Position::new(position);
            }
        }
        Ok(sent)
    }
}

/// Stores the last event sent to some partitions of a topic, in the transaction that moves its relay's checkpoint.
///
/// # Errors
/// If the database fails.
pub async fn store_sent_to_topic(
    tx: &mut sqlx::PgTransaction<'_>,
    topic: &str,
    sent: &[(Partition, Position)],
) -> Result<(), SubscriberError> {
    let (numbers, positions): (Vec<i16>, Vec<i64>) =
        sent.iter().map(|(partition, position)| (partition.number().cast_signed(), position.get())).unzip();
    sqlx::query(
        "insert into topic_positions as sent (topic, partition, position)
         select $1, s.partition, s.position from unnest($2::smallint[], $3::bigint[]) as s (partition, position)
             on conflict on constraint topic_positions_pkey do update set position = excluded.position",
    )
    .bind(topic)
    .bind(numbers)
    .bind(positions)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes positions beyond the log's end back to it, after the log has lost its end. Needs the owner's rights.
///
/// # Errors
/// If the database does not answer in time.
pub async fn settle_topics(pool: &sqlx::PgPool, head: Position) -> Result<(), LogError> {
    let update = sqlx::query("update topic_positions set position = $1 where position > $1");
    limited(update.bind(head.get()).execute(pool)).await?;
    Ok(())
}
