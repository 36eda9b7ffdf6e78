//! Where the past is kept, and how much of it.

use std::path::PathBuf;

use crate::model::time::Span;

/// Where the past is kept, and how much of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// Largest size of the file, in bytes.
    pub max_bytes: u64,
    /// Between two flushes.
    pub flush: Span,
    /// Whether lines of logs are kept.
    pub logs: bool,
}
