//! What a panel is made of: its rule, the answers to its queries, and the moment.

use super::checks::Checks;
use super::events::Events;
use super::rule::{PanelQuery, Rule};
use crate::model::time::Timestamp;
use crate::store::{Entry, Store};

/// A query of a panel, with its index there, and what is known of it.
pub(super) type Asked<'a> = (usize, &'a PanelQuery, &'a Entry);

/// Everything that a panel judges and shows, as of `now`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a, 'b> {
    pub rule: &'a Rule,
    pub store: &'a Store,
    pub checks: &'a Checks,
    /// What happened, of all sources together.
    pub events: &'b Events<'a>,
    pub now: Timestamp,
}

impl<'a> Look<'a, '_> {
    /// The queries that are known to the store.
    pub(super) fn entries(self) -> Vec<Asked<'a>> {
        let entry = |(index, query): (usize, &'a PanelQuery)| Some((index, query, self.store.entry(query.id)?));
        self.rule.queries.iter().enumerate().filter_map(entry).collect()
    }
}

/// The name of a query before what is said of it.
pub(super) fn prefix(query: &PanelQuery) -> String {
    if query.name.is_empty() { String::new() } else { format!("{}: ", query.name) }
}
