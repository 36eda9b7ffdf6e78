//! Rows and columns: a status for each row.

use std::borrow::Cow;

use super::super::evidence::Evidence;
use super::super::look::{Asked, Look, prefix};
use super::super::rule::Rule;
use super::super::threshold::Thresholds;
use super::words::{counted, nothing_returned};
use crate::model::format::Format;
use crate::model::judgement::JudgedTable;
use crate::model::status::Status;
use crate::model::table::{Cell, Table};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::store::Stored;

/// The rows of all queries whose columns are those of the first.
pub(super) fn select<'a>(look: Look<'a, '_>, alike: &[Asked<'a>]) -> (JudgedTable<'a>, Vec<String>) {
    let (mut whole, mut gaps): (Option<Cow<'a, Table>>, Vec<String>) = (None, Vec::new());
    for (_, query, entry) in alike {
        let Stored::Table(table) = &entry.stored else { continue };
        // An empty document has no columns: it goes with any other.
        if table.rows.is_empty() {
            if look.rule.empty.is_none() && alike.len() > 1 {
                gaps.push(format!("{}no data", prefix(query)));
            }
            continue;
        }
        match &mut whole {
            None => whole = Some(Cow::Borrowed(table)),
            Some(whole) => match rows_by_name(&whole.columns, table) {
                Some(rows) => whole.to_mut().rows.extend(rows),
                None => gaps.push(format!("{}answers with other columns than the first query", prefix(query))),
            },
        }
    }
    let empty = || {
        alike.iter().find_map(|(_, _, entry)| if let Stored::Table(table) = &entry.stored { Some(table) } else { None })
    };
    let whole = whole.or_else(|| empty().map(|table| Cow::Borrowed(&**table)));
    let table = whole.unwrap_or_default();
    let rows = row_statuses(look.rule, &table);
    (JudgedTable { table, rows }, gaps)
}

pub(super) fn answered_nothing(stored: &Stored) -> bool {
    matches!(stored, Stored::Table(table) if table.rows.is_empty())
}

pub(super) fn nothing_to_judge(shown: &JudgedTable<'_>, evidence: &Evidence<'_>) -> Option<String> {
    (shown.rows.is_empty() && !evidence.nothing_is_ok()).then(|| nothing_returned(evidence))
}

#[expect(clippy::unnecessary_wraps, reason = "every kind answers the same question")]
pub(super) fn count(shown: &JudgedTable<'_>) -> Option<usize> {
    Some(shown.rows.len())
}

pub(super) fn headline(shown: &JudgedTable<'_>, _: &Format, _: Timestamp) -> String {
    counted(shown.rows.len(), "row")
}

/// How many rows are as bad as the worst.
pub(in crate::eval) fn reason(shown: &JudgedTable<'_>, status: Status) -> String {
    let bad = shown.rows.iter().filter(|row| **row == status).count();
    let what = if status == Status::Unknown { "without a number" } else { status.word() };
    format!("{bad} of {} rows {what}", shown.rows.len())
}

/// The rows of a table in the order of other columns; none where the names are not the same.
fn rows_by_name(columns: &[SafeText], table: &Table) -> Option<Vec<Vec<Cell>>> {
    let index = |name: &SafeText| table.columns.iter().position(|column| column == name);
    let order: Vec<usize> = columns.iter().map(index).collect::<Option<_>>()?;
    let row = |row: &Vec<Cell>| order.iter().map(|at| row.get(*at).cloned()).collect::<Option<Vec<Cell>>>();
    (columns.len() == table.columns.len()).then(|| table.rows.iter().filter_map(row).collect())
}

/// The status of each row: of the named column, or of the last one that has numbers. What is no number there
/// cannot be judged.
fn row_statuses(rule: &Rule, table: &Table) -> Vec<Status> {
    if !rule.thresholds.is_some() {
        return vec![Status::Ok; table.rows.len()];
    }
    let column = table.judged_column(&rule.column);
    let limits = Thresholds { hold: Span(0), ..rule.thresholds.clone() };
    let status = |row: &Vec<Cell>| match column.and_then(|at| row.get(at)?.number()) {
        Some(value) => limits.judge_value(value).status,
        None => Status::Unknown,
    };
    table.rows.iter().map(status).collect()
}
