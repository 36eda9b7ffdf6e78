//! A frame as a page without scripts. Every text is escaped.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use super::runs::row;
use crate::model::text::SafeText;

/// Text that cannot become markup, in an element or an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// A whole page.
pub fn draw(frame: &Buffer, title: &SafeText) -> String {
    let base = frame.cell((0, 0)).map(ratatui::buffer::Cell::style).unwrap_or_default();
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{}</title>\n\
         <style>body{{margin:1em;{}}}pre{{font:14px/1.2 ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}}</style>\n<pre>",
        escape(title.as_str()),
        css(base)
    );
    for y in 0..frame.area.height {
        for run in row(frame, y) {
            let text = escape(&run.text);
            if run.style == base {
                out.push_str(&text);
            } else {
                // Writing into a String cannot fail.
                let _infallible = write!(out, "<span style=\"{}\">{text}</span>", css(run.style));
            }
        }
        out.push('\n');
    }
    out.push_str("</pre>\n</html>\n");
    out
}

fn css(style: Style) -> String {
    let mut css = String::new();
    let (mut fg, mut bg) = (style.fg.unwrap_or_default(), style.bg.unwrap_or_default());
    if style.add_modifier.contains(Modifier::REVERSED) {
        (fg, bg) = (bg, fg);
        if fg == Color::Reset {
            css.push_str("color:Canvas;background:CanvasText;");
        }
    }
    for (name, colour) in [("color", fg), ("background", bg)] {
        if let Color::Rgb(r, g, b) = colour {
            // Writing into a String cannot fail.
            let _infallible = write!(css, "{name}:#{r:02x}{g:02x}{b:02x};");
        }
    }
    if style.add_modifier.contains(Modifier::BOLD) {
        css.push_str("font-weight:bold;");
    }
    if style.add_modifier.contains(Modifier::DIM) {
        css.push_str("opacity:.6;");
    }
    css
}
