//! The dashboards, each with its panels and rows.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::board::{Dashboard, PanelSpec};
use super::locations::{Part, Path};
use super::nearest::suggestion;
use super::problem::Severity;
use super::read::{Entries, table};
use super::report::Report;
use super::scope::Scope;
use super::{check_panel, raw};

/// Most panels of a board: a generated file with a mistake stays bounded.
const MAX_PANELS: usize = 2000;

/// Checks all dashboards; one that cannot be read is reported and left out.
pub(super) fn check(written: &[Value], path: &Path, scope: &mut Scope<'_>) -> Vec<Dashboard> {
    if written.is_empty() {
        let help = "add a [[dashboards]] table with a name, and [[dashboards.panels]] below it".to_owned();
        scope.report.error("empty", path, "there is nothing to show: the file has no dashboards", help);
    }
    let mut all: Vec<Dashboard> = Vec::new();
    let mut panels = 0;
    for (index, value) in written.iter().enumerate() {
        let path = path.index(index);
        let Some(raw) = read(value, &path, scope) else { continue };
        panels += raw.panels.len();
        if panels > MAX_PANELS {
            scope.report.error("too-large", &path, format!("over {MAX_PANELS} panels"), None);
            break;
        }
        if all.iter().any(|other| other.name == raw.name) {
            let help = "give each dashboard a name of its own".to_owned();
            let message = format!("there are two dashboards '{}'", raw.name);
            scope.report.error("duplicate", &path.key("name"), message, help);
        }
        scope.report.check_name(&raw.name, &path.key("name"));
        all.push(dashboard(&raw, &path, scope));
    }
    all
}

fn read(value: &Value, path: &Path, scope: &mut Scope<'_>) -> Option<raw::Dashboard> {
    let Some(object) = value.as_object() else {
        scope.report.error("wrong-type", path, "a dashboard is a table", "write [[dashboards]]".to_owned());
        return None;
    };
    let mut entries = Entries::new(object);
    let known = entries.take(&schemars::schema_for!(raw::Dashboard));
    entries.report_unknown(path, &mut scope.report);
    table(known, &json!({ "name": "" }), path, &mut scope.report)
}

fn dashboard(raw: &raw::Dashboard, path: &Path, scope: &mut Scope<'_>) -> Dashboard {
    if raw.panels.is_empty() && !scope.report.wrong.contains(&path.key("panels")) {
        let message = format!("the dashboard '{}' has no panels", raw.name);
        let help = "add [[dashboards.panels]] tables below it".to_owned();
        scope.report.add(Severity::Warning, "empty", path, Part::Key, message, help);
    }
    let (panels, ids) = panels(raw, path, scope);
    let rows = rows(raw, path, &panels, &ids, scope);
    let title = scope.title(raw.title.as_deref().unwrap_or(&raw.name), &path.key("title"));
    Dashboard { name: raw.name.clone(), title, rows, panels }
}

/// The panels that can be used, and the ids of all: rows may name one with a problem.
fn panels(raw: &raw::Dashboard, path: &Path, scope: &mut Scope<'_>) -> (Vec<PanelSpec>, Vec<String>) {
    let mut panels: Vec<PanelSpec> = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for (index, value) in raw.panels.iter().enumerate() {
        let path = path.key("panels").index(index);
        let written = value.get("id").and_then(Value::as_str).map(str::to_owned);
        let Some(mut panel) = check_panel::check(value, &path, scope) else {
            ids.extend(written);
            continue;
        };
        if ids.contains(&panel.id) {
            if written.is_some() {
                let help = "give each panel an id of its own".to_owned();
                let message = format!("there are two panels '{}' in this dashboard", panel.id);
                scope.report.error("duplicate", &path.key("id"), message, help);
            }
            panel.id = format!("{}-{}", panel.id, index + 1);
        }
        ids.push(panel.id.clone());
        panels.push(panel);
    }
    (panels, ids)
}

/// The indices of the panels in each row.
fn rows(
    raw: &raw::Dashboard,
    path: &Path,
    panels: &[PanelSpec],
    ids: &[String],
    scope: &mut Scope<'_>,
) -> Vec<Vec<usize>> {
    let Some(rows) = &raw.rows else { return Vec::new() };
    let path = path.key("rows");
    let mut placed = BTreeSet::new();
    let mut row = |(y, row): (usize, &Vec<Value>)| {
        let mut line = Vec::new();
        for (x, id) in row.iter().enumerate() {
            let path = path.index(y).index(x);
            let Some(panel) = panel_of(id, &path, panels, ids, &mut scope.report) else { continue };
            if placed.insert(panel) {
                line.push(panel);
            } else {
                let help = "name each panel once".to_owned();
                scope.report.error(
                    "duplicate",
                    &path,
                    format!("the panel '{}' is placed twice", id.as_str().unwrap_or_default()),
                    help,
                );
            }
        }
        line
    };
    let resolved = rows.iter().enumerate().map(&mut row).collect();
    for (_, panel) in panels.iter().enumerate().filter(|(index, _)| !placed.contains(index)) {
        let message = format!("the panel '{}' is in no row, and so would not be seen", panel.id);
        let help = "add it to rows, or leave rows out and let andon lay the panels out".to_owned();
        scope.report.warning("not-placed", &path, message, help);
    }
    resolved
}

/// The index of the panel with this id. One with a problem has an id and no index.
fn panel_of(id: &Value, path: &Path, panels: &[PanelSpec], ids: &[String], report: &mut Report<'_>) -> Option<usize> {
    let Some(id) = id.as_str() else {
        let help = "write rows = [[\"orders\", \"logins\"]]".to_owned();
        report.error("wrong-type", path, "a row has ids of panels in quotes", help);
        return None;
    };
    let index = panels.iter().position(|panel| panel.id == id);
    if index.is_none() && !ids.iter().any(|known| known == id) {
        let known: Vec<&str> = ids.iter().map(String::as_str).collect();
        report.error("unknown-panel", path, format!("there is no panel '{id}'"), suggestion(id, &known));
    }
    index
}
