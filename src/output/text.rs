//! A frame as plain text, and as text with a layer of styles for tests.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::runs::row;
use crate::render::Ink;

/// Rows of text, without spaces at their ends.
pub fn plain(frame: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..frame.area.height {
        let line: String = row(frame, y).into_iter().map(|run| run.text).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Rows of text, then rows of letters that name the style of each cell, then the letters' legend: a red
/// panel that turns green changes it.
pub fn with_styles(frame: &Buffer, ink: &Ink) -> String {
    let mut out = plain(frame);
    out.push_str("----- styles\n");
    let mut seen: Vec<Style> = Vec::new();
    for y in 0..frame.area.height {
        let mut line = String::new();
        for run in row(frame, y) {
            let at = seen.iter().position(|style| *style == run.style).unwrap_or_else(|| {
                seen.push(run.style);
                seen.len() - 1
            });
            let letter = if at == 0 { ' ' } else { letter(at) };
            line.extend(std::iter::repeat_n(letter, usize::from(run.width)));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for (at, style) in seen.iter().enumerate().skip(1) {
        let letter = letter(at);
        // Writing into a String cannot fail.
        let _infallible = writeln!(out, "{letter} = {}", name(*style, ink));
    }
    out
}

/// A letter for the style of an index from 1; of many styles several share one.
fn letter(at: usize) -> char {
    char::from(b'a' + ((at - 1) % 26) as u8)
}

/// The role a style is of, with what is added to it.
fn name(style: Style, ink: &Ink) -> String {
    let modifier = style.add_modifier;
    let added = if modifier.is_empty() { String::new() } else { format!(" {modifier:?}") };
    format!("{}{added}", ink.name(style))
}
