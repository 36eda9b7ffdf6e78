//! Frames to messages, and messages to what a terminal shows.

use std::collections::HashMap;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::message::{Extent, Look, Picture, Run};
use crate::output::runs::{is_certain, symbol, width};
use crate::output::stretches::stretches;
use crate::viewer::{Delta, MAX_SIZE};

const MODIFIERS: [(Modifier, u32); 4] =
    [(Modifier::BOLD, 1), (Modifier::DIM, 2), (Modifier::UNDERLINED, 4), (Modifier::REVERSED, 8)];

/// What a viewer that shows what was before has to be sent. The two styles are for when nobody sends any more.
pub fn picture(delta: &Delta, muted: Style, alarm: Style) -> Picture {
    let (before, after) = (delta.before(), delta.after());
    let mut runs = Runs::default();
    for y in 0..after.area.height {
        let all = || std::iter::once(0..after.area.width).collect();
        for columns in before.map_or_else(all, |before| stretches(before, after, y)) {
            runs.take(after, y, columns);
        }
    }
    let is_whole = delta.is_whole();
    Picture {
        size: Some(Extent::of((after.area.width, after.area.height))),
        is_whole,
        styles: runs.styles,
        runs: runs.all,
        muted: is_whole.then(|| look(muted)),
        alarm: is_whole.then(|| look(alarm)),
    }
}

/// Runs of one style, and the styles.
#[derive(Default)]
struct Runs {
    all: Vec<Run>,
    styles: Vec<Look>,
    known: HashMap<Look, u32>,
}

impl Runs {
    fn take(&mut self, buffer: &Buffer, y: u16, columns: Range<u16>) {
        let mut x = columns.start;
        // What is not one character of one column ends its run: where the next one begins is said anew.
        let mut goes_on = false;
        while x < columns.end {
            let Some(cell) = buffer.cell((x, y)) else { return };
            let (text, style) = (symbol(cell.symbol()), self.style(look(cell.style())));
            let is_certain = is_certain(&text);
            if let Some(run) = self.all.last_mut().filter(|run| goes_on && is_certain && run.style == style) {
                run.text.push_str(&text);
            } else {
                self.all.push(Run { row: y.into(), column: x.into(), style, text: text.into_owned() });
            }
            goes_on = is_certain;
            x += width(cell.symbol());
        }
    }

    fn style(&mut self, look: Look) -> u32 {
        *self.known.entry(look).or_insert_with(|| {
            self.styles.push(look);
            self.styles.len() as u32 - 1
        })
    }
}

fn look(style: Style) -> Look {
    let is_on = |modifier: Modifier| style.add_modifier.contains(modifier);
    Look {
        foreground: number(style.fg.unwrap_or_default()),
        background: number(style.bg.unwrap_or_default()),
        modifiers: MODIFIERS.iter().filter(|(modifier, _)| is_on(*modifier)).map(|(_, bit)| bit).sum(),
    }
}

fn number(colour: Color) -> u32 {
    match colour {
        Color::Rgb(r, g, b) => u32::from_be_bytes([1, r, g, b]),
        Color::Indexed(index) => u32::from_be_bytes([2, 0, 0, index]),
        _ => 0,
    }
}

fn colour(number: u32) -> Color {
    match number.to_be_bytes() {
        [1, r, g, b] => Color::Rgb(r, g, b),
        [2, 0, 0, index] => Color::Indexed(index),
        _ => Color::Reset,
    }
}

/// A style that was sent.
pub fn style(look: Look) -> Style {
    let modifiers = MODIFIERS.iter().filter(|(_, bit)| look.modifiers & bit != 0);
    let style = Style::new().fg(colour(look.foreground)).bg(colour(look.background));
    modifiers.fold(style, |style, (modifier, _)| style.add_modifier(*modifier))
}

/// What a viewer shows after a picture, where it has shown `before`. What lies outside is left out; the error says what
/// makes no sense.
pub fn shown(before: Option<&Buffer>, picture: &Picture) -> Result<Buffer, String> {
    let (columns, rows) = picture.size.map(Extent::size).ok_or("a picture without a size")?;
    if columns > MAX_SIZE.0 || rows > MAX_SIZE.1 {
        return Err(format!("a picture of {columns} columns and {rows} rows"));
    }
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = match before.filter(|before| !picture.is_whole && before.area == area) {
        Some(before) => before.clone(),
        None if picture.is_whole => Buffer::empty(area),
        None => return Err("a change of a picture that was never sent".to_owned()),
    };
    let styles: Vec<Style> = picture.styles.iter().map(|look| style(*look)).collect();
    for run in &picture.runs {
        let at = u16::try_from(run.column).ok().zip(u16::try_from(run.row).ok());
        let Some((x, y)) = at.filter(|(x, y)| *x < columns && *y < rows) else { continue };
        let style = styles.get(run.style as usize).copied().unwrap_or_default();
        reset(&mut buffer, &run.text, (x, y));
        buffer.set_string(x, y, &run.text, style);
    }
    Ok(buffer)
}

/// Nothing of the style that was there before is left under a run.
fn reset(buffer: &mut Buffer, text: &str, (x, y): (u16, u16)) {
    let columns = width(text).min(buffer.area.width - x);
    for x in x..x + columns {
        if let Some(cell) = buffer.cell_mut((x, y)) {
            cell.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::ansi::{Depth, encode};

    /// A picture of three rows, in one colour a row.
    fn drawn(rows: [&str; 3]) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 3));
        for (y, row) in rows.into_iter().enumerate() {
            let style = Style::new().fg(Color::Rgb(y as u8, 2, 3)).bg(Color::Indexed(9)).add_modifier(Modifier::BOLD);
            buffer.set_string(0, y as u16, row, style);
        }
        buffer
    }

    /// What a terminal is sent, without the columns that are set anew behind what terminals draw differently.
    fn written(buffer: &Buffer) -> String {
        let bytes = String::from_utf8(encode(None, buffer, Depth::True)).unwrap();
        let parts = bytes.split("\x1b[").map(|part| match part.split_once('G') {
            Some((column, rest)) if column.parse::<u16>().is_ok() => rest.to_owned(),
            _ => format!("\x1b[{part}"),
        });
        parts.collect()
    }

    #[test]
    fn what_is_sent_is_what_is_shown() {
        let frames = [
            drawn(["all is well", "日本 12", "e\u{301}é"]),
            drawn(["all is well", "日 本12", "❤\u{fe0f} 🇩🇪 x"]),
            drawn(["x", "", "👨\u{200d}👩\u{200d}👧"]),
        ];
        let mut screen: Option<Buffer> = None;
        let mut before: Option<Buffer> = None;
        for after in frames {
            let delta = Delta::of(before.take(), after.clone());
            screen = Some(shown(screen.as_ref(), &picture(&delta, Style::new(), Style::new())).unwrap());
            let [here, there] = [&after, screen.as_ref().unwrap()].map(written);
            assert_eq!(here, there);
            before = Some(after);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_or_left_out() {
        let size = |columns, rows| Some(Extent { columns, rows });
        for picture in [
            Picture { size: size(501, 1), is_whole: true, ..Picture::default() },
            Picture { size: size(u32::MAX, 1), is_whole: true, ..Picture::default() },
            Picture { size: size(80, 24), ..Picture::default() },
            Picture::default(),
        ] {
            assert!(shown(None, &picture).is_err(), "{picture:?}");
        }
        let run = |row, column, text: &str| Run { row, column, style: 7, text: text.to_owned() };
        let runs = vec![run(9, 0, "x"), run(0, 99, "x"), run(0, 3, "longer"), run(1, 0, "\x1b[2J"), run(2, 0, "ok")];
        let picture = Picture { size: size(5, 3), is_whole: true, runs, ..Picture::default() };
        let screen = shown(None, &picture).unwrap();
        let written = String::from_utf8(encode(None, &screen, Depth::None)).unwrap();
        assert!(!written.contains("\x1b[2J") && written.contains("ok"), "{written:?}");
    }
}
