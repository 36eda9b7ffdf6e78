//! Numbers over time as CSV, as JSON, and as a table for people.

use serde::Serialize;

use crate::history::codec::Bucket;
use crate::model::labels::{Labels, names};
use crate::model::series::Point;
use crate::model::time::{Timestamp, Zone};
use crate::store::{Entry, Stored};

/// A series as it is handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// Whose it is: the id of a panel, or the name of a source.
    pub of: String,
    /// Its labels.
    pub labels: Labels,
    /// Its values, ascending in time; of a value as it came least, greatest and last are one.
    pub rows: Vec<Bucket>,
}

/// The series of an answer, with what lies between two moments, where they are said; none of an answer of another kind.
pub fn exported(of: &str, entry: &Entry, (from, to): (Option<Timestamp>, Option<Timestamp>)) -> Vec<Exported> {
    let Stored::Series(tracks) = &entry.stored else { return Vec::new() };
    let rows = |points: &[Point]| -> Vec<Bucket> {
        let first = from.map_or(0, |from| points.partition_point(|point| point.at < from));
        let after = to.map_or(points.len(), |to| points.partition_point(|point| point.at <= to));
        points.get(first..after).unwrap_or_default().iter().map(|point| Bucket::alone(*point)).collect()
    };
    tracks
        .iter()
        .filter(|track| !track.ring.points().is_empty())
        .map(|track| Exported { of: of.to_owned(), labels: track.labels.clone(), rows: rows(track.ring.points()) })
        .collect()
}

/// One value, or several joined, in JSON.
#[derive(Serialize)]
struct Row {
    time: String,
    value: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    samples: u64,
}

impl Row {
    fn of(bucket: &Bucket) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        Self {
            time: bucket.at.rfc3339(),
            value: finite(mean(bucket)),
            min: finite(bucket.min),
            max: finite(bucket.max),
            samples: bucket.count,
        }
    }
}

fn mean(bucket: &Bucket) -> f64 {
    bucket.sum / bucket.count as f64
}

/// CSV (RFC 4180) with a header: time, of, series, value (the mean), min, max, samples. A gap is an empty field.
pub fn csv(all: &[Exported]) -> String {
    let mut text = "time,of,series,value,min,max,samples\r\n".to_owned();
    for one in all {
        let (of, series) = (quoted(&one.of), quoted(&one.labels.spelled()));
        for bucket in &one.rows {
            let row = Row::of(bucket);
            let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
            let [value, min, max] = [row.value, row.min, row.max].map(number);
            text.push_str(&format!("{},{of},{series},{value},{min},{max},{}\r\n", row.time, row.samples));
        }
    }
    text
}

/// JSON: a list of series, each with `of`, `labels` and `points`.
pub fn json(all: &[Exported]) -> String {
    let one = |one: &Exported| {
        let points: Vec<Row> = one.rows.iter().map(Row::of).collect();
        serde_json::json!({ "of": one.of, "labels": one.labels, "points": points })
    };
    format!("{:#}\n", serde_json::Value::Array(all.iter().map(one).collect()))
}

/// A table for people, a series after the other.
pub fn table(all: &[Exported], zone: &Zone) -> String {
    let drawn = names(&all.iter().map(|one| &one.labels).collect::<Vec<_>>());
    let mut text = String::new();
    for (one, name) in all.iter().zip(drawn) {
        let name = if name.is_empty() { one.of.clone() } else { format!("{}  {name}", one.of) };
        text.push_str(&format!("{name}\n"));
        for bucket in &one.rows {
            let several = if bucket.count > 1 {
                format!("   {} to {}, {} values", number(bucket.min), number(bucket.max), bucket.count)
            } else {
                String::new()
            };
            text.push_str(&format!("  {}  {:>14}{several}\n", moment(bucket.at, zone), number(mean(bucket))));
        }
    }
    text
}

fn moment(at: Timestamp, zone: &Zone) -> String {
    at.date_time(zone)
}

/// At most six digits behind the point.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A field of CSV. A text that a spreadsheet would take for a formula gets a quotation mark before it.
pub(super) fn quoted(text: &str) -> String {
    let formula = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{formula}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported() -> Vec<Exported> {
        let bucket = |at, min: f64, max: f64, count| Bucket {
            at: Timestamp(at),
            min,
            max,
            sum: f64::midpoint(min, max) * count as f64,
            count,
            last: max,
            ..Bucket::default()
        };
        let labels = Labels::named("a \"b\"");
        let gap = bucket(2000, f64::NAN, f64::NAN, 1);
        vec![Exported { of: "=cpu".to_owned(), labels, rows: vec![bucket(1000, 1.0, 3.0, 2), gap] }]
    }

    #[test]
    fn csv_is_that_of_the_rfc_and_no_formula() {
        assert_eq!(
            csv(&exported()),
            "time,of,series,value,min,max,samples\r\n\
             1970-01-01T00:00:01Z,\"'=cpu\",\"a \"\"b\"\"\",2,1,3,2\r\n\
             1970-01-01T00:00:02Z,\"'=cpu\",\"a \"\"b\"\"\",,,,1\r\n"
        );
    }

    #[test]
    fn json_can_be_read_and_a_gap_is_null() {
        let read: serde_json::Value = serde_json::from_str(&json(&exported())).unwrap();
        assert_eq!(read[0]["points"][0]["value"], 2.0);
        assert!(read[0]["points"][1]["value"].is_null());
    }

    #[test]
    fn people_get_a_table() {
        assert_eq!(
            table(&exported(), &Zone::utc()),
            "=cpu  a \"b\"\n  1970-01-01 00:00:01               2   1 to 3, 2 values\n  1970-01-01 00:00:02               -\n"
        );
    }
}
