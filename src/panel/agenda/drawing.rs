//! The strokes of an agenda: one line each.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::entries::{AnyTime, Coming, InForce, What};
use crate::model::status::Status;
use crate::panel::changes::role;
use crate::panel::ink::{Ink, Role};
use crate::panel::marks::{columns, write, write_right};

/// Room that a title keeps before it is said how soon it comes.
const TITLE: u16 = 16;

/// One that goes on.
pub(super) fn in_force(one: &InForce, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let style = ink.style(role(one.kind));
    let mut x = write(buffer, area, 0, 0, ink.glyphs.event(one.kind), style) + 1;
    x += write(buffer, area, x, 0, one.kind.word(), style) + 1;
    let until = format!("until {}", one.until);
    let with_rest = format!("{until} ({})", one.left);
    let fits = usize::from(x) + with_rest.width() <= usize::from(area.width);
    x += write(buffer, area, x, 0, if fits { &with_rest } else { &until }, ink.style(Role::Text)) + 2;
    what(&one.what, columns(area, x, area.width), buffer, ink);
}

/// One of which nobody knows when it takes place.
pub(super) fn any_time(one: &AnyTime, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let style = ink.style(Role::Unknown);
    let mut x = write(buffer, area, 0, 0, ink.glyphs.status(Status::Unknown), style) + 1;
    x += write(buffer, area, x, 0, one.kind.word(), style) + 1;
    what(&one.what, columns(area, x, area.width), buffer, ink);
}

/// One that comes; `time` is the width of the column of times.
pub(super) fn coming(one: &Coming, time: u16, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let words = if usize::from(time) < one.time.width() { &one.begin } else { &one.time };
    write(buffer, columns(area, 0, time), 0, 0, words, ink.style(Role::Text));
    write(buffer, area, time + 1, 0, ink.glyphs.event(one.kind), ink.stroke(role(one.kind)));
    let x = time + 3;
    let soon = one.soon.width() as u16 + 2;
    let fits = x.saturating_add(TITLE).saturating_add(soon) <= area.width;
    if fits {
        write_right(buffer, area, 0, &one.soon, ink.style(Role::Muted));
    }
    let room = area.width.saturating_sub(x).saturating_sub(if fits { soon } else { 0 });
    what(&one.what, columns(area, x, room), buffer, ink);
}

fn what(entry: &What, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let mut x = write(buffer, area, 0, 0, entry.title.as_str(), ink.style(Role::Text));
    for note in &entry.notes {
        x += write(buffer, area, x, 0, &format!("{}{note}", ink.glyphs.dot()), ink.style(Role::Muted));
    }
}
