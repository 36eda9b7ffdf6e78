//! Lines over time: Braille dots (two by four a cell), half blocks (one by two), or ASCII (one by one).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::scale::{Column, Range};
use super::{put, put_over, tint};
use crate::panel::ink::{Glyphs, Ink, Role};

/// Dots a cell has across and down.
pub const fn density(glyphs: Glyphs) -> (u16, u16) {
    match glyphs {
        Glyphs::Full => (2, 4),
        Glyphs::Block => (1, 2),
        Glyphs::Ascii => (1, 1),
    }
}

/// A canvas of dots over an area, one ink a cell: the line drawn last wins.
#[derive(Debug)]
pub struct Plot {
    area: Rect,
    across: u16,
    down: u16,
    glyphs: Glyphs,
    cells: Vec<(u8, Role)>,
    /// The area under a line, cell by cell.
    filled: Vec<Option<Role>>,
}

/// Kinds of lines: full, dashed, dotted. So lines of one colour can be told apart.
pub const PATTERNS: u8 = 3;

const fn is_left_out(pattern: u8, column: usize) -> bool {
    match pattern {
        0 => false,
        1 => column % 6 > 2,
        _ => !column.is_multiple_of(4),
    }
}

/// Braille dot bits, column by column, from the top. Source: Unicode chart U+2800.
const BRAILLE: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

impl Plot {
    /// An empty canvas.
    pub fn new(area: Rect, glyphs: Glyphs) -> Self {
        let (across, down) = density(glyphs);
        let count = usize::from(area.width) * usize::from(area.height);
        Self { area, across, down, glyphs, cells: vec![(0, Role::Text); count], filled: vec![None; count] }
    }

    /// Columns of dots.
    pub const fn columns(&self) -> u16 {
        self.area.width * self.across
    }

    fn dot(&mut self, x: u16, y: u16, role: Role) {
        let (cell_x, cell_y) = (x / self.across, y / self.down);
        if cell_x >= self.area.width || cell_y >= self.area.height {
            return;
        }
        let index = usize::from(cell_y) * usize::from(self.area.width) + usize::from(cell_x);
        let (dx, dy) = (usize::from(x % self.across), usize::from(y % self.down));
        let bit = match self.glyphs {
            Glyphs::Full => BRAILLE.get(dx).and_then(|column| column.get(dy)).copied().unwrap_or(0),
            Glyphs::Block | Glyphs::Ascii => 1 << dy,
        };
        if let Some((bits, of)) = self.cells.get_mut(index) {
            *bits |= bit;
            *of = role;
        }
    }

    /// Draws a line through columns in one of the patterns; a gap breaks it.
    pub fn line(&mut self, columns: &[Column], range: Range, role: Role, pattern: u8) {
        let rows = self.area.height * self.down;
        if rows == 0 {
            return;
        }
        let row = |value: f64| range.row(value, rows);
        let mut before: Option<(u16, u16)> = None;
        for (x, column) in columns.iter().enumerate() {
            let Some((low, high)) = *column else {
                before = None;
                continue;
            };
            let (mut top, mut bottom) = (row(high), row(low));
            // Half way to the neighbour on each side: a steep line has no holes.
            if let Some((old_top, old_bottom)) = before {
                if old_bottom < top {
                    top = old_bottom + 1;
                } else if old_top > bottom {
                    bottom = old_top - 1;
                }
            }
            if !is_left_out(pattern, x) {
                for y in top..=bottom.max(top) {
                    self.dot(x as u16, y, role);
                }
            }
            before = Some((row(high), row(low)));
        }
    }

    /// Fills the area between columns and what they stand on, each column on a place of its own. A cell that belongs to
    /// an area below stays with it.
    pub fn area(&mut self, columns: &[Column], base: &[f64], range: Range, role: Role) {
        let rows = self.area.height * self.down;
        if rows == 0 {
            return;
        }
        for (x, column) in columns.iter().enumerate() {
            let Some((low, high)) = *column else { continue };
            let ground = range.row(base.get(x).copied().unwrap_or(range.low), rows) / self.down;
            let (top, bottom) = (range.row(high, rows) / self.down, range.row(low, rows) / self.down);
            let (end, cells) = if top <= ground { (top, top..=ground) } else { (bottom, ground..=bottom) };
            for y in cells {
                let index = usize::from(y) * usize::from(self.area.width) + x / usize::from(self.across);
                if let Some(cell) = self.filled.get_mut(index)
                    && (cell.is_none() || y == end)
                {
                    *cell = Some(role);
                }
            }
        }
    }

    /// Puts the dots on the screen, each in the style of its role and row; the filled area in a quieter shade, mixed with
    /// the ground by `shade`.
    pub fn draw(&self, style: impl Fn(Role, u16) -> Style, shade: f64, buffer: &mut Buffer, ink: &Ink) {
        let mut utf8 = [0; 4];
        let width = usize::from(self.area.width).max(1);
        for (index, (bits, role)) in self.cells.iter().enumerate() {
            let (x, y) = ((index % width) as u16, (index / width) as u16);
            if let Some(role) = self.filled.get(index).copied().flatten().filter(|_| ink.has_shades()) {
                let ground = ink.shade(role, shade).fg;
                if buffer
                    .cell((self.area.x + x, self.area.y + y))
                    .is_some_and(|cell| cell.symbol() == ink.glyphs.grid())
                {
                    put(buffer, self.area, x, y, " ", ink.style(Role::Text));
                }
                tint(buffer, self.area, x, y, ground);
            }
            if *bits == 0 {
                continue;
            }
            let symbol = match (self.glyphs, bits) {
                (Glyphs::Full, bits) => char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ').encode_utf8(&mut utf8),
                (Glyphs::Block, 1) => "▀",
                (Glyphs::Block, 2) => "▄",
                (Glyphs::Block, _) => "█",
                (Glyphs::Ascii, _) => "*",
            };
            put_over(buffer, self.area, x, y, symbol, style(*role, y));
        }
    }
}
