//! How old the data is: an axis of its own, independent of [`super::status::Status`].

use serde::Serialize;

use super::time::Span;

/// The age from which a datum is too old to be judged, where data come so far apart. Unless the board names an age itself,
/// data that come less often than they are asked for may be three times as old as their own pace.
pub fn longest_age(stale_after: Span, is_given: bool, spacing: Span) -> Span {
    let own_pace = if is_given { Span(0) } else { spacing.times(3.0) };
    stale_after.max(own_pace)
}

/// The age of what is shown, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    /// The last poll answered within its interval.
    Fresh,
    /// Over one and a half intervals old, or the last poll failed; the value still stands.
    Late,
    /// Too old to be judged: status becomes unknown.
    Stale,
    /// Never answered, and the last try failed.
    Failed,
    /// Never answered yet; the first try is under way.
    #[default]
    Waiting,
}

impl Freshness {
    /// The word shown to people and printed by commands.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Late => "late",
            Self::Stale => "stale",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
        }
    }

    /// Whether a status may be derived from data of this age.
    pub const fn can_be_judged(self) -> bool {
        matches!(self, Self::Fresh | Self::Late)
    }

    /// How bad it is for ordering, worst highest.
    pub const fn severity(self) -> u8 {
        match self {
            Self::Fresh => 0,
            Self::Late => 1,
            Self::Waiting => 2,
            Self::Stale => 3,
            Self::Failed => 4,
        }
    }

    /// The worse of two.
    #[must_use]
    pub const fn or_worse(self, other: Self) -> Self {
        if other.severity() > self.severity() { other } else { self }
    }
}
