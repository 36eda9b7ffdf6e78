//! An axis of time: a line with ticks at round moments of the clock, and their labels below it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, scale, write};
use crate::model::time::{Span, Timestamp, Zone};
use crate::panel::ink::{Ink, Role};

/// Its rows: the line, and the labels.
pub const ROWS: u16 = 2;

/// Up to this span labels have seconds.
const WITH_SECONDS: i64 = 600_000;
/// Free columns between two labels, at least.
const BETWEEN: u16 = 3;

/// Draws the axis of a window under a graph of the same columns; its corner is drawn left of the area. The last columns
/// that are reserved have no labels.
pub fn draw(
    (from, to): (Timestamp, Timestamp),
    zone: &Zone,
    (area, reserved): (Rect, u16),
    buffer: &mut Buffer,
    ink: &Ink,
) {
    let [_, corner, line, tick, _] = ink.glyphs.axis();
    let style = ink.style(Role::Border);
    let span = (to.0 - from.0).max(1);
    let with_seconds = span <= WITH_SECONDS;
    let label_width = if with_seconds { 8 } else { 5 };
    for x in 0..area.width {
        put(buffer, area, x, 0, line, style);
    }
    if area.is_empty() {
        return;
    }
    if area.x > buffer.area.x {
        put(buffer, Rect { x: area.x - 1, width: 1, ..area }, 0, 0, corner, style);
    }
    let every = step(span, area.width, label_width + BETWEEN);
    let mut at = from.0.div_euclid(every) * every + every;
    let mut free_from = 0;
    while at <= to.0 {
        let moment = Timestamp(at);
        let Some(x) = scale::column(moment, from, to, area.width) else { break };
        put(buffer, area, x, 0, tick, style);
        let text = if with_seconds { moment.clock(zone) } else { moment.hour_minute(zone) };
        let left = x.saturating_sub(label_width / 2).min(area.width.saturating_sub(label_width));
        if left >= free_from && left + label_width + reserved <= area.width {
            write(buffer, area, left, 1, &text, ink.style(Role::Muted));
            free_from = left + label_width + 1;
        }
        at += every;
    }
}

/// A step of the clock that leaves room for the labels, in milliseconds.
fn step(span: i64, width: u16, label: u16) -> i64 {
    const STEPS: [i64; 15] = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];
    let most = i64::from((width / label.max(1)).max(1));
    STEPS.into_iter().map(|s| s * 1000).find(|step| span / step <= most).unwrap_or_else(|| {
        let day = Span::seconds(86_400).0;
        (span / most / day + 1) * day
    })
}
