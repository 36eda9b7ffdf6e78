//! Who looks at a board, and what of it they may see.

use schemars::JsonSchema;
use serde::Deserialize;

use super::glob::Globs;

/// The name of the audience that whoever connects to the board's own socket belongs to.
pub const TEAM: &str = "team";
/// The name of the audience of whoever shows nothing.
pub const PUBLIC: &str = "public";

/// The page that a board makes of what programs have sent and no panel shows yet. Its words are theirs.
pub const NEW_METRICS: &str = "new";

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
    pub permissions: Vec<Permission>,
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

/// Something that somebody may do besides looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Have all sources asked now, as only the terminal may that the board was started on.
    Refresh,
    /// Have the sources asked as finely as its screen can show.
    Demand,
    /// Acknowledge what is red.
    Acknowledge,
    /// Write a note.
    Note,
}

impl Audience {
    /// Whoever sits at the terminal that the board was started on: they have its file, and may do everything.
    pub fn local() -> Self {
        let permissions = vec![Permission::Refresh, Permission::Demand, Permission::Acknowledge, Permission::Note];
        Self { name: "local".to_owned(), detail: Detail::Full, dashboards: Globs::default(), permissions }
    }

    /// Those who work with the board, unless it says otherwise: they see all, and may do nothing besides.
    pub fn team() -> Self {
        let permissions = vec![Permission::Demand];
        Self { name: TEAM.to_owned(), detail: Detail::Full, dashboards: Globs::default(), permissions }
    }

    /// Whether it may do something.
    pub fn may(&self, what: Permission) -> bool {
        self.permissions.contains(&what)
    }

    /// Whether it sees a dashboard.
    pub fn sees(&self, dashboard: &str) -> bool {
        let is_of_programs = dashboard == NEW_METRICS && self.detail == Detail::Public;
        self.dashboards.keep(dashboard) && !is_of_programs
    }

    /// Whether it sees all there is.
    pub fn sees_all(&self) -> bool {
        self.detail == Detail::Full && self.dashboards.is_empty()
    }
}
