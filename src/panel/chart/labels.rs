//! The names and values of a chart's lines: at their right ends where there is room, else in a legend below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::super::ink::{Ink, Role};
use super::super::marks::{columns, write};
use super::super::trend::{Line, said_at};
use super::lines::Drawn;
use super::view::View;

/// Columns of "+12" with a space before it.
const MORE: u16 = 6;
/// Columns between two entries of a legend.
const BETWEEN: u16 = 3;
/// The narrowest chart with labels beside its lines.
const WIDE: u16 = 48;

/// A line's mark, its name and value, and its index.
pub(super) struct Entry {
    mark: String,
    text: String,
    index: usize,
}

impl Entry {
    fn width(&self) -> u16 {
        (self.mark.width() + self.text.width()) as u16
    }

    fn write(&self, view: &View, area: Rect, (x, y): (u16, u16), buffer: &mut Buffer, ink: &Ink) {
        let Some(line) = view.lines.get(self.index) else { return };
        let used = write(buffer, area, x, y, &self.mark, ink.style(view.look(self.index, ink).0));
        write(buffer, area, x + used, y, &self.text, ink.value(line.status));
    }
}

/// All lines as they are labelled: the greatest value first, of stacked ones the topmost. (Not by the moment that is
/// pointed at: nothing moves under the eyes of who points.)
pub(super) fn entries(view: &View, ink: &Ink) -> Vec<Entry> {
    // Where the viewer points, the value of that moment stands for the current one.
    let said: Vec<String> = match ink.cursor {
        Some(cursor) => said_at(&view.lines, cursor, &view.format).into_iter().map(|(_, text)| text).collect(),
        None => view.lines.iter().map(|line| line.text.short.text()).collect(),
    };
    let mut order: Vec<(usize, &Line)> = view.lines.iter().enumerate().collect();
    let size = |line: &Line| line.value.unwrap_or(f64::NEG_INFINITY);
    if view.stacked {
        order.reverse();
    } else {
        order.sort_by(|(n, a), (m, b)| size(b).total_cmp(&size(a)).then(n.cmp(m)));
    }
    order
        .into_iter()
        .map(|(index, line)| {
            let name = if line.name.is_empty() { String::new() } else { format!("{} ", line.name) };
            let mark = format!("{} ", ink.glyphs.legend(view.look(index, ink).1));
            Entry { mark, text: format!("{name}{}", said.get(index).map_or("", String::as_str)), index }
        })
        .collect()
}

/// The columns of labels at the ends of lines; none where they have no room, or would stand above each other in all rows.
pub(super) fn width_beside(view: &View, entries: &[Entry], area: Rect) -> Option<u16> {
    let widest = entries.iter().map(Entry::width).max()? + 1;
    let fits = area.width >= WIDE && widest <= area.width / 4 && entries.len() * 2 <= usize::from(area.height);
    (fits && view.hidden == 0).then_some(widest)
}

/// Each label in the row of its line's end, or as near to it as others leave room.
pub(super) fn beside(view: &View, entries: &[Entry], drawn: &Drawn<'_>, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let last = area.height.saturating_sub(1);
    let mut rows: Vec<(u16, &Entry)> =
        entries.iter().map(|entry| (drawn.end_row(entry.index, ink).unwrap_or(last), entry)).collect();
    rows.sort_by_key(|(row, _)| *row);
    let mut free = 0;
    for (row, _) in &mut rows {
        *row = (*row).max(free);
        free = *row + 1;
    }
    let mut end = area.height;
    for (row, _) in rows.iter_mut().rev() {
        *row = (*row).min(end.saturating_sub(1));
        end = *row;
    }
    for (row, entry) in rows {
        entry.write(view, area, (1, row), buffer, ink);
    }
}

/// The rows of a legend.
pub(super) fn rows(entries: &[Entry], area: Rect) -> u16 {
    let mut rows = 1;
    let mut used = 0;
    for width in entries.iter().map(|entry| entry.width() + BETWEEN) {
        if used > 0 && used + width > area.width.saturating_sub(8) {
            rows += 1;
            used = 0;
        }
        used += width;
    }
    rows.min((area.height / 4).max(1))
}

/// A legend; what has no room in it is counted.
pub(super) fn below(view: &View, entries: &[Entry], area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let (mut x, mut y) = (0, 0);
    for (n, entry) in entries.iter().enumerate() {
        let hidden = entries.len() - n + view.hidden;
        let last_row = y + 1 >= area.height;
        // The last row keeps room to say how many more there are.
        let reserved = if last_row && hidden > 1 { MORE } else { 0 };
        if x > 0 && x + entry.width() + reserved > area.width {
            if last_row {
                write(buffer, columns(area, x, area.width), 0, y, &format!("+{hidden}"), ink.style(Role::Muted));
                break;
            }
            (x, y) = (0, y + 1);
        }
        entry.write(view, area, (x, y), buffer, ink);
        x += entry.width() + BETWEEN;
    }
}
