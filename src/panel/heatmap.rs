//! How much, over time, by colour: a row a series, or a bucket of a histogram.
//!
//! ```text
//! 2.5 s┤                 ░▒░
//!   1 s┤  ░   ░     ░ ░▒▓█▓▒░ ░
//! 0.5 s┤▒▓▒▒▓▒▓▒▒▒▓▒▒▓▓▓▓▒▒▓▒▒▓
//!      └───────┴───────┴──────
//!      13:32   13:52   14:12      0 ░▒▓█ 21
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::changes::Changes;
use super::ink::{Ink, Role};
use super::marks::{buckets, columns, heat, put, row, scale, time_axis, write, write_right};
use super::trend::{VIEW_POINTS, reach, right_edge};
use super::{ANY, Need, Panel, PanelInput, Room, Shape};
use crate::model::format::Format;
use crate::model::judgement::{Content, JudgedSeries};
use crate::model::series::Point;
use crate::model::time::{Span, Timestamp, Zone};
use crate::model::unit::Unit;
use crate::store::ring::thin;

/// Most rows that are kept.
const MOST_ROWS: usize = 100;

/// The panel.
#[derive(Debug)]
pub struct Heatmap;

/// The keys of a heatmap panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The value of the brightest cell (default: the greatest there is).
    pub max: Option<f64>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// The topmost first.
    lines: Vec<Line>,
    hidden: usize,
    from: Timestamp,
    to: Timestamp,
    max: f64,
    most: String,
    /// Where several lines share a row: buckets add up, of anything else the greatest counts.
    adds_up: bool,
    zone: Zone,
    changes: Changes,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    name: String,
    points: Vec<Point>,
    reach: Span,
}

impl Line {
    fn new(name: String, points: &[Point], input: &PanelInput<'_>) -> Self {
        Self { name, points: thin(points, VIEW_POINTS), reach: reach(points, input.refresh) }
    }
}

impl Panel for Heatmap {
    const VIEW: &'static str = "heatmap";
    const SUMMARY: &'static str =
        "how much over time, by colour: a row a series, or a bucket of a Prometheus histogram";
    const HISTORY: bool = true;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Numbers);
    const ROOM: Room = Room::new((24, 2), (60, 8), (ANY, 40), 3);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let series = match &input.content {
            Content::Series(series) => series.as_slice(),
            _ => &[],
        };
        let buckets = buckets::of(series);
        let adds_up = buckets.is_some();
        let plain = |one: &JudgedSeries<'_>| Line::new(one.name.to_string(), &one.points, input);
        let lines: Vec<Line> = match buckets {
            Some(buckets) => of_buckets(buckets, input),
            None => series.iter().take(MOST_ROWS).map(plain).collect(),
        };
        let newest = series.iter().filter_map(|one| one.points.last()).map(|point| point.at).max();
        let to = right_edge(newest, input);
        let from = to.minus(input.window);
        let greatest =
            lines.iter().flat_map(|line| &line.points).map(|point| point.value).filter(|value| value.is_finite());
        let max = options.max.unwrap_or_else(|| greatest.fold(0.0, f64::max));
        // The unit of a histogram is that of its bounds; what is counted in it are cases.
        let format = if adds_up { Format::new(Unit::None) } else { input.format() };
        View {
            hidden: series.len() - lines.len(),
            lines,
            from,
            to,
            max,
            most: format.written(Some(max), input.now).short.text(),
            adds_up,
            zone: input.zone.clone(),
            changes: Changes::between(input, from, to),
        }
    }

    fn within(view: &View, window: Span) -> Option<View> {
        let changes = view.changes.within(window)?;
        let from = changes.from;
        let points = |line: &Line| line.points.iter().filter(|point| point.at >= from).copied().collect();
        let lines = view.lines.iter().map(|line| Line { points: points(line), ..line.clone() }).collect();
        Some(View { lines, from, changes, ..view.clone() })
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        if view.lines.is_empty() || area.height == 0 {
            return;
        }
        let axis_rows = if area.height >= 4 { time_axis::ROWS } else { 0 };
        let names =
            view.lines.iter().map(|line| line.name.width()).max().unwrap_or(0).min(usize::from(area.width / 3)) as u16;
        let height = area.height - axis_rows;
        let plot = Rect { height, ..columns(area, names + 1, area.width) };
        let [.., side] = ink.glyphs.frame();
        (0..height).for_each(|y| put(buffer, area, names, y, side, ink.style(Role::Border)));
        let spans = spans(view.lines.len(), height);
        for (lines, (top, end)) in view.lines.chunks(view.lines.len().div_ceil(spans.len().max(1)).max(1)).zip(&spans) {
            let Some(line) = lines.first() else { continue };
            write_right(buffer, row(columns(area, 0, names), (top + end) / 2), 0, &line.name, ink.style(Role::Muted));
            for (x, part) in view.parts(lines, plot.width).into_iter().enumerate() {
                let Some(part) = part else { continue };
                let (symbol, style) = heat::cell(part, ink);
                (*top..=*end).for_each(|y| put(buffer, plot, x as u16, y, symbol, style));
            }
        }
        if axis_rows == 0 {
            view.changes.draw_glyphs(plot, buffer, ink);
            return;
        }
        let below = Rect { y: area.y + height, height: axis_rows, ..plot };
        let legend = view.legend(below, buffer, ink);
        time_axis::draw((view.from, view.to), &view.zone, (below, legend), buffer, ink);
        // On the axis: on the cells they would hide what they are about.
        view.changes.draw_glyphs(row(below, 0), buffer, ink);
    }

    fn room(view: &View) -> Room {
        let count = u16::try_from(view.lines.len()).unwrap_or(ANY);
        let rows = |each: u16| count.saturating_mul(each) + time_axis::ROWS;
        Self::ROOM.with_rows((rows(1).max(6), rows(3)))
    }

    fn strip(view: &View) -> String {
        format!("{} rows, up to {}", view.lines.len(), view.most)
    }

    fn changes(view: &View) -> Option<&Changes> {
        Some(&view.changes)
    }
}

impl View {
    /// How much of the most each column of some lines has; none where nothing is known.
    fn parts(&self, lines: &[Line], width: u16) -> Vec<Option<f64>> {
        let mut values: Vec<Option<f64>> = Vec::new();
        for line in lines {
            let columns = scale::columns(&line.points, self.from, self.to, width, line.reach);
            let highs = columns.into_iter().map(|column| column.map(|(_, high)| high));
            if values.is_empty() {
                values = highs.collect();
                continue;
            }
            for (value, high) in values.iter_mut().zip(highs) {
                *value = match (*value, high) {
                    // A sum without one of its parts is no sum.
                    (Some(before), Some(high)) if self.adds_up => Some(before + high),
                    _ if self.adds_up => None,
                    (before, high) => before.into_iter().chain(high).reduce(f64::max),
                };
            }
        }
        // Of what is rare a little must be seen beside what is frequent.
        let part = |value: f64| if self.max > 0.0 { (value / self.max).max(0.0).sqrt() } else { 0.0 };
        values.into_iter().map(|value| value.map(part)).collect()
    }

    /// From nothing to the most, in the last row at the right; the columns it takes.
    fn legend(&self, area: Rect, buffer: &mut Buffer, ink: &Ink) -> u16 {
        const STEPS: u16 = 8;
        let hidden = if self.hidden > 0 { format!("  +{}", self.hidden) } else { String::new() };
        let most = format!(" {}{hidden}", self.most);
        let width = 2 + STEPS + most.width() as u16;
        if width + 12 > area.width {
            return 0;
        }
        let left = area.width - width;
        write(buffer, area, left, 1, "0 ", ink.style(Role::Muted));
        for step in 0..STEPS {
            let (symbol, style) = heat::cell((f64::from(step) / f64::from(STEPS - 1)).sqrt(), ink);
            put(buffer, area, left + 2 + step, 1, symbol, style);
        }
        write(buffer, area, left + 2 + STEPS, 1, &most, ink.style(Role::Muted));
        width + 1
    }
}

/// The rows of so many lines, the first and the last row of each: with more lines than rows several share one.
fn spans(lines: usize, height: u16) -> Vec<(u16, u16)> {
    let together = lines.div_ceil(usize::from(height.max(1)));
    let count = lines.div_ceil(together.max(1)) as u16;
    let each = (height / count.max(1)).clamp(1, THICKEST);
    // What is left over goes to the topmost.
    let more = if each == THICKEST { 0 } else { height.saturating_sub(each * count) };
    let top = |n: u16| n * each + n.min(more);
    (0..count).map(|n| (top(n), top(n + 1) - 1)).collect()
}

/// Rows of a line, at most.
const THICKEST: u16 = 4;

/// The highest bucket first, as on an axis.
fn of_buckets(buckets: Vec<buckets::Bucket>, input: &PanelInput<'_>) -> Vec<Line> {
    let line = |bucket: buckets::Bucket| {
        let bound = |value: f64| input.format().written(Some(value), input.now).short.text();
        let name = match bucket.low {
            Some(low) if bucket.high.is_infinite() => format!("> {}", bound(low)),
            _ => bound(bucket.high),
        };
        Line::new(name, &bucket.points, input)
    };
    buckets.into_iter().rev().take(MOST_ROWS).map(line).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;
    use crate::panel::ink::Glyphs;
    use crate::panel::marks::text;

    fn drawn(lines: &[(&str, [f64; 8])], size: (u16, u16)) -> String {
        let series = |(name, values): &(&str, [f64; 8])| JudgedSeries::sampled(name, 125, values);
        let zone = Zone::utc();
        let content = Content::Series(lines.iter().map(series).collect());
        let input = PanelInput::alone(content, Timestamp(1000), &zone);
        let view = Heatmap::view(&Options::default(), &input);
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buffer = Buffer::empty(area);
        Heatmap::draw(&view, area, &mut buffer, &Ink::new([Style::default(); 18], Glyphs::Ascii));
        text(&buffer)
    }

    #[test]
    fn buckets_stand_highest_first_without_those_below() {
        let none = f64::NAN;
        let all = [
            ("+Inf", [4.0, 4.0, 4.0, 8.0, 8.0, none, none, none]),
            ("1", [4.0, 4.0, 4.0, 4.0, 4.0, none, none, none]),
            ("0.5", [3.0, 4.0, 4.0, 0.0, 0.0, none, none, none]),
        ];
        let shown = drawn(&all, (12, 3));
        assert_eq!(shown, "> 1|...##\n  1|*..##\n0.5|###..\n", "{shown}");
    }

    #[test]
    fn with_few_rows_lines_share_them_and_none_is_lost() {
        for lines in 1..40 {
            for height in 1..20 {
                let spans = spans(lines, height);
                let together = lines.div_ceil(spans.len());
                assert_eq!(lines.div_ceil(together), spans.len(), "{lines} on {height}: {spans:?}");
                assert!(spans.iter().all(|(top, end)| top <= end && *end < height), "{lines} on {height}: {spans:?}");
                assert!(spans.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "{lines} on {height}: {spans:?}");
            }
        }
    }
}
