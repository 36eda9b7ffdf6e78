//! The keys of an `otlp` source.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::contract::KeyProblem;

/// The largest body that may be taken, in bytes: what the specification recommends.
const LARGEST: usize = 20 * 1024 * 1024;

/// The keys of an OTLP listener.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address that takes metrics and logs, over HTTP (default: "127.0.0.1:4318"). Whoever reaches it can send: for more
    /// than this machine, name an address of a network that you trust.
    pub listen: String,
    /// The largest request, unpacked, in bytes (default 4 MiB, at most 20 MiB).
    pub max_body: usize,
    /// Web pages that may send, such as `["https://shop.example.com"]` (default: none).
    pub origins: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen: "127.0.0.1:4318".to_owned(), max_body: 4 * 1024 * 1024, origins: Vec::new() }
    }
}

impl Config {
    /// Where it listens; none where that is no address.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    pub(super) fn problems(&self) -> Vec<KeyProblem> {
        let mut problems = Vec::new();
        if self.address().is_none() {
            let message = format!("listen = '{}' is no address", self.listen);
            problems.push(KeyProblem::new("listen", message, "write it like \"127.0.0.1:4318\""));
        }
        if self.max_body == 0 || self.max_body > LARGEST {
            problems.push(KeyProblem::new(
                "max_body",
                "max_body is not between 1 byte and 20 MiB",
                "4194304, 4 MiB, is the default",
            ));
        }
        problems
    }
}
