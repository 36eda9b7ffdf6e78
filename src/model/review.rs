//! Reviews: pull requests, merge requests.

use serde::{Deserialize, Serialize};

use super::answer::{AnswerKind, Count};
use super::text::SafeText;
use super::time::{Span, Timestamp};

/// Most reviews of one answer.
pub const MAX_REVIEWS: usize = 2000;

/// Who has to do something next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WaitsFor {
    /// Somebody has to look at it.
    Reviewer,
    /// Its author has to change something.
    Author,
    /// Checks have to pass.
    Checks,
    /// Approved: somebody has to merge it.
    Merge,
    /// Nobody: it is a draft.
    Draft,
}

impl WaitsFor {
    /// The word shown to people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reviewer => "review",
            Self::Author => "author",
            Self::Checks => "checks",
            Self::Merge => "merge",
            Self::Draft => "draft",
        }
    }
}

/// A request to take a change in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// What people call it: "#12", "!7".
    pub label: SafeText,
    /// What it is about.
    pub title: SafeText,
    /// Where it is to go in.
    pub repository: SafeText,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was merged; none while it is open.
    pub merged_at: Option<Timestamp>,
    /// Who has to do something next.
    pub waits_for: WaitsFor,
    /// Lines added and removed, where the server tells.
    pub size: Option<u64>,
    /// Who wrote it; only where the board asks for names.
    pub author: Option<SafeText>,
    /// Who was asked to look; only where the board asks for names.
    pub reviewers: Vec<SafeText>,
    /// Where to read more; http or https only.
    pub url: Option<SafeText>,
}

impl Review {
    /// From opening to merging.
    pub fn lead_time(&self) -> Option<Span> {
        Some(self.opened_at.age_at(self.merged_at?))
    }

    /// The same without names of people.
    #[must_use]
    pub fn without_people(mut self) -> Self {
        self.author = None;
        self.reviewers.clear();
        self
    }
}

impl AnswerKind for Vec<Review> {
    fn counts(&self) -> Vec<Count> {
        vec![Count { what: "reviews", is: self.len(), most: MAX_REVIEWS }]
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn without_people(self) -> Self {
        self.into_iter().map(Review::without_people).collect()
    }
}
