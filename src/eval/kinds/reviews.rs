//! Reviews: changes that wait for somebody.

use super::super::evidence::Evidence;
use super::super::look::{Asked, Look};
use super::words::counted;
use crate::model::format::Format;
use crate::model::review::Review;
use crate::model::time::Timestamp;
use crate::store::Stored;

/// The reviews of all queries.
pub(super) fn select<'a>(_: Look<'a, '_>, alike: &[Asked<'a>]) -> (Vec<&'a Review>, Vec<String>) {
    (alike.iter().flat_map(|(_, _, entry)| entry.reviews()).collect(), Vec::new())
}

pub(super) const fn answered_nothing(_: &Stored) -> bool {
    false
}

/// No review at all is an answer, too.
pub(super) const fn nothing_to_judge(_: &[&Review], _: &Evidence<'_>) -> Option<String> {
    None
}

pub(super) const fn count(_: &[&Review]) -> Option<usize> {
    None
}

pub(super) fn headline(reviews: &[&Review], _: &Format, _: Timestamp) -> String {
    counted(reviews.len(), "review")
}
