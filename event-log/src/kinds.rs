//! Reading only some kinds of aggregates: what a process needs at start, without reading all the log.

use orqestra_domain::{StreamId, TenantId};
use uuid::Uuid;

use crate::error::LogError;
use crate::log::EventLog;
use crate::page::Page;
use crate::position::Position;

/// A stretch of the suppressions: the stream of each event, without what the event says.
#[derive(Clone, Debug)]
pub struct SuppressionPage {
    /// The tenants and the ids of the streams, once for each event.
    pub streams: Vec<(TenantId, Uuid)>,
    /// The last position that is read. The position that was read after where nothing follows it.
    pub reached: Position,
}

impl EventLog {
    /// The next events of tenants and templates after a position, oldest first: at most `most`, and no more bytes than a
    /// statement brings.
    ///
    /// # Errors
    /// If the database does not answer, or an event is corrupt.
    pub async fn read_configuration_after(&self, position: Position, most: usize) -> Result<Page, LogError> {
        self.shared().reader.configuration_page(position, most).await
    }

    /// The streams of the next events of suppressed addresses after a position, oldest first: no more bytes than a statement
    /// brings.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn read_suppressions_after(&self, position: Position) -> Result<SuppressionPage, LogError> {
        let rows = self.shared().reader.suppression_page(position).await?;
        let reached = rows.last().map_or(position, |(reached, _)| *reached);
        // A stream of another form belongs to no address, and is passed over.
        let streams = rows.iter().filter_map(|(_, stream)| StreamId::split(stream)).collect();
        Ok(SuppressionPage { streams, reached })
    }
}
