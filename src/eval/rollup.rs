//! Panel to layer to dashboard to board: the worst of each, and how many of which.

use serde::Serialize;

use crate::model::status::Status;

/// How many panels have which status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Panels that are ok.
    pub ok: usize,
    /// Panels with a warning.
    pub warning: usize,
    /// Panels that are critical.
    pub critical: usize,
    /// Panels that nobody knows of.
    pub unknown: usize,
    /// Panels without limits: they show something, and nothing says whether it is good.
    pub without_limits: usize,
    /// Panels whose source has failed at least twice in a row; they are counted by their last status, too.
    pub late: usize,
}

impl Tally {
    /// Counts.
    pub fn from_statuses(all: impl IntoIterator<Item = Status>) -> Self {
        let mut tally = Self::default();
        for status in all {
            *match status {
                Status::Ok => &mut tally.ok,
                Status::Warning => &mut tally.warning,
                Status::Critical => &mut tally.critical,
                Status::Unknown => &mut tally.unknown,
            } += 1;
        }
        tally
    }

    /// Every status that occurs, worst first, with its count.
    pub fn classes(&self) -> impl Iterator<Item = (Status, usize)> {
        let with_count = |status| (status, self.count(status));
        Status::WORST_FIRST.map(with_count).into_iter().filter(|(_, count)| *count > 0)
    }

    /// How many have this status.
    pub const fn count(&self, status: Status) -> usize {
        match status {
            Status::Ok => self.ok,
            Status::Warning => self.warning,
            Status::Critical => self.critical,
            Status::Unknown => self.unknown,
        }
    }

    /// All that are judged.
    pub const fn total(&self) -> usize {
        self.ok + self.warning + self.critical + self.unknown
    }

    /// The worst that occurs; none when nothing is counted.
    pub fn status(&self) -> Option<Status> {
        Status::WORST_FIRST.into_iter().find(|status| self.count(*status) > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_decides_and_nothing_is_nothing() {
        let tally = Tally::from_statuses([Status::Ok, Status::Unknown, Status::Ok]);
        assert_eq!((tally.status(), tally.ok, tally.total()), (Some(Status::Unknown), 2, 3));
        assert_eq!(Tally::default().status(), None);
    }
}
