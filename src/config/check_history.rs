//! What of the past is kept on disk.

use serde_json::Value;

use super::board::History;
use super::locations::Path;
use super::raw;
use super::read::table;
use super::report::Report;
use crate::model::time::Span;

/// Shortest and longest time between two flushes.
const FLUSH: (Span, Span) = (Span::seconds(1), Span::seconds(3600));
/// The least that a history can be bound to, in megabytes.
const LEAST: u64 = 8;

/// What is kept; none where nothing is.
pub(super) fn check(written: &Value, path: &Path, report: &mut Report<'_>) -> Option<History> {
    if written.is_string() || written.is_boolean() {
        return match written.as_str() {
            Some("on") => check(&Value::Null, path, report),
            Some("off") => None,
            _ => {
                let help = "write history = \"off\", or a [history] table".to_owned();
                report.error("bad-value", path, "history is \"on\", \"off\" or a table", help);
                None
            }
        };
    }
    let written = if written.is_null() { Value::Object(serde_json::Map::new()) } else { written.clone() };
    let raw = table::<raw::History>(written, &Value::Null, path, report)?;
    if raw.path.as_ref().is_some_and(|path| !path.is_absolute()) {
        let help = "write it like \"/var/lib/andon/board.sqlite\"".to_owned();
        report.error("bad-value", &path.key("path"), "the path of the history is not absolute", help);
    }
    if raw.flush < FLUSH.0 || raw.flush > FLUSH.1 {
        let message = format!("flush = \"{}\" is not between 1 s and 1 h", raw.flush.brief());
        report.error("bad-value", &path.key("flush"), message, "10s is right for most disks".to_owned());
    }
    if raw.max_megabytes < LEAST {
        let message = format!("max_megabytes = {} is less than {LEAST}", raw.max_megabytes);
        report.error("bad-value", &path.key("max_megabytes"), message, "256 is right for most".to_owned());
    }
    let max_bytes = raw.max_megabytes.saturating_mul(1024 * 1024);
    Some(History { path: raw.path, max_bytes, flush: raw.flush, logs: raw.logs })
}
