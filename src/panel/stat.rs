//! One number, large, with where it comes from and where it goes.
//!
//! ```text
//!  ▀█  ▀▀█ █▀█          the value, large when there is room
//!   █  █▀▀ █▀█          per min
//!  ▄█▄ █▄▄ █▄█          ▲ 4 %      change against the window's start
//!  ▂▃▃▄▅▅▆▅▆▇▆▇▇▆▅▆▇█   the window
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::Deserialize;
use unicode_width::UnicodeWidthStr;

use super::changes::Changes;
use super::ink::{Ink, Role};
use super::marks::{columns, digits, row, scale, sparkline, write};
use super::trend::Trend;
use super::{Need, Panel, Reading, Room};
use crate::model::format::{self, Humane, MISSING};
use crate::model::judgement::{Content, JudgedSeries};
use crate::model::status::Status;
use crate::model::text::SafeText;

/// The panel.
#[derive(Debug)]
pub struct Stat;

/// The keys of a stat panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Show the value and its change only, without the line of its past (default false).
    pub plain: bool,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    name: SafeText,
    value: Humane,
    status: Status,
    change: Option<Change>,
    trend: Option<Trend>,
    others: usize,
    changes: Changes,
}

/// The change against the window's start.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Up(i64),
    Down(i64),
    Same,
}

impl Change {
    /// In whole per cent; `None` where that means nothing.
    fn of(series: &JudgedSeries<'_>) -> Option<Self> {
        let first = series.points.iter().map(|p| p.value).find(|v| v.is_finite())?;
        let last = series.value?;
        if series.points.len() < 2 || first == 0.0 {
            return None;
        }
        let percent = ((last - first) / first.abs() * 100.0).round();
        Some(match percent as i64 {
            0 => Self::Same,
            up @ 1.. => Self::Up(up.min(999)),
            down => Self::Down((-down).min(999)),
        })
    }

    fn text(self, ink: &Ink) -> String {
        let [up, down, same] = ink.glyphs.change();
        match self {
            Self::Up(percent) => format!("{up} {percent} %"),
            Self::Down(percent) => format!("{down} {percent} %"),
            Self::Same => format!("{same} 0 %"),
        }
    }
}

impl Panel for Stat {
    const VIEW: &'static str = "stat";
    const SUMMARY: &'static str = "one number, large, with its change and its line";
    const HISTORY: bool = true;
    const SOURCE: Need = Need::Needed;
    const ROOM: Room = Room { min_width: 16, min_height: 1, ideal_height: 5, weight: 2 };
    type Options = Options;
    type View = View;

    fn view(options: &Options, reading: &Reading<'_>) -> View {
        let none = View {
            name: SafeText::default(),
            value: Humane { number: MISSING.to_owned(), unit: String::new() },
            status: reading.status,
            change: None,
            trend: None,
            others: 0,
            changes: Changes::default(),
        };
        match &reading.content {
            Content::Series(series) => {
                // Of several series the worst is the one that matters.
                let Some(worst) = series.iter().max_by_key(|one| one.judgement.status.severity()) else { return none };
                let trend = (!options.plain).then(|| Trend::of(worst, reading));
                View {
                    name: worst.name.clone(),
                    value: worst.value.map_or(none.value, |value| format::humane(value, reading.unit, reading.now)),
                    status: reading.status,
                    change: Change::of(worst),
                    changes: trend.as_ref().map_or(none.changes, |trend| Changes::of(reading, trend.from, trend.to)),
                    trend,
                    others: series.len() - 1,
                }
            }
            Content::Lines(lines) => View {
                value: Humane {
                    number: lines.first().map(SafeText::to_string).unwrap_or_default(),
                    unit: String::new(),
                },
                ..none
            },
            Content::Table(table, _) => {
                View { value: Humane { number: table.rows.len().to_string(), unit: "rows".to_owned() }, ..none }
            }
            Content::Builds(builds) => {
                View { value: Humane { number: builds.len().to_string(), unit: "builds".to_owned() }, ..none }
            }
            Content::Events(events) => {
                View { value: Humane { number: events.len().to_string(), unit: "events".to_owned() }, ..none }
            }
            Content::Reviews(reviews) => {
                View { value: Humane { number: reviews.len().to_string(), unit: "reviews".to_owned() }, ..none }
            }
            Content::Nothing => none,
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let pad = u16::from(area.width > 24);
        let inner = columns(area, pad, area.width.saturating_sub(2 * pad));
        let large = digits::width(&view.value.number, ink.glyphs).filter(|_| area.height >= digits::HEIGHT);
        let beside = view.value.unit.width().max(6) as u16;
        let top = match large {
            Some(width) if width + 2 + beside <= inner.width => {
                let top = u16::from(area.height > digits::HEIGHT + 1);
                let at = Rect { y: inner.y + top, height: digits::HEIGHT, ..inner };
                digits::draw(buffer, at, &view.value.number, ink.value(view.status));
                let legend = columns(at, width + 2, at.width);
                write(buffer, legend, 0, 1, &view.value.unit, ink.style(Role::Muted));
                notes(view, legend, 2, buffer, ink);
                // A free line above the trend, when there are two for it.
                top + digits::HEIGHT + u16::from(area.height > top + digits::HEIGHT + 2)
            }
            _ => {
                let line = row(inner, 0);
                let used = write(buffer, line, 0, 0, &view.value.text(), ink.value(view.status));
                notes(view, columns(line, used + 2, line.width), 0, buffer, ink);
                1
            }
        };
        if let Some(trend) = &view.trend {
            let left = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
            if left.height > 0 {
                let columns = scale::columns(&trend.points, trend.from, trend.to, left.width, trend.reach);
                let role = if view.status == Status::Ok { Role::Series(0) } else { view.status.into() };
                if let Some(range) = trend.range() {
                    sparkline::draw(buffer, left, &columns, range, role, ink);
                }
                view.changes.draw(left, buffer, ink);
            }
        }
    }

    fn strip(view: &View) -> String {
        view.value.text()
    }

    fn changes(view: &View) -> Option<&Changes> {
        view.trend.is_some().then_some(&view.changes)
    }
}

/// The change, and whose value it is where there are several.
fn notes(view: &View, area: Rect, y: u16, buffer: &mut Buffer, ink: &Ink) {
    let mut used = 0;
    if let Some(change) = view.change {
        used = write(buffer, area, 0, y, &change.text(ink), ink.style(Role::Muted)) + 2;
    }
    if view.others > 0 {
        let whose = format!("{} (+{})", view.name, view.others);
        write(buffer, area, used, y, &whose, ink.style(Role::Muted));
    }
}
