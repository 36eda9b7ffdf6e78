//! A frame as a picture: one text a run, on a ground of rectangles. Every text is escaped.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use super::html::escape;
use super::runs::row;
use crate::model::text::SafeText;

const CELL_WIDTH: f64 = 8.4;
const CELL_HEIGHT: f64 = 17.0;
const BASELINE: f64 = 13.0;

/// A standalone SVG document.
pub fn draw(frame: &Buffer, title: &SafeText) -> String {
    let (columns, rows) = (frame.area.width, frame.area.height);
    let (width, height) = (f64::from(columns) * CELL_WIDTH, f64::from(rows) * CELL_HEIGHT);
    let ground = frame.cell((0, 0)).map_or(Color::Reset, |cell| cell.bg);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{}\"/>\n\
         <g font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14\" xml:space=\"preserve\">\n",
        escape(title.as_str()),
        colour(ground, "#11151c")
    );
    for y in 0..rows {
        for run in row(frame, y) {
            let reversed = run.style.add_modifier.contains(Modifier::REVERSED);
            let (mut fg, mut bg) = (run.style.fg.unwrap_or_default(), run.style.bg.unwrap_or_default());
            if reversed {
                (fg, bg) = (bg, fg);
            }
            let (x, top) = (f64::from(run.column) * CELL_WIDTH, f64::from(y) * CELL_HEIGHT);
            let wide = f64::from(run.width) * CELL_WIDTH;
            if bg != ground || reversed {
                let fill = colour(bg, if reversed { "#d5dce6" } else { "none" });
                // Writing into a String cannot fail.
                let _infallible = writeln!(
                    out,
                    "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{CELL_HEIGHT}\" fill=\"{fill}\"/>"
                );
            }
            if run.text.trim().is_empty() {
                continue;
            }
            let weight = if run.style.add_modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
            let dim = if run.style.add_modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
            let _infallible = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{weight}{dim}>{}</text>",
                top + BASELINE,
                colour(fg, if reversed { "#11151c" } else { "#d5dce6" }),
                escape(&run.text).replace(' ', "\u{a0}")
            );
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn colour(colour: Color, otherwise: &str) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => otherwise.to_owned(),
    }
}
