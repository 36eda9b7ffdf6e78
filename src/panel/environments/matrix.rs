//! What is where, in the words of a screen: versions short, and how long they have been there.

use serde::Serialize;

use crate::eval::deployments::{Deployments, Environment, Place};
use crate::model::event::{Event, EventState};
use crate::model::status::Status;
use crate::model::text::{SafeText, ellipsis};
use crate::model::time::Timestamp;
use crate::model::version::Version;

/// Widest a version grows.
const WIDEST: usize = 20;
/// Widest the server's words about a place grow.
const REMARK: usize = 40;

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct Matrix {
    pub(super) columns: Vec<Environment>,
    /// How many environments are not among them.
    pub(super) hidden: usize,
    pub(super) rows: Vec<Row>,
    /// How the services are that are not among them.
    pub(super) more: Vec<Status>,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) status: Status,
    /// One for each column.
    pub(super) cells: Vec<Cell>,
}

/// A version, and how long it has been there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Since {
    pub(super) name: String,
    pub(super) age: String,
}

/// A place, in words.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct Cell {
    pub(super) status: Status,
    /// What runs there.
    pub(super) current: Option<Since>,
    /// Why that is not well, in the server's words.
    pub(super) remark: String,
    /// What failed to come after it.
    pub(super) failed: Option<Since>,
    /// What comes, and how far it is: running, waiting.
    pub(super) coming: Option<(Since, EventState)>,
    /// What runs in the environment before it, when that is something else.
    pub(super) before: Option<Since>,
    /// Whether that is newer.
    pub(super) is_behind: bool,
}

impl Cell {
    pub(super) const fn is_known(&self) -> bool {
        self.current.is_some() || self.failed.is_some() || self.coming.is_some()
    }

    fn from_place(place: &Place<'_>, now: Timestamp) -> Self {
        let since = |event: &Event| since(event, now);
        Self {
            status: place.status,
            current: place.current.map(since),
            remark: place.current.map(|event| ellipsis(event.remark.as_str(), REMARK)).unwrap_or_default(),
            failed: place.failed.map(since),
            coming: place.coming.map(|event| (since(event), event.state)),
            before: place.before.map(since),
            is_behind: place.is_behind,
        }
    }
}

/// The words for what is where.
pub(super) fn matrix(deployments: Deployments<'_>, now: Timestamp) -> Matrix {
    let Deployments { environments, hidden, services, more } = deployments;
    let rows = services.into_iter().map(|service| Row {
        name: service.name,
        status: service.status,
        cells: service.places.iter().map(|place| Cell::from_place(place, now)).collect(),
    });
    Matrix { columns: environments, hidden, rows: rows.collect(), more }
}

fn since(event: &Event, now: Timestamp) -> Since {
    let name = [&event.version, &event.title].into_iter().map(SafeText::as_str).find(|name| !name.is_empty());
    Since { name: name.map_or_else(|| "deployed".to_owned(), shortened), age: event.at.age_at(now).brief() }
}

/// A version in twenty columns; of a branch its commit is left, for that is what tells two of its versions apart.
fn shortened(text: &str) -> String {
    let short = Version::new(text).short();
    match Version::new(&short).branch_and_commit() {
        Some((branch, commit)) => {
            let room = WIDEST.saturating_sub(commit.len() + 1);
            format!("{}@{commit}", ellipsis(branch, room))
        }
        None => ellipsis(&short, WIDEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_twenty_columns_and_a_branch_keeps_its_commit() {
        assert_eq!(shortened("0123456789abcdef0123456789abcdef01234567"), "01234567");
        assert_eq!(shortened("release-2026-11-21-final"), "release-2026-11-21-…");
        assert_eq!(shortened("feature/the-basket@01234567"), "feature/th…@01234567");
        assert_eq!(shortened("feature/the-basket@0123456789abcdef"), "feature/th…@01234567");
    }
}
