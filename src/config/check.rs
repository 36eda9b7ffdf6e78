//! The root and its dashboards: raw to resolved.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::board::{Board, Dashboard, PanelSpec, QuerySpec, SourceSpec};
use super::layers::{DEFAULTS, Layers};
use super::nearest::suggestion;
use super::places::{Part, Path, find};
use super::problem::{Place, Problem, Severity};
use super::read::{Report, keys, split, table};
use super::{check_notify, check_panel, check_source, raw};
use crate::model::event::EventSet;
use crate::model::poll::{Ask, QueryId, QueryKey};
use crate::model::text::{SafeText, does_something};
use crate::model::time::Span;
use crate::source::{Emits, Kind};

/// Most panels of a board; a generated file with a mistake stays bounded.
const MAX_PANELS: usize = 2000;

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
    /// The places of the sources that may tell of these events.
    pub(super) fn event_sources(&self, set: EventSet) -> Vec<usize> {
        let tells = |source: &SourceSpec| {
            let deploys = matches!(set, EventSet::Deploys | EventSet::DeploysAndIncidents);
            let builds_only = deploys && source.kind.emits == Emits::Builds && source.answer_filter.deploys.is_empty();
            source.kind.emits.may_emit(set) && !builds_only
        };
        let place = |(place, source): (usize, &SourceSpec)| tells(source).then_some(place);
        self.sources.iter().enumerate().filter_map(place).collect()
    }

    /// The query for everything that a source has.
    pub(super) fn events_of(&mut self, place: usize) -> QueryId {
        self.queries.id(place, Ask { query: "".into(), history: None })
    }
}

/// Distinct queries, found by equality.
#[derive(Default)]
pub(super) struct Queries {
    all: Vec<(usize, Ask)>,
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
    fn specs(self, sources: &[SourceSpec]) -> Vec<QuerySpec> {
        let mut windows: HashMap<(usize, Arc<str>), Vec<Span>> = HashMap::new();
        for (source, ask) in &self.all {
            windows.entry((*source, Arc::clone(&ask.query))).or_default().extend(ask.history);
        }
        let spec = |(index, (source, ask)): (usize, (usize, Ask))| {
            let alike = windows.get(&(source, Arc::clone(&ask.query)));
            let longer = alike.into_iter().flatten().filter(|window| ask.history.is_some_and(|own| **window > own));
            let of = sources.get(source)?;
            let key = QueryKey::new(of.kind.word, of.name.as_str(), &ask, longer.count());
            Some(QuerySpec { id: QueryId(index), key, source, ask })
        };
        self.all.into_iter().enumerate().filter_map(spec).collect()
    }
}

/// Checks everything; the board is there when it can be used.
pub(super) fn check(layers: &Layers) -> (Option<Board>, Vec<Problem>) {
    let mut report =
        Report { sources: &layers.sources, outside: &layers.outside, problems: Vec::new(), wrong: Vec::new() };
    let root_path = Path::default();
    let schema = schemars::schema_for!(raw::Root);
    let mut merged = layers.merged.as_object().cloned().unwrap_or_default();
    let known = split(&mut merged, &schema);
    report_unknown(&merged, &root_path, &keys(&schema), &mut report);
    let defaults: Value = toml_edit::de::from_str(DEFAULTS).unwrap_or_default();
    let Some(root) = table::<raw::Root>(known, &defaults, &root_path, &mut report) else {
        return (None, report.problems);
    };
    let variables = variables(&root, layers, &mut report);
    let mut scope = Scope {
        report,
        variables,
        sources: Vec::new(),
        broken: Vec::new(),
        queries: Queries::default(),
        window: root.window,
    };
    if root.refresh < Span::seconds(1) {
        too_short(&mut scope.report, &root_path.key("refresh"));
    }
    let forced = layers.overrides.refresh.is_some();
    for (name, value) in &root.sources {
        let path = root_path.key("sources").key(name);
        match check_source::check(name, value, &path, (root.refresh, forced), root.people, &mut scope.report) {
            Ok(source) => scope.sources.push(source),
            Err(kind) => scope.broken.push((name.clone(), kind)),
        }
    }
    // What happened is drawn on every graph, so that every source of it is asked.
    for place in scope.event_sources(EventSet::Everything) {
        scope.events_of(place);
    }
    let dashboards = dashboards(&root, &mut scope);
    let notify = check_notify::check(&root.notify, &root_path.key("notify"), &mut scope.report);
    let board = Board {
        notify,
        title: SafeText::new(&root.title),
        theme: root.theme,
        glyphs: root.glyphs,
        window: root.window,
        next_query: scope.queries.all.len(),
        queries: scope.queries.specs(&scope.sources),
        sources: scope.sources,
        dashboards,
    };
    (Some(board), scope.report.problems)
}

/// Where a file names the theme that is used.
pub(super) fn theme_place(layers: &Layers, theme: &str) -> Option<Place> {
    let place = find(&layers.sources, &Path::default().key("theme"), Part::Value)?;
    // A flag or the environment may have named another one.
    place.text.get(place.span.clone()).is_some_and(|text| text.trim_matches(['"', '\'']) == theme).then_some(place)
}

/// Polling faster than once a second helps nobody and hurts the polled.
pub(super) fn too_short(report: &mut Report<'_>, path: &Path) {
    report.error("too-short", path, "the shortest refresh is 1s", "write refresh = \"1s\" or more".to_owned());
}

/// A name for scripts is printed as it is: it holds nothing but what shows itself.
pub(super) fn check_word(word: &str, path: &Path, report: &mut Report<'_>) {
    if word.chars().any(does_something) {
        let help = "use letters, digits and dashes".to_owned();
        report.error("bad-name", path, "a name may hold no control or direction characters", help);
    }
}

pub(super) fn report_unknown(left: &Map<String, Value>, path: &Path, known: &[String], report: &mut Report<'_>) {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for key in left.keys() {
        report.unknown_key(path, key, &known);
    }
}

/// The variables of Grafana that queries are often copied with. A rate needs at least four samples of a usual
/// scrape interval (Grafana, `$__rate_interval`).
fn built_in(root: &raw::Root) -> BTreeMap<String, String> {
    const SCRAPE: Span = Span::seconds(15);
    let seconds = |span: Span| format!("{}s", span.0.div_euclid(1000).max(1));
    let interval = root.refresh.max(SCRAPE);
    BTreeMap::from([
        ("__interval".to_owned(), seconds(interval)),
        ("__rate_interval".to_owned(), seconds(interval.times(4.0))),
        ("__range".to_owned(), seconds(root.window)),
    ])
}

fn variables(root: &raw::Root, layers: &Layers, report: &mut Report<'_>) -> BTreeMap<String, String> {
    let path = Path::default().key("variables");
    let mut chosen = built_in(root);
    let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, variable) in &root.variables {
        let path = path.key(name);
        let read = table::<raw::Variable>(variable.clone(), &json!({ "values": [] }), &path, report);
        let all = read.map(|variable| variable.values).unwrap_or_default();
        if all.is_empty() && !report.wrong.contains(&path.key("values")) {
            let help = "write values = [\"...\"] with at least one value".to_owned();
            report.error("empty", &path, format!("the variable '{name}' has no values"), help);
        }
        // One that is wrong is there all the same.
        chosen.insert(name.clone(), all.first().cloned().unwrap_or_else(|| "x".to_owned()));
        values.insert(name, all);
    }
    for (name, value) in &layers.overrides.variables {
        let allowed = values.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
        if allowed.contains(value) {
            chosen.insert(name.clone(), value.clone());
        } else {
            let known: Vec<&str> = allowed.iter().map(String::as_str).collect();
            let message = if known.is_empty() {
                format!("--var {name}={value}: there is no variable '{name}'")
            } else {
                format!("--var {name}={value}: '{value}' is not one of its values")
            };
            report.error("unknown-value", &path.key(name), message, suggestion(value, &known));
        }
    }
    chosen
}

fn dashboards(root: &raw::Root, scope: &mut Scope<'_>) -> Vec<Dashboard> {
    let path = Path::default().key("dashboards");
    let schema = schemars::schema_for!(raw::Dashboard);
    if root.dashboards.is_empty() {
        let help = "add a [[dashboards]] table with a name, and [[dashboards.panels]] below it".to_owned();
        scope.report.error("empty", &path, "there is nothing to show: the file has no dashboards", help);
    }
    let mut all: Vec<Dashboard> = Vec::new();
    let mut panels = 0;
    for (place, value) in root.dashboards.iter().enumerate() {
        let path = path.index(place);
        let Some(object) = value.as_object() else {
            scope.report.error("wrong-type", &path, "a dashboard is a table", "write [[dashboards]]".to_owned());
            continue;
        };
        let mut left = object.clone();
        let known = split(&mut left, &schema);
        report_unknown(&left, &path, &keys(&schema), &mut scope.report);
        let stand_ins = json!({ "name": "" });
        let Some(dashboard) = table::<raw::Dashboard>(known, &stand_ins, &path, &mut scope.report) else { continue };
        panels += dashboard.panels.len();
        if panels > MAX_PANELS {
            scope.report.error("too-large", &path, format!("over {MAX_PANELS} panels"), None);
            break;
        }
        if all.iter().any(|other| other.name == dashboard.name) {
            let help = "give each dashboard a name of its own".to_owned();
            let message = format!("there are two dashboards '{}'", dashboard.name);
            scope.report.error("duplicate", &path.key("name"), message, help);
        }
        check_word(&dashboard.name, &path.key("name"), &mut scope.report);
        all.push(one_dashboard(&dashboard, &path, scope));
    }
    all
}

fn one_dashboard(raw: &raw::Dashboard, path: &Path, scope: &mut Scope<'_>) -> Dashboard {
    let mut panels: Vec<PanelSpec> = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    if raw.panels.is_empty() && !scope.report.wrong.contains(&path.key("panels")) {
        let help = "add [[dashboards.panels]] tables below it".to_owned();
        scope.report.add(
            Severity::Warning,
            "empty",
            path,
            Part::Key,
            format!("the dashboard '{}' has no panels", raw.name),
            help,
        );
    }
    for (place, value) in raw.panels.iter().enumerate() {
        let path = path.key("panels").index(place);
        let written = value.get("id").and_then(Value::as_str).map(str::to_owned);
        let Some(mut panel) = check_panel::check(value, &path, scope) else {
            // A panel with a mistake still may be named in rows.
            ids.extend(written);
            continue;
        };
        if ids.contains(&panel.id) {
            if written.is_some() {
                let help = "give each panel an id of its own".to_owned();
                let message = format!("there are two panels '{}' in this dashboard", panel.id);
                scope.report.error("duplicate", &path.key("id"), message, help);
            }
            panel.id = format!("{}-{}", panel.id, place + 1);
        }
        ids.push(panel.id.clone());
        panels.push(panel);
    }
    let rows = rows(raw, path, &panels, &ids, scope);
    let title = scope.title(raw.title.as_deref().unwrap_or(&raw.name), &path.key("title"));
    Dashboard { name: raw.name.clone(), title, rows, panels }
}

fn rows(
    raw: &raw::Dashboard,
    path: &Path,
    panels: &[PanelSpec],
    ids: &[String],
    scope: &mut Scope<'_>,
) -> Vec<Vec<usize>> {
    let Some(rows) = &raw.rows else { return Vec::new() };
    let mut placed = vec![false; panels.len()];
    let mut resolved = Vec::new();
    for (y, row) in rows.iter().enumerate() {
        let mut line = Vec::new();
        for (x, id) in row.iter().enumerate() {
            let path = path.key("rows").index(y).index(x);
            let Some(id) = id.as_str() else {
                let help = "write rows = [[\"orders\", \"logins\"]]".to_owned();
                scope.report.error("wrong-type", &path, "a row has ids of panels in quotes", help);
                continue;
            };
            match panels.iter().position(|panel| panel.id == id) {
                Some(at) if placed.get(at).copied().unwrap_or(false) => {
                    let help = "name each panel once".to_owned();
                    scope.report.error("duplicate", &path, format!("the panel '{id}' is placed twice"), help);
                }
                Some(at) => {
                    if let Some(slot) = placed.get_mut(at) {
                        *slot = true;
                    }
                    line.push(at);
                }
                None if ids.iter().any(|one| one == id) => {}
                None => {
                    let known: Vec<&str> = ids.iter().map(String::as_str).collect();
                    scope.report.error(
                        "unknown-panel",
                        &path,
                        format!("there is no panel '{id}'"),
                        suggestion(id, &known),
                    );
                }
            }
        }
        resolved.push(line);
    }
    for (panel, placed) in panels.iter().zip(&placed) {
        if !placed {
            let message = format!("the panel '{}' is in no row, and so would not be seen", panel.id);
            let help = "add it to rows, or leave rows out and let andon lay the panels out".to_owned();
            scope.report.warning("not-placed", &path.key("rows"), message, help);
        }
    }
    resolved
}
