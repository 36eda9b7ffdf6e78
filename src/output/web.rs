//! A board in a browser: the page, and frames for it, as what differs from the one before.
//!
//! A picture is JSON in one line: its size, the styles of its runs, and every row in which something has changed, as runs of
//! column, columns, style and text. The page draws text, in cells of its own font: what is seen can be selected, is read by
//! screen readers, and is sharp at any size.

use std::collections::HashMap;

use ratatui::style::{Color, Modifier, Style};
use serde_json::{Value, json};

use super::runs::row;
use crate::viewer::Delta;
use crate::viewer::delta::changed_columns;

/// The page, its style and its script; nothing else is loaded.
pub const PAGE: &str = include_str!("web/page.html");
/// Its style.
pub const STYLE: &str = include_str!("web/page.css");
/// Its script.
pub const SCRIPT: &str = include_str!("web/page.js");

/// What a page that shows what was before has to be sent. `ground` is the style of a cell with nothing in it.
pub fn picture(delta: &Delta, ground: Style) -> Value {
    let (before, after) = (delta.before(), delta.after());
    let mut styles = Styles::default();
    let differs = |y: &u16| before.is_none_or(|before| changed_columns(before, after, *y).next().is_some());
    let rows: Vec<Value> = (0..after.area.height)
        .filter(differs)
        .map(|y| {
            let runs =
                row(after, y).into_iter().map(|run| json!([run.column, run.width, styles.index(run.style), run.text]));
            json!([y, runs.collect::<Vec<_>>()])
        })
        .collect();
    json!({
        "columns": after.area.width,
        "rows": after.area.height,
        "whole": delta.is_whole(),
        "ground": look(ground),
        "styles": styles.looks,
        "changed": rows,
    })
}

/// The styles of a picture.
#[derive(Default)]
struct Styles {
    known: HashMap<Style, usize>,
    looks: Vec<Value>,
}

impl Styles {
    fn index(&mut self, style: Style) -> usize {
        *self.known.entry(style).or_insert_with(|| {
            self.looks.push(look(style));
            self.looks.len() - 1
        })
    }
}

/// The colour of the characters, the one behind them, and b, d, u for bold, dim, underlined.
fn look(style: Style) -> Value {
    let has = |modifier: Modifier| style.add_modifier.contains(modifier);
    let (mut front, mut behind) = (css(style.fg), css(style.bg));
    if has(Modifier::REVERSED) {
        std::mem::swap(&mut front, &mut behind);
    }
    let letters = [(Modifier::BOLD, 'b'), (Modifier::DIM, 'd'), (Modifier::UNDERLINED, 'u')];
    let on: String = letters.into_iter().filter(|(modifier, _)| has(*modifier)).map(|(_, letter)| letter).collect();
    json!([front, behind, on])
}

fn css(colour: Option<Color>) -> Option<String> {
    match colour? {
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn the_page_is_small_and_loads_nothing_from_elsewhere() {
        assert!(PAGE.len() + STYLE.len() + SCRIPT.len() < 60 * 1024);
        for text in [PAGE, STYLE, SCRIPT] {
            assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("@import"));
        }
        assert!(!PAGE.contains("<script>") && !PAGE.contains(" on") && !PAGE.contains("style="), "nothing is inline");
    }

    #[test]
    fn a_picture_has_the_rows_that_differ() {
        let drawn = |words: &str| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 2));
            buffer.set_string(0, 0, "title", Style::new().fg(Color::Rgb(1, 2, 3)));
            buffer.set_string(0, 1, words, Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED));
            buffer
        };
        let whole = picture(&Delta::of(None, drawn("<b>")), Style::new());
        assert_eq!(whole["whole"], json!(true));
        assert_eq!(whole["changed"].as_array().unwrap().len(), 2);
        let next = picture(&Delta::of(Some(drawn("<b>")), drawn("日x")), Style::new());
        assert_eq!(next["changed"], json!([[1, [[0, 3, 0, "日x"], [3, 3, 1, "   "]]]]));
        assert_eq!(next["styles"][0], json!([null, null, "b"]));
    }
}
