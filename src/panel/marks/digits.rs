//! Digits that are read from five metres: three columns and three rows each, drawn with half blocks. The lowest
//! half row stays free: a digit touches nothing below it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::put;
use crate::panel::ink::{Glyphs, Ink, Role};

/// Rows a large number takes.
pub const HEIGHT: u16 = 3;

/// Five rows of pixels for each character, a bit a pixel, the leftmost highest.
const FONT: [(char, usize, [u8; 5]); 16] = [
    ('0', 3, [0b111, 0b101, 0b101, 0b101, 0b111]),
    ('1', 3, [0b110, 0b010, 0b010, 0b010, 0b111]),
    ('2', 3, [0b111, 0b001, 0b111, 0b100, 0b111]),
    ('3', 3, [0b111, 0b001, 0b111, 0b001, 0b111]),
    ('4', 3, [0b101, 0b101, 0b111, 0b001, 0b001]),
    ('5', 3, [0b111, 0b100, 0b111, 0b001, 0b111]),
    ('6', 3, [0b111, 0b100, 0b111, 0b101, 0b111]),
    ('7', 3, [0b111, 0b001, 0b001, 0b001, 0b001]),
    ('8', 3, [0b111, 0b101, 0b111, 0b101, 0b111]),
    ('9', 3, [0b111, 0b101, 0b111, 0b001, 0b111]),
    ('.', 1, [0, 0, 0, 0, 0b1]),
    (':', 1, [0, 0b1, 0, 0b1, 0]),
    ('-', 2, [0, 0, 0b11, 0, 0]),
    ('–', 3, [0, 0, 0b111, 0, 0]),
    ('e', 3, [0b000, 0b111, 0b111, 0b100, 0b111]),
    (' ', 1, [0; 5]),
];

/// The columns a number takes; `None` when a character has no large form, or the screen no blocks.
pub fn width(number: &str, glyphs: Glyphs) -> Option<u16> {
    if glyphs == Glyphs::Ascii {
        return None;
    }
    let mut columns = 0;
    for c in number.chars() {
        let (_, width, _) = FONT.iter().find(|(known, _, _)| *known == c)?;
        columns += width + 1;
    }
    u16::try_from(columns).ok().map(|columns| columns.saturating_sub(1))
}

/// Draws a number large, at the top left of an area. Digits are strokes, not words: reversed they could not be
/// read.
pub fn draw(buffer: &mut Buffer, area: Rect, number: &str, role: Role, ink: &Ink) {
    let style = ink.stroke(role);
    let mut x = 0;
    for c in number.chars() {
        let Some((_, width, rows)) = FONT.iter().find(|(known, _, _)| *known == c) else { continue };
        for column in 0..*width {
            let lit = |row: usize| rows.get(row).is_some_and(|bits| bits >> (width - 1 - column) & 1 == 1);
            for (y, (upper, lower)) in [(lit(0), lit(1)), (lit(2), lit(3)), (lit(4), false)].into_iter().enumerate() {
                let symbol = match (upper, lower) {
                    (true, true) => "█",
                    (true, false) => "▀",
                    (false, true) => "▄",
                    (false, false) => continue,
                };
                put(buffer, area, x + column as u16, y as u16, symbol, style);
            }
        }
        x += *width as u16 + 1;
    }
}
