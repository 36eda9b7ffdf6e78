//! A bar from the left, to an eighth of a cell; a slim one, which leaves room to its neighbour, to half a cell.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::put;
use crate::panel::ink::{Ink, Role};

/// Fills a ratio (0 to 1, clamped) of a one-row area; the rest is drawn as ground. A slim bar does not run
/// into bars right above and below it.
pub fn draw(buffer: &mut Buffer, area: Rect, ratio: f64, slim: bool, style: Style, ink: &Ink) {
    let ratio = if ratio.is_finite() { ratio.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (ratio * f64::from(area.width) * 8.0).round() as u32;
    let steps = if slim { ink.glyphs.slim_meter() } else { ink.glyphs.meter() };
    for x in 0..area.width {
        let filled = eighths.saturating_sub(u32::from(x) * 8).min(8);
        match filled.checked_sub(1).and_then(|step| steps.get(step as usize)) {
            Some(symbol) => put(buffer, area, x, 0, symbol, style),
            None => put(buffer, area, x, 0, ink.glyphs.ground(), ink.style(Role::Border)),
        }
    }
}
