//! A bar from the left, to an eighth of a cell; a slim one, which leaves room to its neighbour, to half a cell.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::put;
use crate::panel::ink::{Ink, Role};

/// Fills a ratio (0 to 1, clamped) of a one-row area; the rest is drawn as ground. A slim bar does not run
/// into bars right above and below it.
pub fn draw(buffer: &mut Buffer, area: Rect, ratio: f64, slim: bool, style: Style, ink: &Ink) {
    let steps = if slim { ink.glyphs.slim_meter() } else { ink.glyphs.meter() };
    filled(buffer, area, ratio, (steps, style), (ink.glyphs.ground(), ink.style(Role::Border)));
}

/// A row of a bar of several rows: its ground is an area, too, where there are shades for one.
pub fn draw_block(buffer: &mut Buffer, area: Rect, ratio: f64, style: Style, ink: &Ink) {
    let shade = ink.shade(Role::Border, 0.6);
    let ground = if shade == ink.stroke(Role::Border) { ink.glyphs.ground() } else { " " };
    // The part of a cell that is not filled belongs to the ground.
    let style = if ground == " " { Style { bg: shade.fg, ..style } } else { style };
    let ground_style = if ground == " " { Style { bg: shade.fg, ..shade } } else { shade };
    filled(buffer, area, ratio, (ink.glyphs.meter(), style), (ground, ground_style));
}

fn filled(
    buffer: &mut Buffer,
    area: Rect,
    ratio: f64,
    (steps, style): ([&str; 8], Style),
    (ground, ground_style): (&str, Style),
) {
    let ratio = if ratio.is_finite() { ratio.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (ratio * f64::from(area.width) * 8.0).round() as u32;
    for x in 0..area.width {
        let filled = eighths.saturating_sub(u32::from(x) * 8).min(8);
        match filled.checked_sub(1).and_then(|step| steps.get(step as usize)) {
            Some(symbol) => put(buffer, area, x, 0, symbol, style),
            None => put(buffer, area, x, 0, ground, ground_style),
        }
    }
}
