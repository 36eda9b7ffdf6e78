//! Reviews: those of the last answer.

use std::sync::Arc;

use super::kind::{Snapshot, text_bytes};
use super::{Entry, Stored};
use crate::model::review::Review;
use crate::model::time::Timestamp;

/// What is known of one query.
pub type State = Arc<Vec<Review>>;

impl Entry {
    /// The reviews of the last good answer.
    pub fn reviews(&self) -> &[Review] {
        match &self.stored {
            Stored::Reviews(reviews) => reviews,
            _ => &[],
        }
    }
}

impl Snapshot for Vec<Review> {
    type Answer = Self;

    fn after(_: Option<&Self>, answer: Self, _: Timestamp) -> Self {
        answer
    }

    fn bytes(&self) -> usize {
        let bytes = |one: &Review| size_of::<Review>() + text_bytes([&one.label, &one.title, &one.repository]);
        self.iter().map(bytes).sum()
    }
}
