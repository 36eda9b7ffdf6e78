//! The rows of a dashboard: which panels stand beside each other, and how high the row is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::board::{PanelSpec, RowSpec};
use super::locations::Path;
use super::nearest::suggestion;
use super::raw;
use super::read::{Entries, table, within};
use super::report::Report;
use super::scope::Scope;

/// What to write, where a row is none of the two forms.
const HOW: &str = "write rows = [[\"orders\", \"logins\"]], or { panels = [\"orders\"], height = 12 } for one of them";

/// The indices of the panels in each row, with the height of the row where the board gives one. `ids` are those of all
/// panels: a row may name one with a problem.
pub(super) fn check(
    raw: &raw::Dashboard,
    path: &Path,
    (panels, ids): (&[PanelSpec], &[String]),
    scope: &mut Scope<'_>,
) -> Vec<RowSpec> {
    let Some(rows) = &raw.rows else { return Vec::new() };
    let path = path.key("rows");
    let mut placed = BTreeSet::new();
    let mut resolved = Vec::new();
    let mut all_read = true;
    for (y, value) in rows.iter().enumerate() {
        let Some((row, at)) = read(value, &path.index(y), scope) else {
            all_read = false;
            continue;
        };
        let mut line = Vec::new();
        for (x, id) in row.panels.iter().enumerate() {
            let path = at.index(x);
            let Some(panel) = panel_of(id, &path, panels, ids, &mut scope.report) else { continue };
            if placed.insert(panel) {
                line.push(panel);
            } else {
                let message = format!("the panel '{}' is placed twice", id.as_str().unwrap_or_default());
                scope.report.error("duplicate", &path, message, "name each panel once".to_owned());
            }
        }
        let height = within("height", row.height, (1, 500), &path.index(y), &mut scope.report);
        let weight = within("weight", row.weight, (1, 24), &path.index(y), &mut scope.report);
        resolved.push(RowSpec { panels: line, height, weight });
    }
    for (_, panel) in
        panels.iter().enumerate().filter(|(index, _)| all_read && !rows.is_empty() && !placed.contains(index))
    {
        let message = format!("the panel '{}' is in no row, and so would not be seen", panel.id);
        let help = "add it to rows, or leave rows out and let andon lay the panels out".to_owned();
        scope.report.warning("not-placed", &path, message, help);
    }
    resolved
}

/// A row as it is written, a list or a table, and where its list is.
fn read(value: &Value, path: &Path, scope: &mut Scope<'_>) -> Option<(raw::Row, Path)> {
    match value {
        Value::Array(panels) => {
            let row = raw::Row { panels: panels.clone(), ..raw::Row::default() };
            Some((row, path.clone()))
        }
        Value::Object(object) => {
            let mut entries = Entries::new(object);
            let known = entries.take(&schemars::schema_for!(raw::Row));
            entries.report_unknown(path, &mut scope.report);
            let row = table(known, &json!({ "panels": [] }), path, &mut scope.report)?;
            Some((row, path.key("panels")))
        }
        _ => {
            scope.report.error("wrong-type", path, "a row is a list of ids of panels, or a table", HOW.to_owned());
            None
        }
    }
}

/// The index of the panel with this id. One with a problem has an id and no index.
fn panel_of(id: &Value, path: &Path, panels: &[PanelSpec], ids: &[String], report: &mut Report<'_>) -> Option<usize> {
    let Some(id) = id.as_str() else {
        report.error("wrong-type", path, "a row has ids of panels in quotes", HOW.to_owned());
        return None;
    };
    let index = panels.iter().position(|panel| panel.id == id);
    if index.is_none() && !ids.iter().any(|known| known == id) {
        let known: Vec<&str> = ids.iter().map(String::as_str).collect();
        report.error("unknown-panel", path, format!("there is no panel '{id}'"), suggestion(id, &known));
    }
    index
}
