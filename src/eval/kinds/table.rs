//! Rows and columns: a status for each row.

use std::borrow::Cow;

use super::super::evidence::Evidence;
use super::super::look::{Asked, Look, prefix};
use super::super::rule::{PanelQuery, Rule};
use super::super::threshold::Thresholds;
use super::words::{counted, nothing_returned};
use crate::model::format::Format;
use crate::model::freshness::Freshness;
use crate::model::judgement::JudgedTable;
use crate::model::status::Status;
use crate::model::table::{Cell, OwnStatus, Table};
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
        let table = if alike.len() > 1 { named_apart(query, table) } else { Cow::Borrowed(&**table) };
        match &mut whole {
            None => whole = Some(table),
            Some(whole) => match rows_by_name(&whole.columns, &table) {
                Some(rows) => extend(whole.to_mut(), rows, &table.own),
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

/// Of rows with a status of their own how many are how: "1 critical, 5 ok".
pub(super) fn headline(shown: &JudgedTable<'_>, _: &Format, _: Timestamp) -> String {
    if shown.table.own.iter().all(|own| own.status.is_none()) {
        return counted(shown.rows.len(), "row");
    }
    let count = |status| shown.table.own.iter().filter(|own| own.status == Some(status)).count();
    let counts = Status::WORST_FIRST.map(|status| (count(status), status.word()));
    let there = counts.iter().filter(|(count, _)| *count > 0);
    there.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

/// What rows with a status of their own say of freshness: how fresh they are at best, and how old their oldest datum is.
pub(in crate::eval) fn told(shown: &JudgedTable<'_>, now: Timestamp) -> (Freshness, Option<Span>) {
    let own = &shown.table.own;
    let freshness = if own.iter().any(|own| own.is_late) { Freshness::Late } else { Freshness::Fresh };
    (freshness, own.iter().filter_map(|own| Some(own.as_of?.age_at(now))).max())
}

/// Which row with a status of its own is to blame, in its own words: the one that has been so for longest.
pub(in crate::eval) fn own_reason(shown: &JudgedTable<'_>, status: Status) -> String {
    let table = &shown.table;
    let bad: Vec<(usize, &OwnStatus)> =
        table.own.iter().enumerate().filter(|(_, own)| own.status == Some(status) && status != Status::Ok).collect();
    let since = |own: &OwnStatus| own.since.unwrap_or(Timestamp(i64::MAX));
    let Some((row, first)) = bad.iter().min_by_key(|(_, own)| since(own)) else { return String::new() };
    let more = if bad.len() > 1 { format!(" and {} more", bad.len() - 1) } else { String::new() };
    let why = if first.reason.is_empty() { status.word() } else { first.reason.as_str() };
    format!("{}: {why}{more}", table.name_of(*row))
}

/// How many rows are as bad as the worst.
pub(in crate::eval) fn reason(shown: &JudgedTable<'_>, status: Status) -> String {
    let bad = shown.rows.iter().filter(|row| **row == status).count();
    let what = if status == Status::Unknown { "without a number" } else { status.word() };
    format!("{bad} of {} rows {what}", shown.rows.len())
}

/// A table whose rows say by their names of which query they are, where they have a status of their own: two sites may
/// have panels of one name.
fn named_apart<'a>(query: &PanelQuery, table: &'a Table) -> Cow<'a, Table> {
    if query.name.is_empty() || table.own.is_empty() {
        return Cow::Borrowed(table);
    }
    let mut named = table.clone();
    for (index, row) in named.rows.iter_mut().enumerate() {
        if let Some(first) = row.first_mut() {
            *first = Cell::Text(SafeText::from(format!("{} {}", query.name, table.name_of(index))));
        }
    }
    Cow::Owned(named)
}

/// Adds rows, with what their source says of them.
fn extend(whole: &mut Table, rows: Vec<Vec<Cell>>, own: &[OwnStatus]) {
    if !whole.own.is_empty() || !own.is_empty() {
        // Rows of which nothing is said stand beside those of which something is.
        whole.own.resize(whole.rows.len(), OwnStatus::default());
        whole.own.extend_from_slice(own);
        whole.own.resize(whole.rows.len() + rows.len(), OwnStatus::default());
    }
    whole.rows.extend(rows);
}

/// The rows of a table in the order of other columns; none where the names are not the same.
fn rows_by_name(columns: &[SafeText], table: &Table) -> Option<Vec<Vec<Cell>>> {
    let index = |name: &SafeText| table.columns.iter().position(|column| column == name);
    let order: Vec<usize> = columns.iter().map(index).collect::<Option<_>>()?;
    let row = |row: &Vec<Cell>| order.iter().map(|at| row.get(*at).cloned()).collect::<Option<Vec<Cell>>>();
    (columns.len() == table.columns.len()).then(|| table.rows.iter().filter_map(row).collect())
}

/// The status of each row: its own, where its source says it, else that of the named column, or of the last one that
/// has numbers. What is no number there cannot be judged. Limits judge rows with a status of their own only where the
/// panel names a column, and never make them better.
fn row_statuses(rule: &Rule, table: &Table) -> Vec<Status> {
    if table.own.is_empty() {
        return limited(rule, table);
    }
    let own = table.own.iter().map(|own| own.status.unwrap_or(Status::Ok));
    if rule.column.is_empty() {
        return own.collect();
    }
    own.zip(limited(rule, table)).map(|(own, limited)| own.or_worse(limited)).collect()
}

/// What the limits say of each row.
fn limited(rule: &Rule, table: &Table) -> Vec<Status> {
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
