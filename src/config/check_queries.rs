//! What a panel asks: its queries, and the sources that they name.

use serde_json::{Value, json};

use super::locations::{Part, Path};
use super::nearest::suggestion;
use super::problem::Severity;
use super::raw::{NamedQuery, PanelCommon};
use super::read::table;
use super::scope::Scope;
use crate::eval::rule::PanelQuery;
use crate::model::event::EventSet;
use crate::model::poll::Ask;
use crate::model::time::Span;
use crate::panel::{EventsUse, Kind, Need, Shape};
use crate::source::{Emits, KINDS as SOURCES, Kind as SourceKind, QueryLanguage};

/// The named queries that can be read, each with its path.
pub(super) fn named(common: &PanelCommon, path: &Path, scope: &mut Scope<'_>) -> Vec<(NamedQuery, Path)> {
    let path = path.key("queries");
    let read = |(index, one): (usize, &Value)| {
        let at = path.index(index);
        let query = table::<NamedQuery>(one.clone(), &json!({ "name": "" }), &at, &mut scope.report)?;
        Some((query, at))
    };
    common.queries.iter().enumerate().filter_map(read).collect()
}

/// What a panel asks.
pub(super) struct Resolved {
    pub panel: Vec<PanelQuery>,
    pub simulated: bool,
    /// Whether it shows the events of the whole board.
    pub of_the_board: bool,
}

/// Checks all queries of a panel, whose value looks back so far beyond the window. For an unknown view (`kind` is `None`), what does not depend on it.
pub(super) fn queries(
    common: &PanelCommon,
    named: &[(NamedQuery, Path)],
    kind: Option<&'static Kind>,
    lookback: Span,
    path: &Path,
    scope: &mut Scope<'_>,
) -> Resolved {
    let mut resolved = Resolved { panel: Vec::new(), simulated: false, of_the_board: false };
    if common.query.is_some() && !common.queries.is_empty() {
        let help = "use query for one, queries for several".to_owned();
        scope.report.error("both", &path.key("queries"), "a panel has a query or queries, not both", help);
    }
    if let Some(kind) = kind.filter(|kind| kind.source == Need::None) {
        if common.source.is_some() {
            let message = format!("a {} panel asks no source", kind.word);
            scope.report.error("no-source-wanted", &path.key("source"), message, "take the source away".to_owned());
        }
        return resolved;
    }
    let wanted = wanted(common, named, path, scope);
    if let Some(kind) = kind
        && let EventsUse::Shown(set) | EventsUse::Judged(set) = kind.events
        && wanted.iter().all(|(query, _, _)| query.source.is_none())
    {
        return of_the_board(kind, set, path, scope);
    }
    for (query, source_path, query_path) in &wanted {
        // With an unknown view, or a source that cannot be read, more cannot be checked.
        let is_needed = kind.is_some_and(|kind| kind.source != Need::Optional);
        if query.source.is_none() && (!is_needed || scope.report.wrong.contains(source_path)) {
            continue;
        }
        let window = common.window.unwrap_or(scope.window);
        let is_wanted = kind.is_some_and(|kind| kind.history) || lookback > Span(0);
        let history = is_wanted.then(|| Span(window.0.saturating_add(lookback.0)));
        one_query(query, (source_path, query_path), kind, history, scope, &mut resolved);
    }
    check_names(named, path, scope);
    resolved
}

/// What is asked, each query with the paths of its source and of its text.
fn wanted(
    common: &PanelCommon,
    named: &[(NamedQuery, Path)],
    path: &Path,
    scope: &Scope<'_>,
) -> Vec<(NamedQuery, Path, Path)> {
    if common.queries.is_empty() {
        let single = NamedQuery {
            name: String::new(),
            source: common.source.clone(),
            query: common.query.clone().unwrap_or_default(),
            scalar: false,
        };
        return vec![(single, path.key("source"), path.key("query"))];
    }
    let with_source = |(one, at): &(NamedQuery, Path)| {
        let has_own = one.source.is_some() || scope.report.wrong.contains(&at.key("source"));
        let source_path = if has_own { at.key("source") } else { path.key("source") };
        let source = one.source.clone().or_else(|| common.source.clone().filter(|_| !has_own));
        (NamedQuery { source, ..one.clone() }, source_path, at.key("query"))
    };
    named.iter().map(with_source).collect()
}

fn check_names(named: &[(NamedQuery, Path)], path: &Path, scope: &mut Scope<'_>) {
    // A query without a name has been reported.
    let mut names: Vec<&str> =
        named.iter().map(|(query, _)| query.name.as_str()).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        let help = "give each query a name of its own".to_owned();
        scope.report.error("duplicate", &path.key("queries"), "two queries of this panel have one name", help);
    }
}

/// A panel of events that names no source shows those of the whole board.
fn of_the_board(kind: &Kind, set: EventSet, path: &Path, scope: &mut Scope<'_>) -> Resolved {
    let mut resolved = Resolved { panel: Vec::new(), simulated: false, of_the_board: true };
    for index in scope.event_sources(set) {
        let id = scope.events_of(index);
        let Some(source) = scope.sources.get(index) else { continue };
        resolved.panel.push(PanelQuery { name: source.name.to_string(), id, limits: source.limits, scalar: false });
        resolved.simulated |= source.simulated;
    }
    if resolved.panel.is_empty() && scope.broken.is_empty() {
        let known: Vec<&str> =
            SOURCES.iter().filter(|source| source.emits.may_emit(set)).map(|source| source.word).collect();
        let message = format!("this board has no source of the events that the view '{}' shows", kind.word);
        let help = format!("add a source of type {}", known.join(", "));
        scope.report.add(Severity::Error, "no-events", path, Part::Key, message, help);
    }
    resolved
}

fn one_query(
    query: &NamedQuery,
    (source_path, query_path): (&Path, &Path),
    kind: Option<&'static Kind>,
    history: Option<Span>,
    scope: &mut Scope<'_>,
    resolved: &mut Resolved,
) {
    let Some(name) = &query.source else {
        let panel = Path(source_path.0.get(..source_path.0.len() - 1).unwrap_or_default().to_vec());
        let message = format!("this {} panel has no source", kind.map_or("", |kind| kind.word));
        let help = "add source = \"...\", the name of a [sources.NAME] table".to_owned();
        scope.report.add(Severity::Error, "missing-key", &panel, Part::Key, message, help);
        return;
    };
    let Some((asked, index)) = asked(name, source_path, scope) else { return };
    let mut text = scope.query_text(&query.query, &asked.query, asked.word, query_path);
    // Of a source that has other telemetry, too, a panel of events asks for its events.
    if text.is_empty() && kind.is_some_and(|kind| matches!(kind.events, EventsUse::Shown(_) | EventsUse::Judged(_))) {
        asked.events_query.clone_into(&mut text);
    }
    let language = match asked.query {
        QueryLanguage::Needed(language) if text.is_empty() => {
            let message = format!("the {} source '{name}' needs a query", asked.word);
            scope.report.error("missing-key", query_path, message, format!("add query = \"...\": {language}"));
            return;
        }
        QueryLanguage::None if text.is_empty() => Ok(()),
        _ => (asked.check_query)(&text),
    };
    if let Err(wrong) = language {
        scope.report.error("bad-query", query_path, wrong, None);
        return;
    }
    let Some(kind) = kind else { return };
    warn_about_another_shape(kind, asked, source_path, scope);
    let Some((index, source)) = index.and_then(|index| Some((index, scope.sources.get(index)?))) else { return };
    let (limits, simulated) = (source.limits, source.simulated);
    let id = scope.queries.id(index, Ask { query: text.into(), history });
    resolved.panel.push(PanelQuery { name: query.name.clone(), id, limits, scalar: query.scalar });
    resolved.simulated |= simulated;
}

/// The kind of a source, and its index if it can be used.
fn asked(name: &str, path: &Path, scope: &mut Scope<'_>) -> Option<(&'static SourceKind, Option<usize>)> {
    if let Some(index) = scope.sources.iter().position(|source| source.name.as_str() == name) {
        return Some((scope.sources.get(index)?.kind, Some(index)));
    }
    if let Some((_, kind)) = scope.broken.iter().find(|(broken, _)| broken == name) {
        return kind.map(|kind| (kind, None));
    }
    // The tables of the sources may be what cannot be read.
    if !scope.report.wrong.contains(&Path::default().key("sources")) {
        let whole = scope.sources.iter().map(|source| source.name.as_str());
        let names: Vec<&str> = whole.chain(scope.broken.iter().map(|(name, _)| name.as_str())).collect();
        let help = suggestion(name, &names);
        scope.report.error("unknown-source", path, format!("there is no source '{name}'"), help);
    }
    None
}

/// A panel that can show nothing of what a source emits would stay empty without a reason.
fn warn_about_another_shape(kind: &Kind, source: &SourceKind, path: &Path, scope: &mut Scope<'_>) {
    let wrong = |shape: &Shape| match shape {
        Shape::Builds => source.emits != Emits::Builds,
        Shape::Reviews => source.emits != Emits::Reviews,
        Shape::Numbers => !source.emits.measurements(),
    };
    if !kind.takes.as_ref().is_some_and(wrong) {
        return;
    }
    let message = format!("a {} panel shows nothing of what a {} source emits", kind.word, source.word);
    let fits = |one: &&SourceKind| match kind.takes {
        Some(Shape::Builds) => one.emits == Emits::Builds,
        Some(Shape::Reviews) => one.emits == Emits::Reviews,
        _ => one.emits.measurements(),
    };
    let known: Vec<&str> = SOURCES.iter().filter(fits).map(|one| one.word).collect();
    scope.report.warning("wrong-source", path, message, format!("it needs one of: {}", known.join(", ")));
}
