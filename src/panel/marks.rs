//! Strokes that panels share. Each draws within its area and nowhere else.

pub mod axis;
pub mod big_text;
pub mod buckets;
pub mod heat;
pub mod meter;
pub mod meters;
pub mod plot;
pub mod scale;
pub mod sparkline;
pub mod tiles;
pub mod time_axis;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use unicode_width::UnicodeWidthStr;

use crate::model::text::ellipsis;

/// Writes a text at an offset within an area, cut with an ellipsis. Returns the columns it took.
pub fn write(buffer: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buffer.area);
    if x >= area.width || y >= area.height || text.is_empty() {
        return 0;
    }
    let room = usize::from(area.width - x);
    let text = ellipsis(text, room);
    let width = text.width().min(room) as u16;
    buffer.set_stringn(area.x + x, area.y + y, &text, room, opaque(style));
    width
}

/// Writes a text so that it ends at the right edge of an area. Returns the columns it took.
pub fn write_right(buffer: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) -> u16 {
    let width = (text.width() as u16).min(area.width);
    write(buffer, area, area.width - width, y, text, style)
}

/// Sets one cell at an offset within an area.
pub fn put(buffer: &mut Buffer, area: Rect, x: u16, y: u16, symbol: &str, style: Style) {
    if x < area.width
        && y < area.height
        && let Some(cell) = buffer.cell_mut((area.x + x, area.y + y))
    {
        cell.set_symbol(symbol).set_style(opaque(style));
    }
}

/// Sets one cell at an offset within an area, on the ground that it has.
pub fn put_over(buffer: &mut Buffer, area: Rect, x: u16, y: u16, symbol: &str, style: Style) {
    if let Some(ground) = buffer.cell((area.x + x, area.y + y)).map(|cell| cell.bg) {
        put(buffer, area, x, y, symbol, style.bg(ground));
    }
}

/// Gives one cell at an offset within an area another ground.
pub fn tint(buffer: &mut Buffer, area: Rect, x: u16, y: u16, ground: Option<Color>) {
    if x < area.width
        && y < area.height
        && let Some(ground) = ground
        && let Some(cell) = buffer.cell_mut((area.x + x, area.y + y))
    {
        cell.set_bg(ground);
    }
}

/// Fills an area with blank cells in a style.
pub fn fill(buffer: &mut Buffer, area: Rect, style: Style) {
    let area = area.intersection(buffer.area);
    let mut blank = Cell::default();
    blank.set_style(opaque(style));
    for y in area.top()..area.bottom() {
        let begin = buffer.index_of(area.left(), y);
        if let Some(row) = buffer.content.get_mut(begin..begin + usize::from(area.width)) {
            row.fill(blank.clone());
        }
    }
}

/// Nothing of what was there before shines through: a dim frame does not dim the title in it.
fn opaque(style: Style) -> Style {
    Style::reset().patch(style)
}

/// Draws a frame along the edges of an area, in strokes as [`Glyphs::frame`](super::ink::Glyphs::frame) has
/// them; an area too small for one stays as it is.
pub fn outline(buffer: &mut Buffer, area: Rect, style: Style, strokes: [&str; 6]) {
    let [top_left, top_right, bottom_left, bottom_right, horizontal, vertical] = strokes;
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (right, bottom) = (area.width - 1, area.height - 1);
    for x in 1..right {
        put(buffer, area, x, 0, horizontal, style);
        put(buffer, area, x, bottom, horizontal, style);
    }
    for y in 1..bottom {
        put(buffer, area, 0, y, vertical, style);
        put(buffer, area, right, y, vertical, style);
    }
    put(buffer, area, 0, 0, top_left, style);
    put(buffer, area, right, 0, top_right, style);
    put(buffer, area, 0, bottom, bottom_left, style);
    put(buffer, area, right, bottom, bottom_right, style);
}

/// Breaks a line between words, and a word that is wider than the room within it.
pub fn wrap(line: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let mut word = word;
        if let Some(last) = lines.last_mut()
            && (last.is_empty() || last.width() + 1 + word.width() <= room)
        {
            if !last.is_empty() {
                last.push(' ');
            }
        } else {
            lines.push(String::new());
        }
        while word.width() > room && room > 1 {
            let fits = |(at, c): (usize, char)| word.get(..at + c.len_utf8()).is_some_and(|head| head.width() <= room);
            let cut = word.char_indices().take_while(|one| fits(*one)).map(|(at, c)| at + c.len_utf8()).last();
            let Some((head, rest)) = cut.and_then(|cut| word.split_at_checked(cut)) else { break };
            if let Some(last) = lines.last_mut() {
                last.push_str(head);
            }
            lines.push(String::new());
            word = rest;
        }
        if let Some(last) = lines.last_mut() {
            last.push_str(word);
        }
    }
    lines
}

/// The part of a list that is seen, and what is said of the rest in the row below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The first line that is seen.
    pub first: usize,
    /// How many are seen.
    pub shown: usize,
    /// "12 more", "3 above, 9 more"; empty when all are seen.
    pub rest: String,
}

impl Window {
    /// Of a list of so many lines, in so many rows, scrolled so far.
    pub fn new(lines: usize, rows: usize, scroll: usize) -> Self {
        if lines <= rows {
            return Self { first: 0, shown: lines, rest: String::new() };
        }
        let shown = rows.saturating_sub(1);
        let first = scroll.min(lines - shown);
        let rest = match (first, lines - shown - first) {
            (0, below) => format!("{below} more"),
            (above, 0) => format!("{above} above"),
            (above, below) => format!("{above} above, {below} more"),
        };
        Self { first, shown, rest }
    }
}

/// One row of an area.
pub fn row(area: Rect, y: u16) -> Rect {
    Rect { y: area.y.saturating_add(y), height: u16::from(y < area.height), ..area }
}

/// The columns of an area from `x` on, at most `width`.
pub fn columns(area: Rect, x: u16, width: u16) -> Rect {
    let x = x.min(area.width);
    Rect { x: area.x + x, width: width.min(area.width - x), ..area }
}

/// What was drawn, row by row, without spaces at their ends.
#[cfg(test)]
pub(crate) fn text(buffer: &Buffer) -> String {
    let row = |y: u16| (0..buffer.area.width).map(move |x| buffer[(x, y)].symbol()).collect::<String>();
    (0..buffer.area.height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_between_words_and_long_words_within() {
        assert_eq!(wrap("no data: the query returned nothing", 12), ["no data: the", "query", "returned", "nothing"]);
        assert_eq!(wrap("http://127.0.0.1:9090/x refused", 10), ["http://127", ".0.0.1:909", "0/x", "refused"]);
        assert_eq!(wrap("a 漢字漢字", 4), ["a", "漢字", "漢字"]);
        assert!(wrap("anything", 0).join("").contains("anything"), "no room is no reason to hang");
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn a_list_is_scrolled_to_its_end_and_no_further() {
        let seen = |scroll| Window::new(10, 4, scroll);
        assert_eq!(seen(0), Window { first: 0, shown: 3, rest: "7 more".into() });
        assert_eq!(seen(2), Window { first: 2, shown: 3, rest: "2 above, 5 more".into() });
        assert_eq!(seen(99), Window { first: 7, shown: 3, rest: "7 above".into() });
        assert_eq!(Window::new(3, 4, 9), Window { first: 0, shown: 3, rest: String::new() });
    }
}
