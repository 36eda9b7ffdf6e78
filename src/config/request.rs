//! What is to be loaded.

use std::path::PathBuf;

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The board's file; see [`locate`](super::locate).
    pub file: PathBuf,
    /// What flags say.
    pub overrides: Overrides,
    /// Whether a board is up already: then nothing is read that would be waited for.
    pub again: bool,
}

/// What flags say; the strongest layer.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--theme`
    pub theme: Option<String>,
    /// `--refresh`: also over the refresh of every source.
    pub refresh: Option<String>,
    /// `--var NAME=VALUE`
    pub variables: Vec<(String, String)>,
}
