//! Reading only some kinds of aggregates: what a process needs at start, without reading all the log.

use crate::error::LogError;
use crate::log::EventLog;
use crate::page::Page;
use crate::position::Position;

impl EventLog {
    /// The next events of tenants and templates after a position, oldest first: at most `most`, and no more bytes than a
    /// statement brings.
    ///
    /// # Errors
    /// If the database does not answer, or an event is corrupt.
    pub async fn read_configuration_after(&self, position: Position, most: usize) -> Result<Page, LogError> {
        self.shared().reader.configuration_page(position, most).await
    }
}
