//! Bars one under the other: names on the left, values on the right.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::{Window, columns, meter, row, write, write_right};
use crate::model::format::Written;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::panel::ink::{Ink, Role};

/// One bar.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// Its name.
    pub name: SafeText,
    /// Its value as a text.
    pub text: Written,
    /// How full, 0 to 1.
    pub ratio: f64,
    /// How it is.
    pub status: Status,
}

/// The first bars in half a line.
pub fn strip(bars: &[Bar]) -> String {
    let words: Vec<String> = bars.iter().take(3).map(|bar| format!("{} {}", bar.name, bar.text.short.text())).collect();
    words.join("  ").trim().to_owned()
}

/// The narrowest bar beside which numbers are written with all their digits.
const LEAST_BAR: usize = 16;

/// Draws bars one under the other; those that do not fit are counted.
pub fn draw(bars: &[Bar], area: Rect, buffer: &mut Buffer, ink: &Ink) {
    if area.height == 0 || bars.is_empty() {
        return;
    }
    let names = bars.iter().map(|bar| bar.name.width()).max().unwrap_or(0).min(usize::from(area.width) * 2 / 5) as u16;
    let left = if names > 0 { names + 1 } else { 0 };
    let texts = texts(bars, usize::from(area.width.saturating_sub(left)));
    let values = texts.iter().map(|text| text.width()).max().unwrap_or(0) as u16;
    // In a single row the first bar stands for all, with their number behind it.
    let alone = area.height == 1 && bars.len() > 1;
    let seen = if alone {
        Window { first: 0, shown: 1, rest: String::new() }
    } else {
        Window::new(bars.len(), usize::from(area.height), ink.scroll)
    };
    // With room to spare, bars stand apart; without it they are slim.
    let each = if usize::from(area.height) >= bars.len() * 2 { 2 } else { 1 };
    let slim = each == 1 && seen.shown > 1;
    let values = if alone { values + 4 } else { values };
    for (n, (bar, text)) in bars.iter().zip(&texts).skip(seen.first).take(seen.shown).enumerate() {
        let at = row(area, n as u16 * each);
        write(buffer, columns(at, 0, names), 0, 0, bar.name.as_str(), ink.style(Role::Muted));
        let room = at.width.saturating_sub(left + values + 1);
        let role = if bar.status == Status::Ok { Role::Series(0) } else { bar.status.into() };
        meter::draw(buffer, columns(at, left, room), bar.ratio, slim, ink.stroke(role), ink);
        let text = if alone { format!("{text} +{}", bars.len() - 1) } else { text.clone() };
        write_right(buffer, at, 0, &text, ink.value(bar.status));
    }
    if !seen.rest.is_empty() {
        write(buffer, row(area, area.height - 1), 0, 0, &seen.rest, ink.style(Role::Muted));
    }
}

/// The values, with all their digits where a bar still has room beside them.
fn texts(bars: &[Bar], room: usize) -> Vec<String> {
    let long: Vec<String> = bars.iter().map(|bar| bar.text.long.text()).collect();
    let widest = long.iter().map(|text| text.width()).max().unwrap_or(0);
    if widest + 1 + LEAST_BAR <= room { long } else { bars.iter().map(|bar| bar.text.short.text()).collect() }
}
