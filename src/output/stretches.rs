//! What of a row has changed, in stretches of columns.

use std::ops::Range;

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use crate::viewer::delta::changed_columns;

/// Unchanged cells between two changes that are cheaper to write again than to jump over.
const JUMP: u16 = 5;

/// The changed stretches of a row, from left to right. A row with wide characters changes as a whole: terminals disagree
/// about what is left of half a wide character.
pub(super) fn stretches(before: &Buffer, after: &Buffer, y: u16) -> Vec<Range<u16>> {
    let columns = after.area.width;
    let mut changed = changed_columns(before, after, y);
    let Some(first) = changed.next() else { return Vec::new() };
    let is_wide =
        |buffer: &Buffer| (0..columns).any(|x| buffer.cell((x, y)).is_some_and(|cell| cell.symbol().width() != 1));
    if is_wide(before) || is_wide(after) {
        return std::iter::once(0..columns).collect();
    }
    let mut found = Vec::new();
    let mut stretch = first..first + 1;
    for x in changed {
        if x - stretch.end > JUMP {
            found.push(std::mem::replace(&mut stretch, x..x));
        }
        stretch.end = x + 1;
    }
    found.push(stretch);
    found
}
