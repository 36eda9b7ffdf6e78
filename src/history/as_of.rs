//! What was known at a moment of the past, for a board that is looked at as of then.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params};

use super::codec::{self, Bucket};
use super::compact::{SNAPSHOTS_APART, SNAPSHOTS_KEPT};
use super::flush::blocks;
use super::lines;
use super::load::{Past, named, noted, snapshots};
use super::tiers::{COARSER, RAW, Tier, coarsened, tier};
use crate::model::poll::QueryKey;
use crate::model::series::{Coverage, Point, SeriesSet, in_order};
use crate::model::time::{Span, Timestamp};
use crate::store::News;

/// That the board is running is noted once a minute, by the statuses of its panels; some seconds more for a slow machine.
const NOTED_EACH: Span = Span::seconds(65);
/// What comes is flushed at the latest by then.
const FLUSHED_BY: Span = Span::seconds(900);

/// What was known at a moment, with so much of the time before it; and the length of the steps in which it is known: zero
/// where everything is there as it came.
pub(super) fn load(
    connection: &Connection,
    at: Timestamp,
    (window, step): (Span, Span),
    now: Timestamp,
) -> rusqlite::Result<(Past, Span)> {
    let from = at.minus(window);
    let mut past = Past::default();
    for (query, series) in named(connection, points(connection, step, (from, at), now)?)? {
        let newest = series.iter().filter_map(|one| one.points.last()).map(|point| point.at).max();
        past.last = past.last.max(newest);
        // Statuses only tell that the board was running.
        if !query.is_of_status() {
            let news = News::Series(SeriesSet::new(series, Coverage::Pushed));
            past.queries.entry(query).or_default().news.push((newest.unwrap_or(at), news));
        }
    }
    for (query, (since, news)) in snapshots(connection, at)? {
        past.last = past.last.max(Some(since));
        past.queries.entry(query).or_default().news.push((since, news));
    }
    for (query, (since, lines)) in lines::load(connection, at)? {
        past.queries.entry(query).or_default().news.push((since.min(at), News::Logs(lines)));
    }
    // What is read of the moment itself.
    let step = tier(at, step, now).map_or(Span(0), |tier| Span::seconds(tier.step).max(step));
    polls(connection, (at, Span(step.0.saturating_add(NOTED_EACH.0))), &mut past)?;
    past.noted = noted(connection, from, at)?;
    // Builds, texts and the like of older moments are kept once in ten minutes.
    let of_snapshots = if at.age_at(now) > SNAPSHOTS_KEPT { SNAPSHOTS_APART } else { Span(0) };
    Ok((past, step.max(of_snapshots)))
}

/// The points of each series between two moments: of each stretch of time in the finest steps that are kept of it, and that
/// are no finer than they have to be.
fn points(
    connection: &Connection,
    step: Span,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
) -> rusqlite::Result<HashMap<i64, Vec<Point>>> {
    let mut all: HashMap<i64, Vec<Point>> = HashMap::new();
    let mut take = |id: i64, points: Vec<Point>, (from, to): (Timestamp, Timestamp)| {
        let within = points.into_iter().filter(|point| (from..=to).contains(&point.at));
        all.entry(id).or_default().extend(within);
    };
    let mut blocks_of = connection.prepare_cached(
        "SELECT series, data FROM block WHERE step = ?1 AND start >= ?2 AND start <= ?3 ORDER BY start",
    )?;
    for (tier, (begin, end)) in stretches(step, (from, to), now) {
        let mut rows = blocks_of.query(params![tier.step, tier.block_of(begin), end.0])?;
        while let Some(row) = rows.next()? {
            let data = row.get_ref(1)?.as_blob()?;
            let points = if tier == RAW {
                codec::read_points(data).unwrap_or_default()
            } else {
                let buckets = coarsened(codec::read_buckets(data).unwrap_or_default(), step, Some(tier));
                drawn(&buckets, Span::seconds(tier.step).max(step), to)
            };
            take(row.get(0)?, points, (begin, end));
        }
    }
    // What is in no block yet is there as it came.
    let mut flushed =
        connection.prepare_cached("SELECT data FROM flushed WHERE at >= ?1 AND at <= ?2 ORDER BY at, rowid")?;
    let mut rows = flushed.query([from.0, to.plus(FLUSHED_BY).0])?;
    while let Some(row) = rows.next()? {
        for (id, block) in blocks(row.get_ref(0)?.as_blob()?) {
            take(id, codec::read_points(block).unwrap_or_default(), (from, to));
        }
    }
    Ok(all.into_iter().map(|(id, points)| (id, in_order(points))).collect())
}

/// The stretches of a time, the newest first, each with the steps in which it is read.
fn stretches(
    step: Span,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
) -> impl Iterator<Item = (Tier, (Timestamp, Timestamp))> {
    let mut end = to;
    let of_tier = move |tier: Tier| {
        let begin = from.max(now.minus(tier.kept)).min(end);
        let stretch = (begin, end);
        end = begin;
        (stretch.0 < stretch.1).then_some((tier, stretch))
    };
    // Values as they came are of no use where steps are to be longer than the shortest that are kept.
    let raw = (step < Span::seconds(COARSER[0].step)).then_some(RAW);
    raw.into_iter().chain(COARSER).filter_map(of_tier)
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
    let mut begun = connection.prepare_cached(
        "SELECT min(at) FROM failed WHERE query = ?1 AND at <= ?2 AND at > \
         coalesce((SELECT max(at) FROM failed WHERE query = ?1 AND at <= ?2 AND error IS NULL), -1)",
    )?;
    let running = past.last.map_or(at, |last| if last.age_at(at) <= step { at } else { last });
    for (query, remembered) in &mut past.queries {
        match ended.remove(query) {
            Some((last, Some(error))) => {
                // The words of an error may have changed since it began.
                let since = Timestamp(begun.query_row(params![query.as_str(), last.0], |row| row.get(0))?);
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
