//! A row or more of small bars, one a column. The top of a bar is the greatest value of its column; what
//! lies above the least is fainter: a dip is not lost when time is squeezed. Lower rows are quieter.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::put;
use super::scale::{Column, Range};
use crate::panel::ink::{Ink, Role};

/// Draws columns over the whole area, the newest at the right edge. Bars that stand apart leave an eighth of a
/// cell above them, so that they do not run into bars right above.
pub fn draw(buffer: &mut Buffer, area: Rect, (columns, range): (&[Column], Range), apart: bool, role: Role, ink: &Ink) {
    let bars = ink.glyphs.bars();
    let height = f64::from((area.height * 8).saturating_sub(u16::from(apart)));
    for (x, column) in columns.iter().enumerate().take(usize::from(area.width)) {
        let Some((low, high)) = *column else { continue };
        // At least an eighth: a value at the lower end is a value, not a gap.
        let top = (range.ratio(high) * height).round().max(1.0) as u32;
        let solid = (range.ratio(low) * height).round().max(1.0) as u32;
        for y in 0..area.height {
            let base = u32::from(area.height - 1 - y) * 8;
            let filled = top.saturating_sub(base).min(8);
            let Some(symbol) = filled.checked_sub(1).and_then(|step| bars.get(step as usize)) else { continue };
            let depth = f64::from(y) / f64::from(area.height.max(2)) * 0.55;
            let is_swing = base >= solid;
            let style = ink.shade(role, if is_swing { 0.55 } else { depth });
            put(buffer, area, x as u16, y, symbol, style);
        }
    }
}
