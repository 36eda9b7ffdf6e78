//! The keys of a calendar.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::model::time::Zone;

/// The keys of a calendar.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the calendar; `webcal://` is read as `https://`.
    #[serde(default, deserialize_with = "address")]
    pub url: Option<String>,
    /// Path of a calendar file, instead of `url`.
    pub file: Option<PathBuf>,
    /// Time zone of whole days, and of times that name none, such as `Europe/Berlin` (default: the calendar's
    /// own, else this machine's).
    pub timezone: Option<Zone>,
    /// Globs, in any case: an entry with such a title or category is a change freeze (default `*freeze*`).
    #[serde(default = "freezes")]
    pub freezes: Vec<String>,
    /// Globs, in any case: an entry with such a title or category is a release (default `*release*`).
    #[serde(default = "releases")]
    pub releases: Vec<String>,
    /// The service that its entries are about (default: all).
    pub service: Option<String>,
}

fn freezes() -> Vec<String> {
    vec!["*freeze*".to_owned()]
}

fn releases() -> Vec<String> {
    vec!["*release*".to_owned()]
}

/// `webcal` says "subscribe to this", and no more: there is no such protocol.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let url = Option::<String>::deserialize(deserializer)?;
    Ok(url.map(|url| {
        let subscription = url.strip_prefix("webcal://").or_else(|| url.strip_prefix("webcals://"));
        let https = subscription.map(|rest| format!("https://{rest}"));
        https.unwrap_or(url)
    }))
}
