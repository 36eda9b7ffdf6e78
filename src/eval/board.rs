//! A board as far as judging goes: what is asked, what is good and bad, and what it is about.

use std::collections::HashMap;

use super::check;
use super::freshness::FreshnessLimits;
use super::rule::Rule;
use crate::model::layer::Layer;
use crate::model::poll::QueryId;
use crate::model::text::SafeText;
use crate::model::unit::Unit;

/// Everything that is judged together.
#[derive(Debug, Clone)]
pub struct Board<'a> {
    /// The pages.
    pub pages: Vec<Page<'a>>,
    /// The connections.
    pub sources: Vec<Source<'a>>,
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// The name for flags and scripts.
    pub name: &'a str,
    /// The panels.
    pub panels: Vec<Panel<'a>>,
}

/// A panel.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    /// The name for scripts.
    pub id: &'a str,
    /// The words in its frame.
    pub title: &'a SafeText,
    /// Which level it belongs to.
    pub layer: Layer,
    /// What decides its status.
    pub rule: &'a Rule,
    /// What its table says to each check.
    pub checks: &'a check::Options,
    /// What its numbers mean.
    pub unit: &'a Unit,
    /// How many decimals they have, if the board says so.
    pub decimals: Option<u8>,
    /// The service it is about.
    pub service: Option<&'a SafeText>,
    /// The environment it is about.
    pub environment: Option<&'a SafeText>,
    /// Where to read on.
    pub link: Option<&'a SafeText>,
}

/// A connection to a telemetry system.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// The team's name for it.
    pub name: &'a SafeText,
    /// What kind of system.
    pub kind: &'static str,
    /// From which age its data is late or stale.
    pub limits: FreshnessLimits,
    /// What it is asked.
    pub queries: Vec<QueryId>,
}

impl<'a> Panel<'a> {
    /// Whether it asks a source; a note or a clock does not.
    pub const fn is_fed(&self) -> bool {
        !self.rule.queries.is_empty()
    }

    /// The service and the environment that it is about.
    pub fn about(&self) -> (Option<&'a str>, Option<&'a str>) {
        (self.service.map(SafeText::as_str), self.environment.map(SafeText::as_str))
    }
}

impl<'a> Board<'a> {
    /// The name of the source of each query.
    pub(super) fn source_names(&self) -> HashMap<QueryId, &'a SafeText> {
        let names = |source: &Source<'a>| {
            let name = source.name;
            source.queries.clone().into_iter().map(move |query| (query, name))
        };
        self.sources.iter().flat_map(names).collect()
    }
}
