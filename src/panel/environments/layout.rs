//! How much of the matrix a width has room for, and where it stands.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::matrix::{Matrix, Row};
use super::words::{Detail, RICHEST_FIRST, width, words};
use crate::eval::deployments::Environment;
use crate::panel::ink::{Ink, Role};
use crate::panel::marks::{columns, write};

/// The least between two columns.
const SPACE: u16 = 2;
/// The most between two columns.
const MOST_SPACE: u32 = 5;
/// The least that is left of the services' names.
const NAME: u16 = 8;
/// What a heading keeps of itself in the narrowest layout.
const HEADING: u16 = 4;

/// What is drawn of a matrix in so many columns of the screen.
#[derive(Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) detail: Detail,
    names: u16,
    space: u16,
    /// Indices of the columns that are drawn, with their widths.
    pub(super) columns: Vec<(usize, u16)>,
    /// How many are not.
    pub(super) hidden: usize,
}

impl Layout {
    /// The richest that has room for all columns; else, without the columns that tell least, the versions of
    /// those on the way to the customer; else lamps.
    pub(super) fn new(matrix: &Matrix, room: u16, ink: &Ink) -> Self {
        let names = matrix.rows.iter().map(|row| row.name.width()).max().unwrap_or(0).min(usize::from(room) / 3) as u16;
        let room = u32::from(room);
        let whole = |detail: Detail| Self {
            detail,
            names,
            space: SPACE,
            columns: widths(matrix, detail, ink),
            hidden: matrix.hidden,
        };
        let mut all = RICHEST_FIRST.into_iter().filter(|detail| *detail >= Detail::Versions).map(whole);
        if let Some(layout) = all.find(|layout| layout.needed() <= room) {
            return layout.spread(room);
        }
        let mut layout = whole(Detail::Versions);
        let has_steps = matrix.columns.iter().any(|column| column.is_step);
        layout.drop_columns(matrix, room, |column| has_steps && is_aside(matrix, column));
        if layout.needed() <= room {
            return layout.spread(room);
        }
        layout = whole(Detail::Lamps);
        if layout.needed() <= room {
            return layout.spread(room);
        }
        layout.names = names.min(NAME);
        layout.drop_columns(matrix, room, |_| true);
        layout.widen_headings(matrix, room);
        layout
    }

    /// Leaves space that is free between the columns.
    fn spread(mut self, room: u32) -> Self {
        let more = room.saturating_sub(self.needed()) / (self.columns.len() as u32).max(1);
        self.space = more.saturating_add(u32::from(SPACE)).min(MOST_SPACE) as u16;
        self
    }

    /// Drops columns that may go until the others fit: those that tell least first, what is red last.
    fn drop_columns(&mut self, matrix: &Matrix, room: u32, may_go: impl Fn(usize) -> bool) {
        while self.needed() > room && self.columns.len() > 1 {
            let rank = |column: usize| {
                let worst = worst_in(matrix, column).filter(|severity| *severity > 1);
                (worst, matrix.columns.get(column).map(|column| column.rank))
            };
            let lowest = self.columns.iter().enumerate().filter(|(_, (column, _))| may_go(*column));
            let Some((at, _)) = lowest.min_by_key(|(_, (column, _))| rank(*column)) else { return };
            self.columns.remove(at);
            self.hidden += 1;
        }
    }

    /// Gives room that is left to headings that are cut, a column each in turn.
    fn widen_headings(&mut self, matrix: &Matrix, room: u32) {
        let whole = |column: usize| matrix.columns.get(column).map_or(0, |column| column.name.width());
        while self.needed() < room {
            let cut = self.columns.iter_mut().filter(|(column, width)| usize::from(*width) < whole(*column));
            let Some((_, width)) = cut.min_by_key(|(_, width)| *width) else { return };
            *width += 1;
        }
    }

    fn needed(&self) -> u32 {
        let columns = self.columns.iter().map(|(_, width)| u32::from(*width) + u32::from(self.space));
        2 + u32::from(self.names) + columns.sum::<u32>()
    }

    /// The index of each column, and its area on a line.
    fn fields(&self, area: Rect) -> impl Iterator<Item = (usize, Rect)> {
        let mut x = 2 + self.names;
        self.columns.iter().map(move |(column, width)| {
            let field = columns(area, x.saturating_add(self.space), *width);
            x = x.saturating_add(self.space).saturating_add(*width);
            (*column, field)
        })
    }

    pub(super) fn draw_header(&self, matrix: &Matrix, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let muted = ink.style(Role::Muted);
        if self.hidden > 0 {
            write(buffer, columns(area, 2, self.names), 0, 0, &format!("+{}", self.hidden), muted);
        }
        for (column, field) in self.fields(area) {
            let name = matrix.columns.get(column).map_or("", |column| column.name.as_str());
            write(buffer, field, 0, 0, name, muted);
        }
    }

    pub(super) fn draw_row(&self, service: &Row, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let style = ink.style(service.status.into());
        write(buffer, area, 0, 0, ink.lamp(service.status), style);
        let name_style = if service.status.severity() > 1 { style } else { ink.style(Role::Text) };
        write(buffer, columns(area, 2, self.names), 0, 0, &service.name, name_style);
        for (column, field) in self.fields(area) {
            let Some(cell) = service.cells.get(column) else { continue };
            let mut x = 0;
            for (word, style) in words(cell, self.detail, ink) {
                x += write(buffer, field, x, 0, &word, style) + 1;
            }
        }
    }
}

/// How bad the worst place of an environment is.
fn worst_in(matrix: &Matrix, column: usize) -> Option<u8> {
    matrix.rows.iter().filter_map(|row| row.cells.get(column)).map(|cell| cell.status.severity()).max()
}

/// Whether an environment is none of the steps to the customer (a preview, a review app), and well.
fn is_aside(matrix: &Matrix, column: usize) -> bool {
    let is_step = matrix.columns.get(column).is_some_and(|column| column.is_step);
    !is_step && worst_in(matrix, column).is_none_or(|severity| severity < 2)
}

/// The columns with what they need to show so much.
fn widths(matrix: &Matrix, detail: Detail, ink: &Ink) -> Vec<(usize, u16)> {
    let cells = |at: usize| {
        let widths = matrix.rows.iter().filter_map(|row| row.cells.get(at)).map(|cell| width(cell, detail, ink));
        widths.max().unwrap_or(0)
    };
    let heading = |column: &Environment| {
        let whole = column.name.width().min(usize::from(u16::MAX)) as u16;
        if detail == Detail::Lamps { whole.min(HEADING) } else { whole }
    };
    matrix.columns.iter().enumerate().map(|(at, column)| (at, cells(at).max(heading(column)))).collect()
}
