//! The keys of a `statsd` source.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::aggregate::Rules;
use crate::model::time::Span;
use crate::source::contract::KeyProblem;

/// Shortest and longest time between two flushes.
const FLUSH: (Span, Span) = (Span::seconds(1), Span::seconds(600));
/// Most percentiles of a timer.
const MAX_PERCENTILES: usize = 10;

/// The keys of a StatsD listener.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address that takes metrics, over UDP and TCP (default: "127.0.0.1:8125"). Whoever reaches it can send
    /// numbers: for more than this machine, name an address of a network that you trust.
    pub listen: String,
    /// How often what came is joined to one value a series (default: "10s").
    pub flush: Span,
    /// Percentiles of timers, histograms and distributions (default: [50, 90, 99]).
    pub percentiles: Vec<f64>,
    /// Whether a sign before the value of a gauge (`-5|g`) moves it, as StatsD has it, or belongs to it, as DogStatsD has
    /// it (default: true, it moves it).
    pub gauge_deltas: bool,
    /// How long a counter to which nothing is added is still 0; then it is old (default: "5m").
    pub expire: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8125".to_owned(),
            flush: Span::seconds(10),
            percentiles: vec![50.0, 90.0, 99.0],
            expire: Span::seconds(300),
            gauge_deltas: true,
        }
    }
}

impl Config {
    /// Where it listens; none where that is no address.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    pub(super) fn rules(&self) -> Rules {
        Rules { percentiles: self.percentiles.clone(), expire: self.expire, gauge_deltas: self.gauge_deltas }
    }

    pub(super) fn problems(&self) -> Vec<KeyProblem> {
        let mut problems = Vec::new();
        if self.address().is_none() {
            let message = format!("listen = '{}' is no address", self.listen);
            problems.push(KeyProblem::new("listen", message, "write it like \"127.0.0.1:8125\""));
        }
        if self.flush < FLUSH.0 || self.flush > FLUSH.1 {
            let message = format!("flush = '{}' is not between 1 s and 10 min", self.flush.brief());
            problems.push(KeyProblem::new("flush", message, "10s is what StatsD servers use"));
        }
        if self.expire < self.flush {
            let message = "expire is shorter than flush: counters would be old before they are told";
            problems.push(KeyProblem::new("expire", message, "make it at least three times as long as flush"));
        }
        let wrong = self.percentiles.iter().position(|one| !(*one > 0.0 && *one <= 100.0));
        if let Some(item) = wrong {
            let message = "a percentile is above 0 and at most 100";
            problems.push(KeyProblem::new("percentiles", message, "write them like [50, 99.9]").of_item(item));
        }
        if self.percentiles.len() > MAX_PERCENTILES {
            let message = format!("{} percentiles, more than {MAX_PERCENTILES}", self.percentiles.len());
            problems.push(KeyProblem::new("percentiles", message, "each is a series of its own: take some away"));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_right_and_each_mistake_is_named() {
        assert_eq!(Config::default().problems(), []);
        let wrong = Config {
            listen: "8125".to_owned(),
            flush: Span(10),
            percentiles: vec![50.0, 0.0],
            expire: Span(1),
            gauge_deltas: true,
        };
        let keys: Vec<&str> = wrong.problems().iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["listen", "flush", "expire", "percentiles"]);
    }
}
