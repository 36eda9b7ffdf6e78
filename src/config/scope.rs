//! What the parts of a board refer to: sources, queries, variables.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::board::{QuerySpec, SourceSpec};
use super::locations::Path;
use super::nearest::suggestion;
use super::report::Report;
use super::variables::{Quoting, expand};
use crate::model::event::EventSet;
use crate::model::poll::{Ask, QueryId, QueryKey};
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::source::{Emits, Kind, QueryLanguage};

/// Everything that the parts of a board refer to.
pub(super) struct Scope<'a> {
    pub report: Report<'a>,
    pub variables: BTreeMap<String, String>,
    pub sources: Vec<SourceSpec>,
    /// Sources with errors, with their kind if it is known: references to them are not reported again.
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

    /// The query for all events of a source.
    pub(super) fn events_of(&mut self, source: usize) -> QueryId {
        let query = self.sources.get(source).map_or("", |source| source.kind.events_query);
        self.queries.id(source, Ask { query: query.into(), history: None })
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
    pub all: Vec<(usize, Ask)>,
    known: HashMap<(usize, Ask), QueryId>,
}

impl Queries {
    pub(super) fn id(&mut self, source: usize, ask: Ask) -> QueryId {
        *self.known.entry((source, ask.clone())).or_insert_with(|| {
            let id = QueryId(self.all.len());
            self.all.push((source, ask));
            id
        })
    }

    /// All of them, each with its key.
    pub(super) fn specs(self, sources: &[SourceSpec]) -> Vec<QuerySpec> {
        let mut windows: HashMap<(usize, Arc<str>), Vec<Span>> = HashMap::new();
        for (source, ask) in &self.all {
            windows.entry((*source, Arc::clone(&ask.query))).or_default().extend(ask.history);
        }
        let spec = |(index, (source, ask)): (usize, (usize, Ask))| {
            let alike = windows.get(&(source, Arc::clone(&ask.query)));
            let longer = alike.into_iter().flatten().filter(|window| ask.history.is_some_and(|own| **window > own));
            let asked = sources.get(source)?;
            let key = QueryKey::new(asked.kind.word, asked.name.as_str(), &ask, longer.count());
            Some(QuerySpec { id: QueryId(index), key, source, ask })
        };
        self.all.into_iter().enumerate().filter_map(spec).collect()
    }
}
