//! What is found out of one server, step by step.

use std::time::Duration;

use crate::model::fault::FetchError;
use crate::model::format;
use crate::model::text::SafeText;
use crate::model::time::now;
use crate::model::unit::Unit;

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should.
    Good,
    /// It works, but somebody should know.
    Doubtful,
    /// It does not work.
    Bad,
}

/// One step of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was tried: "name", "connection", "TLS", ...
    pub what: &'static str,
    /// How it went.
    pub verdict: Verdict,
    /// What was found, in half a line.
    pub found: String,
    /// What to do about it; empty when nothing needs doing.
    pub remedy: &'static str,
}

/// All steps of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The team's name for it.
    pub name: SafeText,
    /// What kind of system.
    pub kind: &'static str,
    /// Where it is, without anything that could be a secret; empty when it has no address.
    pub address: String,
    /// The steps, in their order.
    pub steps: Vec<Step>,
}

impl Step {
    pub(super) fn good(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Good, found: found.into(), remedy: "" }
    }

    pub(super) fn doubtful(what: &'static str, found: impl Into<String>, remedy: &'static str) -> Self {
        Self { what, verdict: Verdict::Doubtful, found: found.into(), remedy }
    }

    pub(super) fn bad(what: &'static str, error: &FetchError) -> Self {
        Self { what, verdict: Verdict::Bad, found: error.to_string(), remedy: error.reason.remedy() }
    }
}

pub(super) fn milliseconds(took: Duration) -> String {
    format::text(took.as_secs_f64(), &Unit::Seconds, now())
}
