//! The labels of a series, as the data model of Prometheus has them.
//!
//! | What the board knows | In the engine |
//! |---|---|
//! | `orders` that a program sends by StatsD to `[sources.app]` | `orders{source="app"}` |
//! | `http.server.duration` by OTLP | `http_server_duration{source="app", service="..."}` |
//! | the query `cpu` of the host | `andon_host_cpu{source="machine"}` |
//! | `.orders \| length` of a JSON page | `andon_json{source="shop", query=".orders \| length"}` |

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::labels::{Labels, METRIC, NAME};
use crate::model::measured::Origin;

/// All labels of a series, the metric's name among them, in order of their names.
pub type Identity = Arc<[(String, String)]>;

/// The longest value of a label, in characters: Mimir refuses a whole request for one above 2,048 bytes.
const LONGEST: usize = 512;

/// The labels of a series of this origin. `own` are the labels that the board puts on everything. A label of the series that
/// has the name of another one becomes `exported_NAME`, as a Prometheus does when it scrapes.
pub fn identity(origin: &Origin, labels: &Labels, own: &BTreeMap<String, String>) -> Identity {
    let (name, says_query) = match labels.get(METRIC) {
        Some(name) => (spelled(name, true), true),
        None if is_word(&origin.query) => (format!("andon_{}_{}", origin.kind, origin.query), true),
        None => (format!("andon_{}", origin.kind), origin.query.is_empty()),
    };
    let mut all: BTreeMap<String, String> = own.clone();
    all.insert(METRIC.to_owned(), name);
    all.insert("source".to_owned(), origin.source.clone());
    if !says_query {
        all.insert("query".to_owned(), origin.query.clone());
    }
    let reserved: Vec<String> = all.keys().cloned().collect();
    for (key, value) in labels.pairs().filter(|(key, _)| *key != METRIC) {
        let key = if key == NAME { "name".to_owned() } else { spelled(key, false) };
        let key = if reserved.contains(&key) { format!("exported_{key}") } else { key };
        all.insert(key, value.to_owned());
    }
    // A label without a value is no label.
    let cut = |(key, value): (String, String)| (key, value.chars().take(LONGEST).collect::<String>());
    all.into_iter().filter(|(_, value)| !value.is_empty()).map(cut).collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text == spelled(text, false)
}

/// A name with `_` for every character that a name cannot have; only a metric's may have a colon.
fn spelled(name: &str, colons: bool) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
    let text: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    if text.starts_with(|c: char| c.is_ascii_digit()) || text.is_empty() { format!("_{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Span;

    fn named(kind: &'static str, query: &str, labels: &[(&str, &str)]) -> String {
        let (source, query) = ("app".to_owned(), query.to_owned());
        let origin = Origin { kind, source, query, stale_after: Span::seconds(30), is_given: true };
        let pairs = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let own = BTreeMap::from([("job".to_owned(), "andon".to_owned())]);
        let all = identity(&origin, &Labels::new(pairs.collect()), &own);
        all.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn series_are_named_as_the_data_model_has_it() {
        assert_eq!(named("statsd", "ord*", &[(METRIC, "orders")]), "__name__=orders job=andon source=app");
        assert_eq!(
            named("otlp", "http.server.duration.p99", &[(METRIC, "http.server.duration.p99"), ("9.é", "x")]),
            "_9__=x __name__=http_server_duration_p99 job=andon source=app"
        );
        assert_eq!(named("host", "cpu", &[]), "__name__=andon_host_cpu job=andon source=app");
        assert_eq!(named("probe", "", &[(NAME, "shop")]), "__name__=andon_probe job=andon name=shop source=app");
        assert_eq!(named("json", ".a", &[]), "__name__=andon_json job=andon query=.a source=app");
        assert_eq!(
            named("statsd", "a", &[(METRIC, "a"), ("job", "x"), ("source", ""), ("b", "")]),
            "__name__=a exported_job=x job=andon source=app"
        );
    }
}
