//! Strokes that panels share. Each draws within its area and nowhere else.

pub mod digits;
pub mod meter;
pub mod plot;
pub mod scale;
pub mod sparkline;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::model::text::ellipsis;

/// Writes a text at an offset within an area, cut with an ellipsis. Returns the columns it took.
pub fn write(buffer: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buffer.area);
    if x >= area.width || y >= area.height || text.is_empty() {
        return 0;
    }
    let room = usize::from(area.width - x);
    let text = ellipsis(text, room);
    let width = text.width().min(room) as u16;
    buffer.set_stringn(area.x + x, area.y + y, &text, room, opaque(style));
    width
}

/// Writes a text so that it ends at the right edge of an area. Returns the columns it took.
pub fn write_right(buffer: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) -> u16 {
    let width = (text.width() as u16).min(area.width);
    write(buffer, area, area.width - width, y, text, style)
}

/// Sets one cell at an offset within an area.
pub fn put(buffer: &mut Buffer, area: Rect, x: u16, y: u16, symbol: &str, style: Style) {
    if x < area.width
        && y < area.height
        && let Some(cell) = buffer.cell_mut((area.x + x, area.y + y))
    {
        cell.set_symbol(symbol).set_style(opaque(style));
    }
}

/// Nothing of what was there before shines through: a dim frame does not dim the title in it.
fn opaque(style: Style) -> Style {
    Style::reset().patch(style)
}

/// Draws a frame along the edges of an area; an area too small for one stays as it is.
pub fn outline(buffer: &mut Buffer, area: Rect, style: Style, glyphs: super::ink::Glyphs) {
    let [top_left, top_right, bottom_left, bottom_right, horizontal, vertical] = glyphs.frame();
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (right, bottom) = (area.width - 1, area.height - 1);
    for x in 1..right {
        put(buffer, area, x, 0, horizontal, style);
        put(buffer, area, x, bottom, horizontal, style);
    }
    for y in 1..bottom {
        put(buffer, area, 0, y, vertical, style);
        put(buffer, area, right, y, vertical, style);
    }
    put(buffer, area, 0, 0, top_left, style);
    put(buffer, area, right, 0, top_right, style);
    put(buffer, area, 0, bottom, bottom_left, style);
    put(buffer, area, right, bottom, bottom_right, style);
}

/// One row of an area.
pub fn row(area: Rect, y: u16) -> Rect {
    Rect { y: area.y.saturating_add(y), height: u16::from(y < area.height), ..area }
}

/// The columns of an area from `x` on, at most `width`.
pub fn columns(area: Rect, x: u16, width: u16) -> Rect {
    let x = x.min(area.width);
    Rect { x: area.x + x, width: width.min(area.width - x), ..area }
}
