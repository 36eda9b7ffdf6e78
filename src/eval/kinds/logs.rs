//! Lines of logs: they are shown, and what is counted of them is judged.

use super::super::evidence::Evidence;
use super::super::look::{Asked, Look};
use crate::model::format::Format;
use crate::model::log::{Level, LogEntry};
use crate::model::time::Timestamp;
use crate::store::Stored;

/// The lines of all queries, in the order they were written.
pub(super) fn select<'a>(_: Look<'a, '_>, alike: &[Asked<'a>]) -> (Vec<LogEntry<'a>>, Vec<String>) {
    let of = |(_, _, entry): &Asked<'a>| match &entry.stored {
        Stored::Logs(lines) => Some(lines.lines()),
        _ => None,
    };
    let mut all: Vec<LogEntry<'a>> = alike.iter().filter_map(of).flatten().collect();
    if alike.len() > 1 {
        all.sort_by_key(|entry| entry.line.at);
    }
    (all, Vec::new())
}

pub(super) const fn answered_nothing(_: &Stored) -> bool {
    false
}

/// A log in which nothing was written says nothing bad.
pub(super) const fn nothing_to_judge(_: &[LogEntry<'_>], _: &Evidence<'_>) -> Option<String> {
    None
}

#[expect(clippy::unnecessary_wraps, reason = "every kind answers the same question")]
pub(super) const fn count(lines: &[LogEntry<'_>]) -> Option<usize> {
    Some(lines.len())
}

pub(super) fn headline(lines: &[LogEntry<'_>], _: &Format, _: Timestamp) -> String {
    let bad = lines.iter().filter(|entry| entry.line.level >= Some(Level::Error)).count();
    let last = lines.last().map_or("", |entry| entry.line.message.as_str());
    if bad > 0 { format!("{bad} errors  {last}") } else { last.to_owned() }
}
