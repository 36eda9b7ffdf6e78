//! An axis of time: a line with ticks at round moments of the clock, and their labels below it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, scale, write};
use crate::model::time::{Timestamp, Zone};
use crate::panel::ink::{Ink, Role};

/// Its rows: the line, and the labels.
pub const ROWS: u16 = 2;

/// Up to this span labels have seconds.
const WITH_SECONDS: i64 = 600_000;
/// A day; beyond two of them labels are dates.
const DAY: i64 = 86_400_000;
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
    let labels = Labels::of(span);
    let label_width = labels.width();
    for x in 0..area.width {
        put(buffer, area, x, 0, line, style);
    }
    if area.is_empty() {
        return;
    }
    if area.x > buffer.area.x {
        put(buffer, Rect { x: area.x - 1, width: 1, ..area }, 0, 0, corner, style);
    }
    let every = step(span, area.width, label_width + BETWEEN, labels);
    let mut at = from.0.div_euclid(every) * every + every;
    let mut free_from = 0;
    while at <= to.0 {
        let moment = Timestamp(at);
        let Some(x) = scale::column(moment, from, to, area.width) else { break };
        put(buffer, area, x, 0, tick, style);
        let text = labels.text(moment, zone);
        let left = x.saturating_sub(label_width / 2).min(area.width.saturating_sub(label_width));
        if left >= free_from && left + label_width + reserved <= area.width {
            write(buffer, area, left, 1, &text, ink.style(Role::Muted));
            free_from = left + label_width + 1;
        }
        at += every;
    }
}

/// What the labels say of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Labels {
    /// "14:27:09".
    Seconds,
    /// "14:27".
    Minutes,
    /// "21 Nov".
    Dates,
}

impl Labels {
    const fn of(span: i64) -> Self {
        match span {
            ..=WITH_SECONDS => Self::Seconds,
            span if span <= 2 * DAY => Self::Minutes,
            _ => Self::Dates,
        }
    }

    const fn width(self) -> u16 {
        match self {
            Self::Seconds => 8,
            Self::Minutes => 5,
            Self::Dates => 6,
        }
    }

    fn text(self, moment: Timestamp, zone: &Zone) -> String {
        match self {
            Self::Seconds => moment.clock(zone),
            Self::Minutes => moment.hour_minute(zone),
            // The weekday stands before it.
            Self::Dates => moment.day(zone).split_once(' ').map_or_else(String::new, |(_, date)| date.to_owned()),
        }
    }
}

/// A step of the clock, or of whole days, that leaves room for the labels, in milliseconds.
fn step(span: i64, width: u16, label: u16, labels: Labels) -> i64 {
    const STEPS: [i64; 15] = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];
    let most = i64::from((width / label.max(1)).max(1));
    let of_clock = STEPS.into_iter().map(|s| s * 1000).find(|step| span / step <= most);
    of_clock.filter(|_| labels != Labels::Dates).unwrap_or((span / most / DAY + 1) * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::ink::Glyphs;
    use crate::panel::marks::text;

    #[test]
    fn labels_are_seconds_minutes_or_dates() {
        // Saturday, 21 November 2026, 12:00 UTC.
        let to = 1_795_262_400_000;
        let ink = Ink::new([ratatui::style::Style::default(); 18], Glyphs::Full);
        for (span, expected) in
            [(300_000, "11:57:00"), (3_600_000, "11:10"), (2 * DAY, "00:00"), (7 * DAY, "17 Nov"), (90 * DAY, "11 Nov")]
        {
            let area = Rect::new(0, 0, 60, 2);
            let mut buffer = Buffer::empty(area);
            draw((Timestamp(to - span), Timestamp(to)), &Zone::utc(), (area, 0), &mut buffer, &ink);
            let labels = text(&buffer);
            assert!(labels.contains(expected), "{span}: {labels}");
        }
    }
}
