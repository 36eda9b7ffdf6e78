//! How often a source is asked.

use crate::model::time::Span;

/// How often, and how long at most.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The pause between the starts of two polls.
    pub refresh: Span,
    /// The longest a poll may take.
    pub timeout: Span,
}
