//! Words with headings, lists and emphasis: a runbook beside what it is about, or the lines of a source.
//!
//! Source: `CommonMark`. Of a link its words are shown, of an image the text for those who cannot see it, of a table its
//! cells line by line; HTML is left out.

mod blocks;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, Role};
use super::marks::{Window, big_text, columns, row, write};
use super::{Need, Panel, PanelInput, Room};
use crate::model::judgement::Content;
use crate::model::text::SafeText;
use blocks::{Block, Emphasis, Kind, Piece};

/// The panel.
#[derive(Debug)]
pub struct Markdown;

/// The keys of a markdown panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The words, in Markdown; without a source this is all there is.
    pub text: String,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    blocks: Vec<Block>,
}

impl Panel for Markdown {
    const VIEW: &'static str = "markdown";
    const SUMMARY: &'static str = "words with headings, lists and emphasis: a note of the board's own, or of a source";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Optional;
    const ROOM: Room = Room::new((16, 1), (40, 6), (100, 30), 1);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let mut text = options.text.clone();
        if let Content::Text(lines) = &input.content {
            for line in lines.iter().map(SafeText::as_str) {
                text.push('\n');
                text.push_str(line);
            }
        }
        View { blocks: blocks::read(&text) }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        if area.is_empty() {
            return;
        }
        let lines = laid_out(&view.blocks, area, ink);
        let rows: u16 = lines.iter().map(Line::rows).sum();
        let seen = Window::new(usize::from(rows), usize::from(area.height), ink.scroll);
        let mut y = 0;
        for line in &lines {
            let top = y as usize;
            y += line.rows();
            if top >= seen.first && top + usize::from(line.rows()) <= seen.first + seen.shown {
                let at = Rect { y: area.y + (top - seen.first) as u16, height: line.rows(), ..area };
                line.draw(at, buffer, ink);
            }
        }
        if !seen.rest.is_empty() {
            write(buffer, row(area, area.height - 1), 0, 0, &seen.rest, ink.style(Role::Muted));
        }
    }

    fn room(view: &View) -> Room {
        let rows = |block: &Block| 1 + block.width() / usize::from(Self::ROOM.good.width);
        let count: usize = view.blocks.iter().map(rows).sum();
        Self::ROOM.for_rows(count, (1, 2))
    }

    fn strip(view: &View) -> String {
        view.blocks.first().map(Block::text).unwrap_or_default()
    }

    fn lines(view: &View) -> usize {
        // More or less: how many it takes depends on how wide it is.
        view.blocks.iter().map(|block| 2 + block.width() / usize::from(Self::ROOM.least.width)).sum()
    }
}

/// A line as it is drawn.
enum Line {
    Large(String, big_text::Size),
    Words { indent: u16, mark: String, pieces: Vec<Piece>, role: Role },
    Rule,
    Blank,
}

impl Line {
    const fn rows(&self) -> u16 {
        match self {
            Self::Large(_, size) => size.height() + 1,
            Self::Words { .. } | Self::Rule | Self::Blank => 1,
        }
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        match self {
            Self::Large(text, size) => big_text::draw(buffer, area, text, *size, ink.stroke(Role::Title), ink.glyphs),
            Self::Words { indent, mark, pieces, role } => {
                let mut x = *indent;
                write(
                    buffer,
                    columns(area, x.saturating_sub(mark.width() as u16), area.width),
                    0,
                    0,
                    mark,
                    ink.style(Role::Accent),
                );
                for piece in pieces {
                    x += write(buffer, area, x, 0, &piece.text, style(piece.emphasis, *role, ink));
                }
            }
            Self::Rule => {
                let stroke = ink.glyphs.ground().repeat(usize::from(area.width));
                write(buffer, area, 0, 0, &stroke, ink.style(Role::Border));
            }
            Self::Blank => {}
        }
    }
}

fn style(emphasis: Emphasis, role: Role, ink: &Ink) -> Style {
    match emphasis {
        Emphasis::None => ink.style(role),
        Emphasis::Weak => ink.style(role).add_modifier(Modifier::ITALIC),
        Emphasis::Strong => ink.style(Role::Title).add_modifier(Modifier::BOLD),
        Emphasis::Code => ink.style(Role::Accent),
        Emphasis::Gone => ink.style(Role::Muted).add_modifier(Modifier::CROSSED_OUT),
    }
}

/// Blocks as lines of a width. A first heading is large where all the rest has room below it.
fn laid_out(blocks: &[Block], area: Rect, ink: &Ink) -> Vec<Line> {
    let mut lines = Vec::new();
    let rows =
        |blocks: &[Block]| blocks.iter().map(|block| 2 + block.width() / usize::from(area.width.max(1))).sum::<usize>();
    for (n, block) in blocks.iter().enumerate() {
        if n > 0 && (block.begins_apart || matches!(block.kind, Kind::Heading)) {
            lines.push(Line::Blank);
        }
        let text = block.text();
        let large = (n == 0 && matches!(block.kind, Kind::Heading))
            .then(|| big_text::fitting(&text, (area.width, area.height / 3), ink.glyphs))
            .flatten()
            .filter(|(size, _)| usize::from(size.height()) + 1 + rows(&blocks[1..]) <= usize::from(area.height));
        if let Some((size, _)) = large {
            lines.push(Line::Large(text, size));
            continue;
        }
        if matches!(block.kind, Kind::Rule) {
            lines.push(Line::Rule);
            continue;
        }
        let role = match block.kind {
            Kind::Heading => Role::Title,
            Kind::Quote => Role::Muted,
            Kind::Words | Kind::Code | Kind::Rule => Role::Text,
        };
        let mark = block.mark(ink);
        let indent = (block.depth * 2 + mark.width() as u16).min(area.width / 2);
        let room = usize::from(area.width.saturating_sub(indent)).max(1);
        for (n, pieces) in block.wrapped(room).into_iter().enumerate() {
            let mark = if n == 0 || matches!(block.kind, Kind::Quote) { mark.clone() } else { String::new() };
            lines.push(Line::Words { indent, mark, pieces, role });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{Timestamp, Zone};
    use crate::panel::ink::Glyphs;
    use crate::panel::marks::text;

    fn drawn(words: &str, size: (u16, u16)) -> String {
        let zone = Zone::utc();
        let input = PanelInput::alone(Content::Nothing, Timestamp(0), &zone);
        let view = Markdown::view(&Options { text: words.to_owned() }, &input);
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buffer = Buffer::empty(area);
        Markdown::draw(&view, area, &mut buffer, &Ink::new([Style::default(); 18], Glyphs::Ascii));
        text(&buffer)
    }

    #[test]
    fn headings_lists_quotes_and_code_are_told_apart() {
        let words = "# Checkout\nIf it is **red**, look at `payments`\nfirst.\n\n- ask [the bank](https://bank)\n  1. by phone\n  2. by mail\n- wait\n\n> no *panic*\n\n---\n```\nmake failover\n```\n<b>html</b>";
        let shown = drawn(words, (30, 20));
        let wanted = "Checkout\n\nIf it is red, look at payments\nfirst.\n\n- ask the bank\n  1. by phone\n  2. by mail\n- wait\n\n| no panic\n\n------------------------------\n\n  make failover\n\nhtml\n";
        assert_eq!(shown.trim_end(), wanted.trim_end());
        assert_eq!(drawn("> one two three", (9, 2)), "| one two\n| three\n", "a line that is just full is not cut");
    }

    #[test]
    fn hostile_text_stays_text_and_what_has_no_room_is_counted() {
        let shown = drawn("a \u{1b}[2Jb\u{202e}c", (20, 2));
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
        assert_eq!(drawn("漢字漢字", (4, 3)), "漢 字\n漢 字\n\n", "a word that is wider than the room");
        assert_eq!(drawn("- a\n  > b", (9, 4)), "- a\n| b\n\n\n");
        assert!(drawn("a\n\nb\n\nc\n\nd", (20, 4)).ends_with("4 more\n"), "{}", drawn("a\n\nb\n\nc\n\nd", (20, 4)));
    }
}
