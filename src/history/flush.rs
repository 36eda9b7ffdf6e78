//! What came since the last flush, and how it is written: all of it, or nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, Transaction, params};

use super::codec;
use super::lines;
use super::outgoing::Pending;
use super::record::Record;
use crate::model::event::Event;
use crate::model::labels::Labels;
use crate::model::poll::QueryKey;
use crate::model::series::{Point, Series, in_order};
use crate::model::time::{Span, Timestamp};
use crate::store::News;

/// Most points that wait for a disk that does not take them: about an hour of a hundred series a second.
const MOST_POINTS: usize = 500_000;
/// Most events and most failures that wait.
const MOST_OTHERS: usize = 10_000;
/// Of the snapshots of a query that are new the last of so long is kept.
pub(super) const SLOT: Span = Span::seconds(1);

/// Most snapshots of a query that wait.
const MOST_SNAPSHOTS: usize = 64;

/// The slot of a moment.
pub(super) const fn slot(at: Timestamp) -> i64 {
    at.0.div_euclid(SLOT.0)
}

/// What waits for the next flush.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    points: HashMap<(QueryKey, Labels), Vec<Point>>,
    count: usize,
    /// Of each query the last ones, oldest first, one a slot.
    snapshots: BTreeMap<QueryKey, Vec<(Timestamp, News)>>,
    noted: Vec<Event>,
    /// What waits for engines.
    pub(super) outgoing: Pending,
    lines: lines::Pending,
    answered: BTreeMap<QueryKey, Timestamp>,
    failed: Vec<(QueryKey, Timestamp, Option<String>)>,
    /// How the last poll of each query ended: only what turns is kept.
    errors: HashMap<QueryKey, String>,
    /// The queries that have been answered with numbers: how all was before is not known of them any more.
    numeric: HashSet<QueryKey>,
    /// The queries of which lines were written in this run.
    logged: HashSet<QueryKey>,
    /// Something was lost because the disk took nothing for too long.
    pub(super) has_lost: bool,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.points.is_empty()
            && self.snapshots.is_empty()
            && self.noted.is_empty()
            && self.answered.is_empty()
            && self.failed.is_empty()
            && self.outgoing.is_empty()
            && self.lines.is_empty()
    }

    /// Forgets what waits: somebody else keeps this history.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn take(&mut self, record: Record) {
        match record {
            Record::Points(key, series) => {
                for one in series {
                    if self.count + one.points.len() > MOST_POINTS {
                        self.has_lost = true;
                        return;
                    }
                    self.count += one.points.len();
                    self.points.entry((key.clone(), one.labels)).or_default().extend(one.points);
                }
            }
            Record::Lines(key, lines) => self.lines.take(key, lines),
            Record::Status(key, at, status) => {
                let value = status.map_or(f64::NAN, |status| f64::from(status.exit_code()));
                let point = Point { at, value };
                self.take(Record::Points(key, vec![Series { labels: Labels::default(), points: vec![point] }]));
            }
            Record::Snapshot(key, at, news) => {
                let waiting = self.snapshots.entry(key).or_default();
                waiting.retain(|(before, _)| slot(*before) < slot(at));
                waiting.push((at, news));
                if waiting.len() > MOST_SNAPSHOTS {
                    waiting.remove(0);
                }
            }
            Record::Noted(event) if self.noted.len() < MOST_OTHERS => self.noted.push(*event),
            Record::Noted(_) => self.has_lost = true,
            Record::Polled(key, at, error) => self.polled(key, at, error),
        }
    }

    /// Knows how the last poll of each query had ended when another run kept this history: only what turns is kept.
    pub(super) fn know_failed(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        // Of rows that are grouped, SQLite gives the columns of the one with the greatest value.
        let mut last = connection.prepare("SELECT query, max(at), error FROM failed GROUP BY query")?;
        let mut rows = last.query([])?;
        while let Some(row) = rows.next()? {
            let (query, error): (String, Option<String>) = (row.get(0)?, row.get(2)?);
            if let Some(error) = error {
                self.errors.entry(QueryKey::of_text(&query)).or_insert(error);
            }
        }
        Ok(())
    }

    fn polled(&mut self, key: QueryKey, at: Timestamp, error: Option<String>) {
        let before = self.errors.get(&key);
        if before == error.as_ref() {
            if error.is_none() {
                self.answered.insert(key, at);
            }
            return;
        }
        match &error {
            None => {
                self.errors.remove(&key);
                self.answered.insert(key.clone(), at);
            }
            Some(error) => {
                self.errors.insert(key.clone(), error.clone());
            }
        }
        if self.failed.len() < MOST_OTHERS {
            self.failed.push((key, at, error));
        }
    }

    /// Writes all of it in one transaction. Where that fails, all of it waits for the next flush.
    pub(super) fn write(&mut self, connection: &mut Connection, ids: &mut Ids, now: Timestamp) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let new = self.write_to(&transaction, ids, now)?;
        transaction.commit()?;
        // Only now are they there.
        ids.0.extend(new);
        self.numeric.extend(self.points.keys().map(|(key, _)| key.clone()));
        self.logged.extend(self.lines.queries().cloned());
        let (errors, numeric) = (std::mem::take(&mut self.errors), std::mem::take(&mut self.numeric));
        let logged = std::mem::take(&mut self.logged);
        *self = Self { errors, numeric, logged, ..Self::default() };
        Ok(())
    }

    fn write_to(&self, to: &Transaction<'_>, ids: &Ids, now: Timestamp) -> rusqlite::Result<Vec<(SeriesKey, i64)>> {
        let (mut new, mut data) = (Vec::new(), Vec::new());
        for (key, points) in &self.points {
            let id = if let Some(id) = ids.0.get(key) {
                *id
            } else {
                let id = series_id(to, key)?;
                new.push((key.clone(), id));
                id
            };
            let block = codec::points(&in_order(points.iter().copied()));
            data.extend(id.to_le_bytes());
            data.extend((block.len() as u32).to_le_bytes());
            data.extend(block);
        }
        if !data.is_empty() {
            to.prepare_cached("INSERT INTO flushed (at, data) VALUES (?1, ?2)")?.execute(params![now.0, data])?;
        }
        for key in self.points.keys().map(|(key, _)| key).filter(|key| !self.numeric.contains(key)) {
            to.prepare_cached("DELETE FROM snapshot WHERE query = ?1")?.execute([key.as_str()])?;
        }
        let waiting = self.snapshots.iter().flat_map(|(key, all)| all.iter().map(move |(at, news)| (key, at, news)));
        for (key, at, news) in waiting {
            let Some((kind, text)) = news.written() else { continue };
            let slot = slot(*at);
            // Of a clock that was ahead: the newest is the one that was learned last.
            to.prepare_cached("DELETE FROM snapshot WHERE query = ?1 AND slot > ?2")?
                .execute(params![key.as_str(), slot])?;
            to.prepare_cached("REPLACE INTO snapshot (query, slot, at, kind, data) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![key.as_str(), slot, at.0, kind, text])?;
        }
        for event in &self.noted {
            let Ok(text) = serde_json::to_string(event) else { continue };
            to.prepare_cached("INSERT INTO noted (at, data) VALUES (?1, ?2)")?.execute(params![event.at.0, text])?;
        }
        self.outgoing.write_to(to)?;
        self.lines.write_to(to, &self.logged, now)?;
        for (key, at) in &self.answered {
            to.prepare_cached("REPLACE INTO answered (query, at) VALUES (?1, ?2)")?
                .execute(params![key.as_str(), at.0])?;
        }
        for (key, at, error) in &self.failed {
            to.prepare_cached("INSERT INTO failed (query, at, error) VALUES (?1, ?2, ?3)")?.execute(params![
                key.as_str(),
                at.0,
                error
            ])?;
        }
        Ok(new)
    }
}

/// A series, over restarts.
type SeriesKey = (QueryKey, Labels);

/// The numbers of the series that are in the file.
#[derive(Debug, Default)]
pub(super) struct Ids(HashMap<SeriesKey, i64>);

fn series_id(to: &Transaction<'_>, (query, labels): &SeriesKey) -> rusqlite::Result<i64> {
    let labels = serde_json::to_string(labels).unwrap_or_default();
    to.prepare_cached("INSERT OR IGNORE INTO series (query, labels) VALUES (?1, ?2)")?
        .execute(params![query.as_str(), labels])?;
    to.prepare_cached("SELECT id FROM series WHERE query = ?1 AND labels = ?2")?
        .query_row(params![query.as_str(), labels], |row| row.get(0))
}

/// The blocks of one flush, each with the number of its series; those that are cut are left out.
pub(super) fn blocks(mut data: &[u8]) -> Vec<(i64, &[u8])> {
    let mut all = Vec::new();
    while let Some((id, rest)) = data.split_first_chunk() {
        let Some((length, rest)) = rest.split_first_chunk() else { break };
        let Some((block, rest)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize) else { break };
        all.push((i64::from_le_bytes(*id), block));
        data = rest;
    }
    all
}
