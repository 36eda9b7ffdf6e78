//! How many lines of which level there were, over time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::ink::{Ink, Role};
use super::super::marks::scale::{self, Range};
use super::super::marks::{put_over, row, sparkline, write, write_right};
use super::found::Found;
use super::view::{View, role};
use crate::model::log::Level;

/// Lines of one column.
#[derive(Clone, Copy, Default)]
struct Count {
    all: u32,
    warnings: u32,
    errors: u32,
}

/// Words in the first row, bars below: those of errors and warnings over those of all.
pub(super) fn draw(view: &View, found: &Found<'_>, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    if area.is_empty() {
        return;
    }
    words(view, found, row(area, 0), buffer, ink);
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if below.is_empty() {
        return;
    }
    let mut columns = vec![Count::default(); usize::from(below.width)];
    for entry in &found.entries {
        let column = scale::column(entry.line.at, view.from, view.to, below.width);
        let Some(count) = column.and_then(|column| columns.get_mut(usize::from(column))) else { continue };
        count.all += 1;
        count.warnings += u32::from(entry.line.level >= Some(Level::Warn));
        count.errors += u32::from(entry.line.level >= Some(Level::Error));
    }
    let most = columns.iter().map(|count| count.all).max().unwrap_or(0).max(1);
    let range = Range { low: 0.0, high: f64::from(most) };
    for (role, part) in [
        (Role::Muted, (|count: &Count| count.all) as fn(&Count) -> u32),
        (Role::Warning, |count| count.warnings),
        (Role::Critical, |count| count.errors),
    ] {
        let bars = columns.iter().map(|count| {
            let value = f64::from(part(count));
            (value > 0.0).then_some((value, value))
        });
        sparkline::draw(buffer, below, (&bars.collect::<Vec<_>>(), range), false, role, ink);
    }
    // Where nothing was written there is a base line all the same.
    for (x, count) in columns.iter().enumerate() {
        if count.all == 0 {
            let base = ink.glyphs.bars().first().copied().unwrap_or_default();
            put_over(buffer, below, x as u16, below.height - 1, base, ink.style(Role::Border));
        }
    }
}

/// "412 lines  9 ERROR  31 WARN", and over how long.
fn words(view: &View, found: &Found<'_>, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let within: Vec<_> = found.entries.iter().filter(|entry| entry.line.at >= view.from).collect();
    let lines = if within.len() == 1 { "1 line".to_owned() } else { format!("{} lines", within.len()) };
    let mut x = write(buffer, area, 0, 0, &lines, ink.style(Role::Text)) + 2;
    for level in [Level::Fatal, Level::Error, Level::Warn] {
        let count = within.iter().filter(|entry| entry.line.level == Some(level)).count();
        if count > 0 {
            let style = ink.style(role(Some(level)));
            x += write(buffer, area, x, 0, &format!("{count} {}", level.word()), style) + 2;
        }
    }
    if ink.newer > 0 {
        write_right(
            buffer,
            area,
            0,
            &format!(" +{} ", ink.newer),
            ink.style(Role::Focus).add_modifier(Modifier::REVERSED),
        );
        return;
    }
    let window = format!("last {}", view.from.age_at(view.to).humane());
    if x + window.len() as u16 <= area.width {
        write_right(buffer, area, 0, &window, ink.style(Role::Muted));
    }
}
