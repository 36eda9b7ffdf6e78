//! What has been sent and no panel shows: a table of metrics, the newest first, each with the line that keeps it.

use std::collections::BTreeMap;

use super::{Kept, Received, Selector};
use crate::model::labels::{Labels, METRIC};
use crate::model::table::{Cell, Table};
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// The labels that name a service, the first that there is counts.
const SERVICE: [&str; 3] = ["service", "service.name", "job"];

/// The series of one metric of one service.
#[derive(Default)]
struct Metric {
    series: usize,
    first: Timestamp,
    value: Option<f64>,
}

impl Received {
    /// The metrics with a series that no selector picks, grouped by service, the newest first; the source is of this
    /// name.
    pub fn unclaimed(&self, claimed: &[&Selector], source: &str, now: Timestamp) -> Table {
        let mut services: BTreeMap<&str, BTreeMap<&str, Metric>> = BTreeMap::new();
        for (labels, kept) in &self.series {
            if kept.points.is_empty() || claimed.iter().any(|selector| selector.picks(labels)) {
                continue;
            }
            let metrics = services.entry(service(labels)).or_default();
            metrics.entry(labels.get(METRIC).unwrap_or_default()).or_default().add(kept);
        }
        let mut services: Vec<_> = services.into_iter().map(|(service, metrics)| (service, sorted(metrics))).collect();
        services.sort_by_key(|(service, metrics)| (metrics.first().map(|(_, one)| -one.first.0), *service));
        let has_services = services.iter().any(|(service, _)| !service.is_empty());
        let rows = services.iter().flat_map(|(service, metrics)| {
            metrics.iter().map(move |(name, metric)| {
                let own = [
                    text(name),
                    metric.value.map_or_else(|| text(&format!("{} series", metric.series)), Cell::Number),
                    text(&metric.first.age_at(now).brief()),
                    text(&keeping(source, name)),
                ];
                has_services.then(|| text(service)).into_iter().chain(own).collect()
            })
        });
        let columns = has_services.then_some("service").into_iter().chain(["metric", "now", "for", "to keep it"]);
        Table { columns: columns.map(SafeText::from).collect(), rows: rows.collect(), own: Vec::new() }
    }
}

impl Metric {
    fn add(&mut self, kept: &Kept) {
        let newest = kept.points.iter().map(|(_, point)| *point).max_by_key(|point| point.at);
        // The values of several series say nothing together.
        self.value = newest.filter(|_| self.series == 0).map(|point| point.value);
        self.series += 1;
        self.first = self.first.max(kept.first);
    }
}

fn sorted(metrics: BTreeMap<&str, Metric>) -> Vec<(&str, Metric)> {
    let mut all: Vec<_> = metrics.into_iter().collect();
    all.sort_by_key(|(name, metric)| (-metric.first.0, *name));
    all
}

fn service(labels: &Labels) -> &str {
    SERVICE.iter().find_map(|key| labels.get(key)).unwrap_or_default()
}

fn text(text: &str) -> Cell {
    Cell::Text(SafeText::new(text))
}

/// The line of the config that shows it. A name with signs that mean something in a query is left to its reader.
fn keeping(source: &str, name: &str) -> String {
    let means_something = |c: char| matches!(c, '*' | '{' | '}' | '"' | '\'' | '\\') || c.is_control();
    if name.contains(means_something) || name.ends_with("()") {
        return format!("source = \"{source}\", query = ... (its name has signs of queries)");
    }
    format!("source = \"{source}\", query = \"{name}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::series::Point;

    #[test]
    fn what_nobody_asks_for_stands_by_service_the_newest_first() {
        let mut received = Received::default();
        for (at, pairs) in [
            (1000, [(METRIC, "orders"), ("service", "shop"), ("zone", "a")].as_slice()),
            (2000, &[(METRIC, "orders"), ("service", "shop"), ("zone", "b")]),
            (3000, &[(METRIC, "stock"), ("service", "shop")]),
            (4000, &[(METRIC, "queue"), ("service", "mail")]),
            (5000, &[(METRIC, "shown"), ("service", "mail")]),
        ] {
            let labels =
                Labels::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect());
            assert!(received.add(&labels, Point { at: Timestamp(at), value: at as f64 }, Timestamp(at)));
        }
        let shown = Selector::parse("shown").unwrap();
        let table = received.unclaimed(&[&shown], "app", Timestamp(64_000));
        let row = |cells: &Vec<Cell>| {
            let word = |cell: &Cell| match cell {
                Cell::Text(text) => text.to_string(),
                Cell::Number(number) => number.to_string(),
            };
            cells.iter().map(word).collect::<Vec<_>>().join(" | ")
        };
        let rows: Vec<String> = table.rows.iter().map(row).collect();
        assert_eq!(
            rows,
            [
                "mail | queue | 4000 | 1 min | source = \"app\", query = \"queue\"",
                "shop | stock | 3000 | 1 min | source = \"app\", query = \"stock\"",
                "shop | orders | 2 series | 1 min | source = \"app\", query = \"orders\"",
            ]
        );
        assert_eq!(table.columns.len(), 5);
        let all = [&shown, &Selector::default()];
        assert!(received.unclaimed(&all, "app", Timestamp(0)).rows.is_empty());
    }
}
