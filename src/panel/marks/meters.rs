//! Bars one under the other: names on the left, values on the right.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::big_text::{self, Size};
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
    if let Some(size) = tall_size(bars, area, ink) {
        draw_tall(bars, size, area, buffer, ink);
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
    // With room to spare, bars stand apart, and grow; without it they are slim.
    let each = (area.height / bars.len() as u16).clamp(1, THICKEST + 1);
    let thickness = each.saturating_sub(1).max(1);
    let slim = each == 1 && seen.shown > 1;
    let values = if alone { values + 4 } else { values };
    for (n, (bar, text)) in bars.iter().zip(&texts).skip(seen.first).take(seen.shown).enumerate() {
        let top = n as u16 * each;
        let at = row(area, top + (thickness - 1) / 2);
        write(buffer, columns(at, 0, names), 0, 0, bar.name.as_str(), ink.style(Role::Muted));
        let room = at.width.saturating_sub(left + values + 1);
        let role = if bar.status == Status::Ok { Role::Series(0) } else { bar.status.into() };
        for y in top..top + thickness {
            let at = columns(row(area, y), left, room);
            if thickness > 1 {
                meter::draw_block(buffer, at, bar.ratio, ink.stroke(role), ink);
            } else {
                meter::draw(buffer, at, bar.ratio, slim, ink.stroke(role), ink);
            }
        }
        let text = if alone { format!("{text} +{}", bars.len() - 1) } else { text.clone() };
        write_right(buffer, at, 0, &text, ink.value(bar.status));
    }
    if !seen.rest.is_empty() {
        write(buffer, row(area, area.height - 1), 0, 0, &seen.rest, ink.style(Role::Muted));
    }
}

/// The size of the numbers with which each bar is several rows high; none where there is no room for that.
fn tall_size(bars: &[Bar], area: Rect, ink: &Ink) -> Option<Size> {
    let rows = (area.height / bars.len() as u16).checked_sub(tall_extra(bars))?;
    let texts: Vec<String> = bars.iter().map(|bar| bar.text.short.text()).collect();
    big_text::common(&texts.iter().map(String::as_str), (area.width / 2, rows), ink.glyphs)
}

/// The rows of a tall bar beside its number: its name, and a free one below it where there are several.
fn tall_extra(bars: &[Bar]) -> u16 {
    u16::from(bars.iter().any(|bar| !bar.name.is_empty())) + u16::from(bars.len() > 1)
}

/// Bars of several rows, with large numbers at the right.
fn draw_tall(bars: &[Bar], size: Size, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let each = area.height / bars.len() as u16;
    let named = u16::from(bars.iter().any(|bar| !bar.name.is_empty()));
    let numbers = bars.iter().filter_map(|bar| size.width(&bar.text.short.text())).max().unwrap_or(0);
    let length = area.width.saturating_sub(numbers + 2);
    let gap = u16::from(bars.len() > 1);
    let thickness = each.saturating_sub(named + gap).min(THICKEST_TALL).max(size.height());
    let top = each.saturating_sub(thickness + named + gap) / 2;
    // The number stands in the middle of its bar.
    let beside = (thickness - size.height()) / 2;
    for (n, bar) in bars.iter().enumerate() {
        let begin = n as u16 * each + top;
        write(buffer, row(area, begin), 0, 0, bar.name.as_str(), ink.style(Role::Muted));
        let role = if bar.status == Status::Ok { Role::Series(0) } else { bar.status.into() };
        for y in 0..thickness {
            let at = columns(row(area, begin + named + y), 0, length);
            meter::draw_block(buffer, at, bar.ratio, ink.stroke(role), ink);
        }
        let text = bar.text.short.text();
        let left = area.width.saturating_sub(size.width(&text).unwrap_or(0));
        let at = Rect { y: area.y + begin + named + beside, height: size.height(), ..columns(area, left, area.width) };
        let value = if bar.status == Status::Ok { Role::Text } else { bar.status.into() };
        big_text::draw(buffer, at, &text, size, ink.stroke(value), ink.glyphs);
    }
}

/// The most rows of a bar, and of one beside a large number.
const THICKEST: u16 = 4;
const THICKEST_TALL: u16 = 9;

/// The values, with all their digits where a bar still has room beside them.
fn texts(bars: &[Bar], room: usize) -> Vec<String> {
    let long: Vec<String> = bars.iter().map(|bar| bar.text.long.text()).collect();
    let widest = long.iter().map(|text| text.width()).max().unwrap_or(0);
    if widest + 1 + LEAST_BAR <= room { long } else { bars.iter().map(|bar| bar.text.short.text()).collect() }
}
