//! What was known at a moment of the past, for a board that is looked at as of then.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params};

use super::codec::{self, Bucket};
use super::compact::{SNAPSHOTS_APART, SNAPSHOTS_KEPT};
use super::flush::{blocks, slot};
use super::lines;
use super::load::{Past, named, noted};
use super::tiers::{RAW, Tier, coarsened, tier};
use crate::model::poll::QueryKey;
use crate::model::series::{Coverage, Point, SeriesSet};
use crate::model::time::{Span, Timestamp};
use crate::store::News;

/// What comes is flushed at the latest by then.
const FLUSHED_BY: Span = Span::seconds(900);

/// What was known at a moment, with so much of the time before it, and the length of the steps in which it is known: zero
/// where everything is there as it came.
pub(super) fn load(
    connection: &Connection,
    at: Timestamp,
    (window, step): (Span, Span),
    now: Timestamp,
) -> rusqlite::Result<(Past, Span)> {
    let from = at.minus(window);
    let tier = tier(from, step, now);
    let mut past = Past::default();
    for (query, series) in named(connection, points(connection, (tier, step), (from, at))?)? {
        let newest = series.iter().filter_map(|one| one.points.last()).map(|point| point.at).max();
        past.last = past.last.max(newest);
        // Statuses only tell that the board was running.
        if !query.is_of_status() {
            let news = News::Series(SeriesSet::new(series, Coverage::Pushed));
            past.queries.entry(query).or_default().news.push((newest.unwrap_or(at), news));
        }
    }
    snapshots(connection, at, &mut past)?;
    for (query, (since, lines)) in lines::load(connection, at)? {
        past.queries.entry(query).or_default().news.push((since.min(at), News::Logs(lines)));
    }
    let step = tier.map_or(Span(0), |tier| Span::seconds(tier.step).max(step));
    polls(connection, (at, step.times(2.0)), &mut past)?;
    past.noted = noted(connection, from, at)?;
    // Of what are no numbers fewer moments are known of old times, too.
    let of_snapshots = if at.age_at(now) > SNAPSHOTS_KEPT { SNAPSHOTS_APART } else { Span(0) };
    Ok((past, step.max(of_snapshots)))
}

/// The points of each series between two moments.
fn points(
    connection: &Connection,
    (tier, step): (Option<Tier>, Span),
    (from, to): (Timestamp, Timestamp),
) -> rusqlite::Result<HashMap<i64, Vec<Point>>> {
    let mut all: HashMap<i64, Vec<Point>> = HashMap::new();
    let mut take = |id: i64, points: Vec<Point>| {
        let within = points.into_iter().filter(|point| (from..=to).contains(&point.at));
        all.entry(id).or_default().extend(within);
    };
    let kept = tier.unwrap_or(RAW);
    let mut blocks_of = connection.prepare_cached(
        "SELECT series, data FROM block WHERE step = ?1 AND start >= ?2 AND start <= ?3 ORDER BY start",
    )?;
    let mut rows = blocks_of.query(params![kept.step, kept.block_of(from), to.0])?;
    while let Some(row) = rows.next()? {
        let data = row.get_ref(1)?.as_blob()?;
        let points = match tier {
            None => codec::read_points(data).unwrap_or_default(),
            Some(tier) => {
                let buckets = coarsened(codec::read_buckets(data).unwrap_or_default(), step, Some(tier));
                drawn(&buckets, Span::seconds(tier.step).max(step), to)
            }
        };
        take(row.get(0)?, points);
    }
    // What is in no block yet is there as it came.
    let mut flushed =
        connection.prepare_cached("SELECT data FROM flushed WHERE at >= ?1 AND at <= ?2 ORDER BY at, rowid")?;
    let mut rows = flushed.query([from.0, to.plus(FLUSHED_BY).0])?;
    while let Some(row) = rows.next()? {
        for (id, block) in blocks(row.get_ref(0)?.as_blob()?) {
            take(id, codec::read_points(block).unwrap_or_default());
        }
    }
    Ok(all)
}

/// Buckets as points that show the least and the greatest value, and end with the last one. What a bucket holds is known
/// when it ends: one that goes on beyond the moment would show what came later.
fn drawn(buckets: &[Bucket], step: Span, until: Timestamp) -> Vec<Point> {
    let points = |one: &Bucket| {
        [(0, one.min), (step.0 / 2, one.max), (step.0 - 1, one.last)]
            .map(|(after, value)| Point { at: one.at.plus(Span(after)), value })
    };
    buckets.iter().filter(|one| one.count > 0 && one.at.plus(step) <= until).flat_map(points).collect()
}

/// How all was of the queries whose answers are no numbers. Of each query only the row is read that counts.
fn snapshots(connection: &Connection, at: Timestamp, past: &mut Past) -> rusqlite::Result<()> {
    let mut snapshots = connection.prepare_cached(
        "WITH RECURSIVE known(name) AS (SELECT min(query) FROM snapshot UNION ALL \
         SELECT (SELECT min(query) FROM snapshot WHERE query > name) FROM known WHERE name IS NOT NULL) \
         SELECT query, at, kind, data FROM known JOIN snapshot AS a ON a.query = name AND a.slot = \
         (SELECT max(slot) FROM snapshot AS b WHERE b.query = name AND b.slot <= ?1 AND b.at <= ?2)",
    )?;
    let mut rows = snapshots.query([slot(at), at.0])?;
    while let Some(row) = rows.next()? {
        let (query, since): (String, i64) = (row.get(0)?, row.get(1)?);
        let (kind, data): (String, String) = (row.get(2)?, row.get(3)?);
        let Some(news) = News::read(&kind, &data) else { continue };
        past.last = past.last.max(Some(Timestamp(since)));
        past.queries.entry(QueryKey::of_text(&query)).or_default().news.push((Timestamp(since), news));
    }
    Ok(())
}

/// How the last poll of each query had ended. As long as the board was running, what had not turned was still so; whether
/// it was running is known in steps.
fn polls(connection: &Connection, (at, step): (Timestamp, Span), past: &mut Past) -> rusqlite::Result<()> {
    // Of rows that are grouped, SQLite gives the columns of the one with the greatest value.
    let mut polls =
        connection.prepare_cached("SELECT query, max(at), error FROM failed WHERE at <= ?1 GROUP BY query")?;
    let mut rows = polls.query([at.0])?;
    let mut ended: BTreeMap<QueryKey, (Timestamp, Option<String>)> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let query: String = row.get(0)?;
        ended.insert(QueryKey::of_text(&query), (Timestamp(row.get(1)?), row.get(2)?));
    }
    let running = past.last.map_or(at, |last| if last.age_at(at) <= step { at } else { last });
    for (query, remembered) in &mut past.queries {
        match ended.remove(query) {
            Some((since, Some(error))) => {
                remembered.answered = Some(since);
                remembered.failed = Some((since, error));
            }
            _ => remembered.answered = Some(running),
        }
    }
    // What had never been answered is known to have failed.
    for (query, (since, error)) in ended {
        if let Some(error) = error {
            past.queries.entry(query).or_default().failed = Some((since, error));
        }
    }
    Ok(())
}
