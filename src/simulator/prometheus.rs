//! The part of the Prometheus query API that the shop answers: one metric by name, with one optional
//! label matcher. Anything else is refused in the words of a real server.

use hyper::StatusCode;
use reqwest::Url;
use serde_json::{Value, json};

use super::shop::{Sample, Shop};
use crate::model::time::Timestamp;

/// Most points of a range, as in a real server.
const MAX_POINTS: i64 = 11_000;

/// Answers an instant or a range query from its parameters.
pub(super) fn answer(shop: Shop, range: bool, query: &str, now: Timestamp) -> (StatusCode, Value) {
    let parameters = |name: &str| {
        let url = Url::parse(&format!("q:?{query}")).ok()?;

        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let Some(expression) = parameters("query") else { return refused("no query") };
    let Some((metric, matcher)) = selector(&expression) else {
        return refused("the shop knows metric names with one label matcher only");
    };
    let samples = |at: Timestamp| -> Option<Vec<Sample>> {
        let all = shop.metric(metric, at)?;
        let fits = |sample: &Sample| matcher.is_none_or(|wanted| sample.labels.contains(&wanted));
        Some(all.into_iter().filter(fits).collect())
    };
    let time = |name: &str| parameters(name).and_then(|text| text.parse().ok()).and_then(Timestamp::from_seconds);
    let labels = |sample: &Sample| {
        let pairs = sample.labels.iter().map(|(key, value)| ((*key).to_owned(), json!(value)));
        let name = ("__name__".to_owned(), json!(metric));
        Value::Object(pairs.chain([name]).collect())
    };
    let pair = |at: Timestamp, value: f64| json!([at.seconds(), value.to_string()]);
    if !range {
        let at = time("time").unwrap_or(now);
        let result: Vec<Value> = samples(at)
            .unwrap_or_default()
            .iter()
            .map(|sample| json!({ "metric": labels(sample), "value": pair(at, sample.value) }))
            .collect();
        return success("vector", &result);
    }
    let (Some(start), Some(end), Some(step)) = (time("start"), time("end"), time("step")) else {
        return refused("a range needs start, end and step");
    };
    let count = (end.0 - start.0) / step.0.max(1);
    if step.0 <= 0 || count > MAX_POINTS {
        return refused("exceeded maximum resolution of 11,000 points per timeseries");
    }
    let mut lines: Vec<(Value, Vec<Value>)> = Vec::new();
    for n in 0..=count {
        let at = Timestamp(start.0 + n * step.0);
        for (index, sample) in samples(at).unwrap_or_default().iter().enumerate() {
            if lines.len() <= index {
                lines.push((labels(sample), Vec::new()));
            }
            if let Some((_, values)) = lines.get_mut(index) {
                values.push(pair(at, sample.value));
            }
        }
    }
    let result: Vec<Value> =
        lines.into_iter().map(|(metric, values)| json!({ "metric": metric, "values": values })).collect();
    success("matrix", &result)
}

fn success(kind: &str, result: &[Value]) -> (StatusCode, Value) {
    (StatusCode::OK, json!({ "status": "success", "data": { "resultType": kind, "result": result } }))
}

fn refused(why: &str) -> (StatusCode, Value) {
    (StatusCode::BAD_REQUEST, json!({ "status": "error", "errorType": "bad_data", "error": why }))
}

/// A metric's name, and a label with its value.
type Selector<'a> = (&'a str, Option<(&'a str, &'a str)>);

/// `name` or `name{label="value"}`.
fn selector(expression: &str) -> Option<Selector<'_>> {
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let expression = expression.trim();
    let Some((name, rest)) = expression.split_once('{') else {
        return is_name(expression).then_some((expression, None));
    };
    let (label, value) = rest.strip_suffix('}')?.split_once('=')?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    (is_name(name) && is_name(label.trim())).then_some((name, Some((label.trim(), value))))
}
