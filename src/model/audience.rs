//! Who looks at a board, and what of it they may see.

use schemars::JsonSchema;
use serde::Deserialize;

use super::glob::Globs;

/// The name of the audience that whoever connects to the board's own socket belongs to.
pub const TEAM: &str = "team";
/// The name of the audience of whoever shows nothing.
pub const PUBLIC: &str = "public";

/// Some of those who look.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    /// Its name on the board.
    pub name: String,
    /// How much of what it sees it sees.
    pub detail: Detail,
    /// The names of the dashboards it sees; without any, all.
    pub dashboards: Globs,
    /// What it may do besides looking.
    pub may: Permissions,
}

/// How much is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// Everything that the board knows.
    Full,
    /// Values and statuses only: no queries, addresses, host names, people, and no words of a source or a server.
    Public,
}

/// What somebody may do besides looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions {
    /// Have all sources asked now, as only the terminal may that the board was started on.
    pub refresh: bool,
    /// Have the sources asked as finely as its screen can show.
    pub demand: bool,
    /// Acknowledge what is red.
    pub acknowledge: bool,
    /// Write a note.
    pub note: bool,
}

impl Audience {
    /// Whoever sits at the terminal that the board was started on: they have its file, and may do everything.
    pub fn local() -> Self {
        let may = Permissions { refresh: true, demand: true, acknowledge: true, note: true };
        Self { name: "local".to_owned(), detail: Detail::Full, dashboards: Globs::default(), may }
    }

    /// Those who work with the board, unless it says otherwise: they see all, and may do nothing besides.
    pub fn team() -> Self {
        let may = Permissions { demand: true, ..Permissions::default() };
        Self { name: TEAM.to_owned(), detail: Detail::Full, dashboards: Globs::default(), may }
    }

    /// Whether it sees a dashboard.
    pub fn sees(&self, dashboard: &str) -> bool {
        self.dashboards.keep(dashboard)
    }

    /// Whether it sees all there is.
    pub fn sees_all(&self) -> bool {
        self.detail == Detail::Full && self.dashboards.is_empty()
    }
}
