//! A recipient's pushes, newest first, opened to be shown.
//!
//! Every statement names tenant and recipient. A row whose key is gone is left out, as the person was forgotten; one
//! that cannot be opened is left out loudly.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use orqestra_domain::{
    EventTypeName, KeyId, NotificationId, RecipientRef, Sealed, StreamId, TenantId, Timestamp,
};
use orqestra_vault::{FieldContext, KeyError};
use serde::Deserialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Inbox;
use crate::error::{ReadModelError, limited};

/// The field that holds a push's rendered content.
const CONTENT_FIELD: &str = "content:PUSH";
/// Bytes of sealed content after which a page ends that begins at a cursor.
pub const PAGE_BYTES: usize = 1024 * 1024;
/// Bytes of sealed content that are read at once of a page that begins at an offset. It does not end there, since a client
/// that counts in offsets takes it that a page has as many rows as it may: the rest is read when what was read is written.
pub const PART_BYTES: usize = 256 * 1024;

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryPage {
    /// After so many of the newest.
    Offset(u32),
    /// After the last item of the page before.
    After(Cursor),
}

/// The last row of a page; the next page begins behind it. It tells nothing but that row's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(NotificationId);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cursor {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Some of a recipient's pushes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Newest first. Fewer than asked for where some cannot be opened any more, and behind a cursor where they are
    /// large.
    pub items: Vec<InboxItem>,
    /// Where the next page begins; nothing after the last one.
    pub next: Option<Cursor>,
    /// What is still to be read of a page that begins at an offset.
    pub rest: Option<Rest>,
}

/// What is still to be read of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    after: Cursor,
    rows: usize,
}

/// A push as its recipient sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxItem {
    /// The notification.
    pub id: NotificationId,
    /// Its event type.
    pub event_type: EventTypeName,
    /// The rendered title; empty if the template has none.
    pub title: String,
    /// The rendered body.
    pub body: String,
    /// Whether it was read.
    pub status: ReadStatus,
    /// When the event was accepted.
    pub created_at: Timestamp,
    /// The push category.
    pub category: Option<String>,
}

/// Whether a push was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStatus {
    /// Not yet.
    Unread,
    /// Yes.
    Read,
}

impl ReadStatus {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unread => "UNREAD",
            Self::Read => "READ",
        }
    }
}

impl Inbox {
    /// Reads up to `limit` of a recipient's pushes, newest first by acceptance, equal times by position in the log.
    ///
    /// # Errors
    /// If the database or the keys cannot be read in time.
    pub async fn history(
        &self,
        tenant: TenantId,
        recipient: &RecipientRef,
        limit: u16,
        page: HistoryPage,
    ) -> Result<Page, ReadModelError> {
        let limit = usize::from(limit);
        let bytes = match page {
            HistoryPage::Offset(_) => PART_BYTES,
            HistoryPage::After(_) => PAGE_BYTES,
        };
        let some = self.select_some(tenant, recipient, (limit + 1, bytes), page);
        let Read { mut rows, ids } = limited(some).await?;
        rows.truncate(limit);
        let (last, rest) = match page {
            HistoryPage::Offset(_) => {
                let last = ids.iter().take(limit).next_back().filter(|_| ids.len() > limit);
                (last.copied(), Rest::of(&rows, ids.len().min(limit)))
            }
            HistoryPage::After(_) => (rows.last().filter(|_| rows.len() < ids.len()).map(|row| row.id), None),
        };
        Ok(Page { items: self.open(tenant, rows).await?, next: last.map(Cursor), rest })
    }

    /// Reads on in a page: some items, and what is left then.
    ///
    /// # Errors
    /// If the database or the keys cannot be read in time.
    pub async fn history_rest(
        &self,
        tenant: TenantId,
        recipient: &RecipientRef,
        rest: Rest,
    ) -> Result<(Vec<InboxItem>, Option<Rest>), ReadModelError> {
        let page = HistoryPage::After(rest.after);
        let read = limited(self.select_some(tenant, recipient, (rest.rows, PART_BYTES), page)).await?;
        let left = Rest::of(&read.rows, read.ids.len());
        Ok((self.open(tenant, read.rows).await?, left))
    }

    /// Reads what one statement brings.
    async fn select_some(
        &self,
        tenant: TenantId,
        recipient: &RecipientRef,
        (limit, bytes): (usize, usize),
        page: HistoryPage,
    ) -> Result<Read, ReadModelError> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let (offset, after) = match page {
            HistoryPage::Offset(offset) => (i64::from(offset), None),
            HistoryPage::After(Cursor(after)) => (0, Some(after.as_uuid())),
        };
        let statement = match after {
            None => include_str!("history.sql"),
            Some(_) => include_str!("history_after.sql"),
        };
        let query = sqlx::query(statement)
            .bind(tenant.as_uuid())
            .bind(recipient.as_bytes().as_slice())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let query = match after {
            None => query.bind(offset).bind(bytes),
            Some(after) => query.bind(after).bind(bytes),
        };
        let read = query.fetch_all(&self.pool).await?;
        let id = |row: &PgRow| row.try_get("notification_id").map(NotificationId::from_uuid);
        let ids = read.iter().map(id).collect::<Result<_, _>>()?;
        let rows = read.iter().map_while(|row| SealedItem::from_row(row).transpose());
        Ok(Read { rows: rows.collect::<Result<_, _>>()?, ids })
    }

    pub(super) async fn open(
        &self,
        tenant: TenantId,
        rows: Vec<SealedItem>,
    ) -> Result<Vec<InboxItem>, ReadModelError> {
        let ids: HashSet<KeyId> = rows.iter().map(|row| row.content.key_id).collect();
        let keys = self.vault.keys(ids).await;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let key = match keys.get(&row.content.key_id) {
                Some(Ok(key)) => key,
                Some(Err(KeyError::Gone)) | None => continue,
                Some(Err(KeyError::Unavailable(failure))) => return Err(failure.clone().into()),
                Some(Err(KeyError::Corrupt(reason))) => {
                    row.left_out(tenant, reason);
                    continue;
                }
            };
            let stream = StreamId::notification(tenant, row.id);
            let place = FieldContext { tenant, aggregate_id: stream.as_str(), field: CONTENT_FIELD };
            let content = match self.vault.open(key, &place, &row.content) {
                Ok(content) => content,
                Err(reason) => {
                    row.left_out(tenant, reason);
                    continue;
                }
            };
            match serde_json::from_slice::<Content>(&content) {
                Ok(content) => items.push(row.shown(content)),
                // The parser's words could quote the content.
                Err(_) => row.left_out(tenant, "its content has another shape"),
            }
        }
        Ok(items)
    }
}

/// What one statement brought: all rows of the page by their ids, the first of them with their content.
struct Read {
    rows: Vec<SealedItem>,
    ids: Vec<NotificationId>,
}

impl Rest {
    /// What is left of so many rows once these are read.
    fn of(read: &[SealedItem], of: usize) -> Option<Self> {
        let after = read.last().map(|row| Cursor(row.id))?;
        let rows = of.checked_sub(read.len()).filter(|rows| *rows > 0)?;
        Some(Self { after, rows })
    }
}

/// What is sealed of a push. Of no use here are `subject` and `text`.
#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    title: Option<String>,
    body: String,
}

pub(super) struct SealedItem {
    pub(super) id: NotificationId,
    event_type: EventTypeName,
    category: Option<String>,
    content: Sealed,
    status: ReadStatus,
    accepted_at: Timestamp,
}

impl SealedItem {
    /// One row; `None` if it is for the next page.
    pub(super) fn from_row(row: &PgRow) -> Result<Option<Self>, ReadModelError> {
        let Some(data) = row.try_get("content")? else { return Ok(None) };
        let event_type: String = row.try_get("event_type")?;
        let key_id: Uuid = row.try_get("content_key")?;
        let read: bool = row.try_get("read")?;
        let accepted_at: OffsetDateTime = row.try_get("accepted_at")?;
        Ok(Some(Self {
            id: NotificationId::from_uuid(row.try_get("notification_id")?),
            event_type: EventTypeName::stored(event_type),
            category: row.try_get("category")?,
            content: Sealed { key_id: KeyId::from_uuid(key_id), data },
            status: if read { ReadStatus::Read } else { ReadStatus::Unread },
            accepted_at: Timestamp::new(accepted_at),
        }))
    }

    fn shown(self, content: Content) -> InboxItem {
        InboxItem {
            id: self.id,
            event_type: self.event_type,
            title: content.title.unwrap_or_default(),
            body: content.body,
            status: self.status,
            created_at: self.accepted_at,
            category: self.category,
        }
    }

    fn left_out(&self, tenant: TenantId, reason: impl fmt::Display) {
        tracing::error!(
            tenant.id = %tenant,
            notification.id = %self.id,
            "a push cannot be opened and is left out of the history: {reason}",
        );
    }
}
