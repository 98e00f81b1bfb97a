//! Reading only some kinds of aggregates: what a process needs at start, without reading all the log.

use std::sync::Arc;

use crate::error::LogError;
use crate::log::EventLog;
use crate::position::Position;
use crate::read::limited;
use crate::recorded::{RecordedEvent, columns};

impl EventLog {
    /// The first `limit` events of tenants and templates after a position, oldest first.
    ///
    /// # Errors
    /// If the database does not answer, or an event is corrupt.
    pub async fn read_configuration_after(
        &self,
        position: Position,
        limit: usize,
    ) -> Result<Vec<Arc<RecordedEvent>>, LogError> {
        let shared = self.shared();
        let rows = limited(
            sqlx::query(concat!(
                "select ",
                columns!(),
                " from events e
                  where e.aggregate_type in ('Tenant', 'Template') and e.position > $1
                  order by e.position limit $2"
            ))
            .bind(position.get())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(shared.reader.pool()),
        )
        .await?;
        rows.iter().map(|row| RecordedEvent::from_row(row, &shared.upcasters).map(Arc::new)).collect()
    }
}
