//! What the parts of a board refer to: sources, queries, variables.

use std::collections::{BTreeMap, HashMap};

use super::board::{QuerySpec, SourceSpec};
use super::locations::Path;
use super::nearest::suggestion;
use super::report::Report;
use super::variables::{Quoting, expand};
use crate::model::event::EventSet;
use crate::model::poll::{Ask, QueryId};
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::source::{Emits, Kind, QueryLanguage};

/// Everything that the parts of a board refer to.
pub(super) struct Scope<'a> {
    pub report: Report<'a>,
    pub variables: BTreeMap<String, String>,
    pub sources: Vec<SourceSpec>,
    /// Sources that are there but wrong, with their kind if they have one: references to them are not reported again.
    pub broken: Vec<(String, Option<&'static Kind>)>,
    pub queries: Queries,
    pub window: Span,
}

impl Scope<'_> {
    /// The indices of the sources that may emit these events.
    pub(super) fn event_sources(&self, set: EventSet) -> Vec<usize> {
        let may_emit = |source: &SourceSpec| {
            let deploys = matches!(set, EventSet::Deploys | EventSet::DeploysAndIncidents);
            let builds_only = deploys && source.kind.emits == Emits::Builds && source.answer_filter.deploys.is_empty();
            source.kind.emits.may_emit(set) && !builds_only
        };
        let index = |(index, source): (usize, &SourceSpec)| may_emit(source).then_some(index);
        self.sources.iter().enumerate().filter_map(index).collect()
    }

    /// The query for everything that a source has.
    pub(super) fn events_of(&mut self, source: usize) -> QueryId {
        self.queries.id(source, Ask { query: "".into(), history: None })
    }

    /// A title with its variables.
    pub(super) fn title(&mut self, text: &str, path: &Path) -> SafeText {
        let (text, unknown) = expand(text, &self.variables, Quoting::None);
        self.warn_unknown(&unknown, path);
        SafeText::new(&text)
    }

    pub(super) fn warn_unknown(&mut self, unknown: &[String], path: &Path) {
        for name in unknown {
            let known: Vec<String> = self.variables.keys().cloned().collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let message = format!("there is no variable '${name}'");
            self.report.warning("unknown-variable", path, message, suggestion(name, &known));
        }
    }

    /// A query with its variables.
    pub(super) fn query_text(&mut self, text: &str, language: &QueryLanguage, source: &str, path: &Path) -> String {
        let (text, unknown) = expand(text, &self.variables, Quoting::Text);
        // jq has variables of its own.
        if matches!(language, QueryLanguage::Needed(_)) && source == "prometheus" {
            self.warn_unknown(&unknown, path);
        }
        text
    }
}

/// Distinct queries, found by equality.
#[derive(Default)]
pub(super) struct Queries {
    pub all: Vec<QuerySpec>,
    known: HashMap<(usize, Ask), QueryId>,
}

impl Queries {
    pub(super) fn id(&mut self, source: usize, ask: Ask) -> QueryId {
        *self.known.entry((source, ask.clone())).or_insert_with(|| {
            let id = QueryId(self.all.len());
            self.all.push(QuerySpec { id, source, ask });
            id
        })
    }
}
