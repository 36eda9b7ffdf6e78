//! The five levels at which telemetry is wanted.
//!
//! Source: The DevOps Handbook, chapter 14 ("Create Telemetry to Enable Seeing and Solving Problems").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A level of telemetry; the order is the order on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Orders, revenue, sign-ups: what the business lives on.
    Business,
    /// Latencies, errors, log-ins: what the services do.
    #[default]
    Application,
    /// Page times, script errors, crashes: what the customer's device sees.
    Client,
    /// CPU, memory, disks, networks.
    Infrastructure,
    /// Builds, tests, deploys.
    Pipeline,
}

impl Layer {
    /// All five, in the order of the screen.
    pub const ALL: [Self; 5] = [Self::Business, Self::Application, Self::Client, Self::Infrastructure, Self::Pipeline];

    /// The word of the config file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Business => "business",
            Self::Application => "application",
            Self::Client => "client",
            Self::Infrastructure => "infrastructure",
            Self::Pipeline => "pipeline",
        }
    }

    /// A short form for narrow screens.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Business => "biz",
            Self::Application => "app",
            Self::Client => "client",
            Self::Infrastructure => "infra",
            Self::Pipeline => "pipe",
        }
    }
}
