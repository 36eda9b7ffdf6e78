//! The past, for whoever asks: read only, beside the board that writes it.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use super::as_of;
use super::codec::{self, Bucket};
use super::flush::blocks;
use super::load::{Past, load};
use super::tiers::{COARSER, RAW, Tier, buckets, coarsened, merged, status_buckets, tier, widened};
use crate::model::labels::Labels;
use crate::model::poll::QueryKey;
use crate::model::series::{Point, in_order};
use crate::model::time::{Span, Timestamp};

/// A history that somebody else may be writing.
#[derive(Debug)]
pub struct Reader(Connection);

impl Reader {
    /// Opens a file. The error is a sentence.
    pub fn open(path: &Path) -> Result<Self, String> {
        if !path.exists() {
            return Err(format!("nothing is remembered yet: there is no {}", path.display()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| said(path, &error))?;
        connection.busy_timeout(std::time::Duration::from_secs(2)).map_err(|error| said(path, &error))?;
        connection.query_row("SELECT count(*) FROM flushed", [], |_| Ok(())).map_err(|error| said(path, &error))?;
        Ok(Self(connection))
    }

    /// All that is remembered since a moment.
    pub fn past(&self, since: Timestamp) -> Result<Past, String> {
        // As of one moment: a block is not missed because it is made meanwhile.
        let _moment = self.0.unchecked_transaction().map_err(|error| error.to_string())?;
        load(&self.0, since).map_err(|error| error.to_string())
    }

    /// What was known at a moment, with so much of the time before it in steps of at least this length (zero: as fine as
    /// it is known); and the length of the steps in which it is known.
    pub fn as_of(&self, at: Timestamp, (window, step): (Span, Span), now: Timestamp) -> Result<(Past, Span), String> {
        let _moment = self.0.unchecked_transaction().map_err(|error| error.to_string())?;
        as_of::load(&self.0, at, (window, step), now).map_err(|error| error.to_string())
    }

    /// The shortest stretches of time that statuses are known in since a moment.
    pub fn finest(from: Timestamp, now: Timestamp) -> Span {
        tier(from, Span::seconds(COARSER[0].step), now).map_or(Span(0), |tier| Span::seconds(tier.step))
    }

    /// The series of a query between two moments: values as they came where `step` is zero and they are still there, else
    /// joined to buckets of that length or a little longer.
    pub fn series(
        &self,
        query: &QueryKey,
        (from, to): (Timestamp, Timestamp),
        step: Span,
        now: Timestamp,
    ) -> Result<Vec<(Labels, Vec<Bucket>)>, String> {
        let _moment = self.0.unchecked_transaction().map_err(|error| error.to_string())?;
        self.read(query, (from, to), step, now).map_err(|error| error.to_string())
    }

    fn read(
        &self,
        query: &QueryKey,
        (from, to): (Timestamp, Timestamp),
        step: Span,
        now: Timestamp,
    ) -> rusqlite::Result<Vec<(Labels, Vec<Bucket>)>> {
        let mut names = self.0.prepare("SELECT id, labels FROM series WHERE query = ?1 ORDER BY labels")?;
        let mut rows = names.query([query.as_str()])?;
        let tier = tier(from, step, now);
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, labels): (i64, String) = (row.get(0)?, row.get(1)?);
            let found = match tier {
                None => self.points(id, from)?.into_iter().map(Bucket::alone).collect(),
                Some(tier) if query.is_of_status() => self.statuses(id, tier, from)?,
                Some(tier) => {
                    let kept = self.buckets(id, tier, from)?;
                    // What is not thinned out yet is thinned out here.
                    let recent = buckets(&self.flushed(id, RAW.block_of(from))?, tier.step, Span::seconds(tier.step));
                    merged(kept, recent, tier.step)
                }
            };
            // A gap says nothing of the values beside it.
            let is_said = |one: &Bucket| (from..=to).contains(&one.at) && (step == Span(0) || one.sum.is_finite());
            let within: Vec<Bucket> = found.into_iter().filter(is_said).collect();
            let joined = coarsened(within, step, tier);
            if !joined.is_empty() {
                all.push((serde_json::from_str(&labels).unwrap_or_default(), joined));
            }
        }
        Ok(all)
    }

    /// Statuses: of what is there as points they are made of those, never joined from parts.
    fn statuses(&self, id: i64, tier: Tier, from: Timestamp) -> rusqlite::Result<Vec<Bucket>> {
        let by_time = |all: Vec<Bucket>| all.into_iter().map(|one| (one.at, one)).collect::<BTreeMap<_, _>>();
        let [_, tens, days] = COARSER;
        let fine = if tier == days { tens } else { tier };
        let mut all = by_time(self.buckets(id, fine, from)?);
        all.extend(by_time(status_buckets(&self.points(id, from)?, fine.step)));
        let all: Vec<Bucket> = all.into_values().collect();
        if tier != days {
            return Ok(all);
        }
        // A day of which only a part is still there in tens of minutes is there as a whole.
        let mut whole = by_time(self.buckets(id, days, from)?);
        for one in widened(&all, days.step) {
            let known = |one: &Bucket| one.statuses.iter().sum::<u32>();
            let before = whole.entry(one.at).or_insert(one);
            if known(&one) > known(before) {
                *before = one;
            }
        }
        Ok(whole.into_values().collect())
    }

    fn points(&self, id: i64, from: Timestamp) -> rusqlite::Result<Vec<Point>> {
        let mut points = Vec::new();
        for data in self.blocks(id, RAW, from)? {
            points.extend(codec::read_points(&data).unwrap_or_default());
        }
        points.extend(self.flushed(id, RAW.block_of(from))?);
        Ok(in_order(points))
    }

    fn buckets(&self, id: i64, tier: Tier, from: Timestamp) -> rusqlite::Result<Vec<Bucket>> {
        let blocks = self.blocks(id, tier, from)?;
        Ok(blocks.iter().flat_map(|data| codec::read_buckets(data).unwrap_or_default()).collect())
    }

    fn blocks(&self, id: i64, tier: Tier, from: Timestamp) -> rusqlite::Result<Vec<Vec<u8>>> {
        let text = "SELECT data FROM block WHERE series = ?1 AND step = ?2 AND start >= ?3 ORDER BY start";
        let mut kept = self.0.prepare_cached(text)?;
        kept.query_map(params![id, tier.step, tier.block_of(from)], |row| row.get(0))?.collect()
    }

    /// What has been flushed of a series and is in no block yet.
    fn flushed(&self, id: i64, from: i64) -> rusqlite::Result<Vec<Point>> {
        let mut flushed = self.0.prepare_cached("SELECT data FROM flushed WHERE at >= ?1 ORDER BY at, rowid")?;
        let mut rows = flushed.query([from])?;
        let mut points = Vec::new();
        while let Some(row) = rows.next()? {
            let own = blocks(row.get_ref(0)?.as_blob()?).into_iter().filter(|(one, _)| *one == id);
            points.extend(own.flat_map(|(_, block)| codec::read_points(block).unwrap_or_default()));
        }
        Ok(in_order(points))
    }
}

fn said(path: &Path, error: &rusqlite::Error) -> String {
    format!("the history cannot be read: {error} ({})", path.display())
}
