//! The characters that status, time and strokes are drawn with, for screens that can show more and less.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::event::EventKind;
use crate::model::freshness::Freshness;
use crate::model::status::Status;

/// Which characters a screen can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Glyphs {
    /// Braille, blocks and rounded frames.
    #[default]
    Full,
    /// Blocks and frames, no Braille: many fonts draw Braille badly.
    Block,
    /// Plain ASCII.
    Ascii,
}

/// The strokes of a tree that is read from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeStrokes {
    /// Along a connection.
    pub thin: &'static str,
    /// Along one that matters.
    pub heavy: &'static str,
    /// Its end.
    pub head: &'static str,
    /// Past what is between a node and its further connections.
    pub down: &'static str,
    /// The first of several connections leaves its node.
    pub first: &'static str,
    /// One more, and more below.
    pub middle: &'static str,
    /// The last one.
    pub last: &'static str,
}

impl Glyphs {
    /// The words of the config file.
    pub const WORDS: [(&'static str, Self); 3] = [("full", Self::Full), ("block", Self::Block), ("ascii", Self::Ascii)];

    /// The lamp of a status. Shapes differ, so that they can be told apart without colour.
    pub const fn status(self, status: Status) -> &'static str {
        match (self, status) {
            (Self::Ascii, Status::Ok) => "o",
            (Self::Ascii, Status::Warning) => "!",
            (Self::Ascii, Status::Critical) => "X",
            (Self::Ascii, Status::Unknown) => "?",
            (_, Status::Ok) => "●",
            (_, Status::Warning) => "▲",
            (_, Status::Critical) => "✖",
            (_, Status::Unknown) => "◌",
        }
    }

    /// The mark of an age that matters; empty when fresh.
    pub const fn freshness(self, freshness: Freshness) -> &'static str {
        match (self, freshness) {
            (_, Freshness::Fresh) => "",
            (Self::Ascii, _) => "~",
            (_, _) => "◷",
        }
    }

    /// The mark of something that happened; letters in plain ASCII. Shapes differ from lamps where the
    /// meaning does.
    pub const fn event(self, kind: EventKind) -> &'static str {
        match (self, kind) {
            (Self::Ascii, EventKind::Deploy) => "d",
            (Self::Ascii, EventKind::Config) => "c",
            (Self::Ascii, EventKind::Incident) => "i",
            (Self::Ascii, EventKind::Broken) => "b",
            (Self::Ascii, EventKind::Fixed) => "f",
            (Self::Ascii, EventKind::Alert) => "a",
            (Self::Ascii, EventKind::Note) => "n",
            (Self::Ascii, EventKind::Planned) => "p",
            (Self::Ascii, EventKind::Freeze) => "z",
            (Self::Ascii, EventKind::Release) => "r",
            (_, EventKind::Deploy) => "▼",
            (_, EventKind::Config) => "◆",
            (_, EventKind::Incident | EventKind::Broken) => "✖",
            (_, EventKind::Fixed) => "●",
            (_, EventKind::Alert) => "▲",
            (_, EventKind::Note) => "○",
            (_, EventKind::Planned) => "◷",
            (_, EventKind::Freeze) => "‖",
            (_, EventKind::Release) => "★",
        }
    }

    /// The line down from the mark of an event.
    pub const fn event_line(self) -> &'static str {
        match self {
            Self::Ascii => ":",
            _ => "┊",
        }
    }

    /// One eighth to eight eighths of a cell, from below.
    pub const fn bars(self) -> [&'static str; 8] {
        match self {
            Self::Ascii => [".", ".", ":", ":", "|", "|", "#", "#"],
            _ => ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        }
    }

    /// One eighth to eight eighths of a cell, from the left.
    pub const fn meter(self) -> [&'static str; 8] {
        match self {
            Self::Ascii => [" ", " ", " ", "=", "=", "=", "=", "="],
            _ => ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
        }
    }

    /// The same for a slim bar: half a cell high, to half a cell, where the screen can.
    pub const fn slim_meter(self) -> [&'static str; 8] {
        match self {
            Self::Full => ["▖", "▖", "▖", "▖", "▖", "▄", "▄", "▄"],
            Self::Block => ["─", "─", "─", "▄", "▄", "▄", "▄", "▄"],
            Self::Ascii => self.meter(),
        }
    }

    /// The ground of a meter.
    pub const fn ground(self) -> &'static str {
        match self {
            Self::Ascii => "-",
            _ => "─",
        }
    }

    /// Corner and edge strokes: top left, top right, bottom left, bottom right, horizontal, vertical.
    pub const fn frame(self) -> [&'static str; 6] {
        match self {
            Self::Full => ["╭", "╮", "╰", "╯", "─", "│"],
            Self::Block => ["┌", "┐", "└", "┘", "─", "│"],
            Self::Ascii => ["+", "+", "+", "+", "-", "|"],
        }
    }

    /// The strokes around what is chosen: heavier, so that the colour stays that of the status.
    pub const fn chosen_frame(self) -> [&'static str; 6] {
        match self {
            Self::Full => ["┏", "┓", "┗", "┛", "━", "┃"],
            Self::Block => ["╔", "╗", "╚", "╝", "═", "║"],
            Self::Ascii => ["#", "#", "#", "#", "=", "#"],
        }
    }

    /// Up, down, unchanged.
    pub const fn change(self) -> [&'static str; 3] {
        match self {
            Self::Ascii => ["^", "v", "="],
            _ => ["↑", "↓", "="],
        }
    }

    /// Axis strokes: tick on the left axis, corner, bottom, tick on the bottom, dashes of a limit.
    pub const fn axis(self) -> [&'static str; 5] {
        match self {
            Self::Ascii => ["+", "+", "-", "+", "-"],
            _ => ["┤", "└", "─", "┴", "╌"],
        }
    }

    /// A dot of the faint grid behind a graph.
    pub const fn grid(self) -> &'static str {
        match self {
            Self::Ascii => ".",
            _ => "·",
        }
    }

    /// From nothing to full, for cells that a screen cannot give a colour between two others.
    pub const fn densities(self) -> [&'static str; 5] {
        match self {
            Self::Ascii => [" ", ".", ":", "*", "#"],
            _ => [" ", "░", "▒", "▓", "█"],
        }
    }

    /// The square before a legend entry: another one for each kind of line (see [`crate::panel::marks::plot`]).
    pub const fn legend(self, pattern: u8) -> &'static str {
        match (self, pattern) {
            (Self::Ascii, 0) => "*",
            (Self::Ascii, 1) => "=",
            (Self::Ascii, _) => ":",
            (_, 0) => "■",
            (_, 1) => "□",
            (_, _) => "▫",
        }
    }

    /// A stroke of the hatch over what nobody knows.
    pub const fn hatch(self) -> &'static str {
        match self {
            Self::Full => "╱",
            Self::Block | Self::Ascii => "/",
        }
    }

    /// The strokes of a tree that is read from left to right.
    pub const fn tree(self) -> TreeStrokes {
        let [thin, heavy, head, down, first, middle, last] = match self {
            Self::Ascii => ["-", "=", ">", "|", "+", "+", "+"],
            Self::Full | Self::Block => ["─", "━", "▶", "│", "┬", "├", "└"],
        };
        TreeStrokes { thin, heavy, head, down, first, middle, last }
    }

    /// Between two remarks of a sentence.
    pub const fn dot(self) -> &'static str {
        match self {
            Self::Ascii => " - ",
            _ => " · ",
        }
    }

    /// Something runs.
    pub const fn running(self) -> &'static str {
        match self {
            Self::Ascii => ">",
            _ => "▶",
        }
    }
}
