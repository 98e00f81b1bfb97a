//! Reading events page by page: no statement brings more than so many bytes, whatever it is asked for.
//!
//! The database measures before it sends, so that a page is bounded on the link too. A page that does not come in time
//! halves the bound, for every reader of the process, and its connection is closed: what is still on its way would be
//! in the way of the next statement. A bound that proves too small grows back. A page has at least one event, and one
//! that is as large as that is given more time (`patience.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Executor as _, Postgres, Row};
use tokio::time::{Instant, timeout};

use crate::error::LogError;
use crate::interest::Interest;
use crate::patience::Place;
use crate::position::Position;
use crate::read::{LIMIT, Line, Reader, StreamKey, limited};
use crate::recorded::{RecordedEvent, columns};

/// Most bytes of events that one statement brings.
const MOST_BYTES: usize = 1024 * 1024;
/// The bound is not halved below this.
const LEAST_BYTES: usize = 16 * 1024;
/// A full page that came within this part of the time limit lets the next one be larger.
const WITH_EASE: u32 = 4;

const EVENTS_BETWEEN: &str = concat!(
    "select p.reached, e.aggregate_type is not null as found, ",
    columns!("case when $7 then e.payload::text end"),
    " from log_page_end($1, $2, $3, $4, $5, $6, $7) as p (reached)
      left join lateral (
           select v.* from events v
            where v.position > $1 and v.position <= p.reached
              and ($4::text[] is null or v.aggregate_type = any ($4))
              and ($5::text[] is null or v.event_type = any ($5))
              and ($6::text[] is null or v.event_type <> all ($6))
            order by v.position
           offset 0
           ) e on true"
);

const CONFIGURATION: &str = concat!(
    "select p.reached, e.aggregate_type is not null as found, ",
    columns!("e.payload::text"),
    " from log_configuration_end($1, $2, $3) as p (reached)
      left join lateral (
           select v.* from events v
            where v.aggregate_type in ('Tenant', 'Template') and v.position > $1 and v.position <= p.reached
            order by v.position
           offset 0
           ) e on true"
);

const DIRECTORY: &str = concat!(
    "select p.reached, e.aggregate_type is not null as found, ",
    columns!("e.payload::text"),
    " from log_directory_end($1, $2, $3, $4, $5) as p (reached)
      left join lateral (
           select v.* from events v
            where v.aggregate_type <> 'Notification' and v.aggregate_type = any ($5)
              and v.position > $1 and v.position <= p.reached
            order by v.position
           offset 0
           ) e on true"
);

/// An id has a fixed length, so that the bytes are bounded by the number of rows: 128 each, with what is around it.
const SUPPRESSIONS: &str = "select true as found, v.position, v.aggregate_id
       from events v
      where v.aggregate_type = 'Suppression' and v.position > $1
      order by v.position
      limit greatest($2::bigint / 128, 1)";

const STREAMS: &str = concat!(
    "select p.stream, p.reached, p.whole, e.aggregate_type is not null as found, ",
    columns!("e.payload::text"),
    " from log_streams_end($1, $2, $3, $4) p
      left join lateral (
           select v.* from events v
            where v.aggregate_type = ($1::text[])[p.stream] and v.aggregate_id = ($2::text[])[p.stream]
              and v.sequence > ($3::bigint[])[p.stream] and v.sequence <= p.reached
            order by v.sequence
           offset 0
           ) e on true"
);

/// A stretch of the log.
#[derive(Clone, Debug)]
pub struct Page {
    /// The events that its reader asked for, in order.
    pub events: Vec<Arc<RecordedEvent>>,
    /// Every event that the reader asked for is in here, from the position that was read after up to this one. The
    /// position itself where nothing follows it.
    pub reached: Position,
}

impl Page {
    /// Drops events at or before a position, and events that do not come in order.
    pub(crate) fn drop_repeated(&mut self, position: Position) {
        let mut last = position;
        self.events.retain(|event| {
            let new = event.position > last;
            last = last.max(event.position);
            new
        });
    }
}

/// How many bytes the next statement may bring.
#[derive(Debug)]
pub(crate) struct PageBytes(AtomicUsize);

impl Default for PageBytes {
    fn default() -> Self {
        Self(AtomicUsize::new(MOST_BYTES))
    }
}

impl PageBytes {
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn change(&self, from: usize, to: usize) {
        // Several that were late at once halve it once.
        self.0.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).ok();
    }

    fn late(&self, asked: usize) {
        self.change(asked, (asked / 2).max(LEAST_BYTES));
    }

    fn in_time(&self, asked: usize, brought: usize, took: Duration) {
        if brought >= asked / 2 && took <= LIMIT / WITH_EASE {
            self.change(asked, (asked * 2).min(MOST_BYTES));
        }
    }
}

/// A stretch of one stream among several.
struct Stretch {
    stream: usize,
    whole: bool,
    reached: i64,
}

impl Reader {
    /// Reads the events after a position that a reader asks for, among the next `most`.
    pub(crate) async fn page(
        &self,
        line: Line,
        after: Position,
        most: usize,
        interest: &Interest,
    ) -> Result<Page, LogError> {
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        self.page_of(line, after, EVENTS_BETWEEN, &|sql, bytes| {
            sqlx::query(sql)
                .bind(after.get())
                .bind(most)
                .bind(bytes)
                .bind(interest.aggregate_types)
                .bind(interest.event_types)
                .bind(interest.other_event_types)
                .bind(interest.payloads)
        })
        .await
    }

    /// Reads the events of these aggregates, none of them notifications, after a position and up to the head, at most so
    /// many. What it passes over costs nothing.
    pub(crate) async fn directory_page(
        &self,
        (after, head): (Position, Position),
        most: usize,
        aggregate_types: &'static [&'static str],
    ) -> Result<Page, LogError> {
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        self.page_of(Line::Directory, after, DIRECTORY, &|sql, bytes| {
            sqlx::query(sql).bind(after.get()).bind(head.get()).bind(most).bind(bytes).bind(aggregate_types)
        })
        .await
    }

    /// Reads the events of tenants and templates after a position, at most so many.
    pub(crate) async fn configuration_page(&self, after: Position, most: usize) -> Result<Page, LogError> {
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        self.page_of(Line::Directory, after, CONFIGURATION, &|sql, bytes| {
            sqlx::query(sql).bind(after.get()).bind(most).bind(bytes)
        })
        .await
    }

    /// Reads position and stream of the events of suppressed addresses after a position, in order.
    pub(crate) async fn suppression_page(
        &self,
        after: Position,
    ) -> Result<Vec<(Position, String)>, LogError> {
        let mut page = Vec::new();
        let place = ("Suppression".to_owned(), String::new(), after.get());
        let bind: &Bind<'_> = &|sql, bytes| sqlx::query(sql).bind(after.get()).bind(bytes);
        self.measured(Line::Directory, place, SUPPRESSIONS, bind, |row| {
            page.push((Position::new(row.try_get("position")?), row.try_get("aggregate_id")?));
            Ok(128)
        })
        .await?;
        Ok(page)
    }

    async fn page_of(
        &self,
        line: Line,
        after: Position,
        sql: &str,
        bind: &Bind<'_>,
    ) -> Result<Page, LogError> {
        let mut page = Page { events: Vec::new(), reached: after };
        let place = (String::new(), String::new(), after.get());
        self.measured(line, place, sql, bind, |row| {
            page.reached = Position::new(row.try_get("reached")?);
            let event = self.found(row)?;
            let weight = event.as_ref().map_or(0, |event| event.payload.len());
            page.events.extend(event);
            Ok(weight)
        })
        .await?;
        page.events.sort_by_key(|event| event.position);
        Ok(page)
    }

    fn found(&self, row: &PgRow) -> Result<Option<Arc<RecordedEvent>>, LogError> {
        if !row.try_get::<bool, _>("found")? {
            return Ok(None);
        }
        RecordedEvent::from_row(row, self.upcasters()).map(Arc::new).map(Some)
    }

    /// Runs one statement under the bound and the time limit, row by row, each of which tells how many bytes it brought.
    async fn measured(
        &self,
        line: Line,
        place: Place,
        sql: &str,
        bind: &Bind<'_>,
        take: impl FnMut(&PgRow) -> Result<usize, LogError>,
    ) -> Result<(), LogError> {
        let asked = self.page_bytes().get();
        let bytes = i64::try_from(asked).unwrap_or(i64::MAX);
        let acquired = timeout(LIMIT, self.line(line).acquire()).await;
        let mut connection = acquired.map_err(|_| LogError::Timeout)??;
        let patient = match self.patience().with_one(&place) {
            Some(longer) if brings_one(&mut connection, sql, bind, bytes).await? => Some(longer),
            Some(_) | None => None,
        };
        let asked_at = Instant::now();
        let fetching = fetch(&mut connection, bind(sql, bytes), patient, take);
        let read = timeout(patient.unwrap_or(LIMIT), fetching).await.unwrap_or(Err(LogError::Timeout));
        match &read {
            Ok(brought) => {
                self.patience().in_time(&place);
                self.page_bytes().in_time(asked, *brought, asked_at.elapsed());
            }
            Err(error) if error.is_late() => {
                self.patience().late(place);
                if patient.is_none() {
                    self.page_bytes().late(asked);
                }
                drop(connection.detach());
            }
            Err(_) if patient.is_some() => drop(connection.detach()),
            Err(_) => {}
        }
        read.map(drop)
    }

    /// Reads the next events of one stream after a sequence, as many as one statement brings.
    pub(crate) async fn stream_after(
        &self,
        key: &StreamKey,
        sequence: i64,
    ) -> Result<Vec<Arc<RecordedEvent>>, LogError> {
        let mut events = Vec::new();
        let keys = [(key.clone(), sequence)];
        self.stretches(Line::Pages, keys.iter(), |_, event| events.extend(event)).await?;
        Ok(events)
    }

    /// Reads the first of many streams, each whole and in order, as many as one statement brings and at least one; an
    /// unknown one is empty.
    pub(crate) async fn streams(
        &self,
        keys: Vec<StreamKey>,
    ) -> Result<Vec<Vec<Arc<RecordedEvent>>>, LogError> {
        let mut streams = vec![Vec::new(); keys.len()];
        let asked: Vec<(StreamKey, i64)> = keys.into_iter().map(|key| (key, 0)).collect();
        let mut last = self
            .stretches(Line::Callers, asked.iter(), |stretch, event| {
                if let Some(stream) = streams.get_mut(stretch.stream) {
                    stream.extend(event);
                }
            })
            .await?;
        let whole = last.stream + usize::from(last.whole);
        streams.truncate(whole.max(1));
        if let (0, [first, ..], [stream, ..]) = (whole, &asked[..], &mut streams[..]) {
            // It is larger than a statement.
            while !last.whole {
                let rest = [(first.0.clone(), last.reached)];
                last = self.stretches(Line::Callers, rest.iter(), |_, event| stream.extend(event)).await?;
            }
        }
        for stream in &mut streams {
            stream.sort_by_key(|event: &Arc<RecordedEvent>| event.sequence);
        }
        Ok(streams)
    }

    /// Reads on in some streams as far as one statement goes, and tells the last stretch.
    async fn stretches<'k>(
        &self,
        line: Line,
        keys: impl Iterator<Item = &'k (StreamKey, i64)>,
        mut take: impl FnMut(&Stretch, Option<Arc<RecordedEvent>>),
    ) -> Result<Stretch, LogError> {
        let (mut types, mut ids, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for ((aggregate_type, aggregate_id), sequence) in keys {
            types.push(aggregate_type.clone());
            ids.push(aggregate_id.clone());
            after.push(*sequence);
        }
        let mut last: Option<Stretch> = None;
        let first = |of: &[String]| of.first().cloned().unwrap_or_default();
        let place = (first(&types), first(&ids), after.first().copied().unwrap_or_default());
        self.measured(
            line,
            place,
            STREAMS,
            &|sql, bytes| {
                sqlx::query(sql).bind(types.clone()).bind(ids.clone()).bind(after.clone()).bind(bytes)
            },
            |row| {
                let stream: i32 = row.try_get("stream")?;
                let stretch = Stretch {
                    stream: usize::try_from(stream - 1).unwrap_or(usize::MAX),
                    whole: row.try_get("whole")?,
                    reached: row.try_get("reached")?,
                };
                let event = self.found(row)?;
                let weight = event.as_ref().map_or(0, |event| event.payload.len());
                take(&stretch, event);
                if last.as_ref().is_none_or(|last| last.stream <= stretch.stream) {
                    last = Some(stretch);
                }
                Ok(weight)
            },
        )
        .await?;
        // Each stream that is asked for has a row, of those that are reached.
        last.ok_or(LogError::Timeout)
    }
}

/// Gives a statement what it asks for, within so many bytes.
type Bind<'b> = dyn for<'q> Fn(&'q str, i64) -> Query<'q, Postgres, PgArguments> + Send + Sync + 'b;

/// Asks whether a page would bring no more than one event, by a statement that brings none: on a link that does not answer,
/// no more time would help.
async fn brings_one(
    connection: &mut PoolConnection<Postgres>,
    sql: &str,
    bind: &Bind<'_>,
    bytes: i64,
) -> Result<bool, LogError> {
    let counting = format!("select count(*) from ({sql}) page where page.found");
    let row = limited(bind(&counting, bytes).persistent(false).fetch_one(&mut **connection)).await?;
    Ok(row.try_get::<i64, _>(0)? <= 1)
}

/// Runs a statement, which the server gives `patient` where that is longer than usual. The bytes that came.
async fn fetch(
    connection: &mut PoolConnection<Postgres>,
    query: Query<'_, Postgres, PgArguments>,
    patient: Option<Duration>,
    mut take: impl FnMut(&PgRow) -> Result<usize, LogError>,
) -> Result<usize, LogError> {
    if let Some(longer) = patient {
        let begin = format!("begin read only; set local statement_timeout = {}", longer.as_millis());
        connection.execute(begin.as_str()).await?;
    }
    let mut brought = 0;
    let mut rows = query.fetch(&mut **connection);
    while let Some(row) = rows.try_next().await? {
        brought += take(&row)?;
    }
    drop(rows);
    if patient.is_some() {
        connection.execute("commit").await?;
    }
    Ok(brought)
}

#[cfg(test)]
mod tests {
    use orqestra_tests::postgres::TestDatabase;

    use super::*;
    use crate::upcast::Upcasters;

    #[tokio::test]
    async fn pages_are_read_in_the_order_of_an_index_and_never_sorted() {
        let database = TestDatabase::migrated(&crate::MIGRATOR).await;
        let reader =
            Reader::new(database.options(), Upcasters::default(), &crate::sessions::Sessions::default());
        let plans = [
            (EVENTS_BETWEEN, "(0, 1000, 1000000, null, null, null, true)"),
            (CONFIGURATION, "(0, 1000, 1000000)"),
            (SUPPRESSIONS, "(0, 1000000)"),
            (STREAMS, "(array['Tenant'], array['t'], array[0], 1000000)"),
        ];
        // A log that has just grown, of which the planner has no statistics.
        let grow = "insert into events
             select case when p % 100 = 0 then 'Tenant' else 'Other' end,
                    '00000000-0000-0000-0000-000000000001/' || gen_random_uuid(), 1, 'Counted', '1.0.0', '{}', '{}', p,
                    gen_random_uuid(), '00000000-0000-0000-0000-000000000001', now(), '\\x00'
               from generate_series(1, 20000) as p";
        sqlx::query(grow).execute(database.pool()).await.unwrap();
        let mut connection = reader.pool().acquire().await.unwrap();
        for (number, (statement, values)) in plans.into_iter().enumerate() {
            let prepare = format!("prepare p{number} as {statement}");
            sqlx::raw_sql(&prepare).execute(&mut *connection).await.unwrap();
            sqlx::raw_sql("set plan_cache_mode = force_generic_plan")
                .execute(&mut *connection)
                .await
                .unwrap();
            let explain = format!("explain execute p{number} {values}");
            let rows = sqlx::raw_sql(&explain).fetch_all(&mut *connection).await.unwrap();
            let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            let plan = lines.join("\n");
            assert!(plan.contains("Index Scan using events_"), "{plan}");
            assert!(
                !plan.contains("Sort") && !plan.contains("Bitmap") && !plan.contains("Seq Scan"),
                "{plan}"
            );
        }
    }

    #[test]
    fn the_bound_is_halved_by_a_late_page_and_grows_back_with_full_and_quick_ones() {
        let bound = PageBytes::default();
        for late in [MOST_BYTES, MOST_BYTES, MOST_BYTES / 2] {
            bound.late(late);
        }
        assert_eq!(bound.get(), MOST_BYTES / 4, "two that were late together count once");
        let (asked, quick) = (bound.get(), LIMIT / WITH_EASE);
        bound.in_time(asked, asked / 2 - 1, quick);
        bound.in_time(asked, asked, quick + Duration::from_millis(1));
        assert_eq!(bound.get(), asked, "a small page and a slow one say nothing");
        bound.in_time(asked, asked / 2, quick);
        assert_eq!(bound.get(), 2 * asked);
        for _ in 0..4 {
            bound.in_time(bound.get(), bound.get(), quick);
        }
        assert_eq!(bound.get(), MOST_BYTES);
        for _ in 0..20 {
            bound.late(bound.get());
        }
        assert_eq!(bound.get(), LEAST_BYTES);
    }
}
