//! Rows of a frame as runs of one style.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::model::text::does_something;

/// Neighbouring cells of one style.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub column: u16,
    pub width: u16,
    pub text: String,
    pub style: Style,
}

/// What a cell shows. A symbol that could do anything but show itself becomes a mark: the last defence,
/// behind the sanitising type and ratatui's own filter.
pub(super) fn symbol(symbol: &str) -> &str {
    if symbol.chars().any(does_something) { "\u{FFFD}" } else { symbol }
}

/// The columns a symbol takes, one at least.
pub(super) fn width(symbol: &str) -> u16 {
    (symbol.width() as u16).max(1)
}

/// One row as runs, from left to right, without gaps.
pub(super) fn row(buffer: &Buffer, y: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut x = 0;
    while x < buffer.area.width {
        let Some(cell) = buffer.cell((x, y)) else { break };
        let text = symbol(cell.symbol());
        let (wide, style) = (width(text).min(buffer.area.width - x), cell.style());
        match runs.last_mut() {
            Some(run) if run.style == style => {
                run.text.push_str(text);
                run.width += wide;
            }
            _ => runs.push(Run { column: x, width: wide, text: text.to_owned(), style }),
        }
        x += wide;
    }
    runs
}
