//! What a board and `andon event` say to each other, once each has proven to know the token.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What the board says of itself to whoever knows its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Board {
    /// The real path of the file that its events go to.
    pub file: PathBuf,
    /// Its process.
    pub process: u32,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answer {
    /// It is in the file.
    Taken,
    /// It is wrong.
    Refused(String),
    /// The board cannot keep it.
    Failed(String),
}
