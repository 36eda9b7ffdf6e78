//! Verdicts as an audience may see them: those of its dashboards, rolled up by the same rules.

use std::collections::HashSet;

use super::board::Board;
use super::events::Events;
use super::judging::Verdicts;
use crate::model::audience::{Audience, Detail};
use crate::model::judgement::Content;
use crate::model::poll::QueryId;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

impl Verdicts<'_> {
    /// What is left of them for an audience: its dashboards, the sources behind them, and what follows from these.
    /// Its lamps and its sentence know nothing of what it does not see.
    #[must_use]
    pub fn seen_by(&self, audience: &Audience, board: &Board<'_>, now: Timestamp) -> Self {
        let mut seen = self.clone();
        seen.pages.retain(|page| audience.sees(page.name));
        let panels = seen.pages.iter().flat_map(|page| &page.panels);
        let queries: HashSet<QueryId> =
            panels.flat_map(|panel| panel.panel.rule.queries.iter().map(|query| query.id)).collect();
        let is_asked = |name: &SafeText| {
            let source = board.sources.iter().find(|source| source.name == name);
            source.is_some_and(|source| source.queries.iter().any(|query| queries.contains(query)))
        };
        seen.sources.retain(|source| is_asked(&source.name));
        seen.source_remarks.retain(|(source, _)| is_asked(source));
        (seen.warning, seen.last_change) = (None, None);
        seen.forget_events(&queries);
        if audience.detail == Detail::Public {
            seen.hide(now);
        }
        seen.rolled_up()
    }

    /// Keeps the events of what is seen: those of its sources, and of its services.
    fn forget_events(&mut self, queries: &HashSet<QueryId>) {
        let panels = self.pages.iter().flat_map(|page| &page.panels);
        let services: HashSet<&str> = panels.filter_map(|one| Some(one.panel.service?.as_str())).collect();
        let events = self.events.of(queries, &services);
        for panel in self.pages.iter_mut().flat_map(|page| &mut page.panels) {
            if let Content::Events(shown) = &mut panel.evaluation.content {
                shown.retain(|event| events.has(event));
            }
            // A change that turned a panel of no service may be of anything.
            if panel.panel.service.is_none() {
                panel.evaluation.cause = None;
            }
        }
        self.events = events;
    }

    /// Keeps what the public may see.
    fn hide(&mut self, now: Timestamp) {
        self.sources.clear();
        self.source_remarks.clear();
        self.freeze = None;
        self.events = Events::default();
        for page in &mut self.pages {
            page.panels = std::mem::take(&mut page.panels).into_iter().map(|panel| panel.for_public(now)).collect();
        }
    }
}
