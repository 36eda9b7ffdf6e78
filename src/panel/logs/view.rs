//! What a panel of logs draws.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Serialize, Serializer};

use super::super::ink::Role;
use crate::model::event::Event;
use crate::model::log::{Level, LogLine};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Timestamp, Zone};

/// Lines that go into a scene that is written as JSON.
const WRITTEN: usize = 100;

/// What is shown of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Show {
    /// The lines.
    #[default]
    Lines,
    /// The ten commonest patterns of messages.
    Patterns,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// The lines, the oldest first; in a scene that is written as JSON the last of them.
    #[serde(rename = "lines", serialize_with = "last_lines")]
    pub(super) entries: Vec<Entry>,
    /// The patterns of messages; entries have their index.
    #[serde(skip)]
    pub(super) patterns: Vec<String>,
    pub(super) marks: Vec<LogMark>,
    /// The window that is counted.
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) columns: Vec<String>,
    pub(super) wrap: bool,
    pub(super) counts: bool,
    pub(super) show: Show,
    pub(super) zone: Zone,
    pub(super) answer: Answer,
}

/// What there is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    /// Nothing yet.
    None,
    /// Something that is no log.
    NoLines,
    /// Lines.
    Lines,
}

/// A line, and the index of its pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) line: Arc<LogLine>,
    pub(super) pattern: u32,
}

/// What happened, between lines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct LogMark {
    pub(super) at: Timestamp,
    pub(super) words: String,
    pub(super) failed: bool,
}

#[derive(Serialize)]
struct Written<'a> {
    at: Timestamp,
    level: &'a str,
    category: &'a SafeText,
    message: &'a SafeText,
}

fn last_lines<S: Serializer>(entries: &[Entry], serializer: S) -> Result<S::Ok, S::Error> {
    let last = entries.get(entries.len().saturating_sub(WRITTEN)..).unwrap_or_default();
    let mut all = serializer.serialize_seq(Some(last.len()))?;
    for Entry { line, .. } in last {
        let level = line.level.map_or("", Level::word);
        all.serialize_element(&Written { at: line.at, level, category: &line.category, message: &line.message })?;
    }
    all.end()
}

/// The role of a level.
pub(super) const fn role(level: Option<Level>) -> Role {
    match level {
        Some(Level::Fatal | Level::Error) => Role::Critical,
        Some(Level::Warn) => Role::Warning,
        Some(Level::Info) | None => Role::Text,
        Some(Level::Debug) => Role::Muted,
    }
}

impl LogMark {
    pub(super) fn from_event(event: &Event) -> Self {
        Self { at: event.at, words: event.brief(), failed: event.status() == Status::Critical }
    }
}
