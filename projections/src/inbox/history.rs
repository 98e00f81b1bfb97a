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
/// Bytes of sealed content after which a page that begins at a cursor ends. One that begins at an offset does not:
/// whoever counts in offsets takes it that a page has as many rows as it may.
const PAGE_BYTES: i64 = 1024 * 1024;

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
        let (mut rows, cut) = self.select(tenant, recipient, limit + 1, page).await?;
        let more = cut || rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| Cursor(row.id));
        Ok(Page { items: self.open(tenant, rows).await?, next })
    }

    /// Reads the rows of a page. One by its offset comes whole, by as many statements as its bytes need; one behind a
    /// cursor ends with the first statement, and says so.
    async fn select(
        &self,
        tenant: TenantId,
        recipient: &RecipientRef,
        limit: usize,
        page: HistoryPage,
    ) -> Result<(Vec<SealedItem>, bool), ReadModelError> {
        let (mut rows, mut cut) = limited(self.select_some(tenant, recipient, limit, page)).await?;
        while let (HistoryPage::Offset(_), true, Some(last)) = (page, cut, rows.last()) {
            let rest = HistoryPage::After(Cursor(last.id));
            let more = limited(self.select_some(tenant, recipient, limit - rows.len(), rest)).await?;
            rows.extend(more.0);
            cut = more.1;
        }
        Ok((rows, cut))
    }

    /// Reads what one statement brings, and says whether there is more of what was asked for.
    async fn select_some(
        &self,
        tenant: TenantId,
        recipient: &RecipientRef,
        limit: usize,
        page: HistoryPage,
    ) -> Result<(Vec<SealedItem>, bool), ReadModelError> {
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
            None => query.bind(offset).bind(PAGE_BYTES),
            Some(after) => query.bind(after).bind(PAGE_BYTES),
        };
        let rows = query.fetch_all(&self.pool).await?;
        let items: Vec<_> =
            rows.iter().map_while(|row| SealedItem::from_row(row).transpose()).collect::<Result<_, _>>()?;
        let cut = items.len() < rows.len();
        Ok((items, cut))
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
