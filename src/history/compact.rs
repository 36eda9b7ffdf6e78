//! What has been flushed becomes blocks of two hours a series, and what is old is thinned out, then forgotten.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::codec::{self, Bucket};
use super::flush::{SLOT, blocks};
use super::lines;
use super::tiers::{COARSER, RAW, Tier, buckets, merged, status_buckets, widened};
use crate::model::poll::QueryKey;
use crate::model::series::{Point, in_order};
use crate::model::time::{Span, Timestamp};
use crate::store::ring::usual_distance;

/// A block is made when its time is over by so much: what comes late still finds its place.
const LATE: Span = Span::seconds(60);
/// How long what the board has noticed, and how polls ended, is kept.
const NOTED_KEPT: Span = Span::seconds(400 * 86_400);
const FAILED_KEPT: Span = Span::seconds(30 * 86_400);
/// How long every snapshot is kept, and how far apart those are that are older.
pub(super) const SNAPSHOTS_KEPT: Span = Span::seconds(3600);
pub(super) const SNAPSHOTS_APART: Span = Span::seconds(600);
/// Blocks that are forgotten in one go when there is no room.
const IN_ONE_GO: i64 = 500;
/// Flushes of log lines that are forgotten in one go.
const LINES_IN_ONE_GO: i64 = 20;

/// What was flushed in times that are over becomes blocks of the file; all of it, where there is no room to wait.
/// Returns whether there was any.
pub(super) fn compact(connection: &mut Connection, now: Timestamp, is_full: bool) -> rusqlite::Result<bool> {
    let oldest: Option<i64> = connection.query_row("SELECT min(at) FROM flushed", [], |row| row.get(0))?;
    let until = if is_full { now.0 + 1 } else { RAW.block_of(now.minus(LATE)) };
    if oldest.is_none_or(|oldest| oldest >= until) {
        return Ok(false);
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut series: BTreeMap<i64, Vec<Point>> = BTreeMap::new();
    let mut flushed = transaction.prepare("SELECT data FROM flushed WHERE at < ?1 ORDER BY at, rowid")?;
    let mut rows = flushed.query([until])?;
    while let Some(row) = rows.next()? {
        for (id, block) in blocks(row.get_ref(0)?.as_blob()?) {
            // One that cannot be read is lost, and no other.
            series.entry(id).or_default().extend(codec::read_points(block).unwrap_or_default());
        }
    }
    drop(rows);
    drop(flushed);
    for (id, points) in &series {
        keep(&transaction, *id, &in_order(points.iter().copied()))?;
    }
    transaction.execute("DELETE FROM flushed WHERE at < ?1", [until])?;
    transaction.commit()?;
    Ok(true)
}

/// Writes the points of a series, and what they are in each tier.
fn keep(to: &Transaction<'_>, id: i64, points: &[Point]) -> rusqlite::Result<()> {
    let query: Option<String> =
        to.prepare_cached("SELECT query FROM series WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()?;
    let is_status = query.is_some_and(|query| QueryKey::of_text(&query).is_of_status());
    for part in points.chunk_by(|a, b| RAW.block_of(a.at) == RAW.block_of(b.at)) {
        let Some(first) = part.first() else { continue };
        let start = RAW.block_of(first.at);
        let before = read(to, id, RAW, start)?.and_then(|data| codec::read_points(&data).ok()).unwrap_or_default();
        let whole = if before.is_empty() { part.to_vec() } else { in_order(before.iter().chain(part).copied()) };
        write(to, id, RAW, start, &codec::points(&whole))?;
        if is_status {
            keep_statuses(to, id, &whole)?;
        }
    }
    if is_status {
        return Ok(());
    }
    let reach = usual_distance(points).times(2.5);
    for tier in COARSER {
        let all = buckets(points, tier.step, reach);
        for part in all.chunk_by(|a, b| tier.block_of(a.at) == tier.block_of(b.at)) {
            let Some(first) = part.first() else { continue };
            let start = tier.block_of(first.at);
            write_buckets(to, id, tier, start, &merged(read_buckets(to, id, tier, start)?, part.to_vec(), tier.step))?;
        }
    }
    Ok(())
}

/// Writes what the statuses of a whole block of points are in each tier. They are made anew each time: seconds that were
/// joined from parts would be counted twice.
fn keep_statuses(to: &Transaction<'_>, id: i64, points: &[Point]) -> rusqlite::Result<()> {
    let Some(first) = points.first() else { return Ok(()) };
    let [minutes, tens, days] = COARSER;
    for tier in [minutes, tens] {
        write_buckets(to, id, tier, tier.block_of(first.at), &status_buckets(points, tier.step))?;
    }
    let start = days.block_of(first.at);
    let mut day: Vec<Bucket> = Vec::new();
    let mut at = start;
    while at < start + days.block.0 {
        day.extend(read_buckets(to, id, tens, at)?);
        at += tens.block.0;
    }
    write_buckets(to, id, days, start, &widened(&day, days.step))
}

fn read_buckets(from: &Transaction<'_>, id: i64, tier: Tier, start: i64) -> rusqlite::Result<Vec<Bucket>> {
    Ok(read(from, id, tier, start)?.and_then(|data| codec::read_buckets(&data).ok()).unwrap_or_default())
}

fn write_buckets(to: &Transaction<'_>, id: i64, tier: Tier, start: i64, all: &[Bucket]) -> rusqlite::Result<()> {
    write(to, id, tier, start, &codec::buckets(all))
}

fn read(from: &Transaction<'_>, id: i64, tier: Tier, start: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    from.prepare_cached("SELECT data FROM block WHERE series = ?1 AND step = ?2 AND start = ?3")?
        .query_row(params![id, tier.step, start], |row| row.get(0))
        .optional()
}

fn write(to: &Transaction<'_>, id: i64, tier: Tier, start: i64, data: &[u8]) -> rusqlite::Result<()> {
    to.prepare_cached("REPLACE INTO block (series, step, start, data) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, tier.step, start, data])?;
    Ok(())
}

/// Forgets what is older than its tier keeps, and of what is left the oldest while there is more than there may be.
pub(super) fn forget(connection: &Connection, now: Timestamp, max_bytes: u64) -> rusqlite::Result<()> {
    let now = trusted(connection, now)?;
    for tier in [RAW].iter().chain(&COARSER) {
        // A block goes when all of it is too old.
        let end = now.minus(tier.kept).minus(tier.block).0;
        connection.execute("DELETE FROM block WHERE step = ?1 AND start < ?2", params![tier.step, end])?;
    }
    let before = |kept: Span| now.minus(kept).0;
    connection.execute("DELETE FROM noted WHERE at < ?1", [before(NOTED_KEPT)])?;
    connection.execute("DELETE FROM failed WHERE at < ?1", [before(FAILED_KEPT)])?;
    connection.execute("DELETE FROM log_lines WHERE at < ?1", [before(lines::KEPT)])?;
    // The last one of each query is how all is, however old it is.
    thin_snapshots(connection, before(SNAPSHOTS_KEPT).div_euclid(SLOT.0))?;
    let slot = before(FAILED_KEPT).div_euclid(SLOT.0);
    connection.execute(
        "DELETE FROM snapshot WHERE slot < ?1 AND slot < (SELECT max(slot) FROM snapshot AS s WHERE s.query = snapshot.query)",
        [slot],
    )?;
    while used(connection)? > max_bytes {
        // Numbers are worth more than lines.
        let lines = connection.execute(
            "DELETE FROM log_lines WHERE rowid IN (SELECT rowid FROM log_lines ORDER BY rowid LIMIT ?1)",
            [LINES_IN_ONE_GO],
        )?;
        if lines > 0 {
            continue;
        }
        let gone = connection.execute(
            "DELETE FROM block WHERE (series, step, start) IN (SELECT series, step, start FROM block ORDER BY start LIMIT ?1)",
            [IN_ONE_GO],
        )?;
        if gone > 0 {
            continue;
        }
        let snapshots = connection.execute(
            "DELETE FROM snapshot WHERE (query, slot) IN (SELECT query, slot FROM snapshot AS a WHERE slot < (SELECT max(slot) \
             FROM snapshot AS b WHERE b.query = a.query) ORDER BY slot LIMIT ?1)",
            [IN_ONE_GO],
        )?;
        if snapshots == 0 {
            break;
        }
    }
    forget_series(connection)?;
    // It gives back a page a step.
    let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut pages = vacuum.query([])?;
    while pages.next()?.is_some() {}
    Ok(())
}

/// Of the snapshots before a slot the last of each ten minutes is kept.
fn thin_snapshots(connection: &Connection, until: i64) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM snapshot WHERE slot < ?1 AND EXISTS (SELECT 1 FROM snapshot AS later WHERE later.query = snapshot.query \
         AND later.slot > snapshot.slot AND later.slot < (snapshot.slot / ?2 + 1) * ?2)",
        [until, SNAPSHOTS_APART.0 / SLOT.0],
    )?;
    Ok(())
}

/// A series without anything left is forgotten, too.
fn forget_series(connection: &Connection) -> rusqlite::Result<()> {
    let mut waiting: HashSet<i64> = HashSet::new();
    let mut flushed = connection.prepare("SELECT data FROM flushed")?;
    let mut rows = flushed.query([])?;
    while let Some(row) = rows.next()? {
        waiting.extend(blocks(row.get_ref(0)?.as_blob()?).iter().map(|(id, _)| *id));
    }
    let mut silent = connection.prepare("SELECT id FROM series WHERE id NOT IN (SELECT series FROM block)")?;
    let silent: Vec<i64> = silent.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in silent.into_iter().filter(|id| !waiting.contains(id)) {
        connection.execute("DELETE FROM series WHERE id = ?1", [id])?;
    }
    Ok(())
}

/// Now, but at most a day after the last time that something was forgotten: a clock that is far ahead for a while must
/// not take everything for old. After a longer pause it takes some rounds to catch up.
fn trusted(connection: &Connection, now: Timestamp) -> rusqlite::Result<Timestamp> {
    const NOBODY: &str = "";
    let last: Option<i64> =
        connection.query_row("SELECT at FROM answered WHERE query = ?1", [NOBODY], |row| row.get(0)).optional()?;
    let trusted = last.map_or(now, |last| now.min(Timestamp(last).plus(Span::seconds(86_400))));
    connection.execute("REPLACE INTO answered (query, at) VALUES (?1, ?2)", params![NOBODY, trusted.0])?;
    Ok(trusted)
}

/// The bytes of the file that hold something.
pub(super) fn used(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok(u64::try_from(pages * number("page_size")?).unwrap_or(0))
}
