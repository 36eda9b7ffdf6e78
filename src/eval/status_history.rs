//! The statuses that a series went through: noted when they change, so that nothing is judged again to draw them.

use crate::model::judgement::StatusChange;
use crate::model::status::Status;
use crate::model::time::{Span, Timestamp};

/// Most changes that are kept of a series: of one that flaps the oldest are forgotten.
const MOST: usize = 400;

/// Statuses with the moments at which they began, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct StatusHistory(Vec<StatusChange>);

impl StatusHistory {
    pub(super) fn changes(&self) -> &[StatusChange] {
        &self.0
    }

    /// The status as of a moment. A value that its source corrected is judged again: the later verdict counts.
    pub(super) fn note(&mut self, at: Timestamp, status: Status) {
        while self.0.last().is_some_and(|last| last.at >= at && last.status != status) {
            self.0.pop();
        }
        if self.0.last().is_none_or(|last| last.status != status) {
            if self.0.len() >= MOST {
                self.0.drain(..MOST / 4);
            }
            self.0.push(StatusChange { at, status });
        }
    }

    /// The clock by which the values were stamped was set back.
    pub(super) fn set_back(&mut self, by: Span) {
        for change in &mut self.0 {
            change.at = change.at.minus(by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_kept_and_not_for_ever() {
        let mut history = StatusHistory::default();
        let notes = [(0, Status::Ok), (1, Status::Ok), (2, Status::Critical), (2, Status::Ok), (3, Status::Warning)];
        for (at, status) in notes {
            history.note(Timestamp(at), status);
        }
        let known: Vec<(i64, Status)> = history.changes().iter().map(|change| (change.at.0, change.status)).collect();
        assert_eq!(known, [(0, Status::Ok), (3, Status::Warning)], "the value of moment 2 was corrected");
        for at in 4..3000 {
            history.note(Timestamp(at), if at % 2 == 0 { Status::Ok } else { Status::Critical });
        }
        assert!(history.changes().len() <= MOST);
        assert_eq!(history.changes().last().map(|change| change.at), Some(Timestamp(2999)));
    }
}
