//! Lines of logs, the newest below; or what they have in common.
//!
//! ```text
//! 412 lines  9 ERROR  31 WARN                        last 15 min
//! ▁▁▂▁▁▁▁▂▁▁▁▁▁▁▁▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▂▃█▇▆▂▁▁▁▁▁▁▁▁▁▁▁▁
//! 14:03:18  INFO   shop.checkout  order 4711 taken
//! ── 14:03 deploy shop v2.14 ──────────────────────────────────
//! 14:03:20  ERROR  shop.payment   card of <*> refused: timeout
//! ```

mod counts;
mod found;
mod lines;
mod patterns;
mod view;

use std::collections::HashMap;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::ink::{Ink, Role};
use super::inspected::Inspected;
use super::marks::{row, write};
use super::{ANY, Need, Panel, PanelInput, Room};
use crate::model::inspection::{Field, Inspection};
use crate::model::judgement::Content;
use crate::model::log::{Level, LogEntry};
use crate::model::log_filter::LogFilter;
use crate::model::time::Span;
use found::Found;
use view::{Answer, Entry, LogMark};
pub use view::{Show, View};

/// Events kept: more than a screen has rows.
const MAX_MARKS: usize = 300;
/// The shortest time that is counted.
const SHORTEST: Span = Span::seconds(60);
/// The columns, where the board names none.
const COLUMNS: [&str; 4] = ["time", "level", "category", "message"];

/// The panel.
#[derive(Debug)]
pub struct Logs;

/// The keys of a panel of logs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Lines of at least this level: debug, info, warn, error, fatal (default: all, also those without one).
    pub level: Option<Level>,
    /// Lines of this category, and of those below it: "shop" shows "shop.checkout", too (default: all).
    pub category: String,
    /// Words that lines have to have: 'timeout', '"timed out"', '/took \d+ ms/', 'status=5*', '-retry' (default: all lines).
    pub filter: LogFilter,
    /// Columns: time, level, category, message, or names of fields (default: time, level, category, message).
    pub columns: Vec<String>,
    /// Whether long lines are wrapped, and not cut (default: false).
    pub wrap: bool,
    /// Whether how many lines there were is drawn above them, over time (default: true).
    pub counts: bool,
    /// "lines", or "patterns": the ten commonest messages, with how often each came (default: "lines").
    pub show: Show,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: None,
            category: String::new(),
            filter: LogFilter::default(),
            columns: COLUMNS.map(str::to_owned).to_vec(),
            wrap: false,
            counts: true,
            show: Show::Lines,
        }
    }
}

impl Panel for Logs {
    const VIEW: &'static str = "logs";
    const SUMMARY: &'static str = "lines of logs, the newest below, with search, filters, counts by level and patterns";
    const HISTORY: bool = true;
    const SOURCE: Need = Need::Needed;
    const ROOM: Room = Room::new((24, 2), (100, 14), (200, ANY), 4);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let none = View {
            entries: Vec::new(),
            patterns: Vec::new(),
            marks: Vec::new(),
            from: input.now.minus(input.window),
            to: input.now,
            columns: options.columns.clone(),
            wrap: options.wrap,
            counts: options.counts,
            show: options.show,
            zone: input.zone.clone(),
            answer: match input.content {
                Content::Nothing => Answer::None,
                Content::Logs(_) => Answer::Lines,
                _ => Answer::NoLines,
            },
        };
        let Content::Logs(all) = &input.content else { return none };
        let wanted = |entry: &&LogEntry<'_>| {
            options.level.is_none_or(|level| entry.line.level.is_some_and(|own| own >= level))
                && (options.category.is_empty() || entry.line.is_within(&options.category))
                && options.filter.picks(entry.line)
        };
        let (mut indexes, mut patterns) = (HashMap::<&str, u32>::new(), Vec::new());
        let entries = all.iter().filter(wanted).map(|entry| {
            let index = indexes.entry(entry.pattern).or_insert_with(|| {
                patterns.push(entry.pattern.to_owned());
                patterns.len() as u32 - 1
            });
            Entry { line: Arc::clone(entry.line), pattern: *index }
        });
        let entries: Vec<Entry> = entries.collect();
        // A log that is younger than the window fills the whole width.
        let first = entries.iter().map(|entry| entry.line.at).min().unwrap_or(input.now).min(input.now.minus(SHORTEST));
        let from = none.from.max(first);
        let marks = input.events.iter().rev().take(MAX_MARKS).rev().map(|event| LogMark::from_event(event)).collect();
        View { entries, patterns, marks, from, ..none }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        if area.is_empty() || view.answer == Answer::None {
            return;
        }
        let nothing_chosen = Inspection::default();
        let inspection = ink.inspection.as_deref().unwrap_or(&nothing_chosen);
        let found = Found::new(view, inspection);
        let (head, body) = heads(view, area);
        counts::draw(view, &found, head, buffer, ink);
        let prompt = prompt(inspection, &found);
        let body = match &prompt {
            None => body,
            Some((words, role)) => {
                // What is typed is seen at its end.
                let words = lines::end_of(words, usize::from(body.width));
                write(buffer, row(body, body.height.saturating_sub(1)), 0, 0, &words, ink.style(*role));
                Rect { height: body.height.saturating_sub(1), ..body }
            }
        };
        if found.entries.is_empty() {
            let words = match () {
                () if view.answer == Answer::NoLines => "this query gives no lines of a log",
                () if view.entries.is_empty() => "nothing was written",
                () => "no line is like that",
            };
            write(buffer, body, 1, 0, words, ink.style(Role::Muted));
        } else if shows_patterns(view, inspection) {
            patterns::draw(view, &found, body, buffer, ink);
        } else {
            lines::draw(view, (&found, view.is_wrapped(inspection)), body, buffer, ink);
        }
    }

    fn inspected(view: &View) -> Option<&dyn Inspected> {
        Some(view)
    }

    fn room(view: &View) -> Room {
        // There are no more than ten patterns.
        let rows = 11 + if view.counts { 3 } else { 0 };
        if view.show == Show::Patterns { Self::ROOM.with_rows((rows, rows)) } else { Self::ROOM }
    }

    fn strip(view: &View) -> String {
        let bad = view.entries.iter().filter(|entry| entry.line.level >= Some(Level::Error)).count();
        let last = view.entries.last().map_or("nothing was written", |entry| entry.line.message.as_str());
        if bad > 0 { format!("{bad} errors  {last}") } else { last.to_owned() }
    }
}

fn shows_patterns(view: &View, by: &Inspection) -> bool {
    by.group.is_none() && by.groups != (view.show == Show::Patterns)
}

/// The rows of the counts, and those of the lines.
fn heads(view: &View, area: Rect) -> (Rect, Rect) {
    let height = match area.height {
        _ if !view.counts => 0,
        ..6 => 0,
        6..12 => 1,
        12..24 => 3,
        24.. => 4,
    };
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}

/// What the viewer has chosen, or types.
fn prompt(by: &Inspection, found: &Found<'_>) -> Option<(String, Role)> {
    let field = |sign: &str, text: &str, is_typed: bool| {
        (is_typed || !text.is_empty()).then(|| format!("{sign} {text}{}", if is_typed { "_" } else { "" }))
    };
    let parts = [
        by.group.as_ref().map(|group| format!("pattern {group}")),
        field("filter", &by.filter, by.typing == Some(Field::Filter)),
        field("search", &by.search, by.typing == Some(Field::Search)),
    ];
    let role = if found.wrong.is_some() { Role::Warning } else { Role::Accent };
    let words: Vec<String> = parts.into_iter().flatten().chain(found.wrong.clone()).collect();
    (!words.is_empty()).then(|| (words.join("   "), role))
}

impl Inspected for View {
    fn rows(&self, by: &Inspection) -> usize {
        let found = Found::new(self, by);
        if shows_patterns(self, by) { patterns::common(self, &found).len() } else { found.entries.len() }
    }

    fn found(&self, by: &Inspection, from: usize, is_older: bool) -> Option<usize> {
        let found = Found::new(self, by);
        let count = found.entries.len();
        let has_it = |row: &usize| {
            count
                .checked_sub(row + 1)
                .and_then(|index| found.entries.get(index))
                .is_some_and(|one| found.marks(&one.line))
        };
        if is_older { (from + 1..count).find(has_it) } else { (0..from).rev().find(has_it) }
    }

    fn group(&self, by: &Inspection, row: usize) -> Option<String> {
        if !shows_patterns(self, by) {
            return None;
        }
        let common = patterns::common(self, &Found::new(self, by));
        self.patterns.get(common.get(row)?.pattern as usize).cloned()
    }

    fn is_wrapped(&self, by: &Inspection) -> bool {
        by.wraps != self.wrap
    }

    fn newest(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.line.number)
    }

    fn since(&self, number: u64) -> usize {
        self.entries.iter().rev().take_while(|entry| entry.line.number > number).count()
    }
}
