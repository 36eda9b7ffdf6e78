//! Lines over time, with axes, limits and a legend that carries the current values.
//!
//! ```text
//! 2.0 s┤                        ⣀⡠⠤⠒⠊⠉⠑
//!      ┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌⡠⠊╌╌╌╌╌╌╌╌   limits
//! 1.0 s┤⠤⠤⠒⠒⠒⠤⠤⠤⠒⠒⠒⠒⠒⠊
//!   0 s└────────┴────────┴────────┴──
//!      13:32    13:52    14:12    14:32
//!      ■ p99 1.8 s   ■ p50 210 ms
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::Deserialize;
use unicode_width::UnicodeWidthStr;

use super::changes::Changes;
use super::ink::{Ink, Role};
use super::marks::plot::Plot;
use super::marks::scale::{self, Range};
use super::marks::{columns, put, row, write, write_right};
use super::trend::{self, Line};
use super::{Need, Panel, Reading, Room, Shape};
use crate::model::format;
use crate::model::judgement::{Content, LimitLine};
use crate::model::status::Status;
use crate::model::time::{Span, Timestamp, Zone};
use crate::model::unit::Unit;

/// Lines that can still be told apart.
const MAX_LINES: usize = 24;

/// The panel.
#[derive(Debug)]
pub struct Chart;

/// The keys of a chart panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Lower end of the axis (default: from the data, with zero where it is near).
    pub min: Option<f64>,
    /// Upper end of the axis (default: from the data).
    pub max: Option<f64>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    lines: Vec<Line>,
    hidden: usize,
    from: Timestamp,
    to: Timestamp,
    range: Option<Range>,
    fixed: (Option<f64>, Option<f64>),
    limits: Vec<LimitLine>,
    unit: Unit,
    zone: Zone,
    answered: bool,
    changes: Changes,
}

impl Panel for Chart {
    const VIEW: &'static str = "chart";
    const SUMMARY: &'static str = "lines over time, with axes, limits and a legend of current values";
    const HISTORY: bool = true;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Numbers);
    const ROOM: Room = Room { min_width: 24, min_height: 4, ideal_height: 9, weight: 4 };
    type Options = Options;
    type View = View;

    fn view(options: &Options, reading: &Reading<'_>) -> View {
        let series = match &reading.content {
            Content::Series(series) => series.as_slice(),
            _ => &[],
        };
        let lines: Vec<Line> = series.iter().take(MAX_LINES).map(|one| Line::of(one, reading)).collect();
        let range = Range::of(lines.iter().flat_map(|line| &line.trend.points).map(|point| point.value));
        let to = lines.iter().map(|line| line.trend.to).max().unwrap_or(reading.now);
        View {
            range: range.map(|range| axis_range(range, &reading.limits, options)),
            fixed: (options.min, options.max),
            hidden: series.len().saturating_sub(MAX_LINES),
            from: to.minus(reading.window),
            to,
            lines,
            limits: reading.limits.clone(),
            unit: reading.unit.clone(),
            zone: reading.zone.clone(),
            answered: !matches!(reading.content, Content::Nothing),
            changes: Changes::of(reading, to.minus(reading.window), to),
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let Some(range) = view.range else {
            let words = if view.answered { "no data in this window" } else { "" };
            write(buffer, row(area, area.height / 2), 1, 0, words, ink.style(Role::Muted));
            return;
        };
        let legend_rows = if area.height >= 4 { legend_rows(view, area, ink) } else { 0 };
        let axis_rows = if area.height >= legend_rows + 5 { 2 } else { 0 };
        let plot_height = area.height.saturating_sub(legend_rows + axis_rows);
        let (range, labels) = value_axis(view, range, plot_height);
        let gutter = labels.iter().map(|(_, text)| text.width()).max().unwrap_or(0) as u16 + 1;
        if gutter >= area.width || plot_height == 0 {
            return;
        }
        let plot = Rect { x: area.x + gutter, width: area.width - gutter, height: plot_height, ..area };
        draw_value_axis(&labels, range, Rect { width: gutter, height: plot_height, ..area }, buffer, ink);
        draw_limits(view, range, plot, buffer, ink);
        draw_lines(view, range, plot, buffer, ink);
        view.changes.draw(plot, buffer, ink);
        if axis_rows > 0 {
            let axis = Rect { y: area.y + plot_height, height: axis_rows, ..plot };
            draw_time_axis(view, axis, buffer, ink);
        }
        let legend = Rect { y: area.y + area.height - legend_rows, height: legend_rows, ..plot };
        draw_legend(view, legend, buffer, ink);
    }

    fn strip(view: &View) -> String {
        trend::strip(&view.lines)
    }

    fn changes(view: &View) -> Option<&Changes> {
        Some(&view.changes)
    }
}

/// From the data, with zero where it is near, and with limits where they are.
fn axis_range(data: Range, limits: &[LimitLine], options: &Options) -> Range {
    let mut range = data;
    for limit in limits {
        // A limit far outside would press the line flat.
        let near = Range { low: data.low.min(0.0), high: data.high.max(0.0) * 2.0 + f64::EPSILON };
        if (near.low..=near.high).contains(&limit.value) {
            range = Range { low: range.low.min(limit.value), high: range.high.max(limit.value) };
        }
    }
    if range.low > 0.0 && range.low < range.high * 0.7 {
        range.low = 0.0;
    }
    Range { low: options.min.unwrap_or(range.low), high: options.max.unwrap_or(range.high) }
}

/// Labels at round values, from the top: (row, text); never two on one row.
fn value_axis(view: &View, range: Range, height: u16) -> (Range, Vec<(u16, String)>) {
    let intervals = (height / 2).clamp(1, 5);
    let (mut rounded, step) = range.rounded(intervals);
    if let (Some(low), Some(high)) = (view.fixed.0, view.fixed.1) {
        rounded = Range { low, high };
    }
    let mut labels: Vec<(u16, String)> = Vec::new();
    let count = ((rounded.high - rounded.low) / step).round() as i64;
    for n in (0..=count.clamp(0, 20)).rev() {
        let value = rounded.low + step * n as f64;
        // 0.30000000000000004 - 0.3 is not a label.
        let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
        let y = ((1.0 - rounded.ratio(value)) * f64::from(height.saturating_sub(1))).round() as u16;
        let free = labels.last().is_none_or(|(above, _)| y > *above);
        if free && (height > 2 || n == 0 || n == count) {
            labels.push((y, format::text(value, &view.unit, Timestamp(0))));
        }
    }
    (rounded, labels)
}

fn draw_value_axis(labels: &[(u16, String)], _: Range, gutter: Rect, buffer: &mut Buffer, ink: &Ink) {
    let [tick, ..] = ink.glyphs.axis();
    let [.., side] = ink.glyphs.frame();
    let edge = gutter.width.saturating_sub(1);
    for y in 0..gutter.height {
        let label = labels.iter().find(|(at, _)| *at == y);
        let stroke = if label.is_some() { tick } else { side };
        put(buffer, gutter, edge, y, stroke, ink.style(Role::Border));
        if let Some((_, text)) = label {
            write_right(buffer, Rect { width: edge, ..gutter }, y, text, ink.style(Role::Muted));
        }
    }
}

fn draw_limits(view: &View, range: Range, plot: Rect, buffer: &mut Buffer, ink: &Ink) {
    let [.., dash] = ink.glyphs.axis();
    for limit in view.limits.iter().filter(|limit| (range.low..=range.high).contains(&limit.value)) {
        let y = ((1.0 - range.ratio(limit.value)) * f64::from(plot.height.saturating_sub(1))).round() as u16;
        for x in 0..plot.width {
            put(buffer, plot, x, y, dash, ink.stroke(limit.status.into()));
        }
    }
}

fn role(line: &Line, place: usize, alone: bool) -> Role {
    // A single line takes the colour of its status; of several, colour tells which is which.
    if alone && line.status != Status::Ok { line.status.into() } else { Role::Series(place as u8) }
}

fn draw_lines(view: &View, range: Range, plot: Rect, buffer: &mut Buffer, ink: &Ink) {
    let mut canvas = Plot::new(plot, ink.glyphs);
    let alone = view.lines.len() == 1;
    // The first line is drawn last, and so lies on top.
    for (place, line) in view.lines.iter().enumerate().rev() {
        let dots = scale::columns(&line.trend.points, view.from, view.to, canvas.columns(), line.trend.reach);
        canvas.line(&dots, range, role(line, place, alone));
    }
    canvas.draw(buffer, ink);
}

fn draw_time_axis(view: &View, axis: Rect, buffer: &mut Buffer, ink: &Ink) {
    let [_, corner, line, tick, _] = ink.glyphs.axis();
    let style = ink.style(Role::Border);
    let span = (view.to.0 - view.from.0).max(1);
    let with_seconds = span <= 600_000;
    let label_width = if with_seconds { 8 } else { 5 };
    for x in 0..axis.width {
        put(buffer, axis, x, 0, line, style);
    }
    if axis.x > buffer.area.x {
        let left = Rect { x: axis.x - 1, width: 1, ..axis };
        put(buffer, left, 0, 0, corner, style);
    }
    let every = time_step(span, axis.width, label_width + 3);
    let mut at = view.from.0.div_euclid(every) * every + every;
    let mut free_from = 0;
    while at <= view.to.0 {
        let x = ((at - view.from.0) as f64 / span as f64 * f64::from(axis.width.saturating_sub(1))).round() as u16;
        put(buffer, axis, x, 0, tick, style);
        let moment = Timestamp(at);
        let text = if with_seconds { moment.clock(&view.zone) } else { moment.hour_minute(&view.zone) };
        let left = x.saturating_sub(label_width / 2).min(axis.width.saturating_sub(label_width));
        if left >= free_from && axis.width >= label_width {
            write(buffer, axis, left, 1, &text, ink.style(Role::Muted));
            free_from = left + label_width + 1;
        }
        at += every;
    }
}

/// A step of the clock that leaves room for the labels, in milliseconds.
fn time_step(span: i64, width: u16, label: u16) -> i64 {
    const STEPS: [i64; 15] = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];
    let most = i64::from((width / label.max(1)).max(1));
    STEPS.into_iter().map(|s| s * 1000).find(|step| span / step <= most).unwrap_or_else(|| {
        let day = Span::seconds(86_400).0;
        (span / most / day + 1) * day
    })
}

fn entries(view: &View, ink: &Ink) -> Vec<(String, String)> {
    view.lines
        .iter()
        .map(|line| {
            let name = if line.name.is_empty() { String::new() } else { format!("{} ", line.name) };
            // Where the viewer points, the value of that moment stands for the current one.
            let then = ink.cursor.map(|cursor| value_at(line, cursor, view));
            let value = then.as_ref().unwrap_or(&line.value);
            (format!("{} ", ink.glyphs.legend()), format!("{name}{value}"))
        })
        .collect()
}

fn value_at(line: &Line, at: Timestamp, view: &View) -> String {
    let before = line.trend.points.iter().rev().find(|point| point.at <= at);
    let held = before.filter(|point| point.value.is_finite() && point.at.age_at(at) <= line.trend.reach);
    held.map_or_else(|| format::MISSING.to_owned(), |point| format::text(point.value, &view.unit, at))
}

fn legend_rows(view: &View, area: Rect, ink: &Ink) -> u16 {
    let mut rows = 1;
    let mut used = 0;
    for (mark, text) in entries(view, ink) {
        let width = mark.width() + text.width() + 3;
        if used > 0 && used + width > usize::from(area.width.saturating_sub(8)) {
            rows += 1;
            used = 0;
        }
        used += width;
    }
    rows.min((area.height / 4).max(1))
}

fn draw_legend(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let (mut x, mut y) = (0, 0);
    let alone = view.lines.len() == 1;
    let all = entries(view, ink);
    for (place, ((mark, text), line)) in all.iter().zip(&view.lines).enumerate() {
        let width = (mark.width() + text.width()) as u16;
        if x > 0 && x + width > area.width {
            (x, y) = (0, y + 1);
        }
        if y >= area.height {
            break;
        }
        let last_row = y + 1 == area.height;
        let hidden = all.len() - place + view.hidden;
        if last_row && hidden > 1 && x > 0 && x + width + 6 > area.width {
            write(buffer, columns(area, x, area.width), 0, y, &format!("+{hidden}"), ink.style(Role::Muted));
            break;
        }
        let style = ink.style(role(line, place, alone));
        let used = write(buffer, area, x, y, mark, style);
        write(buffer, area, x + used, y, text, ink.value(line.status));
        x += width + 3;
    }
}
