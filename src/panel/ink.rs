//! What drawing draws with: roles resolved to styles, and a glyph set.

use ratatui::style::{Color, Modifier, Style};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::event::EventKind;
use crate::model::freshness::Freshness;
use crate::model::status::Status;
use crate::model::time::Timestamp;

/// What a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordinary text and the ground it stands on.
    Text,
    /// Text that may be overlooked: labels, axes, units.
    Muted,
    /// Panel titles.
    Title,
    /// Frames.
    Border,
    /// What is chosen.
    Focus,
    /// The board's own colour.
    Accent,
    /// All is well.
    Ok,
    /// Past the warning limit.
    Warning,
    /// Past the critical limit.
    Critical,
    /// Not known.
    Unknown,
    /// The line or bar of a series, 0 to 7.
    Series(u8),
}

/// The roles in the order of [`Ink::styles`], with their names in theme files.
pub const ROLES: [(&str, Role); 18] = [
    ("text", Role::Text),
    ("muted", Role::Muted),
    ("title", Role::Title),
    ("border", Role::Border),
    ("focus", Role::Focus),
    ("accent", Role::Accent),
    ("ok", Role::Ok),
    ("warning", Role::Warning),
    ("critical", Role::Critical),
    ("unknown", Role::Unknown),
    ("series1", Role::Series(0)),
    ("series2", Role::Series(1)),
    ("series3", Role::Series(2)),
    ("series4", Role::Series(3)),
    ("series5", Role::Series(4)),
    ("series6", Role::Series(5)),
    ("series7", Role::Series(6)),
    ("series8", Role::Series(7)),
];

impl Role {
    const fn index(self) -> usize {
        match self {
            Self::Text => 0,
            Self::Muted => 1,
            Self::Title => 2,
            Self::Border => 3,
            Self::Focus => 4,
            Self::Accent => 5,
            Self::Ok => 6,
            Self::Warning => 7,
            Self::Critical => 8,
            Self::Unknown => 9,
            Self::Series(n) => 10 + (n % 8) as usize,
        }
    }
}

impl From<Status> for Role {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => Self::Ok,
            Status::Warning => Self::Warning,
            Status::Critical => Self::Critical,
            Status::Unknown => Self::Unknown,
        }
    }
}

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

    /// The square before a legend entry: another one for each kind of line (see [`super::marks::plot`]).
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

/// Styles for roles, and glyphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ink {
    /// One style a role, in the order of [`ROLES`].
    pub styles: [Style; 18],
    /// The glyph set.
    pub glyphs: Glyphs,
    /// Whether values are dimmed, because they are too old.
    pub dimmed: bool,
    /// The moment that the viewer points at, on a panel that shows the past.
    pub cursor: Option<Timestamp>,
    /// How many lines of a list the viewer has scrolled past, on a panel that is a list.
    pub scroll: usize,
}

impl Ink {
    /// Styles and glyphs; nothing is dimmed or pointed at.
    pub const fn new(styles: [Style; 18], glyphs: Glyphs) -> Self {
        Self { styles, glyphs, dimmed: false, cursor: None, scroll: 0 }
    }

    /// The style of a role. On a dimmed panel data looks like what may be overlooked.
    pub fn style(&self, role: Role) -> Style {
        let dims = !matches!(role, Role::Title | Role::Border | Role::Focus | Role::Unknown | Role::Muted);
        let role = if self.dimmed && dims { Role::Muted } else { role };
        self.styles.get(role.index()).copied().unwrap_or_default()
    }

    /// The style of a line or a bar: a role that is drawn as words on a ground of its own, or reversed,
    /// gives its ground's colour to the stroke.
    pub fn stroke(&self, role: Role) -> Style {
        let (style, ground) = (self.style(role), self.style(Role::Text).bg);
        let style = style.remove_modifier(Modifier::REVERSED);
        if style.bg == ground { style } else { Style { fg: style.bg, bg: ground, ..style } }
    }

    /// A quieter shade of a stroke: mixed with the ground, `part` from 0 (the stroke) to 1 (the ground).
    /// Where the terminal's own colours are used there are no shades.
    pub fn shade(&self, role: Role, part: f64) -> Style {
        let style = self.stroke(role);
        let (Some(Color::Rgb(r, g, b)), Some(Color::Rgb(x, y, z))) = (style.fg, style.bg) else { return style };
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
        style.fg(Color::Rgb(mix(r, x), mix(g, y), mix(b, z)))
    }

    /// The style of a value: its status where it is not ok, else plain text.
    pub fn value(&self, status: Status) -> Style {
        self.style(if status == Status::Ok { Role::Text } else { status.into() })
    }

    /// Which colour the line of a series has, by its index among them, and which pattern: no two lines of the
    /// first dozens look alike, also where a theme has few colours or none.
    pub fn series(&self, index: usize, patterns: u8) -> (Role, u8) {
        let role = |index: usize| Role::Series((index % 8) as u8);
        let alike = (0..index).filter(|before| self.style(role(*before)) == self.style(role(index))).count();
        (role(index), (alike % usize::from(patterns.max(1))) as u8)
    }

    /// The lamp of a status. Data too old to be judged has no green lamp, and no red one.
    pub const fn lamp(&self, status: Status) -> &'static str {
        self.glyphs.status(if self.dimmed { Status::Unknown } else { status })
    }

    /// The same ink with data dimmed.
    #[must_use]
    pub fn dimmed(&self) -> Self {
        Self { dimmed: true, ..self.clone() }
    }
}
