//! What the lines of a chart stand on: the axis of values, a faint grid, the zero line, and what limits call bad.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::ink::{Ground, Ink, Role};
use super::super::marks::axis::Axis;
use super::super::marks::plot::density;
use super::super::marks::scale::Scale;
use super::super::marks::{put, put_over, tint, write_right};
use crate::model::judgement::LimitBand;

/// Columns from dot to dot of the grid.
const GRID: usize = 4;

/// The labels and strokes left of the plot.
pub(super) fn value_axis(axis: &Axis, texts: &[String], gutter: Rect, buffer: &mut Buffer, ink: &Ink) {
    let [tick, ..] = ink.glyphs.axis();
    let [.., side] = ink.glyphs.frame();
    let edge = gutter.width.saturating_sub(1);
    for y in 0..gutter.height {
        let label = axis.ticks.iter().zip(texts).find(|((at, _), _)| *at == y);
        let stroke = if label.is_some() { tick } else { side };
        put(buffer, gutter, edge, y, stroke, ink.style(Role::Border));
        if let Some((_, text)) = label {
            write_right(buffer, Rect { width: edge, ..gutter }, y, text, ink.style(Role::Muted));
        }
    }
}

/// Bands, then grid and zero line, then the edges of limits.
pub(super) fn draw(axis: &Axis, limits: &[LimitBand], plot: Rect, buffer: &mut Buffer, ink: &Ink) {
    for limit in limits {
        let ground = ink.on(Ground::Tint(limit.status)).style(Role::Text).bg.filter(|_| ink.is_on_plain_ground());
        for (x, y) in rows_of(axis, *limit, plot.height, ink).flat_map(|y| (0..plot.width).map(move |x| (x, y))) {
            tint(buffer, plot, x, y, ground);
        }
    }
    let (_, dots) = density(ink.glyphs);
    if ink.has_shades() {
        for (y, _) in &axis.ticks {
            for x in (0..plot.width).step_by(GRID) {
                put_over(buffer, plot, x, *y, ink.glyphs.grid(), ink.shade(Role::Border, 0.2));
            }
        }
    }
    if axis.scale == Scale::Linear && axis.range.low < 0.0 && axis.range.high > 0.0 {
        let [_, _, line, ..] = ink.glyphs.axis();
        let y = axis.row(0.0, plot.height, dots);
        (0..plot.width).for_each(|x| put_over(buffer, plot, x, y, line, ink.style(Role::Border)));
    }
    let [.., dash] = ink.glyphs.axis();
    for (limit, edge) in limits.iter().flat_map(|limit| limit.edges().map(move |edge| (limit, edge))) {
        let y = axis.row(edge, plot.height, dots);
        for x in (0..plot.width).filter(|_| axis.holds(edge)) {
            put_over(buffer, plot, x, y, dash, ink.stroke(limit.status.into()));
        }
    }
}

/// The rows that lie in a band as a whole; the row of its edge belongs to neither side.
pub(super) fn rows_of(axis: &Axis, limit: LimitBand, rows: u16, ink: &Ink) -> impl Iterator<Item = u16> + use<> {
    let (_, dots) = density(ink.glyphs);
    let place = |value| axis.scale.place(value);
    let is_seen = limit.low.is_none_or(|low| place(low) <= axis.range.high)
        && limit.high.is_none_or(|high| place(high) >= axis.range.low);
    let row = |edge: f64| axis.row(edge, rows, dots);
    let first = match limit.high {
        Some(high) if place(high) <= axis.range.high => row(high) + 1,
        _ => 0,
    };
    let end = match limit.low {
        Some(low) if place(low) >= axis.range.low => row(low),
        _ => rows,
    };
    (first..end).filter(move |_| is_seen)
}
