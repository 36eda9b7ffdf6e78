//! The root of the config: raw to resolved.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::board::Board;
use super::check_source::ForAllSources;
use super::layers::{DEFAULTS, Layers};
use super::locations::{Part, Path, find};
use super::nearest::suggestion;
use super::problem::{Location, Problem};
use super::read::{Entries, table};
use super::report::Report;
use super::scope::{Queries, Scope};
use super::{
    check_api, check_dashboards, check_history, check_kiosk, check_listeners, check_new, check_notify,
    check_remote_write, check_serving, check_source, raw,
};
use crate::model::audience::PUBLIC;
use crate::model::event::EventSet;
use crate::model::text::SafeText;
use crate::model::time::Span;

/// Checks everything; the board is there when it can be used.
pub(super) fn check(layers: &Layers) -> (Option<Board>, Vec<Problem>) {
    let mut report = Report::new(&layers.sources, &layers.outside);
    let Some(root) = root(layers, &mut report) else { return (None, report.problems) };
    let path = Path::default();
    let variables = variables(&root, layers, &mut report);
    let mut scope = Scope {
        report,
        variables,
        sources: Vec::new(),
        broken: Vec::new(),
        queries: Queries::default(),
        window: root.window,
    };
    sources(&root, layers, &mut scope);
    // Events are drawn on every graph: every source of them is asked, whether or not a panel shows it.
    for source in scope.event_sources(EventSet::Everything) {
        scope.events_of(source);
    }
    let kiosk = check_kiosk::check(&root.kiosk, &path.key("kiosk"), &mut scope.report);
    let pages: Vec<Value> = root.dashboards.iter().cloned().chain(check_new::page(&root, &scope)).collect();
    let mut dashboards = check_dashboards::check(&pages, kiosk.page_time, &path.key("dashboards"), &mut scope);
    // It is for whoever sits before the board: on a wall it would mostly be empty.
    dashboards.iter_mut().skip(root.dashboards.len()).for_each(|page| page.turned_to = false);
    let api = check_api::check(&root.api, &path.key("api"), &mut scope.report);
    let serve = check_serving::serve(&root.serve, &path.key("serve"), &mut scope.report);
    let names: Vec<String> = dashboards.iter().map(|dashboard| dashboard.name.clone()).collect();
    let audiences = check_serving::audiences(
        &root.audience,
        serve.as_ref(),
        &names,
        !root.web.is_null(),
        &path.key("audience"),
        &mut scope.report,
    );
    if let Some(api) = &api {
        check_api::check_loops(api, &scope.sources, &mut scope.report);
    }
    let has_public = audiences.iter().any(|one| one.audience.name == PUBLIC && one.token.is_none());
    let web = check_serving::web(&root.web, has_public, &names, &path.key("web"), &mut scope.report);
    check_listeners::check_addresses(api.as_ref(), web.as_ref(), &audiences, &root.audience, &mut scope.report);
    let remote_write = check_remote_write::check(&root.remote_write, &path.key("remote_write"), &mut scope.report);
    let history = check_history::check(&root.history, &path.key("history"), &mut scope.report);
    let notify = check_notify::check(&root.notify, &path.key("notify"), &mut scope.report);
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
        history,
        remote_write,
        api,
        serve,
        audiences,
        web,
        kiosk,
    };
    (Some(board), scope.report.problems)
}

/// The root by itself: what its tables hold is read later.
fn root(layers: &Layers, report: &mut Report<'_>) -> Option<raw::Root> {
    let path = Path::default();
    let mut entries = Entries::new(layers.merged.as_object()?);
    let known = entries.take(&schemars::schema_for!(raw::Root));
    entries.report_unknown(&path, report);
    let defaults: Value = toml_edit::de::from_str(DEFAULTS).unwrap_or_default();
    let root = table::<raw::Root>(known, &defaults, &path, report)?;
    report.check_refresh(root.refresh, &path.key("refresh"));
    Some(root)
}

fn sources(root: &raw::Root, layers: &Layers, scope: &mut Scope<'_>) {
    let is_forced = layers.overrides.refresh.is_some();
    let board = ForAllSources { refresh: root.refresh, is_forced, people: root.people };
    for (name, value) in &root.sources {
        let path = Path::default().key("sources").key(name);
        match check_source::check(name, value, &path, board, &mut scope.report) {
            Ok(source) => scope.sources.push(source),
            Err(kind) => scope.broken.push((name.clone(), kind)),
        }
    }
}

/// Where a file names the theme that is used.
pub(super) fn theme_location(layers: &Layers, theme: &str) -> Option<Location> {
    let location = find(&layers.sources, &Path::default().key("theme"), Part::Value)?;
    // A flag or the environment may have named another one.
    let text = location.text.get(location.span.clone())?;
    (text.trim_matches(['"', '\'']) == theme).then_some(location)
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
        // A variable with a problem can be used in queries: that is no second problem.
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
