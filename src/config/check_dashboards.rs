//! The dashboards, each with its panels and rows.

use serde_json::{Value, json};

use super::board::{Dashboard, PanelSpec};
use super::locations::{Part, Path};
use super::nearest::suggestion;
use super::problem::Severity;
use super::read::{Entries, table};
use super::scope::Scope;
use super::{check_panel, raw};

/// Most panels of a board; a generated file with a mistake stays bounded.
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
    let mut entries = Entries::of(object);
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

/// The panels that can be used, and the ids of all: one with a mistake still may be named in rows.
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
