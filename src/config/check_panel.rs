//! One panel: its common keys, its own keys, and everything it refers to.

use serde_json::Value;

use super::board::PanelSpec;
use super::check::{Scope, check_word, report_unknown};
use super::nearest::suggestion;
use super::places::{Part, Path};
use super::problem::Severity;
use super::raw::{NamedQuery, NumberOrText, PanelCommon};
use super::read::{keys, split, table, with};
use super::variables::{Quoting, expand};
use crate::eval::expression::Expression;
use crate::eval::rule::{Empty, PanelQuery, Rule, Subject};
use crate::eval::threshold::{Bound, Hysteresis, Thresholds};
use crate::model::event::{EventKind, EventSet};
use crate::model::glob::Globs;
use crate::model::poll::Ask;
use crate::model::text::SafeText;
use crate::model::unit::Unit;
use crate::panel::{EventsUse, KINDS, Kind, Need, Shape};
use crate::source::{Emits, KINDS as SOURCES, Kind as SourceKind, QueryLanguage};

/// Checks one panel; `None` when a part of it cannot be read.
pub(super) fn check(value: &Value, path: &Path, scope: &mut Scope<'_>) -> Option<PanelSpec> {
    let Some(object) = value.as_object() else {
        scope.report.error("wrong-type", path, "a panel is a table", "write [[dashboards.panels]]".to_owned());
        return None;
    };
    let mut left = object.clone();
    let common_schema = schemars::schema_for!(PanelCommon);
    let common = table::<PanelCommon>(split(&mut left, &common_schema), path, &mut scope.report);
    let kind = kind(object.get("view"), path, scope);
    if kind.is_none() {
        // Of a view that nobody knows: what no view has is unknown all the same.
        let mut known = keys(&common_schema);
        known.extend(KINDS.iter().flat_map(|kind| keys(&(kind.schema)())));
        left.retain(|key, _| !known.contains(key));
        report_unknown(&left, path, &known, &mut scope.report);
    }
    let options = kind.and_then(|kind| {
        let own_schema = (kind.schema)();
        let own = split(&mut left, &own_schema);
        let mut known = keys(&common_schema);
        known.extend(keys(&own_schema));
        report_unknown(&left, path, &known, &mut scope.report);
        with(own, path, &mut scope.report, kind.configure)
    });
    let (common, kind, options) = (common?, kind?, options?);
    let queries = queries(&common, kind, path, scope);
    let service = common.service.as_deref().map(SafeText::new);
    let environment = common.environment.as_deref().map(|text| scope.title(text, &path.key("environment")));
    let rule = Rule {
        value: expression(&common, path, scope),
        thresholds: thresholds(&common, kind, path, scope),
        keep: Globs::new(common.keep.all()),
        column: object.get("column").and_then(Value::as_str).unwrap_or_default().to_owned(),
        window: common.window.unwrap_or(scope.window),
        expect: common.expect,
        legend: common.legend.clone(),
        empty: empty(&common, path, scope),
        subject: match kind.events {
            EventsUse::None => Subject::Answers,
            EventsUse::Shown(set) => Subject::Events { set, noticed: queries.of_the_board, judged: false },
            EventsUse::Judged(set) => Subject::Events { set, noticed: queries.of_the_board, judged: true },
        },
        about: (service.clone(), environment.clone()),
        // Its own keys have been checked.
        kinds: object.get("kinds").and_then(|kinds| serde_json::from_value(kinds.clone()).ok()).unwrap_or_default(),
        queries: queries.panel,
    };
    if let Some(id) = &common.id {
        check_word(id, &path.key("id"), &mut scope.report);
    }
    let title = common.title.as_deref().or(common.id.as_deref()).unwrap_or(kind.word);
    Some(PanelSpec {
        id: common.id.clone().unwrap_or_else(|| slug(title)),
        title: scope.title(title, &path.key("title")),
        layer: common.layer.unwrap_or(kind.layer),
        options,
        rule,
        unit: Unit::from_word(&common.unit),
        decimals: within("decimals", common.decimals, (0, 6), path, scope),
        width: within("width", common.width, (1, 24), path, scope),
        link: link(&common, path, scope),
        service,
        environment,
        events: common.marks.clone().unwrap_or_else(|| EventKind::OVER_GRAPHS.to_vec()),
        simulated: queries.simulated,
    })
}

/// A whole number that has to lie between two.
fn within<N: Copy + Into<u64>>(
    key: &str,
    value: Option<N>,
    (least, most): (u64, u64),
    path: &Path,
    scope: &mut Scope<'_>,
) -> Option<N> {
    let number: u64 = value?.into();
    if (least..=most).contains(&number) {
        return value;
    }
    let message = format!("{key} = {number} is not from {least} to {most}");
    scope.report.error("out-of-range", &path.key(key), message, format!("write a number from {least} to {most}"));
    None
}

/// "Failed log-ins" is "failed-log-ins".
fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

fn kind(view: Option<&Value>, path: &Path, scope: &mut Scope<'_>) -> Option<&'static Kind> {
    // A missing or mistyped view has been reported with the common keys.
    let word = view?.as_str()?;
    let kind = Kind::find(word);
    if kind.is_none() {
        let words: Vec<&str> = KINDS.iter().map(|kind| kind.word).collect();
        let message = format!("there is no view '{word}'");
        scope.report.error("unknown-view", &path.key("view"), message, suggestion(word, &words));
    }
    kind
}

struct Resolved {
    panel: Vec<PanelQuery>,
    simulated: bool,
    /// Whether it shows what happened on the whole board.
    of_the_board: bool,
}

fn queries(common: &PanelCommon, kind: &Kind, path: &Path, scope: &mut Scope<'_>) -> Resolved {
    let mut resolved = Resolved { panel: Vec::new(), simulated: false, of_the_board: false };
    if common.query.is_some() && !common.queries.is_empty() {
        let help = "use query for one, queries for several".to_owned();
        scope.report.error("both", &path.key("queries"), "a panel has a query or queries, not both", help);
    }
    if kind.source == Need::None {
        if common.source.is_some() {
            let message = format!("a {} panel asks no source", kind.word);
            scope.report.error("no-source-wanted", &path.key("source"), message, "take the source away".to_owned());
        }
        return resolved;
    }
    let wanted: Vec<(NamedQuery, Path, Path)> = if common.queries.is_empty() {
        let single = NamedQuery {
            name: String::new(),
            source: common.source.clone(),
            query: common.query.clone().unwrap_or_default(),
            scalar: false,
        };
        vec![(single, path.key("source"), path.key("query"))]
    } else {
        let named = |(place, one): (usize, &NamedQuery)| {
            let at = path.key("queries").index(place);
            let own_source = if one.source.is_some() { at.key("source") } else { path.key("source") };
            let one = NamedQuery { source: one.source.clone().or_else(|| common.source.clone()), ..one.clone() };
            (one, own_source, at.key("query"))
        };
        common.queries.iter().enumerate().map(named).collect()
    };
    if let EventsUse::Shown(set) | EventsUse::Judged(set) = kind.events
        && wanted.iter().all(|(query, _, _)| query.source.is_none())
    {
        return of_the_board(kind, set, path, scope);
    }
    for (query, source_path, query_path) in &wanted {
        if query.source.is_none() && kind.source == Need::Optional {
            continue;
        }
        one_query(query, (source_path, query_path), kind, common, scope, &mut resolved);
    }
    let mut names: Vec<&str> = wanted.iter().map(|(query, _, _)| query.name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        let help = "give each query a name of its own".to_owned();
        scope.report.error("duplicate", &path.key("queries"), "two queries of this panel have one name", help);
    }
    resolved
}

/// A panel of events that names no source shows those of the whole board.
fn of_the_board(kind: &Kind, set: EventSet, path: &Path, scope: &mut Scope<'_>) -> Resolved {
    let mut resolved = Resolved { panel: Vec::new(), simulated: false, of_the_board: true };
    for place in scope.event_sources(set) {
        let id = scope.events_of(place);
        let Some(source) = scope.sources.get(place) else { continue };
        resolved.panel.push(PanelQuery { name: source.name.to_string(), id, limits: source.limits, scalar: false });
        resolved.simulated |= source.simulated;
    }
    if resolved.panel.is_empty() && scope.broken.is_empty() {
        let known: Vec<&str> =
            SOURCES.iter().filter(|source| source.emits.may_emit(set)).map(|source| source.word).collect();
        let message = format!("a {} panel shows what happened, and this board has no source of that", kind.word);
        let help = format!("add a source of type {}", known.join(", "));
        scope.report.add(Severity::Error, "no-events", path, Part::Key, message, help);
    }
    resolved
}

fn one_query(
    query: &NamedQuery,
    (source_path, query_path): (&Path, &Path),
    kind: &Kind,
    common: &PanelCommon,
    scope: &mut Scope<'_>,
    resolved: &mut Resolved,
) {
    let Some(name) = &query.source else {
        let panel = Path(source_path.0.get(..source_path.0.len() - 1).unwrap_or_default().to_vec());
        let message = format!("this {} panel has no source", kind.word);
        let help = "add source = \"...\", the name of a [sources.NAME] table".to_owned();
        scope.report.add(Severity::Error, "missing-key", &panel, Part::Key, message, help);
        return;
    };
    let Some(place) = scope.sources.iter().position(|source| source.name.as_str() == name) else {
        if !scope.broken.contains(name) {
            let names: Vec<String> = scope.sources.iter().map(|source| source.name.to_string()).collect();
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let message = format!("there is no source '{name}'");
            scope.report.error("unknown-source", source_path, message, suggestion(name, &known));
        }
        return;
    };
    let Some(source) = scope.sources.get(place).cloned() else { return };
    let text = scope.query_text(&query.query, &source.kind.query, source.kind.word, query_path);
    let language = match source.kind.query {
        QueryLanguage::Needed(language) if text.is_empty() => {
            let message = format!("the {} source '{name}' needs a query", source.kind.word);
            scope.report.error("missing-key", query_path, message, format!("add query = \"...\": {language}"));
            return;
        }
        QueryLanguage::None if text.is_empty() => Ok(()),
        _ => (source.kind.check_query)(&text),
    };
    if let Err(wrong) = language {
        scope.report.error("bad-query", query_path, wrong, None);
        return;
    }
    warn_about_another_shape(kind, source.kind, source_path, scope);
    let history = kind.history.then_some(common.window.unwrap_or(scope.window));
    let id = scope.queries.id(place, Ask { query: text.into(), history });
    resolved.panel.push(PanelQuery { name: query.name.clone(), id, limits: source.limits, scalar: query.scalar });
    resolved.simulated |= source.simulated;
}

/// A panel that can show nothing of what a source tells is a mistake that only an empty frame would show.
fn warn_about_another_shape(kind: &Kind, source: &SourceKind, path: &Path, scope: &mut Scope<'_>) {
    let wrong = |shape: &Shape| match shape {
        Shape::Builds => source.emits != Emits::Builds,
        Shape::Reviews => source.emits != Emits::Reviews,
        Shape::Numbers => source.emits != Emits::Measurements,
    };
    if !kind.takes.as_ref().is_some_and(wrong) {
        return;
    }
    let message = format!("a {} panel shows nothing of what a {} source tells", kind.word, source.word);
    let fits = |one: &&SourceKind| match kind.takes {
        Some(Shape::Builds) => one.emits == Emits::Builds,
        Some(Shape::Reviews) => one.emits == Emits::Reviews,
        _ => one.emits == Emits::Measurements,
    };
    let known: Vec<&str> = SOURCES.iter().filter(fits).map(|one| one.word).collect();
    scope.report.warning("wrong-source", path, message, format!("it needs one of: {}", known.join(", ")));
}

impl Scope<'_> {
    /// A title with its variables.
    pub(super) fn title(&mut self, text: &str, path: &Path) -> SafeText {
        let (text, unknown) = expand(text, &self.variables, Quoting::None);
        self.warn_unknown(&unknown, path);
        SafeText::new(&text)
    }

    fn query_text(&mut self, text: &str, language: &QueryLanguage, source: &str, path: &Path) -> String {
        let (text, unknown) = expand(text, &self.variables, Quoting::Text);
        // jq has variables of its own.
        if matches!(language, QueryLanguage::Needed(_)) && source == "prometheus" {
            self.warn_unknown(&unknown, path);
        }
        text
    }

    fn warn_unknown(&mut self, unknown: &[String], path: &Path) {
        for name in unknown {
            let known: Vec<String> = self.variables.keys().cloned().collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let message = format!("there is no variable '${name}'");
            self.report.warning("unknown-variable", path, message, suggestion(name, &known));
        }
    }
}

fn expression(common: &PanelCommon, path: &Path, scope: &mut Scope<'_>) -> Option<Expression> {
    let text = common.value.as_ref()?;
    let path = path.key("value");
    match Expression::parse(text) {
        Ok(expression) => {
            let known: Vec<&str> = common.queries.iter().map(|query| query.name.as_str()).collect();
            for name in expression.names() {
                if !known.contains(&name) {
                    let message = format!("there is no query '{name}' in this panel");
                    scope.report.error("unknown-query", &path, message, suggestion(name, &known));
                }
            }
            Some(expression)
        }
        Err(error) => {
            let message = format!("at column {} of the expression: {}", error.at + 1, error.message);
            let help = "write arithmetic over the names of queries, such as \"failed / good\"".to_owned();
            scope.report.error("bad-expression", &path, message, help);
            None
        }
    }
}

fn thresholds(common: &PanelCommon, kind: &Kind, path: &Path, scope: &mut Scope<'_>) -> Thresholds {
    let mut bound = |key: &str, text: Option<&str>| {
        let text = text?;
        match Bound::parse(text) {
            Ok(bound) => Some(bound),
            Err(message) => {
                scope.report.error("bad-threshold", &path.key(key), message, None);
                None
            }
        }
    };
    let given = common.warning.is_some() || common.critical.is_some();
    let default = kind.default_critical.filter(|_| !given);
    let warning = bound("warning", common.warning.as_deref());
    let critical = bound("critical", common.critical.as_deref().or(default));
    if let (Some(Bound::Above(w) | Bound::AtLeast(w)), Some(Bound::Above(c) | Bound::AtLeast(c))) = (warning, critical)
        && w > c
    {
        upside_down(path, scope);
    }
    if let (Some(Bound::Below(w) | Bound::AtMost(w)), Some(Bound::Below(c) | Bound::AtMost(c))) = (warning, critical)
        && w < c
    {
        upside_down(path, scope);
    }
    let hysteresis = match &common.hysteresis {
        None => Ok(Hysteresis::default()),
        Some(NumberOrText::Number(number)) => Hysteresis::parse(&number.to_string()),
        Some(NumberOrText::Text(text)) => Hysteresis::parse(text),
    };
    let hysteresis = hysteresis.unwrap_or_else(|message| {
        scope.report.error("bad-threshold", &path.key("hysteresis"), message, None);
        Hysteresis::default()
    });
    Thresholds { warning, critical, hold: common.hold.unwrap_or_default(), hysteresis }
}

/// What an answer with nothing in it means.
fn empty(common: &PanelCommon, path: &Path, scope: &mut Scope<'_>) -> Option<Empty> {
    match common.empty.as_ref()? {
        NumberOrText::Number(number) if number.is_finite() => Some(Empty::Value(*number)),
        NumberOrText::Text(text) if text == "ok" => Some(Empty::Ok),
        _ => {
            let help = "write empty = \"ok\" where nothing is good news, or a number such as empty = 0".to_owned();
            scope.report.error("bad-empty", &path.key("empty"), "an empty answer is \"ok\" or a number", help);
            None
        }
    }
}

fn upside_down(path: &Path, scope: &mut Scope<'_>) {
    let message = "critical would come before warning, so that warning is never seen";
    let help = "swap the two, or take one away".to_owned();
    scope.report.warning("upside-down", &path.key("warning"), message, help);
}

fn link(common: &PanelCommon, path: &Path, scope: &mut Scope<'_>) -> Option<SafeText> {
    let (text, unknown) = expand(common.link.as_ref()?, &scope.variables, Quoting::Url);
    let path = path.key("link");
    scope.warn_unknown(&unknown, &path);
    if let Err(error) = crate::source::http::parse_url(&text) {
        let help = "write it like \"https://runbooks.example.com/orders\"".to_owned();
        scope.report.error("bad-url", &path, error.detail.to_string(), help);
        return None;
    }
    Some(SafeText::new(&text))
}
