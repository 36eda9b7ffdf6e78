//! Verdicts as an audience may see them: those of its dashboards, rolled up by the same rules.

use std::collections::HashSet;

use super::events::Events;
use super::judging::Verdicts;
use super::panel::Evaluation;
use super::sources::SILENT;
use super::verdict::silence;
use crate::model::audience::{Audience, Detail};
use crate::model::judgement::Content;
use crate::model::poll::QueryId;
use crate::model::text::SafeText;
use crate::model::time::{Timestamp, Zone};

impl Verdicts<'_> {
    /// What is left of them for an audience: its dashboards, the sources behind them, and what follows from these.
    /// Its lamps and its sentence know nothing of what it does not see.
    #[must_use]
    pub fn seen_by(&self, audience: &Audience, now: Timestamp, zone: &Zone) -> Self {
        let mut seen = self.clone();
        seen.pages.retain(|page| audience.sees(page.name));
        let panels = seen.pages.iter().flat_map(|page| &page.panels);
        let queries: HashSet<QueryId> =
            panels.flat_map(|panel| panel.panel.rule.queries.iter().map(|query| query.id)).collect();
        (seen.warning, seen.last_change) = (None, None);
        seen.forget_events(&queries);
        seen.freeze = seen.events.freeze(now, zone);
        seen.forget_sources(now);
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
                *shown = shown.iter().filter_map(|event| events.same(event)).collect();
            }
            // It may be a change of what is not seen.
            panel.evaluation.cause = None;
        }
        self.events = events;
    }

    /// Keeps of the sources that some of them do not answer: they may be those of other panels, too.
    fn forget_sources(&mut self, now: Timestamp) {
        self.sources.clear();
        let all = || self.pages.iter().flat_map(|page| &page.panels).map(|panel| &panel.evaluation);
        let is_silent = |one: &&Evaluation<'_>| {
            one.fault.is_some_and(|fault| fault.failures >= SILENT) && one.freshness.can_be_judged()
        };
        let (count, oldest) =
            (all().filter(is_silent).count(), all().filter(is_silent).filter_map(|one| one.age).max());
        let panels = if count == 1 { "1 panel".to_owned() } else { format!("{count} panels") };
        self.source_remarks =
            (count > 0).then(|| (SafeText::default(), silence(&SafeText::from(panels), oldest))).into_iter().collect();
        self.updated = all().filter_map(|one| one.answered).min().map(|age| now.minus(age));
    }

    /// Keeps what the public may see.
    fn hide(&mut self, now: Timestamp) {
        self.freeze = None;
        self.events = Events::default();
        self.is_public = true;
        for page in &mut self.pages {
            page.panels = std::mem::take(&mut page.panels).into_iter().map(|panel| panel.for_public(now)).collect();
        }
    }
}
