//! The dashboards, each with its panels and rows.

use serde_json::{Value, json};

use super::board::{Dashboard, PanelSpec};
use super::locations::{Part, Path};
use super::problem::Severity;
use super::read::{Entries, table};
use super::scope::Scope;
use super::{check_kiosk, check_panel, check_rows, raw};
use crate::model::time::Span;

/// Most panels of a board: a generated file with a mistake stays bounded.
const MAX_PANELS: usize = 2000;

/// Checks all dashboards, whose pages stay so long unless they say otherwise; one that cannot be read is reported and left out.
pub(super) fn check(written: &[Value], page_time: Span, path: &Path, scope: &mut Scope<'_>) -> Vec<Dashboard> {
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
        all.push(dashboard(&raw, page_time, &path, scope));
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

fn dashboard(raw: &raw::Dashboard, page_time: Span, path: &Path, scope: &mut Scope<'_>) -> Dashboard {
    if raw.panels.is_empty() && !scope.report.wrong.contains(&path.key("panels")) {
        let message = format!("the dashboard '{}' has no panels", raw.name);
        let help = "add [[dashboards.panels]] tables below it".to_owned();
        scope.report.add(Severity::Warning, "empty", path, Part::Key, message, help);
    }
    let (panels, ids) = panels(raw, path, scope);
    let rows = check_rows::check(raw, path, (&panels, &ids), scope);
    let title = scope.title(raw.title.as_deref().unwrap_or(&raw.name), &path.key("title"));
    let page_time = check_kiosk::page_time(raw.page_time, path, &mut scope.report).unwrap_or(page_time);
    Dashboard {
        name: raw.name.clone(),
        title,
        page_time,
        turned_to: true,
        schedule: raw.schedule.clone(),
        rows,
        panels,
    }
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
