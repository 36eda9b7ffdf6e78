//! The keys of an `events` source.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::auth::Secret;

/// The keys of an events source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file of events, one JSON object a line; it is made when the first event comes.
    pub file: PathBuf,
    /// Address on loopback that takes events, such as `127.0.0.1:7667` (default: none).
    pub listen: Option<String>,
    /// The secret that `andon event` and the board share (such as `{ env = "ANDON_EVENT_TOKEN" }`), long and random;
    /// it is never sent.
    pub token: Option<Secret>,
}
