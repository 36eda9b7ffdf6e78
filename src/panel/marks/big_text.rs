//! Text that is read from five metres, drawn with half blocks: a character of the large font takes 6 columns and 4
//! rows, twice or three times as many where there is room, and 4 columns and 3 rows in the small one. A half block is
//! about square, so a character is 0.7 as wide as it is high (ISO 9241-3 wants 0.7 to 0.9).

mod font;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::{columns, put, row, write};
use crate::panel::ink::{Glyphs, Ink, Role};

/// How large a text is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// The small font.
    Small,
    /// The large font.
    Large,
    /// The large font, doubled.
    Double,
    /// The large font, tripled.
    Triple,
}

impl Size {
    /// From the largest to the smallest.
    pub const LARGEST_FIRST: [Self; 4] = [Self::Triple, Self::Double, Self::Large, Self::Small];

    /// The rows it takes.
    pub const fn height(self) -> u16 {
        match self {
            Self::Small => 3,
            Self::Large => 4,
            Self::Double => 7,
            Self::Triple => 11,
        }
    }

    /// The rows that a letter fills: those of the font leave half a row free where their pixels are odd.
    pub fn letter_rows(self) -> f64 {
        let pixels = if self == Self::Small { 5.0 } else { 7.0 };
        pixels * f64::from(self.scale()) / 2.0
    }

    /// Columns, and half rows, of a pixel.
    const fn scale(self) -> u16 {
        match self {
            Self::Small | Self::Large => 1,
            Self::Double => 2,
            Self::Triple => 3,
        }
    }

    /// Whether a screen can show it: without half blocks a pixel must be a whole row high.
    pub(super) const fn is_for(self, glyphs: Glyphs) -> bool {
        !matches!((glyphs, self), (Glyphs::Ascii, Self::Small | Self::Large | Self::Triple))
    }

    /// The columns of a text; `None` when one of its characters has no form of this size.
    pub fn width(self, text: &str) -> Option<u16> {
        let mut pixels = 0_usize;
        for c in text.chars() {
            pixels += usize::from(self.pixels(c)?.0) + 1;
        }
        u16::try_from(pixels.saturating_sub(1) * usize::from(self.scale())).ok()
    }

    /// Width of a character and its rows, both in pixels; a small letter that the small font lacks is a capital there.
    fn pixels(self, c: char) -> Option<(u16, [u8; 7])> {
        if self != Self::Small {
            return font::large(c).map(|glyph| (glyph.width, glyph.rows));
        }
        let glyph = font::small(c).or_else(|| font::small(c.to_ascii_uppercase()))?;
        let mut rows = [0; 7];
        rows.iter_mut().zip(glyph.rows).for_each(|(row, bits)| *row = bits);
        Some((glyph.width, rows))
    }
}

/// The largest size in which a text fits into so many columns and rows, with its width.
pub fn fitting(text: &str, (width, height): (u16, u16), glyphs: Glyphs) -> Option<(Size, u16)> {
    Size::LARGEST_FIRST
        .into_iter()
        .filter(|size| size.height() <= height && size.is_for(glyphs))
        .find_map(|size| size.width(text).filter(|needed| *needed <= width).map(|needed| (size, needed)))
}

/// The largest size in which each of several texts fits into so many columns and rows: all of them look alike.
pub fn common<'a>(
    texts: &(impl Iterator<Item = &'a str> + Clone),
    (width, height): (u16, u16),
    glyphs: Glyphs,
) -> Option<Size> {
    let fits = |size: &Size| {
        size.height() <= height
            && size.is_for(glyphs)
            && texts.clone().all(|text| size.width(text).is_some_and(|needed| needed <= width))
    };
    Size::LARGEST_FIRST.into_iter().find(fits)
}

/// The size in which a text with a line of words under it fits into an area.
pub fn centred_size(text: &str, area: Rect, glyphs: Glyphs) -> Option<Size> {
    fitting(text, (area.width, area.height.saturating_sub(1)), glyphs).map(|(size, _)| size)
}

/// Draws a text as large as it fits in the middle of an area, with a line of words under it; nothing where it does not
/// fit.
pub fn draw_centred(buffer: &mut Buffer, area: Rect, (text, caption): (&str, &str), ink: &Ink) {
    let room = (area.width, area.height.saturating_sub(1));
    let Some((size, width)) = fitting(text, room, ink.glyphs) else { return };
    let (left, top) = ((area.width - width) / 2, (area.height - size.height() - 1) / 2);
    let at = Rect { y: area.y + top, height: size.height(), ..columns(area, left, width) };
    draw(buffer, at, text, size, ink.stroke(Role::Text), ink.glyphs);
    let left = area.width.saturating_sub(caption.width() as u16) / 2;
    write(buffer, columns(row(area, top + size.height()), left, area.width), 0, 0, caption, ink.style(Role::Muted));
}

/// Draws a text in a size, at the top left of an area. What has no form is left out.
pub fn draw(buffer: &mut Buffer, area: Rect, text: &str, size: Size, style: Style, glyphs: Glyphs) {
    let scale = size.scale();
    let [full, upper, lower] = match glyphs {
        Glyphs::Ascii => ["#", "#", "#"],
        Glyphs::Full | Glyphs::Block => ["█", "▀", "▄"],
    };
    let mut x = 0;
    for (width, rows) in text.chars().filter_map(|c| size.pixels(c)) {
        for column in 0..width * scale {
            let is_lit = |half_row: u16| {
                let bits = rows.get(usize::from(half_row / scale)).copied().unwrap_or(0);
                bits >> (width - 1 - column / scale) & 1 == 1
            };
            for y in 0..size.height() {
                let symbol = match (is_lit(2 * y), is_lit(2 * y + 1)) {
                    (true, true) => full,
                    (true, false) => upper,
                    (false, true) => lower,
                    (false, false) => continue,
                };
                put(buffer, area, x + column, y, symbol, style);
            }
        }
        x += (width + 1) * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::marks::text;

    fn drawn(words: &str, size: Size, glyphs: Glyphs) -> String {
        let area = Rect::new(0, 0, size.width(words).unwrap(), size.height());
        let mut buffer = Buffer::empty(area);
        draw(&mut buffer, area, words, size, Style::new(), glyphs);
        text(&buffer)
    }

    #[test]
    fn a_text_is_drawn_in_each_size() {
        let small = drawn("7k", Size::Small, Glyphs::Full);
        let large = drawn("7k", Size::Large, Glyphs::Full);
        assert_eq!(small, "▀▀█ █ ▄\n  █ █▀▄\n  ▀ ▀ ▀\n");
        assert_eq!(large, "▀▀▀▀█ █\n  ▄▀  █ ▄▀\n █    █▀▄\n ▀    ▀  ▀\n");
        let lines = drawn("1", Size::Double, Glyphs::Ascii);
        assert_eq!(lines, "    ##\n  ####\n    ##\n    ##\n    ##\n    ##\n  ######\n");
    }

    #[test]
    fn the_largest_size_that_fits_is_taken() {
        let size = |room| fitting("42", room, Glyphs::Full).map(|(size, _)| size);
        assert_eq!(size((33, 11)), Some(Size::Triple));
        assert_eq!(size((33, 10)), Some(Size::Double));
        assert_eq!(size((21, 11)), Some(Size::Large));
        assert_eq!(size((10, 11)), Some(Size::Small));
        assert_eq!(size((6, 11)), None);
        assert_eq!(fitting("42", (33, 11), Glyphs::Ascii), Some((Size::Double, 22)));
        // What has a form in one of the fonts only is not left out of the other.
        let common = |texts: &[&str]| common(&texts.iter().copied(), (30, 9), Glyphs::Full);
        assert_eq!([common(&["5 µs", "12 ms"]), common(&["5 µs", "123 ms"])], [Some(Size::Large), None]);
        assert_eq!(fitting("漢", (99, 11), Glyphs::Full), None, "a character without a form");
    }

    #[test]
    fn no_glyph_is_wider_than_it_says_and_all_names_of_builds_have_one() {
        for c in (' '..='~').chain("µ°€£–".chars()) {
            for size in [Size::Small, Size::Large] {
                let Some((width, rows)) = size.pixels(c) else {
                    assert!(!c.is_ascii_alphanumeric() && !"-_./: ".contains(c), "{c} has no form in {size:?}");
                    continue;
                };
                assert!(rows.iter().all(|bits| u16::from(*bits) < 1 << width), "{c} in {size:?}");
            }
        }
    }
}
