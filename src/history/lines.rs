//! Lines of logs on disk, where the board wants them to be kept: as JSON, without what looks like a secret.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};

use super::redact::{redacted, redacted_field};
use crate::model::log::{Level, LogLine, LogLines, MAX_BYTES, MAX_LINES};
use crate::model::poll::QueryKey;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// Older ones are forgotten.
pub(super) const KEPT: Span = Span::seconds(7 * 86_400);

/// A line as it is written.
#[derive(Serialize, Deserialize)]
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
            category: line.category.to_string(),
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
pub(super) struct Pending(BTreeMap<QueryKey, VecDeque<Arc<LogLine>>>);

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, query: QueryKey, lines: LogLines) {
        let waiting = self.0.entry(query).or_default();
        waiting.extend(lines);
        waiting.drain(..waiting.len().saturating_sub(MAX_LINES));
    }

    /// Writes them, and forgets those that more than the board would show have come after.
    pub(super) fn write_to(&self, to: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<()> {
        for (query, lines) in &self.0 {
            let written: Vec<Written> = lines.iter().map(|line| Written::of(line)).collect();
            let Ok(text) = serde_json::to_string(&written) else { continue };
            to.prepare_cached("INSERT INTO log_lines (query, at, count, data) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![query.as_str(), now.0, lines.len() as i64, text])?;
            to.prepare_cached(
                "DELETE FROM log_lines WHERE query = ?1 AND rowid IN (SELECT rowid FROM (SELECT rowid, \
                 sum(count) OVER newer - count AS lines, sum(length(data)) OVER newer - length(data) AS bytes \
                 FROM log_lines WHERE query = ?1 WINDOW newer AS (ORDER BY rowid DESC)) WHERE lines >= ?2 OR bytes >= ?3)",
            )?
            .execute(params![query.as_str(), MAX_LINES as i64, MAX_BYTES as i64])?;
        }
        Ok(())
    }
}

/// The lines of each query, the oldest first.
pub(super) fn load(connection: &Connection) -> rusqlite::Result<BTreeMap<QueryKey, (Timestamp, LogLines)>> {
    let mut all: BTreeMap<QueryKey, (Timestamp, LogLines)> = BTreeMap::new();
    let mut kept = connection.prepare("SELECT query, at, data FROM log_lines ORDER BY rowid")?;
    let mut rows = kept.query([])?;
    while let Some(row) = rows.next()? {
        let query: String = row.get(0)?;
        let lines: Vec<Written> = serde_json::from_str(row.get_ref(2)?.as_str()?).unwrap_or_default();
        let (at, known) = all.entry(QueryKey::of_text(&query)).or_default();
        *at = Timestamp(row.get(1)?).max(*at);
        known.extend(lines.into_iter().zip(known.len() as u64 + 1..).map(|(line, number)| Arc::new(line.line(number))));
    }
    Ok(all)
}
