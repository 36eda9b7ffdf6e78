//! A box over the middle of a screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::panel::ink::{Ink, Role};
use crate::panel::marks::{columns, outline, put, write};

/// Draws an empty box of at most this size (columns, rows) with a title, and gives what is inside.
pub(super) fn boxed(title: &str, size: (u16, u16), screen: Rect, buffer: &mut Buffer, ink: &Ink) -> Rect {
    let (width, height) = (size.0.min(screen.width), size.1.min(screen.height));
    let area =
        Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + (screen.height - height) / 2, width, height };
    for y in 0..area.height {
        for x in 0..area.width {
            put(buffer, area, x, y, " ", ink.style(Role::Text));
        }
    }
    let style = ink.style(Role::Focus);
    outline(buffer, area, style, ink.glyphs.frame());
    let title = format!(" {title} ");
    write(buffer, columns(area, 2, area.width.saturating_sub(4)), 0, 0, &title, style.add_modifier(Modifier::BOLD));
    Rect {
        x: area.x + 2.min(area.width),
        width: area.width.saturating_sub(4),
        y: area.y + 1.min(area.height),
        height: area.height.saturating_sub(2),
    }
}
