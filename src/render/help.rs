//! The help: every key, and what the glyphs mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use crate::model::freshness::Freshness;
use crate::model::status::Status;
use crate::panel::ink::{Ink, Role};
use crate::panel::marks::{columns, outline, put, row, write};
use crate::view::lens::KeyHelp;

/// Draws the help over the middle of a screen.
pub(super) fn draw(keys: KeyHelp, screen: Rect, buffer: &mut Buffer, ink: &Ink) {
    let meanings = meanings(ink);
    let left = keys.iter().map(|(key, _)| key.width()).max().unwrap_or(0) as u16 + 3;
    let width = (left + 46).min(screen.width);
    let height = (keys.len() + meanings.len() + 5) as u16;
    let height = height.min(screen.height);
    let area =
        Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + (screen.height - height) / 2, width, height };
    for y in 0..area.height {
        for x in 0..area.width {
            put(buffer, area, x, y, " ", ink.style(Role::Text));
        }
    }
    let style = ink.style(Role::Focus);
    outline(buffer, area, style, ink.glyphs.frame());
    write(buffer, columns(area, 2, area.width.saturating_sub(4)), 0, 0, " Help ", style.add_modifier(Modifier::BOLD));
    let inner = Rect {
        x: area.x + 2,
        width: area.width.saturating_sub(4),
        y: area.y + 1,
        height: area.height.saturating_sub(2),
    };
    let mut y = 0;
    for (key, what) in keys {
        write(buffer, row(inner, y), 0, 0, key, ink.style(Role::Accent));
        write(buffer, columns(row(inner, y), left, inner.width), 0, 0, what, ink.style(Role::Text));
        y += 1;
    }
    y += 1;
    for (role, glyph, meaning) in meanings {
        write(buffer, row(inner, y), 0, 0, &glyph, ink.style(role).add_modifier(Modifier::BOLD));
        write(buffer, columns(row(inner, y), left, inner.width), 0, 0, meaning, ink.style(Role::Text));
        y += 1;
    }
}

fn meanings(ink: &Ink) -> Vec<(Role, String, &'static str)> {
    let status = |status: Status, meaning| {
        (Role::from(status), format!("{} {}", ink.glyphs.status(status), status.word()), meaning)
    };
    vec![
        status(Status::Critical, "past the critical limit, or a red build"),
        status(Status::Warning, "past the warning limit"),
        status(Status::Unknown, "no answer, too old, or nothing measured"),
        status(Status::Ok, "measured, and within its limits"),
        (
            Role::Muted,
            format!("{} late", ink.glyphs.freshness(Freshness::Late)),
            "the last poll failed; the value is of that age",
        ),
        (Role::Muted, "sim".to_owned(), "simulated by andon itself"),
    ]
}
