//! A value of the config file that is a number or a text.

use schemars::JsonSchema;
use serde::Deserialize;

/// A number, or a text such as "5%".
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a number, or a text such as \"5%\"")]
pub enum NumberOrText {
    /// 0.5
    Number(f64),
    /// "5%"
    Text(String),
}
