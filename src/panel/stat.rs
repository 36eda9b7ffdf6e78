//! One number, large, with where it comes from and where it goes.
//!
//! ```text
//!   ▄█  ▄▀▀▀▄ ▄▀▀▀▄      the value, as large as there is room for
//!    █     ▄▀ ▀▄▄▄▀      per min    its unit
//!    █   ▄▀   █   █      ↑ 4 %      change against the window's start
//!   ▀▀▀ ▀▀▀▀▀  ▀▀▀
//!  ▂▃▃▄▅▅▆▅▆▇▆▇▇▆▅▆▇█    the window
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::changes::Changes;
use super::ink::{Ink, Role};
use super::marks::big_text::{self, Size};
use super::marks::scale::Range;
use super::marks::{columns, row, scale, sparkline, write, write_right};
use super::trend::Trend;
use super::{Need, Panel, PanelInput, Room};
use crate::model::format::{Format, Humane, MISSING, Written};
use crate::model::judgement::Content;
use crate::model::series::Point;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::model::unit::Unit;

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
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    name: SafeText,
    value: Written,
    status: Status,
    change: Option<Change>,
    trend: Option<Trend>,
    others: usize,
    format: Format,
    changes: Changes,
}

/// The greatest change that says something: a value that was next to nothing has grown by thousands of per cent.
const MOST_CHANGE: f64 = 999.0;

/// The change against the window's start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Change {
    Up(i64),
    Down(i64),
    Same,
}

impl Change {
    /// In whole per cent; `None` where that means nothing.
    fn over(points: &[Point], value: Option<f64>) -> Option<Self> {
        let values: Vec<f64> = points.iter().map(|point| point.value).filter(|value| value.is_finite()).collect();
        let (first, last) = (*values.first()?, value?);
        if points.len() < 2 || first == 0.0 || only_grows(&values) {
            return None;
        }
        let percent = ((last - first) / first.abs() * 100.0).round();
        // Cast only what is of moderate size.
        (percent.abs() <= MOST_CHANGE).then(|| match percent as i64 {
            0 => Self::Same,
            up @ 1.. => Self::Up(up),
            down => Self::Down(-down),
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
    const ROOM: Room = Room::new((16, 1), (28, 8), (100, 24), 2);
    const WIDENED: bool = false;
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let none = View {
            name: SafeText::default(),
            value: said(MISSING, ""),
            status: input.status,
            change: None,
            trend: None,
            others: 0,
            format: input.format(),
            changes: Changes::default(),
        };
        match &input.content {
            Content::Series(series) => {
                // Of several series the worst is the one that matters.
                let Some(worst) = series.iter().max_by_key(|one| one.judgement.status.severity()) else { return none };
                let trend = (!options.plain).then(|| Trend::from_series(worst, input));
                View {
                    name: worst.name.clone(),
                    value: none.format.written(worst.value, input.now),
                    status: input.status,
                    change: Change::over(&worst.points, worst.value),
                    changes: trend.as_ref().map_or(none.changes, |trend| Changes::between(input, trend.from, trend.to)),
                    trend,
                    others: series.len() - 1,
                    format: none.format,
                }
            }
            Content::Text(lines) => View { value: said(lines.first().map_or("", SafeText::as_str), ""), ..none },
            Content::Table(shown) if shown.table.own.len() == 1 => {
                View { value: said(shown.table.value_of(0).as_str(), ""), ..none }
            }
            Content::Table(shown) => View { value: counted(shown.rows.len(), "rows"), ..none },
            Content::Builds(builds) => View { value: counted(builds.len(), "builds"), ..none },
            Content::Events(events) => View { value: counted(events.len(), "events"), ..none },
            Content::Reviews(reviews) => View { value: counted(reviews.len(), "reviews"), ..none },
            Content::Logs(lines) => View { value: counted(lines.len(), "lines"), ..none },
            Content::Nothing => none,
        }
    }

    fn within(view: &View, window: Span) -> Option<View> {
        let changes = view.changes.within(window)?;
        let trend = view.trend.as_ref()?.since(changes.from);
        // The value itself is the newest one anyway.
        let last = trend.points.last().map(|point| point.value).filter(|value| value.is_finite());
        let change = view.change.and_then(|_| Change::over(&trend.points, last));
        Some(View { change, trend: Some(trend), changes, ..view.clone() })
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let pad = u16::from(area.width > 24);
        let inner = columns(area, pad, area.width.saturating_sub(2 * pad));
        let used = match Large::fitting(view, inner, ink) {
            Some(large) => large.draw(view, inner, buffer, ink),
            None => draw_line(view, row(inner, 0), buffer, ink),
        };
        if let Some(trend) = &view.trend {
            let left = Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area };
            if left.height > 0 {
                let columns = scale::columns(&trend.points, trend.from, trend.to, left.width, trend.reach);
                let role = if view.status == Status::Ok { Role::Series(0) } else { view.status.into() };
                if let Some(range) = trend.range() {
                    sparkline::draw(buffer, left, (&columns, range), false, role, ink);
                }
                view.changes.draw(left, buffer, ink);
            }
        }
    }

    fn strip(view: &View) -> String {
        view.value.short.text()
    }

    fn changes(view: &View) -> Option<&Changes> {
        view.trend.is_some().then_some(&view.changes)
    }

    fn said_at(view: &View, at: Timestamp) -> String {
        let value = view.trend.as_ref().and_then(|trend| trend.value_at(at));
        view.format.written(value, at).long.text()
    }
}

/// Whether these are the values of a counter: it rose more than once and never fell, except to start again. What it
/// has grown by in a window says how long the window is, not how things are.
fn only_grows(values: &[f64]) -> bool {
    let steps = || values.windows(2).filter(|pair| (pair[1] - pair[0]).abs() > 0.0);
    let rises = |pair: &&[f64]| pair[1] > pair[0];
    let begins_anew = |pair: &[f64]| pair[1] >= 0.0 && pair[1] <= pair[0] * 0.05;
    steps().filter(rises).count() > 1 && steps().all(|pair| rises(&pair) || begins_anew(pair))
}

/// Words instead of a number.
fn said(number: &str, unit: &str) -> Written {
    let said = Humane { number: number.to_owned(), unit: unit.to_owned() };
    Written { long: said.clone(), short: said }
}

fn counted(count: usize, what: &str) -> Written {
    Format::new(Unit::Other(SafeText::new(what))).written(Some(count as f64), Timestamp(0))
}

/// The value in characters that are read from afar.
struct Large<'a> {
    text: String,
    size: Size,
    width: u16,
    /// The unit, where it is not large too.
    unit: &'a str,
    /// Whether unit and notes stand beside the number; else they stand below it.
    is_beside: bool,
}

/// The widest unit that is drawn as large as its number.
const LARGE_UNIT: usize = 3;

impl<'a> Large<'a> {
    /// The largest that leaves room for the notes and for the line of the past. Of one size the unit is large where
    /// it is short, and the number has all its digits where these fit.
    fn fitting(view: &'a View, inner: Rect, ink: &Ink) -> Option<Self> {
        // That there is no value need not be seen from afar; why there is none needs the room.
        if view.value.long.number == MISSING {
            return None;
        }
        let words = notes_width(view, ink);
        let candidates: Vec<(String, &str)> = [&view.value.long, &view.value.short]
            .into_iter()
            .flat_map(|value| {
                let whole = (value.unit.width() <= LARGE_UNIT && !value.unit.is_empty()).then(|| (value.text(), ""));
                whole.into_iter().chain([(value.number.clone(), value.unit.as_str())])
            })
            .collect();
        let room = |size: Size| Some((inner.height.checked_sub(size.height() + least_trend(view, size))?, size));
        Size::LARGEST_FIRST.into_iter().filter_map(room).find_map(|(spare, size)| {
            candidates.iter().find_map(|(text, unit)| {
                let (fitted, width) = big_text::fitting(text, (inner.width, size.height()), ink.glyphs)?;
                let words = words.max(unit.width() as u16);
                let is_beside = words == 0 || width + 2 + words <= inner.width;
                let fits = fitted == size && (is_beside || spare > 0);
                fits.then(|| Large { text: text.clone(), size, width, unit, is_beside })
            })
        })
    }

    /// The value, its unit and notes. Returns the rows taken.
    fn draw(&self, view: &View, inner: Rect, buffer: &mut Buffer, ink: &Ink) -> u16 {
        let (height, below) = (self.size.height(), u16::from(!self.is_beside));
        let spare = inner.height.saturating_sub(height + below);
        let trend = if view.trend.is_some() { least_trend(view, self.size).max(LEAST_TREND) } else { 0 };
        // A free row above the number and one below it, when the line of the past can spare them.
        let top = if view.trend.is_some() { u16::from(spare > trend) } else { spare / 2 };
        let free = u16::from(spare > trend + 1);
        let at = Rect { y: inner.y + top, height: height.min(inner.height), ..inner };
        let role = if view.status == Status::Ok { Role::Text } else { view.status.into() };
        big_text::draw(buffer, at, &self.text, self.size, ink.stroke(role), ink.glyphs);
        // A unit that is no words is part of the number.
        let shown = if self.unit.is_empty() { &view.value.short.unit } else { self.unit };
        if self.is_beside {
            let legend = columns(at, self.width + 2, at.width);
            // At the foot of the number: the small font leaves the lower half of its last row free.
            let foot = height - 2;
            write(buffer, legend, 0, foot - 1, self.unit, ink.style(Role::Muted));
            notes(view, legend, (foot, shown), buffer, ink);
        } else {
            let line = row(inner, top + height);
            let used = write(buffer, line, 0, 0, self.unit, ink.style(Role::Muted));
            notes(view, columns(line, if used > 0 { used + 2 } else { 0 }, line.width), (0, shown), buffer, ink);
        }
        top + height + below + free
    }
}

/// Rows with which the line of the past shows a shape.
const LEAST_TREND: u16 = 2;

/// The rows that the line of the past has at least beside a number of a size: the larger the number, the higher.
const fn least_trend(view: &View, size: Size) -> u16 {
    if view.trend.is_none() {
        return 0;
    }
    match size {
        Size::Small => 0,
        Size::Large => 2,
        Size::Double => 4,
        Size::Triple => 6,
    }
}

/// The value in a line. Returns the rows taken.
fn draw_line(view: &View, line: Rect, buffer: &mut Buffer, ink: &Ink) -> u16 {
    let long = view.value.long.text();
    let written = if long.width() <= usize::from(line.width) { &view.value.long } else { &view.value.short };
    let text = written.text();
    let used = write(buffer, line, 0, 0, &text, ink.value(view.status));
    notes(view, columns(line, used + 2, line.width), (0, &written.unit), buffer, ink);
    1
}

/// The change, and whose value it is where there are several.
fn note_words(view: &View, ink: &Ink) -> Vec<String> {
    let whose = (view.others > 0).then(|| format!("{} (+{})", view.name, view.others));
    view.change.map(|change| change.text(ink)).into_iter().chain(whose).collect()
}

fn notes_width(view: &View, ink: &Ink) -> u16 {
    note_words(view, ink).iter().map(|words| words.width() + 2).sum::<usize>().saturating_sub(2) as u16
}

/// The notes, in a row; `unit` is that of the number beside them.
fn notes(view: &View, area: Rect, (y, unit): (u16, &str), buffer: &mut Buffer, ink: &Ink) {
    let mut x = 0;
    for words in note_words(view, ink) {
        x += write(buffer, area, x, y, &words, ink.style(Role::Muted)) + 2;
    }
    // How far the line of the past reaches, where there is room for that, too.
    if let Some(words) = view.trend.as_ref().and_then(|trend| reach(trend, &view.format, unit))
        && usize::from(x) + words.width() <= usize::from(area.width)
    {
        write_right(buffer, area, y, &words, ink.style(Role::Muted));
    }
}

/// "38.2 to 85.1": the least and the greatest value of a line, in the precision of its newest; with a unit where that is
/// not the one beside the large number.
fn reach(trend: &Trend, format: &Format, shown_unit: &str) -> Option<String> {
    let Range { low, high } = trend.extremes().filter(|range| range.low < range.high)?;
    let last = trend.points.iter().rev().map(|point| point.value).find(|value| value.is_finite());
    let texts = format.all_written(&[Some(low), Some(high), last], trend.to);
    let [low, high, _] = texts.as_slice() else { return None };
    let (low, high) = (&low.short, &high.short);
    Some(match low.unit == high.unit {
        true if high.unit == shown_unit => format!("{} to {}", low.number, high.number),
        true => format!("{} to {}", low.number, high.text()),
        false => format!("{} to {}", low.text(), high.text()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(values: &[f64]) -> Option<Change> {
        let points: Vec<Point> =
            values.iter().enumerate().map(|(n, value)| Point { at: Timestamp(n as i64), value: *value }).collect();
        Change::over(&points, values.last().copied())
    }

    #[test]
    fn a_change_that_says_nothing_is_left_out() {
        assert_eq!(change(&[100.0, 90.0, 104.0]), Some(Change::Up(4)));
        assert_eq!(change(&[100.0, 110.0, 50.0]), Some(Change::Down(50)));
        assert_eq!(change(&[100.0, 90.0, 100.0]), Some(Change::Same));
        assert_eq!(change(&[0.01, 0.0, 50.0]), None, "thousands of per cent");
        assert_eq!(change(&[1e-20, -0.5]), None, "more per cent than there are numbers");
        assert_eq!(change(&[0.0, 1.0, 0.5]), None, "from nothing");
    }

    #[test]
    fn a_counter_has_no_change() {
        assert_eq!(change(&[10.0, 11.0, 11.0, 14.0]), None);
        assert_eq!(change(&[40.0, 41.0, 43.0, 0.0, 1.0]), None, "also one that began anew");
        assert_eq!(change(&[3.0, 3.0, 4.0]), Some(Change::Up(33)), "one step is no counter");
    }
}
