//! What the board has itself measured or received, on its way to other programs.

use std::sync::Arc;

use super::series::Series;
use super::time::Span;

/// Where numbers come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The kind of the source, such as `statsd`.
    pub kind: &'static str,
    /// The name of the source on the board.
    pub source: String,
    /// What was asked.
    pub query: String,
    /// Age from which its numbers are not judged any more.
    pub stale_after: Span,
    /// Whether the board says so itself. Otherwise numbers that come less often may be as old as their own pace allows.
    pub is_given: bool,
}

/// Numbers of one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Where they come from.
    pub origin: Arc<Origin>,
    /// The numbers; a value that is not finite is a gap.
    pub series: Vec<Series>,
}
