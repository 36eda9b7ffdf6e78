//! Cells that say by their colour how much something is.

use ratatui::style::{Color, Style};

use crate::panel::ink::{Ink, Role, mix};

/// The part of the way from the ground at which the colour of the series is reached; from there on it goes to that of
/// text.
const FULL: f64 = 0.7;

/// A cell for a part of the whole, 0 to 1: a colour between that of the ground and the brightest one. Where a screen has
/// no colours between two others, a denser pattern.
pub fn cell(part: f64, ink: &Ink) -> (&'static str, Style) {
    let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
    let role = Role::Series(0);
    if !ink.has_shades() {
        let steps = ink.glyphs.densities();
        let step = if part > 0.0 { 1 + (part * 3.0).round() as usize } else { 0 };
        let symbol = if step == 0 { ink.glyphs.grid() } else { steps.get(step).copied().unwrap_or(" ") };
        return (symbol, ink.stroke(role));
    }
    // Nothing is a shade, too: it is told from what is not known.
    let ground = if part <= FULL { ink.shade(role, 0.92 * (1.0 - part / FULL)).fg } else { between(part, ink) };
    (" ", ink.style(Role::Text).bg(ground.unwrap_or_default()))
}

fn between(part: f64, ink: &Ink) -> Option<Color> {
    let (from, to) = (ink.stroke(Role::Series(0)).fg?, ink.stroke(Role::Text).fg?);
    let (Color::Rgb(r, g, b), Color::Rgb(x, y, z)) = (from, to) else { return Some(from) };
    let [r, g, b] = mix([r, g, b], [x, y, z], (part - FULL) / (1.0 - FULL));
    Some(Color::Rgb(r, g, b))
}
