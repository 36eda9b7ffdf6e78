//! One number, large, with where it comes from and where it goes.
//!
//! ```text
//!  ▀█  ▀▀█ █▀█          the value, large when there is room
//!   █  █▀▀ █▀█          per min
//!  ▀▀▀ ▀▀▀ ▀▀▀          ↑ 4 %      change against the window's start
//!  ▂▃▃▄▅▅▆▅▆▇▆▇▇▆▅▆▇█   the window
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::changes::Changes;
use super::ink::{Ink, Role};
use super::marks::{columns, digits, row, scale, sparkline, write};
use super::trend::Trend;
use super::{Need, Panel, PanelInput, Room};
use crate::model::format::{Format, Humane, MISSING, Written};
use crate::model::judgement::{Content, JudgedSeries};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
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
const MOST_CHANGE: i64 = 999;

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
    fn over(series: &JudgedSeries<'_>) -> Option<Self> {
        let values: Vec<f64> =
            series.points.iter().map(|point| point.value).filter(|value| value.is_finite()).collect();
        let (first, last) = (*values.first()?, series.value?);
        if series.points.len() < 2 || first == 0.0 || only_grows(&values) {
            return None;
        }
        let percent = ((last - first) / first.abs() * 100.0).round();
        let percent = percent as i64;
        (percent.abs() <= MOST_CHANGE).then_some(match percent {
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
    const ROOM: Room = Room { min_width: 16, min_height: 1, ideal_height: 5, weight: 2 };
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
                    change: Change::over(worst),
                    changes: trend.as_ref().map_or(none.changes, |trend| Changes::between(input, trend.from, trend.to)),
                    trend,
                    others: series.len() - 1,
                    format: none.format,
                }
            }
            Content::Text(lines) => View { value: said(lines.first().map_or("", SafeText::as_str), ""), ..none },
            Content::Table(shown) => View { value: counted(shown.rows.len(), "rows"), ..none },
            Content::Builds(builds) => View { value: counted(builds.len(), "builds"), ..none },
            Content::Events(events) => View { value: counted(events.len(), "events"), ..none },
            Content::Reviews(reviews) => View { value: counted(reviews.len(), "reviews"), ..none },
            Content::Nothing => none,
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let pad = u16::from(area.width > 24);
        let inner = columns(area, pad, area.width.saturating_sub(2 * pad));
        let top = match large(view, inner, ink) {
            Some(value) => draw_large(view, value, inner, buffer, ink),
            None => draw_line(view, row(inner, 0), buffer, ink),
        };
        if let Some(trend) = &view.trend {
            let left = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
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

/// The value that fits in large digits, with its width: with all its digits, else the shorter one.
fn large<'a>(view: &'a View, inner: Rect, ink: &Ink) -> Option<(&'a Humane, u16)> {
    if inner.height < digits::HEIGHT {
        return None;
    }
    let fits = |value: &'a Humane| {
        let width = digits::width(&value.number, ink.glyphs)?;
        (width + 2 + value.unit.width().max(6) as u16 <= inner.width).then_some((value, width))
    };
    fits(&view.value.long).or_else(|| fits(&view.value.short))
}

/// The value in large digits, with its unit and notes beside them. Returns the rows taken.
fn draw_large(view: &View, (value, width): (&Humane, u16), inner: Rect, buffer: &mut Buffer, ink: &Ink) -> u16 {
    let top = u16::from(inner.height > digits::HEIGHT + 1);
    let at = Rect { y: inner.y + top, height: digits::HEIGHT, ..inner };
    let role = if view.status == Status::Ok { Role::Text } else { view.status.into() };
    digits::draw(buffer, at, &value.number, role, ink);
    let legend = columns(at, width + 2, at.width);
    write(buffer, legend, 0, 1, &value.unit, ink.style(Role::Muted));
    notes(view, legend, 2, buffer, ink);
    // A free line above the trend, when there are two for it.
    top + digits::HEIGHT + u16::from(inner.height > top + digits::HEIGHT + 2)
}

/// The value in a line. Returns the rows taken.
fn draw_line(view: &View, line: Rect, buffer: &mut Buffer, ink: &Ink) -> u16 {
    let long = view.value.long.text();
    let text = if long.width() <= usize::from(line.width) { long } else { view.value.short.text() };
    let used = write(buffer, line, 0, 0, &text, ink.value(view.status));
    notes(view, columns(line, used + 2, line.width), 0, buffer, ink);
    1
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::judgement::Judgement;
    use crate::model::series::Point;

    fn change(values: &[f64]) -> Option<Change> {
        let point = |(n, value): (usize, &f64)| Point { at: Timestamp(n as i64), value: *value };
        let points: Vec<Point> = values.iter().enumerate().map(point).collect();
        Change::over(&JudgedSeries {
            name: SafeText::default(),
            value: values.last().copied(),
            points: points.into(),
            judgement: Judgement::default(),
            lack: None,
        })
    }

    #[test]
    fn a_change_that_says_nothing_is_left_out() {
        assert_eq!(change(&[100.0, 90.0, 104.0]), Some(Change::Up(4)));
        assert_eq!(change(&[100.0, 110.0, 50.0]), Some(Change::Down(50)));
        assert_eq!(change(&[100.0, 90.0, 100.0]), Some(Change::Same));
        assert_eq!(change(&[0.01, 0.0, 50.0]), None, "thousands of per cent");
        assert_eq!(change(&[0.0, 1.0, 0.5]), None, "from nothing");
    }

    #[test]
    fn a_counter_has_no_change() {
        assert_eq!(change(&[10.0, 11.0, 11.0, 14.0]), None);
        assert_eq!(change(&[40.0, 41.0, 43.0, 0.0, 1.0]), None, "also one that began anew");
        assert_eq!(change(&[3.0, 3.0, 4.0]), Some(Change::Up(33)), "one step is no counter");
    }
}
