//! Frames to bytes for a terminal: a key frame, or what differs from the frame before.
//!
//! Source: ECMA-48 (CUP, CHA, SGR); "Synchronized Output" (DEC private mode 2026). Our own encoder, because
//! crossterm's reads `NO_COLOR` of this process for every sink, and because nothing may be written when
//! nothing has changed.

use std::collections::HashMap;
use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::runs::{is_certain, symbol, width};
use super::stretches::stretches;
pub use crate::render::Depth;

const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

/// Bytes that turn a screen showing `before` into one showing `after`; empty when they are the same.
/// Without `before`, or with one of another size, every cell is written.
pub fn encode(before: Option<&Buffer>, after: &Buffer, depth: Depth) -> Vec<u8> {
    let before = before.filter(|before| before.area == after.area);
    let mut pen = Pen::new(depth);
    for y in 0..after.area.height {
        match before {
            None => pen.cells(after, y, 0, after.area.width),
            Some(before) => {
                for columns in stretches(before, after, y) {
                    pen.cells(after, y, columns.start, columns.end);
                }
            }
        }
    }
    if pen.out.is_empty() {
        return Vec::new();
    }
    format!("{BEGIN}{}\x1b[0m{END}", pen.out).into_bytes()
}

/// Rows for a file or a pipe: styles, line ends, and no cursor movement.
pub fn lines(frame: &Buffer, depth: Depth) -> String {
    let mut out = String::new();
    let mut pen = Pen::new(depth);
    for y in 0..frame.area.height {
        pen.now = None;
        pen.write_cells(frame, y, 0, frame.area.width, false);
        out.push_str(&std::mem::take(&mut pen.out));
        out.push_str("\x1b[0m\n");
    }
    out
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

struct Pen {
    out: String,
    depth: Depth,
    now: Option<Look>,
    /// What colours of the theme became at this depth: finding the nearest of 240 is expensive, and a frame has
    /// thousands of cells in a dozen colours.
    reduced: HashMap<Color, Color>,
}

impl Pen {
    fn new(depth: Depth) -> Self {
        Self { out: String::new(), depth, now: None, reduced: HashMap::new() }
    }

    fn reduced(&mut self, colour: Color) -> Color {
        *self.reduced.entry(colour).or_insert_with(|| reduce(colour, self.depth))
    }

    fn cells(&mut self, buffer: &Buffer, y: u16, from: u16, to: u16) {
        // Writing into a String cannot fail.
        let _infallible = write!(self.out, "\x1b[{};{}H", y + 1, from + 1);
        self.write_cells(buffer, y, from, to, true);
    }

    /// With `moves` the column of what follows a wide character or a cluster is set anew: terminals disagree about how wide
    /// those are, and no border must stand elsewhere for that. In a file nothing can be set.
    fn write_cells(&mut self, buffer: &Buffer, y: u16, from: u16, to: u16, moves: bool) {
        let mut x = from;
        while x < to {
            let Some(cell) = buffer.cell((x, y)) else { return };
            let text = symbol(cell.symbol());
            self.look(cell);
            // Half of a wide character at the edge would push the next row away.
            let wide = width(cell.symbol());
            if x + wide > buffer.area.width {
                self.out.push(' ');
            } else {
                self.out.push_str(&text);
            }
            x += wide;
            if moves && x < to && !is_certain(&text) {
                // Writing into a String cannot fail.
                let _infallible = write!(self.out, "\x1b[{}G", x + 1);
            }
        }
    }

    fn look(&mut self, cell: &Cell) {
        let want = Look {
            fg: self.reduced(cell.fg),
            bg: self.reduced(cell.bg),
            modifier: cell.modifier & (Modifier::BOLD | Modifier::DIM | Modifier::REVERSED | Modifier::UNDERLINED),
        };
        if self.now == Some(want) {
            return;
        }
        let mut codes: Vec<String> = Vec::new();
        let known = match self.now {
            Some(now) if now.modifier == want.modifier => Some(now),
            _ => {
                codes.push("0".to_owned());
                let modifiers = [
                    (Modifier::BOLD, "1"),
                    (Modifier::DIM, "2"),
                    (Modifier::UNDERLINED, "4"),
                    (Modifier::REVERSED, "7"),
                ];
                let on = modifiers.into_iter().filter(|(modifier, _)| want.modifier.contains(*modifier));
                codes.extend(on.map(|(_, code)| code.to_owned()));
                None
            }
        };
        let plain = known.map_or((Color::Reset, Color::Reset), |now| (now.fg, now.bg));
        if want.fg != plain.0 {
            codes.push(code(want.fg, 30));
        }
        if want.bg != plain.1 {
            codes.push(code(want.bg, 40));
        }
        let _infallible = write!(self.out, "\x1b[{}m", codes.join(";"));
        self.now = Some(want);
    }
}

/// SGR parameters of a colour; `base` is 30 for the foreground, 40 for the background.
fn code(colour: Color, base: u8) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
        Color::Indexed(n @ 0..=7) => (base + n).to_string(),
        Color::Indexed(n @ 8..=15) => (base + 52 + n).to_string(),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        _ => (base + 9).to_string(),
    }
}

/// The nearest colour that a terminal of this depth has.
fn reduce(colour: Color, depth: Depth) -> Color {
    match (colour, depth) {
        (_, Depth::None) => Color::Reset,
        (Color::Rgb(r, g, b), _) => depth.nearest([r, g, b]),
        (other, _) => other,
    }
}
