//! The palette: what was typed, and what matches it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use super::footer::typed;
use super::overlay::boxed;
use crate::panel::ink::{Ink, Role};
use crate::panel::marks::{columns, fill, row, write, write_right};
use crate::view::command_palette::{CommandPalette, Entry};
use crate::view::scene::Scene;

/// Columns and rows of the box, where the screen has them.
const SIZE: (u16, u16) = (72, 20);
/// Columns before a name: its status.
const BEFORE: u16 = 2;

/// Draws it over the middle of a screen.
pub(super) fn draw(palette: &CommandPalette, scene: &Scene, screen: Rect, buffer: &mut Buffer, ink: &Ink) {
    let inner = boxed("Go to", SIZE, screen, buffer, ink);
    if inner.is_empty() {
        return;
    }
    typed(&palette.prompt, row(inner, 0), buffer, ink);
    let entries = palette.entries(scene);
    let list = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    if entries.is_empty() {
        write(buffer, list, BEFORE, 0, "nothing has this name", ink.style(Role::Muted));
        return;
    }
    // The last row says how many more there are.
    let rows = usize::from(list.height);
    let shown = if entries.len() > rows { rows.saturating_sub(1) } else { rows };
    let first = palette.chosen.min(entries.len() - 1).saturating_sub(shown.saturating_sub(1));
    for (y, (index, entry)) in (0..).zip(entries.iter().enumerate().skip(first).take(shown)) {
        line(entry, index == palette.chosen, row(list, y), buffer, ink);
    }
    let more = entries.len() - shown.min(entries.len());
    if more > 0 {
        let words = format!("{more} more");
        write(buffer, row(list, list.height.saturating_sub(1)), BEFORE, 0, &words, ink.style(Role::Muted));
    }
}

fn line(entry: &Entry, is_chosen: bool, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let style = |role: Role| {
        let style = ink.style(role);
        if is_chosen { style.add_modifier(Modifier::REVERSED) } else { style }
    };
    if is_chosen {
        fill(buffer, area, style(Role::Text));
    }
    if let Some(status) = entry.status {
        write(buffer, area, 0, 0, ink.glyphs.status(status), style(status.into()));
    }
    let room = area.width.saturating_sub(BEFORE + entry.kind.width() as u16 + 2);
    write(buffer, columns(area, BEFORE, room), 0, 0, &entry.name, style(Role::Text));
    write_right(buffer, area, 0, &entry.kind, style(Role::Muted));
}
