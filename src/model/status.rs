//! The four status words of the monitoring-plugins project, and how they add up.
//!
//! Source: Monitoring Plugins Development Guidelines, "Plugin Return Codes".

use serde::{Deserialize, Serialize};

/// How a thing is. Unknown is never counted as ok.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Measured, and within its limits.
    Ok,
    /// Past its warning limit.
    Warning,
    /// Past its critical limit, or red.
    Critical,
    /// Not measured, too old, or not to be judged.
    #[default]
    Unknown,
}

impl Status {
    /// All four, worst first.
    pub const WORST_FIRST: [Self; 4] = [Self::Critical, Self::Warning, Self::Unknown, Self::Ok];

    /// The word shown to people and printed by commands.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }

    /// The exit code of the monitoring-plugins convention: 0, 1, 2, 3.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// How bad it is for ordering: critical 3, warning 2, unknown 1, ok 0.
    pub const fn severity(self) -> u8 {
        match self {
            Self::Critical => 3,
            Self::Warning => 2,
            Self::Unknown => 1,
            Self::Ok => 0,
        }
    }

    /// The worse of two.
    #[must_use]
    pub const fn or_worse(self, other: Self) -> Self {
        if other.severity() > self.severity() { other } else { self }
    }

    /// The worst of many; nothing at all is unknown, not ok.
    pub fn worst(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().reduce(Self::or_worse).unwrap_or(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_outranks_ok_and_is_outranked_by_what_is_known_to_be_bad() {
        use Status::{Critical, Ok, Unknown, Warning};
        assert_eq!(Status::worst([Ok, Unknown, Ok]), Unknown);
        assert_eq!(Status::worst([Unknown, Warning]), Warning);
        assert_eq!(Status::worst([Warning, Critical, Unknown]), Critical);
        assert_eq!(Status::worst([Ok, Ok]), Ok);
    }

    #[test]
    fn nothing_measured_is_unknown() {
        assert_eq!(Status::worst([]), Status::Unknown);
    }
}
