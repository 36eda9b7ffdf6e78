//! What waits for an engine, kept over a restart: requests as they will be sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, params};

use crate::model::time::{Span, Timestamp};

/// Older ones are not worth sending any more: engines refuse samples that are much older than their newest.
pub const KEPT: Span = Span::seconds(30 * 60);

/// A request that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Whom it is for: its address.
    pub target: Arc<str>,
    /// When it was made, in milliseconds; no two of one target have the same.
    pub number: i64,
    /// How many samples are in it.
    pub samples: usize,
    /// What is sent.
    pub body: Arc<[u8]>,
}

impl Outgoing {
    /// Whether it is too old to be sent.
    pub fn is_too_old(&self, now: Timestamp) -> bool {
        Timestamp(self.number).age_at(now) > KEPT
    }
}

/// A change of what waits.
#[derive(Debug)]
pub(super) enum Change {
    Waits(Outgoing),
    /// It was sent, or is not worth sending any more.
    Gone(Arc<str>, i64),
}

/// Requests that are not on disk yet. One that is sent before the next flush never gets there.
#[derive(Debug, Default)]
pub(super) struct Pending(BTreeMap<(Arc<str>, i64), Outgoing>);

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn put(&mut self, one: Outgoing) {
        self.0.insert((Arc::clone(&one.target), one.number), one);
    }

    /// Takes one away; false where it is on disk.
    pub(super) fn take_away(&mut self, target: &Arc<str>, number: i64) -> bool {
        self.0.remove(&(Arc::clone(target), number)).is_some()
    }

    pub(super) fn write_to(&self, to: &Transaction<'_>) -> rusqlite::Result<()> {
        for one in self.0.values() {
            to.prepare_cached("REPLACE INTO outgoing (target, number, samples, body) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![&*one.target, one.number, one.samples as i64, &*one.body])?;
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

/// All that waits, oldest first; what is too old is deleted.
pub(super) fn load(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Outgoing>> {
    connection.execute("DELETE FROM outgoing WHERE number < ?1", [now.minus(KEPT).0])?;
    let mut waiting = connection.prepare("SELECT target, number, samples, body FROM outgoing ORDER BY number")?;
    let rows = waiting.query_map([], |row| {
        Ok(Outgoing {
            target: row.get::<_, String>(0)?.into(),
            number: row.get(1)?,
            samples: usize::try_from(row.get::<_, i64>(2)?).unwrap_or_default(),
            body: row.get::<_, Vec<u8>>(3)?.into(),
        })
    })?;
    rows.collect()
}
