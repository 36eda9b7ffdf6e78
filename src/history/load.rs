//! What is remembered, for a board that comes back.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::codec;
use super::flush::{blocks, slot};
use super::lines;
use super::outgoing::Unsent;
use super::tiers::RAW;
use crate::model::event::Event;
use crate::model::labels::Labels;
use crate::model::poll::QueryKey;
use crate::model::series::{Coverage, Point, Series, SeriesSet, in_order};
use crate::model::time::Timestamp;
use crate::store::News;

/// Most events that are remembered at the start.
const MOST_EVENTS: usize = 1000;

/// All that is remembered since a moment.
#[derive(Debug, Default)]
pub struct Past {
    /// Of each query.
    pub queries: HashMap<QueryKey, Remembered>,
    /// What the board itself had noticed, oldest first.
    pub noted: Vec<Event>,
    /// What was not sent to engines yet.
    pub unsent: Unsent,
    /// When something was learned the last time; none where nothing is remembered.
    pub last: Option<Timestamp>,
}

/// What is remembered of one query.
#[derive(Debug, Default)]
pub struct Remembered {
    /// What was known: points since the moment, or how all was.
    pub news: Vec<(Timestamp, News)>,
    /// When it was answered the last time.
    pub answered: Option<Timestamp>,
    /// Why it was not answered at the moment that is remembered, and since when. Only of a moment of the past: of a board that
    /// comes back the next poll tells.
    pub failed: Option<(Timestamp, String)>,
}

/// Reads all of it.
pub(super) fn load(connection: &Connection, since: Timestamp) -> rusqlite::Result<Past> {
    let mut past = Past::default();
    for (query, series) in points(connection, since)? {
        let newest = series.iter().filter_map(|one| one.points.last()).map(|point| point.at).max();
        let news = News::Series(SeriesSet::new(series, Coverage::Pushed));
        past.queries.entry(query).or_default().news.push((newest.unwrap_or(since), news));
    }
    for (query, (at, lines)) in lines::load(connection, Timestamp(i64::MAX))? {
        past.queries.entry(query).or_default().news.push((at, News::Logs(lines)));
    }
    for (query, snapshot) in snapshots(connection, Timestamp(i64::MAX))? {
        past.queries.entry(query).or_default().news.push(snapshot);
    }
    let mut answered = connection.prepare("SELECT query, at FROM answered")?;
    let mut rows = answered.query([])?;
    while let Some(row) = rows.next()? {
        let (query, at): (String, i64) = (row.get(0)?, row.get(1)?);
        // The row without a name is the file's own.
        if query.is_empty() {
            continue;
        }
        past.last = past.last.max(Some(Timestamp(at)));
        past.queries.entry(QueryKey::of_text(&query)).or_default().answered = Some(Timestamp(at));
    }
    for remembered in past.queries.values_mut() {
        // Answers of another kind replace those before them.
        remembered.news.sort_by_key(|(at, _)| *at);
    }
    past.noted = noted(connection, since, Timestamp(i64::MAX))?;
    Ok(past)
}

/// The newest snapshot of each query up to a slot and a moment: from name to name, so that no other row is read.
const SNAPSHOTS: &str = "WITH RECURSIVE known(name) AS (SELECT min(query) FROM snapshot UNION ALL \
     SELECT (SELECT min(query) FROM snapshot WHERE query > name) FROM known WHERE name IS NOT NULL) \
     SELECT query, at, kind, data FROM known JOIN snapshot AS a ON a.query = name AND a.slot = \
     (SELECT max(slot) FROM snapshot AS b WHERE b.query = name AND b.slot <= ?1 AND b.at <= ?2)";

/// How all was of the queries whose answers are no numbers, each with the moment since when.
pub(super) fn snapshots(
    connection: &Connection,
    at: Timestamp,
) -> rusqlite::Result<Vec<(QueryKey, (Timestamp, News))>> {
    let mut snapshots = connection.prepare_cached(SNAPSHOTS)?;
    let mut rows = snapshots.query([slot(at), at.0])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (query, since): (String, i64) = (row.get(0)?, row.get(1)?);
        let (kind, data): (String, String) = (row.get(2)?, row.get(3)?);
        // One that an older release wrote in another shape is not known any more.
        let Some(news) = News::read(&kind, &data) else { continue };
        all.push((QueryKey::of_text(&query), (Timestamp(since), news)));
    }
    Ok(all)
}

/// What the board had noticed between two moments, oldest first.
pub(super) fn noted(connection: &Connection, from: Timestamp, to: Timestamp) -> rusqlite::Result<Vec<Event>> {
    let mut noted =
        connection.prepare("SELECT data FROM noted WHERE at >= ?1 AND at <= ?2 ORDER BY at DESC LIMIT ?3")?;
    let texts = noted.query_map(params![from.0, to.0, MOST_EVENTS as i64], |row| row.get::<_, String>(0))?;
    let mut events = Vec::new();
    for text in texts {
        events.extend(serde_json::from_str::<Event>(&text?));
    }
    events.reverse();
    Ok(events)
}

/// The series of each query with a point since the moment.
fn points(connection: &Connection, since: Timestamp) -> rusqlite::Result<BTreeMap<QueryKey, Vec<Series>>> {
    let mut all: HashMap<i64, Vec<Point>> = HashMap::new();
    let mut take = |id: i64, data: &[u8]| {
        let points = codec::read_points(data).unwrap_or_default();
        let new = points.into_iter().filter(|point| point.at >= since);
        all.entry(id).or_default().extend(new);
    };
    let mut kept =
        connection.prepare("SELECT series, data FROM block WHERE step = 0 AND start >= ?1 ORDER BY start")?;
    let mut rows = kept.query([RAW.block_of(since)])?;
    while let Some(row) = rows.next()? {
        take(row.get(0)?, row.get_ref(1)?.as_blob()?);
    }
    let mut flushed = connection.prepare("SELECT data FROM flushed WHERE at >= ?1 ORDER BY at, rowid")?;
    let mut rows = flushed.query([since.0])?;
    while let Some(row) = rows.next()? {
        for (id, block) in blocks(row.get_ref(0)?.as_blob()?) {
            take(id, block);
        }
    }
    named(connection, all)
}

/// Points by the number of their series, as the series of each query.
pub(super) fn named(
    connection: &Connection,
    all: HashMap<i64, Vec<Point>>,
) -> rusqlite::Result<BTreeMap<QueryKey, Vec<Series>>> {
    let mut names = connection.prepare("SELECT query, labels FROM series WHERE id = ?1")?;
    let mut queries: BTreeMap<QueryKey, Vec<Series>> = BTreeMap::new();
    for (id, points) in all.into_iter().filter(|(_, points)| !points.is_empty()) {
        let named = names.query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).optional()?;
        let Some((query, labels)) = named else { continue };
        let labels: Labels = serde_json::from_str(&labels).unwrap_or_default();
        let one = Series { labels, points: in_order(points) };
        queries.entry(QueryKey::of_text(&query)).or_default().push(one);
    }
    for series in queries.values_mut() {
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
    }
    Ok(queries)
}
