//! The help: every key, and what the glyphs mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::overlay::boxed;
use crate::model::freshness::Freshness;
use crate::model::status::Status;
use crate::panel::ink::{Ink, Role};
use crate::panel::marks::{columns, row, write};
use crate::view::lens::KeyHelp;

/// Draws the help over the middle of a screen, from a line on: where it does not fit, it can be scrolled.
pub(super) fn draw(keys: KeyHelp, from: usize, screen: Rect, buffer: &mut Buffer, ink: &Ink) {
    let bold = |role: Role| ink.style(role).add_modifier(Modifier::BOLD);
    let meanings = meanings(ink);
    let left = keys.iter().map(|(key, _)| key.width()).max().unwrap_or(0) as u16 + 3;
    let of_keys = keys.iter().map(|(key, what)| (ink.style(Role::Accent), (*key).to_owned(), *what));
    let blank = (ink.style(Role::Text), String::new(), "");
    let of_glyphs = meanings.into_iter().map(|(role, glyph, meaning)| (bold(role), glyph, meaning));
    let lines: Vec<(Style, String, &str)> = of_keys.chain([blank]).chain(of_glyphs).collect();
    let right = lines.iter().map(|(_, _, what)| what.width()).max().unwrap_or(0) as u16;
    let inner = boxed("Help", (left + right + 4, lines.len() as u16 + 2), screen, buffer, ink);
    let (rows, all) = (usize::from(inner.height), lines.len());
    // The last row says how many more there are.
    let shown = if rows < all { rows.saturating_sub(1) } else { all };
    let from = from.min(all - shown);
    for (y, (style, name, what)) in (0..).zip(lines.iter().skip(from).take(shown)) {
        write(buffer, row(inner, y), 0, 0, name, *style);
        write(buffer, columns(row(inner, y), left, inner.width), 0, 0, what, ink.style(Role::Text));
    }
    if shown < all && inner.height > 0 {
        let rest = all - from - shown;
        let words = format!("{rest} more below: j k scroll, Esc closes");
        write(buffer, row(inner, inner.height - 1), 0, 0, &words, ink.style(Role::Muted));
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
