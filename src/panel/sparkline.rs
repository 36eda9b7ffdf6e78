//! A line of small bars for each series, with its name and its value.
//!
//! ```text
//! cpu   ▂▂▃▂▂▃▄▃▂▂▃   18 %
//! mem   ▅▅▅▅▅▅▅▅▅▅▅   62 %
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::changes::Changes;
use super::ink::{Ink, Role};
use super::marks::scale::Range;
use super::marks::{columns, row, scale, sparkline, write, write_right};
use super::trend::{self, Line};
use super::{ANY, Need, Panel, PanelInput, Room, Shape};
use crate::model::format::Format;
use crate::model::judgement::Content;
use crate::model::status::Status;
use crate::model::time::{Span, Timestamp};
use crate::model::unit::Unit;

/// The panel.
#[derive(Debug)]
pub struct Sparkline;

/// The keys of a sparkline panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Lower end of the bars (default: 0, or the least value when that is below 0).
    pub min: Option<f64>,
    /// Upper end of the bars (default: the greatest value, or 1 for a ratio).
    pub max: Option<f64>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    lines: Vec<Line>,
    /// That of all lines; without it each has its own.
    range: Option<Range>,
    format: Format,
    changes: Changes,
    /// What the range is made of.
    #[serde(skip)]
    options: Options,
}

impl Panel for Sparkline {
    const VIEW: &'static str = "sparkline";
    const SUMMARY: &'static str = "a line of small bars a series, with its name and its value";
    const HISTORY: bool = true;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Numbers);
    const ROOM: Room = Room::new((16, 1), (44, 3), (ANY, 8), 3);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let Content::Series(series) = &input.content else {
            return View {
                lines: Vec::new(),
                range: None,
                format: Format::default(),
                changes: Changes::default(),
                options: options.clone(),
            };
        };
        let lines = Line::for_each_series(series, input);
        let to = lines.iter().map(|line| line.trend.to).max().unwrap_or(input.now);
        let changes = Changes::between(input, to.minus(input.window), to);
        let format = input.format();
        View { range: range(&lines, options, &format.unit), lines, format, changes, options: options.clone() }
    }

    fn within(view: &View, window: Span) -> Option<View> {
        let changes = view.changes.within(window)?;
        let lines = trend::since(&view.lines, changes.from);
        let range = range(&lines, &view.options, &view.format.unit);
        Some(View { lines, range, changes, ..view.clone() })
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        if area.height == 0 || view.lines.is_empty() {
            return;
        }
        let count = view.lines.len() as u16;
        let each = (area.height / count).max(1);
        let shown = area.height / each;
        let hidden = if count > shown { format!(" +{}", count - shown) } else { String::new() };
        let names = view.lines.iter().map(|line| line.name.width()).max().unwrap_or(0).min(usize::from(area.width / 3));
        let texts = texts(&view.lines, usize::from(area.width).saturating_sub(names));
        // Where lines are high, their greatest and least values stand above and below the current one.
        let is_high = each >= WITH_EXTREMES && area.width >= WIDE;
        let ends: Vec<Option<[String; 2]>> =
            view.lines.iter().filter(|_| is_high).map(|line| extremes(line, view)).collect();
        let words = ends.iter().flatten().flatten();
        let values = texts.iter().chain(words).map(|text| text.width()).max().unwrap_or(0);
        let left = if names > 0 { names as u16 + 1 } else { 0 };
        let right = values as u16 + 1 + hidden.width() as u16;
        for (n, (line, text)) in view.lines.iter().zip(&texts).enumerate() {
            let y = n as u16 * each;
            let at = Rect { y: area.y.saturating_add(y), height: each.min(area.height.saturating_sub(y)), ..area };
            if at.height == 0 {
                break;
            }
            let last = at.height - 1;
            let middle = if is_high { last / 2 } else { last };
            write(buffer, columns(at, 0, names as u16), 0, middle, line.name.as_str(), ink.style(Role::Muted));
            let value = Rect { width: at.width.saturating_sub(hidden.width() as u16), ..at };
            write_right(buffer, value, middle, text, ink.value(line.status));
            let bars = columns(at, left, at.width.saturating_sub(left + right));
            let columns =
                scale::columns(&line.trend.points, line.trend.from, line.trend.to, bars.width, line.trend.reach);
            let role = if line.status == Status::Ok { Role::Series(n as u8) } else { line.status.into() };
            for (words, y) in ends.get(n).iter().copied().flatten().flatten().zip([0, last]) {
                write_right(buffer, value, y, words, ink.style(Role::Muted));
            }
            if let Some(range) = view.range.or_else(|| line.trend.range()) {
                sparkline::draw(buffer, bars, (&columns, range), n > 0, role, ink);
            }
        }
        view.changes.draw(columns(area, left, area.width.saturating_sub(left + right)), buffer, ink);
        write_right(buffer, row(area, area.height - 1), 0, &hidden, ink.style(Role::Muted));
    }

    fn room(view: &View) -> Room {
        Self::ROOM.for_rows(view.lines.len(), (3, 8))
    }

    fn strip(view: &View) -> String {
        trend::strip(&view.lines)
    }

    fn changes(view: &View) -> Option<&Changes> {
        Some(&view.changes)
    }

    fn said_at(view: &View, at: Timestamp) -> String {
        trend::words_at(&view.lines, at, &view.format)
    }
}

/// The rows of a line with which its greatest and least value are written above and below its current one.
const WITH_EXTREMES: u16 = 4;
/// The columns of a panel in which they leave enough for the line.
const WIDE: u16 = 40;

/// The range of all lines, where they have one.
fn range(lines: &[Line], options: &Options, unit: &Unit) -> Option<Range> {
    // What is counted, or is a share, begins at zero, the same for all; of anything else each line shows its shape.
    let is_from_zero = matches!(unit, Unit::None | Unit::Ratio | Unit::Percent | Unit::Other(_))
        || options.min.is_some()
        || options.max.is_some();
    let values = lines.iter().filter(|_| is_from_zero).flat_map(|line| &line.trend.points).map(|point| point.value);
    Range::around(values).map(Range::with_zero).map(|range| Range {
        low: options.min.unwrap_or(range.low),
        high: options.max.unwrap_or(if *unit == Unit::Ratio { range.high.max(1.0) } else { range.high }),
    })
}

/// "max 18 %" and "min 5 %" of a line; nothing where it is flat.
fn extremes(line: &Line, view: &View) -> Option<[String; 2]> {
    let Range { low, high } = line.trend.extremes().filter(|range| range.low < range.high)?;
    let texts = view.format.all_written(&[Some(high), Some(low)], line.trend.to);
    let [high, low] = texts.as_slice() else { return None };
    Some([format!("max {}", high.short.text()), format!("min {}", low.short.text())])
}

/// The least columns of bars beside which numbers are written with all their digits.
const LEAST_BARS: usize = 24;

/// The current values, with all their digits where bars still have room beside them.
fn texts(lines: &[Line], room: usize) -> Vec<String> {
    let long: Vec<String> = lines.iter().map(|line| line.text.long.text()).collect();
    let widest = long.iter().map(|text| text.width()).max().unwrap_or(0);
    if widest + 1 + LEAST_BARS <= room { long } else { lines.iter().map(|line| line.text.short.text()).collect() }
}
