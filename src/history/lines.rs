//! Lines of logs on disk, where the board wants them to be kept: as JSON, without what looks like a secret.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::model::log::{Level, LogLine, LogLines, MAX_BYTES, MAX_LINES};
use crate::model::poll::QueryKey;
use crate::model::redact::{redacted, redacted_field};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// Older ones are forgotten.
pub(super) const KEPT: Span = Span::seconds(7 * 86_400);

/// A line as it is written.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Written {
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    category: String,
    message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    more: Vec<String>,
}

impl Written {
    fn of(line: &LogLine) -> Self {
        let field = |(name, value): &(SafeText, SafeText)| {
            (name.to_string(), redacted_field(name.as_str(), value.as_str()).into_owned())
        };
        Self {
            at: line.at,
            level: line.level,
            category: redacted(line.category.as_str()).into_owned(),
            message: redacted(line.message.as_str()).into_owned(),
            fields: line.fields.iter().map(field).collect(),
            more: line.more.iter().map(|one| redacted(one.as_str()).into_owned()).collect(),
        }
    }

    /// The lines before a run have small numbers.
    fn line(self, number: u64) -> LogLine {
        let safe = |text: String| SafeText::from(text);
        LogLine {
            number,
            at: self.at,
            level: self.level,
            category: safe(self.category),
            message: safe(self.message),
            fields: self.fields.into_iter().map(|(name, value)| (safe(name), safe(value))).collect(),
            more: self.more.into_iter().map(safe).collect(),
        }
    }
}

/// Lines that wait for the next flush: of each query the last ones.
#[derive(Debug, Default)]
pub(super) struct Pending(BTreeMap<QueryKey, Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn queries(&self) -> impl Iterator<Item = &QueryKey> {
        self.0.keys()
    }

    pub(super) fn take(&mut self, query: QueryKey, lines: LogLines) {
        let waiting = self.0.entry(query).or_default();
        waiting.bytes += lines.iter().map(|line| line.bytes()).sum::<usize>();
        waiting.lines.extend(lines);
        while waiting.lines.len() > MAX_LINES || waiting.bytes > MAX_BYTES {
            let Some(oldest) = waiting.lines.pop_front() else { break };
            waiting.bytes = waiting.bytes.saturating_sub(oldest.bytes());
        }
    }

    /// Writes them, and forgets those that more than the board would show have come after. `written` are the queries of
    /// which something was written in this run: the first lines of the others may be told again.
    pub(super) fn write_to(
        &self,
        to: &Transaction<'_>,
        written: &HashSet<QueryKey>,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        for (query, waiting) in &self.0 {
            let mut new: Vec<Written> = waiting.lines.iter().map(|line| Written::of(line)).collect();
            if !written.contains(query) {
                let mut known: HashMap<Written, usize> = HashMap::new();
                for one in kept(to, query)? {
                    *known.entry(one).or_default() += 1;
                }
                new.retain(|one| {
                    let again = known.get_mut(one).filter(|count| **count > 0);
                    again.map(|count| *count -= 1).is_none()
                });
            }
            let Ok(text) = serde_json::to_string(&new) else { continue };
            if new.is_empty() {
                continue;
            }
            to.prepare_cached("INSERT INTO log_lines (query, at, count, bytes, data) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![query.as_str(), now.0, new.len() as i64, text.len() as i64, text])?;
            to.prepare_cached(
                "DELETE FROM log_lines WHERE query = ?1 AND rowid IN (SELECT rowid FROM (SELECT rowid, \
                 sum(count) OVER newer - count AS lines, sum(bytes) OVER newer - bytes AS bytes \
                 FROM log_lines WHERE query = ?1 WINDOW newer AS (ORDER BY rowid DESC)) WHERE lines >= ?2 OR bytes >= ?3)",
            )?
            .execute(params![query.as_str(), MAX_LINES as i64, MAX_BYTES as i64])?;
        }
        Ok(())
    }
}

fn kept(connection: &Connection, query: &QueryKey) -> rusqlite::Result<Vec<Written>> {
    let mut kept = connection.prepare("SELECT data FROM log_lines WHERE query = ?1 ORDER BY rowid")?;
    let texts = kept.query_map([query.as_str()], |row| row.get::<_, String>(0))?;
    let mut all = Vec::new();
    for text in texts {
        all.extend(serde_json::from_str::<Vec<Written>>(&text?).unwrap_or_default());
    }
    Ok(all)
}

/// The lines of each query that were not of later than a moment, the oldest first.
pub(super) fn load(
    connection: &Connection,
    until: Timestamp,
) -> rusqlite::Result<BTreeMap<QueryKey, (Timestamp, LogLines)>> {
    let mut all: BTreeMap<QueryKey, (Timestamp, LogLines)> = BTreeMap::new();
    let mut kept = connection.prepare("SELECT query, at, data FROM log_lines ORDER BY rowid")?;
    let mut rows = kept.query([])?;
    while let Some(row) = rows.next()? {
        let query: String = row.get(0)?;
        let lines: Vec<Written> = serde_json::from_str(row.get_ref(2)?.as_str()?).unwrap_or_default();
        let lines: Vec<Written> = lines.into_iter().filter(|line| line.at <= until).collect();
        if lines.is_empty() {
            continue;
        }
        let (at, known) = all.entry(QueryKey::of_text(&query)).or_default();
        *at = Timestamp(row.get(1)?).max(*at);
        known.extend(lines.into_iter().zip(known.len() as u64 + 1..).map(|(line, number)| Arc::new(line.line(number))));
    }
    Ok(all)
}
