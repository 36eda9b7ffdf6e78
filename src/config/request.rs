//! Which config to load.

use std::path::PathBuf;

/// Which config to load.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The board's file; see [`locate`](super::locate).
    pub file: PathBuf,
    /// What flags say.
    pub overrides: Overrides,
    /// Whether a board is up already: then only regular files are read, because others may block.
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
