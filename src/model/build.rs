//! Builds: four axes that are never collapsed into one colour.
//!
//! Activity, last completed result, the result a running build started from, and (from the store)
//! since when it is red. Freshness of our own poll is a fifth, kept beside all telemetry.

use super::status::Status;
use super::text::SafeText;
use super::time::Timestamp;

/// What the CI server is doing with it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Activity {
    /// Nothing is going on.
    #[default]
    Idle,
    /// Waiting for a worker, or looking for changes.
    Queued,
    /// Building.
    Running,
}

/// How the last completed build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BuildResult {
    /// It passed.
    Success,
    /// A step failed.
    Failure,
    /// The server or its configuration broke it.
    Error,
    /// Somebody stopped it.
    Cancelled,
    /// Not told, or a word that is not known.
    #[default]
    Unknown,
}

impl BuildResult {
    /// The status word for it; a cancelled build proves nothing.
    pub const fn status(self) -> Status {
        match self {
            Self::Success => Status::Ok,
            Self::Failure | Self::Error => Status::Critical,
            Self::Cancelled | Self::Unknown => Status::Unknown,
        }
    }

    /// Whether it is red.
    pub const fn is_red(self) -> bool {
        matches!(self, Self::Failure | Self::Error)
    }

    /// The word shown to people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Success => "ok",
            Self::Failure => "failed",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

/// One build line of a CI server.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Build {
    /// Its name, as the server has it.
    pub name: SafeText,
    /// What is going on.
    pub activity: Activity,
    /// The last completed result; while it runs, the result it runs from.
    pub result: BuildResult,
    /// The server's own word where `result` is unknown ("Paused"), else empty.
    pub raw: SafeText,
    /// Label of the last completed build (a number, a sha).
    pub label: SafeText,
    /// When the last completed build ended, as far as the server tells.
    pub finished_at: Option<Timestamp>,
    /// Where to read more; http or https only.
    pub url: Option<SafeText>,
}

/// A build with what was seen of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackedBuild {
    /// As the server has it.
    pub build: Build,
    /// Since when it is red: when the first red build that was seen ended. None while it is not.
    pub red_since: Option<Timestamp>,
    /// How many completed builds in a row were seen red.
    pub red_streak: u32,
    /// Label of the first red build seen.
    pub broken_by: SafeText,
    /// Since when it runs, as far as it was seen to begin.
    pub running_since: Option<Timestamp>,
}
