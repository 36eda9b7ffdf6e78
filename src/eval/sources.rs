//! How the asking goes: the sources that do not answer, whose clock is off, who soon lets us ask no more.

use serde::Serialize;

use super::board::{Board, Source};
use super::freshness::freshness;
use super::verdict::{Remark, clock_is_off, silence};
use crate::model::freshness::Freshness;
use crate::model::poll::Budget;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::store::{Entry, Store};

/// From so many failed polls in a row a source is named as one that does not answer.
pub(super) const SILENT: u32 = 2;

/// A source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceState {
    /// The team's name for it.
    pub name: SafeText,
    /// What kind of system.
    pub kind: &'static str,
    /// The worst of its queries.
    pub freshness: Freshness,
    /// How many queries it is asked.
    pub queries: usize,
    /// How many of them have no fresh answer.
    pub missing: usize,
    /// The age of its newest answer.
    pub last_success_age: Option<Span>,
    /// What its server lets us ask, where it tells.
    pub budget: Option<Budget>,
    /// Why the last poll failed; empty when it did not.
    pub reason: String,
}

impl SourceState {
    /// "github: 412 of 5000 requests left", where its server tells.
    pub fn budget_words(&self) -> Option<String> {
        Some(format!("{}: {}", self.name, self.budget?))
    }
}

/// How each source stands, and what the sentence says about them: of those that have not answered twice in a row
/// while their values still count, and those whose clock is too far off to believe the age of their data.
pub(super) fn states_and_remarks(
    board: &Board<'_>,
    store: &Store,
    now: Timestamp,
) -> (Vec<SourceState>, Vec<(SafeText, Remark)>) {
    let (mut states, mut remarks) = (Vec::with_capacity(board.sources.len()), Vec::new());
    for source in &board.sources {
        let entries: Vec<&Entry> = source.queries.iter().filter_map(|query| store.entry(*query)).collect();
        states.push(state(source, &entries, now));
        remarks.extend(source_remarks(source, &entries, now).map(|remark| (source.name.clone(), remark)));
    }
    (states, remarks)
}

fn source_remarks(source: &Source<'_>, entries: &[&Entry], now: Timestamp) -> impl Iterator<Item = Remark> {
    let is_silent = |entry: &&&Entry| entry.failures >= SILENT && freshness(entry, source.limits, now).can_be_judged();
    let oldest = entries.iter().filter(is_silent).map(|entry| entry.last_success.map(|at| at.age_at(now))).max();
    let skew = entries.iter().filter_map(|entry| entry.clock_skew).max_by_key(|skew| skew.0.abs());
    let is_off = |skew: &Span| skew.0.abs() > source.limits.stale_after.0;
    let silent = oldest.map(|age| silence(source.name, age));
    silent.into_iter().chain(skew.filter(is_off).map(|skew| clock_is_off(source.name, skew)))
}

fn state(source: &Source<'_>, entries: &[&Entry], now: Timestamp) -> SourceState {
    let each: Vec<Freshness> = entries.iter().map(|entry| freshness(entry, source.limits, now)).collect();
    let is_missing = |freshness: &&Freshness| !matches!(freshness, Freshness::Fresh | Freshness::Waiting);
    SourceState {
        name: source.name.clone(),
        kind: source.kind,
        freshness: each.iter().copied().reduce(Freshness::or_worse).unwrap_or(Freshness::Waiting),
        queries: each.len(),
        missing: each.iter().filter(is_missing).count(),
        last_success_age: entries.iter().filter_map(|entry| entry.last_success).max().map(|at| at.age_at(now)),
        budget: entries.iter().filter_map(|entry| entry.budget).min_by_key(|budget| budget.remaining),
        reason: entries.iter().find_map(|entry| entry.error.as_ref()).map_or_else(String::new, ToString::to_string),
    }
}

/// A warning before the rate limit of a server runs out: later its panels would grow old one by one.
pub(super) fn soon_refused(sources: &[SourceState]) -> Option<String> {
    let is_low = |source: &&SourceState| source.budget.is_some_and(|budget| budget.is_low());
    sources.iter().find(is_low)?.budget_words()
}
