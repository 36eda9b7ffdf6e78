//! How long panels were in each status, as CSV, as JSON, and as a table for people.

use std::collections::BTreeMap;

use serde::Serialize;

use super::table::quoted;
use crate::history::codec::Bucket;
use crate::model::status::Status;
use crate::model::status_time::StatusTime;
use crate::model::time::{Span, Timestamp, Zone};

/// A stretch of time of one panel: the seconds in each status.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatusRow {
    time: String,
    of: String,
    ok: u32,
    warning: u32,
    critical: u32,
    unknown: u32,
    not_watched: u32,
    #[serde(skip)]
    at: Timestamp,
}

/// A row for each stretch of time of a panel between two moments, also for those of which nothing is known.
pub fn rows(of: &str, buckets: &[Bucket], range: (Timestamp, Timestamp), step: Span) -> Vec<StatusRow> {
    let row = |time: StatusTime| {
        let StatusTime { at, ok, warning, critical, unknown, not_watched } = time;
        StatusRow { time: at.rfc3339(), of: of.to_owned(), ok, warning, critical, unknown, not_watched, at }
    };
    times(buckets, range, step).into_iter().map(row).collect()
}

/// The same, as numbers.
pub fn times(buckets: &[Bucket], (from, to): (Timestamp, Timestamp), step: Span) -> Vec<StatusTime> {
    let known: BTreeMap<Timestamp, &Bucket> = buckets.iter().map(|one| (one.at, one)).collect();
    let mut times = Vec::new();
    let mut at = begin(from, step);
    while at < to {
        let end = at.plus(step);
        let passed = (end.min(to).0 - at.max(from).0) / 1000;
        times.push(StatusTime::new(at, known.get(&at).map_or([0; 4], |bucket| bucket.statuses), passed));
        at = end;
    }
    times
}

/// When the stretch begins that a moment is in.
pub fn begin(at: Timestamp, step: Span) -> Timestamp {
    Timestamp(at.0.div_euclid(step.0) * step.0)
}

/// CSV (RFC 4180) with a header.
pub fn csv(all: &[StatusRow]) -> String {
    let mut text = "time,of,ok,warning,critical,unknown,not_watched\r\n".to_owned();
    for row in all {
        let numbers = [row.ok, row.warning, row.critical, row.unknown, row.not_watched].map(|one| one.to_string());
        text.push_str(&format!("{},{},{}\r\n", row.time, quoted(&row.of), numbers.join(",")));
    }
    text
}

/// JSON: a list of rows.
pub fn json(all: &[StatusRow]) -> String {
    let text = serde_json::to_string_pretty(all).unwrap_or_default();
    format!("{text}\n")
}

/// A table for people: only what was.
pub fn table(all: &[StatusRow], zone: &Zone) -> String {
    let mut text = String::new();
    let mut of = "";
    for row in all {
        if row.of != of {
            text.push_str(&format!("{}\n", row.of));
            of = &row.of;
        }
        let [ok, warning, critical, unknown] =
            [Status::Ok, Status::Warning, Status::Critical, Status::Unknown].map(Status::word);
        let spans = [
            (row.critical, critical),
            (row.warning, warning),
            (row.unknown, unknown),
            (row.ok, ok),
            (row.not_watched, "not watched"),
        ];
        let said: Vec<String> = spans
            .iter()
            .filter(|(seconds, _)| *seconds > 0)
            .map(|(seconds, word)| format!("{word} {}", Span::seconds(i64::from(*seconds)).brief()))
            .collect();
        text.push_str(&format!("  {}  {}\n", row.at.date_time(zone), said.join(" · ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seconds_that_no_status_has_are_those_in_which_nobody_knew() {
        let bucket = Bucket { at: Timestamp(3_600_000), statuses: [3000, 0, 90, 0], ..Bucket::default() };
        let hours = |from: i64, to: i64| {
            rows("d/\"p\"", &[bucket], (Timestamp(from * 1000), Timestamp(to * 1000)), Span::seconds(3600))
        };
        let missing: Vec<u32> = hours(0, 7000).iter().map(|row| row.not_watched).collect();
        assert_eq!(missing, [3600, 310], "an hour of which nothing is known, and one that goes on");
        let rows = hours(3600, 7200);
        assert_eq!(
            csv(&rows),
            "time,of,ok,warning,critical,unknown,not_watched\r\n1970-01-01T01:00:00Z,\"d/\"\"p\"\"\",3000,0,90,0,510\r\n"
        );
        let read: serde_json::Value = serde_json::from_str(&json(&rows)).unwrap();
        assert_eq!((&read[0]["critical"], &read[0]["not_watched"]), (&90.into(), &510.into()));
        assert_eq!(
            table(&rows, &Zone::utc()),
            "d/\"p\"\n  1970-01-01 01:00:00  critical 1 min · ok 50 min · not watched 8 min\n"
        );
    }
}
