//! Markdown as blocks of words with their emphasis.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::model::text::SafeText;
use crate::panel::ink::{Glyphs, Ink};

/// Most blocks, and most characters, that are kept.
const MOST_BLOCKS: usize = 300;
const MOST_CHARS: usize = 50_000;

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Words,
    Heading,
    Quote,
    Code,
    Rule,
}

/// How a piece of text is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Emphasis {
    None,
    Weak,
    Strong,
    Code,
    /// Crossed out.
    Gone,
}

/// Text in one emphasis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Piece {
    pub text: String,
    pub emphasis: Emphasis,
}

/// A heading, a paragraph, a point of a list, a line of code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Block {
    pub kind: Kind,
    /// How deep in lists.
    pub depth: u16,
    /// "-" or "2." before a point; empty where there is none.
    point: String,
    /// Whether a blank line comes before it.
    pub begins_apart: bool,
    pieces: Vec<Piece>,
}

impl Block {
    /// Its words without emphasis.
    pub(super) fn text(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    /// Columns in one line.
    pub(super) fn width(&self) -> usize {
        self.pieces.iter().map(|piece| piece.text.width()).sum()
    }

    /// What stands before its first line.
    pub(super) fn mark(&self, ink: &Ink) -> String {
        let [.., side] = ink.glyphs.frame();
        match (self.kind, self.point.as_str()) {
            (Kind::Quote, _) => format!("{side} "),
            (Kind::Code, _) => "  ".to_owned(),
            (_, "") => String::new(),
            (_, "-") if ink.glyphs != Glyphs::Ascii => "• ".to_owned(),
            (_, point) => format!("{point} "),
        }
    }

    /// Its lines of at most so many columns; code is not broken.
    pub(super) fn wrapped(&self, room: usize) -> Vec<Vec<Piece>> {
        if self.kind == Kind::Code {
            return vec![self.pieces.clone()];
        }
        let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
        let mut used = 0;
        for piece in &self.pieces {
            for word in piece.text.split_inclusive(' ').flat_map(|word| pieces_of(word, room)) {
                if used > 0 && used + word.trim_end().width() > room {
                    lines.push(Vec::new());
                    used = 0;
                }
                used += word.width();
                if let Some(line) = lines.last_mut() {
                    match line.last_mut() {
                        Some(last) if last.emphasis == piece.emphasis => last.text.push_str(word),
                        _ => line.push(Piece { text: word.to_owned(), emphasis: piece.emphasis }),
                    }
                }
            }
        }
        // The space between two lines is in neither: it would not fit.
        for line in &mut lines {
            if let Some(last) = line.last_mut() {
                last.text.truncate(last.text.trim_end().len());
            }
        }
        lines
    }
}

/// A word in parts that are not wider than the room.
fn pieces_of(word: &str, room: usize) -> Vec<&str> {
    if word.trim_end().width() <= room {
        return vec![word];
    }
    let mut parts = Vec::new();
    let (mut begin, mut used) = (0, 0);
    for (at, grapheme) in word.grapheme_indices(true) {
        if used > 0 && used + grapheme.width() > room {
            parts.extend(word.get(begin..at));
            (begin, used) = (at, 0);
        }
        used += grapheme.width();
    }
    parts.extend(word.get(begin..));
    parts
}

/// Reads Markdown. Anything is Markdown: there is nothing to refuse.
pub(super) fn read(text: &str) -> Vec<Block> {
    let end = text.char_indices().nth(MOST_CHARS).map_or(text.len(), |(at, _)| at);
    let parser =
        Parser::new_ext(text.get(..end).unwrap_or(text), Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES);
    let mut reader = Reader::default();
    for event in parser {
        reader.event(event);
    }
    reader.end_block();
    reader.blocks.truncate(MOST_BLOCKS);
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    pieces: Vec<Piece>,
    /// For each list that is open, the number of its next point; none where points have no numbers.
    lists: Vec<Option<u64>>,
    /// The mark of the point that is about to begin.
    point: String,
    emphases: Vec<Emphasis>,
    kind: Option<Kind>,
    /// Quotes that are open.
    quotes: usize,
    /// A blank line comes before the next block.
    apart: bool,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.kind == Some(Kind::Code) => {
                for line in text.lines() {
                    self.add(line);
                    self.end_block();
                }
            }
            Event::Text(text) => self.add(&text),
            Event::Code(text) => {
                self.emphases.push(Emphasis::Code);
                self.add(&text);
                self.emphases.pop();
            }
            Event::SoftBreak => self.add(" "),
            Event::HardBreak => self.end_block(),
            Event::Rule => {
                self.end_block();
                self.apart = true;
                self.push(Kind::Rule);
                self.apart = true;
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.begin(Some(Kind::Heading)),
            Tag::Paragraph | Tag::TableHead | Tag::TableRow => self.begin(None),
            Tag::CodeBlock(_) => self.begin(Some(Kind::Code)),
            Tag::BlockQuote(_) => {
                self.end_block();
                self.quotes += 1;
            }
            Tag::List(first) => {
                self.end_block();
                self.apart |= self.lists.is_empty();
                self.lists.push(*first);
            }
            Tag::Item => {
                self.end_block();
                self.point = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "-".to_owned(),
                };
            }
            Tag::Emphasis => self.emphases.push(Emphasis::Weak),
            Tag::Strong => self.emphases.push(Emphasis::Strong),
            Tag::Strikethrough => self.emphases.push(Emphasis::Gone),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::CodeBlock | TagEnd::TableHead | TagEnd::TableRow => {
                self.end_block();
                self.kind = None;
                // Points of a list stand close to each other, as do the rows of a table.
                self.apart = self.lists.is_empty() && !matches!(tag, TagEnd::TableHead | TagEnd::TableRow);
            }
            TagEnd::BlockQuote(_) => {
                self.end_block();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::List(_) => {
                self.end_block();
                self.lists.pop();
                self.apart = self.lists.is_empty();
            }
            TagEnd::Item => self.end_block(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.emphases.pop();
            }
            TagEnd::TableCell => self.add("  "),
            _ => {}
        }
    }

    fn begin(&mut self, kind: Option<Kind>) {
        self.end_block();
        self.kind = kind;
    }

    fn add(&mut self, text: &str) {
        let emphasis = self.emphases.last().copied().unwrap_or(Emphasis::None);
        // Spaces at the ends of a safe text would be lost between two pieces.
        let space = |is: bool| if is { " " } else { "" };
        let (before, after) = (space(text.starts_with(' ')), space(text.ends_with(' ') && !text.trim().is_empty()));
        let safe = SafeText::new(text);
        let is_code = self.kind == Some(Kind::Code);
        let indent = if is_code { text.len() - text.trim_start_matches(' ').len() } else { 0 };
        let words = safe.as_str().trim();
        let text = if is_code { format!("{}{words}", " ".repeat(indent)) } else { format!("{before}{words}{after}") };
        self.pieces.push(Piece { text, emphasis });
    }

    fn end_block(&mut self) {
        let is_empty = self.pieces.iter().all(|piece| piece.text.trim().is_empty());
        if is_empty {
            self.pieces.clear();
            return;
        }
        let kind = if self.quotes > 0 { Kind::Quote } else { self.kind.unwrap_or(Kind::Words) };
        self.push(kind);
    }

    fn push(&mut self, kind: Kind) {
        let block = Block {
            kind,
            depth: (self.lists.len() as u16).saturating_sub(1),
            point: std::mem::take(&mut self.point),
            begins_apart: std::mem::take(&mut self.apart) && !self.blocks.is_empty(),
            pieces: std::mem::take(&mut self.pieces),
        };
        self.blocks.push(block);
    }
}
