//! The lines themselves, the newest below, with what happened between them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::super::ink::{Ink, Role};
use super::super::marks::{columns, row, wrap, write};
use super::found::Found;
use super::view::{Entry, LogMark, View, role};
use crate::model::text::{SafeText, ellipsis};

/// Widest column of categories and fields.
const WIDEST: usize = 24;
/// Most events below the last line.
const LAST_MARKS: usize = 3;
/// Most rows of one line, with its stack trace, where it is wrapped.
const MAX_ROWS: usize = 40;
/// Room without which a column beside the message is left out.
const MESSAGE: u16 = 24;

/// One row of the screen.
enum Row<'a> {
    /// The beginning of a line, and what is seen of its message.
    Line(&'a Entry, String),
    /// More of a line.
    More(&'a Entry, String),
    /// What happened.
    Mark(&'a LogMark),
}

pub(super) fn draw(view: &View, (found, wraps): (&Found<'_>, bool), area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let height = usize::from(area.height);
    // A wrapped line has several rows: how many fill the screen is seen below.
    let least = if wraps { 1 } else { height };
    let scroll = ink.scroll.min(found.entries.len().saturating_sub(least.min(found.entries.len())));
    let last = found.entries.len() - scroll;
    let seen = found.entries.get(last.saturating_sub(height)..last).unwrap_or_default();
    let widths = widths(view, seen, area.width);
    let indent: u16 = widths.iter().map(|width| *width + 1).sum();
    let room = area.width.saturating_sub(indent);
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut marks = view.marks.iter().peekable();
    if let Some(first) = seen.first() {
        while marks.next_if(|mark| mark.at < first.line.at).is_some() {}
    }
    for entry in seen {
        while let Some(mark) = marks.next_if(|mark| mark.at <= entry.line.at) {
            rows.push(Row::Mark(mark));
        }
        push(&mut rows, entry, wraps.then_some(usize::from(room)));
    }
    if scroll == 0 {
        // What has happened since the last line; of much the newest, so that lines are seen.
        let since: Vec<&LogMark> = marks.collect();
        rows.extend(since.iter().skip(since.len().saturating_sub(LAST_MARKS)).copied().map(Row::Mark));
    }
    let from = rows.len().saturating_sub(height);
    for (y, one) in rows.iter().skip(from).enumerate() {
        let line = row(area, y as u16);
        match one {
            Row::Mark(mark) => draw_mark(mark, view, line, buffer, ink),
            Row::Line(entry, message) => {
                draw_columns(view, entry, &widths, line, buffer, ink);
                draw_message(entry, message, found, columns(line, indent, room), buffer, ink);
            }
            Row::More(entry, text) => draw_message(entry, text, found, columns(line, indent, room), buffer, ink),
        }
    }
}

/// The rows of a line: cut to one, or wrapped with what belongs to it.
fn push<'a>(rows: &mut Vec<Row<'a>>, entry: &'a Entry, wraps: Option<usize>) {
    let (message, more) = (entry.line.message.as_str(), &entry.line.more);
    let Some(room) = wraps else {
        let count = if more.is_empty() { String::new() } else { format!("  (+{} lines)", more.len()) };
        rows.push(Row::Line(entry, format!("{message}{count}")));
        return;
    };
    let texts = std::iter::once(message).chain(more.iter().map(SafeText::as_str));
    for (n, text) in texts.flat_map(|text| wrap(text, room)).take(MAX_ROWS).enumerate() {
        rows.push(if n == 0 { Row::Line(entry, text) } else { Row::More(entry, text) });
    }
}

/// The text of a column of a line.
fn cell(view: &View, entry: &Entry, column: &str) -> String {
    match column {
        "time" => entry.line.at.clock(&view.zone),
        "level" => entry.line.level.map_or("", crate::model::log::Level::word).to_owned(),
        "category" => entry.line.category.to_string(),
        name => entry.line.field(name).unwrap_or_default().to_owned(),
    }
}

/// How wide each column beside the message is, for what is seen; the last ones are left out where there is no room.
fn widths(view: &View, seen: &[&Entry], width: u16) -> Vec<u16> {
    let mut left = width.saturating_sub(MESSAGE);
    let mut widths = Vec::new();
    for column in view.columns.iter().filter(|column| *column != "message") {
        let widest = seen.iter().map(|entry| cell(view, entry, column).width()).max().unwrap_or(0).min(WIDEST) as u16;
        let fits = widest < left && widest > 0;
        left = left.saturating_sub(if fits { widest + 1 } else { 0 });
        widths.push(if fits { widest } else { 0 });
    }
    widths
}

fn draw_columns(view: &View, entry: &Entry, widths: &[u16], area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let mut x = 0;
    for (column, width) in view.columns.iter().filter(|column| *column != "message").zip(widths) {
        if *width == 0 {
            x += 1;
            continue;
        }
        let text = cell(view, entry, column);
        let style = match column.as_str() {
            "level" => ink.style(role(entry.line.level)),
            "category" => ink.style(Role::Accent),
            _ => ink.style(Role::Muted),
        };
        // Of a category the end says most: "…checkout.payment".
        let text = if column == "category" {
            end_of(&text, usize::from(*width))
        } else {
            ellipsis(&text, usize::from(*width))
        };
        write(buffer, columns(area, x, *width), 0, 0, &text, style);
        x += width + 1;
    }
}

/// The end of a text that is too wide.
pub(super) fn end_of(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |(_, c): &(usize, char)| {
        used += c.width().unwrap_or(0);
        used <= width
    };
    let begin = text.char_indices().rev().take_while(fits).last().map_or(text.len(), |(at, _)| at);
    format!("…{}", text.get(begin..).unwrap_or_default())
}

fn draw_message(entry: &Entry, text: &str, found: &Found<'_>, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let style = match role(entry.line.level) {
        Role::Critical => ink.style(Role::Critical),
        Role::Muted => ink.style(Role::Muted),
        _ => ink.style(Role::Text),
    };
    write(buffer, area, 0, 0, text, style);
    for range in found.search.found(text) {
        // What is further right than that is not seen, however narrow its characters are.
        if range.start > usize::from(area.width) * 4 {
            continue;
        }
        let (Some(before), Some(marked)) = (text.get(..range.start), text.get(range)) else { continue };
        let x = before.width() as u16;
        if x < area.width {
            write(buffer, area, x, 0, marked, ink.style(Role::Focus).add_modifier(Modifier::REVERSED));
        }
    }
}

/// "── 14:03 deploy shop v2.14 ──".
fn draw_mark(mark: &LogMark, view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let [.., stroke, _] = ink.glyphs.frame();
    let style = ink.style(if mark.failed { Role::Critical } else { Role::Accent });
    let line = stroke.repeat(usize::from(area.width));
    write(buffer, area, 0, 0, &line, ink.style(Role::Border));
    write(buffer, area, 2, 0, &format!(" {} {} ", mark.at.hour_minute(&view.zone), mark.words), style);
}
