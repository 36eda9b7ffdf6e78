//! What colours stand for.

use crate::model::status::Status;

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

/// How many roles there are.
pub const ROLE_COUNT: usize = 18;

/// The roles in the order of a theme's styles, with their names in theme files.
pub const ROLES: [(&str, Role); ROLE_COUNT] = [
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
    pub(super) const fn index(self) -> usize {
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
