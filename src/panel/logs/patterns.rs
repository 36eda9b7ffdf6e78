//! What messages have in common, the commonest first.

use std::collections::HashMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::ink::{Ink, Role};
use super::super::marks::scale::{self, Range};
use super::super::marks::{columns, row, sparkline, write, write_right};
use super::found::Found;
use super::view::{View, role};
use crate::model::log::Level;

/// Patterns that are shown.
const SHOWN: usize = 10;
/// Columns of the trend, of the count, and of the level.
const TREND: u16 = 16;
const COUNT: u16 = 7;
const LEVEL: u16 = 6;

/// One pattern.
pub(super) struct Common {
    pub(super) pattern: u32,
    count: usize,
    worst: Option<Level>,
}

/// The commonest patterns.
pub(super) fn common(view: &View, found: &Found<'_>) -> Vec<Common> {
    let mut all: HashMap<u32, Common> = HashMap::new();
    for entry in &found.entries {
        let one = all.entry(entry.pattern).or_insert(Common { pattern: entry.pattern, count: 0, worst: None });
        one.count += 1;
        one.worst = one.worst.max(entry.line.level);
    }
    // A pattern that has made room for others is none.
    let is_known = |one: &Common| view.patterns.get(one.pattern as usize).is_some_and(|text| !text.is_empty());
    let mut all: Vec<Common> = all.into_values().filter(is_known).collect();
    all.sort_by_key(|one| (std::cmp::Reverse(one.count), one.pattern));
    all.truncate(SHOWN);
    all
}

pub(super) fn draw(view: &View, found: &Found<'_>, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let has_trend = area.width >= 60;
    let beside = COUNT + LEVEL + if has_trend { TREND + 2 } else { 0 };
    let is_chosen = |index: usize| ink.inspection.is_some() && ink.scroll == index;
    for (index, one) in common(view, found).iter().enumerate().take(usize::from(area.height)) {
        let line = row(area, index as u16);
        let text = view.patterns.get(one.pattern as usize).map_or("", String::as_str);
        let role_of = role(one.worst);
        write_right(buffer, columns(line, 0, COUNT - 2), 0, &one.count.to_string(), ink.style(Role::Title));
        write(buffer, columns(line, COUNT, LEVEL), 0, 0, one.worst.map_or("", Level::word), ink.style(role_of));
        if has_trend {
            trend(view, found, one, columns(line, COUNT + LEVEL, TREND), buffer, ink);
        }
        let style = ink.style(if is_chosen(index) { Role::Focus } else { Role::Text });
        let style = if is_chosen(index) { style.add_modifier(Modifier::REVERSED) } else { style };
        write(buffer, columns(line, beside, area.width.saturating_sub(beside)), 0, 0, text, style);
    }
}

/// How often it came, over the window.
fn trend(view: &View, found: &Found<'_>, one: &Common, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let mut counts = vec![0_u32; usize::from(area.width)];
    for entry in found.entries.iter().filter(|entry| entry.pattern == one.pattern) {
        let column = scale::column(entry.line.at, view.from, view.to, area.width);
        if let Some(count) = column.and_then(|column| counts.get_mut(usize::from(column))) {
            *count += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bars: Vec<_> =
        counts.iter().map(|count| (*count > 0).then_some((f64::from(*count), f64::from(*count)))).collect();
    let role = match role(one.worst) {
        Role::Text => Role::Muted,
        role => role,
    };
    sparkline::draw(buffer, area, (&bars, Range { low: 0.0, high: f64::from(most) }), false, role, ink);
}
