//! The lines of a chart: one with the area under it, several, or several on top of each other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::ink::{Ink, Role};
use super::super::marks::axis::Axis;
use super::super::marks::plot::{Plot, density};
use super::super::marks::scale::{self, Column, Range};
use super::super::trend::Line;
use super::ground::rows_of;
use super::view::View;
use crate::model::status::Status;
use crate::model::time::Timestamp;
use crate::model::unit::Unit;

/// Columns that the range of stacked lines is found with: as many as dots on a wide screen.
const COLUMNS: u16 = 400;
/// How much of the ground is mixed into the area under a single line, and into those of stacked ones.
const UNDER_ONE: f64 = 0.8;
const UNDER_MANY: f64 = 0.55;

/// The least and the greatest value that is drawn; none without any.
pub(super) fn range(lines: &[Line], window: (Timestamp, Timestamp), stacked: bool) -> Option<Range> {
    if stacked {
        let layers = stack(&all_columns(lines, window, COLUMNS));
        return Range::around(layers.iter().flatten().flatten().flat_map(|(low, high)| [*low, *high]));
    }
    Range::around(lines.iter().flat_map(|line| &line.trend.points).map(|point| point.value))
}

fn all_columns(lines: &[Line], (from, to): (Timestamp, Timestamp), count: u16) -> Vec<Vec<Column>> {
    let columns = |line: &Line| scale::columns(&line.trend.points, from, to, count, line.trend.reach);
    lines.iter().map(columns).collect()
}

/// Each line on top of those before it; a gap adds nothing. Of a column that holds several values the middle counts:
/// extremes of different moments do not add up.
fn stack(lines: &[Vec<Column>]) -> Vec<Vec<Column>> {
    let mut sums: Vec<f64> = vec![0.0; lines.first().map_or(0, Vec::len)];
    let layer = |columns: &Vec<Column>| {
        let add = |(sum, column): (&mut f64, &Column)| {
            let (low, high) = (*column)?;
            *sum += f64::midpoint(low, high);
            Some((*sum, *sum))
        };
        sums.iter_mut().zip(columns).map(add).collect()
    };
    lines.iter().map(layer).collect()
}

/// The lines, laid out over the columns and rows of a plot.
pub(super) struct Drawn<'a> {
    view: &'a View,
    axis: &'a Axis,
    plot: Rect,
    /// In places of the axis, for each line.
    columns: Vec<Vec<Column>>,
}

impl<'a> Drawn<'a> {
    pub(super) fn new(view: &'a View, axis: &'a Axis, plot: Rect, ink: &Ink) -> Self {
        let (across, _) = density(ink.glyphs);
        let columns = all_columns(&view.lines, (view.from, view.to), plot.width * across);
        let columns = if view.stacked { stack(&columns) } else { columns };
        Self { view, axis, plot, columns: columns.iter().map(|columns| axis.placed(columns)).collect() }
    }

    pub(super) fn draw(&self, buffer: &mut Buffer, ink: &Ink) {
        let Self { view, axis, plot, columns } = self;
        let mut canvas = Plot::new(*plot, ink.glyphs);
        let count = canvas.columns();
        // What an area stands on: zero where that is on the axis, else its lower end.
        let zero = axis.scale.place(0.0).clamp(axis.range.low, axis.range.high);
        let mut base = vec![zero; usize::from(count)];
        for index in if view.stacked { (0..columns.len()).collect() } else { least_urgent_first(view) } {
            let Some(columns) = columns.get(index) else { continue };
            let (role, pattern) = view.look(index, ink);
            canvas.line(columns, axis.range, role, if view.stacked { 0 } else { pattern });
            if view.stacked || view.lines.len() == 1 {
                canvas.area(columns, &base, axis.range, role);
            }
            if view.stacked {
                base.iter_mut().zip(columns).for_each(|(base, column)| *base = column.map_or(*base, |(_, high)| high));
            }
        }
        let roles = self.roles_by_row(ink);
        let of_row = |role: Role, y: u16| match roles.get(usize::from(y)) {
            Some((band, faint)) => ink.shade(band.unwrap_or(role), *faint),
            None => ink.stroke(role),
        };
        let shade = if view.stacked { UNDER_MANY } else { UNDER_ONE };
        canvas.draw(of_row, shade, buffer, ink);
    }

    /// Of a single line that is well: the colour of what lies past a limit, row by row, and how faint a row is where the
    /// unit says how much is much. Of several lines colour tells which is which.
    fn roles_by_row(&self, ink: &Ink) -> Vec<(Option<Role>, f64)> {
        let [alone] = self.view.lines.as_slice() else { return Vec::new() };
        let full = match self.view.format.unit {
            Unit::Ratio => Some(1.0),
            Unit::Percent => Some(100.0),
            _ => None,
        };
        let rows = self.plot.height;
        let faint = |y: u16| {
            let at = 1.0 - f64::from(y) / f64::from(rows.max(2) - 1);
            let value = self.axis.range.low + (self.axis.range.high - self.axis.range.low) * at;
            full.map_or(0.0, |full| FAINTEST * (1.0 - (value / full).clamp(0.0, 1.0)))
        };
        let mut roles: Vec<(Option<Role>, f64)> = (0..rows).map(|y| (None, faint(y))).collect();
        for limit in self.view.limits.iter().filter(|_| alone.status == Status::Ok) {
            for y in rows_of(self.axis, *limit, rows, ink) {
                if let Some(row) = roles.get_mut(usize::from(y)) {
                    *row = (Some(limit.status.into()), 0.0);
                }
            }
        }
        roles
    }

    /// The row of a line at its right end; of stacked ones the middle of its layer there.
    pub(super) fn end_row(&self, index: usize, ink: &Ink) -> Option<u16> {
        let (_, dots) = density(ink.glyphs);
        let end = |index: usize| self.columns.get(index)?.iter().rev().find_map(|column| column.map(|(_, high)| high));
        let place = end(index)?;
        let below = if self.view.stacked { index.checked_sub(1).and_then(end) } else { Some(place) };
        let middle = f64::midpoint(place, below.unwrap_or(self.axis.range.low));
        Some(self.axis.range.row(middle, self.plot.height * dots) / dots)
    }
}

/// How faint a line is at nothing, of what can be full.
const FAINTEST: f64 = 0.45;

/// The order of drawing. Where lines share a cell the last one wins: the one with the worst status, of equals the
/// one nearest to a limit, of equals the first.
fn least_urgent_first(view: &View) -> Vec<usize> {
    let distance = |line: &Line| {
        let value = line.value.unwrap_or(f64::INFINITY);
        let edges = view.limits.iter().flat_map(|limit| limit.edges());
        edges.map(|edge| (edge - value).abs()).fold(f64::INFINITY, f64::min)
    };
    let mut order: Vec<(usize, &Line)> = view.lines.iter().enumerate().collect();
    order.sort_by(|(n, a), (m, b)| {
        let by_status = a.status.severity().cmp(&b.status.severity());
        by_status.then_with(|| distance(b).total_cmp(&distance(a))).then(m.cmp(n))
    });
    order.into_iter().map(|(index, _)| index).collect()
}
