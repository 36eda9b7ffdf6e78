//! Rows of a frame as runs of one style.

use std::borrow::Cow;

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
/// behind the sanitising type and ratatui's own filter. One that terminals give different widths becomes what they
/// all give its own.
pub(super) fn symbol(symbol: &str) -> Cow<'_, str> {
    if symbol.chars().any(does_something) {
        return Cow::Borrowed("\u{FFFD}");
    }
    if is_certain(symbol) { Cow::Borrowed(symbol) } else { alike(symbol) }
}

/// Whether it is one character of one column, which moves the cursor of every terminal by one.
pub(super) fn is_certain(symbol: &str) -> bool {
    symbol.len() == 1 || (symbol.chars().nth(1).is_none() && symbol.width() == 1)
}

/// A cluster as terminals draw it alike, filled with blanks to its width (docs/accessibility.md has the table that was
/// measured): an emoji without skin tone, and of joined ones the first; without the selector that makes a sign an emoji;
/// a flag as its two letters.
fn alike(symbol: &str) -> Cow<'_, str> {
    let is_cut = |c: char| matches!(c, '\u{200d}' | '\u{1f3fb}'..='\u{1f3ff}');
    let is_dropped = |c: char| matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{20e3}');
    if !symbol.chars().any(|c| is_cut(c) || is_dropped(c) || letter(c).is_some()) {
        return Cow::Borrowed(symbol);
    }
    let kept = symbol.chars().enumerate().take_while(|(n, c)| *n == 0 || !is_cut(*c)).map(|(_, c)| c);
    let mut text: String = kept.filter(|c| !is_dropped(*c)).map(|c| letter(c).unwrap_or(c)).collect();
    let blanks = usize::from(width(symbol)).saturating_sub(text.width());
    text.extend(std::iter::repeat_n(' ', blanks));
    Cow::Owned(text)
}

/// The letter of a regional indicator symbol.
fn letter(c: char) -> Option<char> {
    let n = u32::from(c).checked_sub(0x1f1e6).filter(|n| *n < 26)?;
    char::from_u32(u32::from('A') + n)
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
        let (wide, style) = (width(cell.symbol()).min(buffer.area.width - x), cell.style());
        match runs.last_mut() {
            Some(run) if run.style == style => {
                run.text.push_str(&text);
                run.width += wide;
            }
            _ => runs.push(Run { column: x, width: wide, text: text.into_owned(), style }),
        }
        x += wide;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terminals_draw_differently_is_drawn_alike_in_the_same_columns() {
        for (outside, shown) in [
            ("e\u{301}", "e\u{301}"),
            ("日", "日"),
            ("\u{1112}\u{1161}\u{11ab}", "\u{1112}\u{1161}\u{11ab}"),
            ("👍🏽", "👍"),
            ("👨\u{200d}👩\u{200d}👧", "👨"),
            ("❤\u{fe0f}", "❤ "),
            ("1\u{fe0f}\u{20e3}", "1 "),
            ("🇩🇪", "DE"),
            ("\u{1b}", "\u{fffd}"),
        ] {
            assert_eq!(symbol(outside), shown, "{outside:?}");
            assert_eq!(width(&symbol(outside)), width(outside), "{outside:?}");
        }
        assert!(is_certain("─") && is_certain("é") && !is_certain("日") && !is_certain("e\u{301}"));
    }
}
