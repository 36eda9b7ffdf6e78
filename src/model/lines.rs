//! Free text as an answer: line by line.

use super::answer::{AnswerKind, Count};
use super::text::SafeText;

/// Most lines of one text.
pub const MAX_LINES: usize = 10_000;

/// Lines of text.
pub type Lines = Vec<SafeText>;

impl AnswerKind for Lines {
    fn counts(&self) -> Vec<Count> {
        vec![Count { what: "lines", is: self.len(), most: MAX_LINES }]
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}
