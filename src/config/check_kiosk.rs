//! How the board is shown on a wall.

use serde_json::{Value, json};

use super::board::Kiosk;
use super::locations::Path;
use super::raw;
use super::read::table;
use super::report::Report;
use crate::model::hours::Hours;
use crate::model::length::Length;
use crate::model::time::Span;

/// How long a page stays, when the board does not say.
const PAGE_TIME: Span = Span::seconds(15);
/// Shorter than this, nobody can read a page; longer, it is none that turns.
const LEAST: Span = Span::seconds(3);
const MOST: Span = Span::seconds(86_400);
/// From where a wall is read, when the board does not say.
const DISTANCE: Length = Length { millimetres: 5000.0 };
/// When it is day, when the board does not say.
const DAY: &str = "07:00-19:00";

/// The table.
pub(super) fn check(written: &Value, path: &Path, report: &mut Report<'_>) -> Kiosk {
    let written = if written.is_null() { json!({}) } else { written.clone() };
    let raw: raw::Kiosk = table(written, &json!({}), path, report).unwrap_or_default();
    let page_time = page_time(raw.page_time, path, report).unwrap_or(PAGE_TIME);
    let day = if raw.day.is_empty() { DAY.parse::<Hours>().into_iter().collect() } else { raw.day };
    Kiosk {
        page_time,
        screen: raw.screen,
        distance: raw.distance.unwrap_or(DISTANCE),
        day: raw.day_theme.map(|theme| (theme, day)),
    }
}

/// How long a page stays, if the board says so, and if it is possible.
pub(super) fn page_time(written: Option<Span>, path: &Path, report: &mut Report<'_>) -> Option<Span> {
    let span = written?;
    if (LEAST..=MOST).contains(&span) {
        return Some(span);
    }
    let message = format!("a page that stays {} cannot be read, or never turns", span.humane());
    report.error(
        "out-of-range",
        &path.key("page_time"),
        message,
        "write a time from 3s to 24h, such as 15s".to_owned(),
    );
    None
}
