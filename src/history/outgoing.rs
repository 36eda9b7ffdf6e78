//! What waits for an engine, kept over a restart: requests as they will be sent.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, Transaction, params};

use crate::model::time::{Span, Timestamp};

/// Older ones are not worth sending any more: engines refuse samples that are much older than their newest.
pub const KEPT: Span = Span::seconds(30 * 60);

/// A request that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Whom it is for: a name without secrets.
    pub target: Arc<str>,
    /// When it was made, in milliseconds; no two of one target have the same.
    pub number: i64,
    /// How many samples are in it.
    pub samples: usize,
    /// Of when the newest of them is.
    pub newest: Timestamp,
    /// What is sent.
    pub body: Arc<[u8]>,
}

impl Outgoing {
    /// Whether it is too old to be sent.
    pub fn is_too_old(&self, now: Timestamp) -> bool {
        Timestamp(self.number).age_at(now) > KEPT
    }
}

/// What is known again of those who send.
#[derive(Debug, Default)]
pub struct Unsent {
    /// What waits, oldest first.
    pub waiting: Vec<Outgoing>,
    /// By target, of when the newest sample is that was handed over.
    pub newest: HashMap<String, Timestamp>,
}

/// A change of what waits.
#[derive(Debug)]
pub(super) enum Change {
    Waits(Outgoing),
    /// It was sent, or is not worth sending any more.
    Gone(Arc<str>, i64),
    /// What waited before this run is not sent any more: newer samples are on their way.
    AllGone,
}

/// What is not on disk yet. A request that is sent before the next flush never gets there.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: BTreeMap<(Arc<str>, i64), Outgoing>,
    newest: BTreeMap<Arc<str>, Timestamp>,
    /// What could not be deleted at once.
    gone: Vec<(Arc<str>, i64)>,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.newest.is_empty() && self.gone.is_empty()
    }

    pub(super) fn put(&mut self, one: Outgoing) {
        let newest = self.newest.entry(Arc::clone(&one.target)).or_default();
        *newest = one.newest.max(*newest);
        self.waiting.insert((Arc::clone(&one.target), one.number), one);
    }

    /// Takes one away; false where it is on disk.
    pub(super) fn take_away(&mut self, target: &Arc<str>, number: i64) -> bool {
        self.waiting.remove(&(Arc::clone(target), number)).is_some()
    }

    /// Deletes one at the next flush.
    pub(super) fn delete_later(&mut self, target: Arc<str>, number: i64) {
        self.gone.push((target, number));
    }

    pub(super) fn write_to(&self, to: &Transaction<'_>) -> rusqlite::Result<()> {
        for (target, number) in &self.gone {
            delete(to, target, *number)?;
        }
        for one in self.waiting.values() {
            to.prepare_cached(
                "REPLACE INTO outgoing (target, number, samples, newest, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![&*one.target, one.number, one.samples as i64, one.newest.0, &*one.body])?;
        }
        for (target, newest) in &self.newest {
            to.prepare_cached(
                "INSERT INTO handed_over (target, newest) VALUES (?1, ?2) \
                 ON CONFLICT (target) DO UPDATE SET newest = max(newest, excluded.newest)",
            )?
            .execute(params![&**target, newest.0])?;
        }
        Ok(())
    }
}

/// Takes one off the disk, at once: what was sent is not sent again after a kill.
pub(super) fn delete(connection: &Connection, target: &str, number: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM outgoing WHERE target = ?1 AND number = ?2")?
        .execute(params![target, number])?;
    Ok(())
}

/// Takes all of them off the disk.
pub(super) fn delete_all(connection: &Connection) -> rusqlite::Result<()> {
    let gone = connection.execute("DELETE FROM outgoing", [])?;
    if gone > 0 {
        tracing::warn!("{gone} requests of remote write that waited are lost: the history was opened too late");
    }
    Ok(())
}

/// All that is known; what is too old is deleted.
pub(super) fn load(connection: &Connection, now: Timestamp) -> rusqlite::Result<Unsent> {
    connection.execute("DELETE FROM outgoing WHERE number < ?1", [now.minus(KEPT).0])?;
    let mut waiting =
        connection.prepare("SELECT target, number, samples, newest, body FROM outgoing ORDER BY number")?;
    let waiting = waiting.query_map([], |row| {
        Ok(Outgoing {
            target: row.get::<_, String>(0)?.into(),
            number: row.get(1)?,
            samples: usize::try_from(row.get::<_, i64>(2)?).unwrap_or_default(),
            newest: Timestamp(row.get(3)?),
            body: row.get::<_, Vec<u8>>(4)?.into(),
        })
    })?;
    let waiting = waiting.collect::<Result<_, _>>()?;
    let mut newest = connection.prepare("SELECT target, newest FROM handed_over")?;
    let newest = newest.query_map([], |row| Ok((row.get(0)?, Timestamp(row.get(1)?))))?;
    Ok(Unsent { waiting, newest: newest.collect::<Result<_, _>>()? })
}
