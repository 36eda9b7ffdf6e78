//! Names of metrics that a query asks for and the server does not have: for `andon doctor`.
//!
//! Sources: Prometheus HTTP API, "Querying label values"; "Querying basics" for what a name is.

use reqwest::Url;
use serde::Deserialize;
use tokio::time::Instant;

use super::base;
use crate::model::fault::{FetchError, Reason};
use crate::model::text::SafeText;
use crate::source::http::{Http, Method};

/// Near names that are listed.
const MOST_NEAR: usize = 3;
/// Words of the language that are no names.
const KEYWORDS: [&str; 17] = [
    "and",
    "atan2",
    "bool",
    "by",
    "end",
    "group_left",
    "group_right",
    "ignoring",
    "inf",
    "limit_ratio",
    "limitk",
    "nan",
    "offset",
    "on",
    "or",
    "start",
    "unless",
];
/// Those of them that a list of label names follows.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

#[derive(Deserialize)]
struct Names {
    data: Vec<String>,
}

/// All names of metrics that the server has, as far as they fit into one answer.
pub async fn names(http: &Http, url: &str, deadline: Instant) -> Result<Vec<String>, FetchError> {
    let url: Url = base(url)?.join("api/v1/label/__name__/values").map_err(|_| FetchError::from(Reason::Internal))?;
    let response = http.fetch(&url, Method::Get, "application/json", deadline).await?;
    let names: Names =
        serde_json::from_slice(&response.body).map_err(|_| FetchError::new(Reason::Parse, "not a list of names"))?;
    Ok(names.data)
}

/// What a query asks for and is not there, with the nearest names that are; `None` if all is there.
pub fn unknown(query: &str, known: &[String]) -> Option<String> {
    let missing = asked(query).into_iter().find(|name| !known.iter().any(|one| one == name))?;
    let mut near: Vec<(usize, &str)> = known
        .iter()
        .map(|one| (strsim::damerau_levenshtein(&missing, one), one.as_str()))
        .filter(|(distance, one)| *distance <= (one.len().max(missing.len()) / 3).max(1))
        .collect();
    near.sort_unstable();
    let near: Vec<&str> = near.into_iter().take(MOST_NEAR).map(|(_, name)| name).collect();
    let hint = if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) };
    Some(SafeText::from(format!("the server has no metric '{missing}'{hint}")).to_string())
}

/// The names of metrics in a query, in their order. Not a parser: it skips what is in quotes, braces and
/// brackets, what is called as a function, and lists of labels.
fn asked(query: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' | '`' => quoted(rest, first),
            '{' => enclosed(rest, '}'),
            '[' => enclosed(rest, ']'),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            c if is_of_name(c) => {
                let length = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(length);
                let called = after.trim_start().starts_with('(');
                let lower = word.to_ascii_lowercase();
                if called && BEFORE_LABELS.contains(&lower.as_str()) {
                    length + enclosed(after, ')')
                } else {
                    // Of functions, numbers ("5m", "0.9") and words of the language nothing is kept.
                    let is_name = !called && !c.is_ascii_digit() && !is_keyword(&lower, after);
                    names.extend(is_name.then(|| word.to_owned()));
                    length
                }
            }
            c => c.len_utf8(),
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    names
}

const fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.')
}

/// Whether a word is one of the language; an aggregation may have its labels before what it is of:
/// `sum by (job) (...)`.
fn is_keyword(lower: &str, after: &str) -> bool {
    let next = after.trim_start().to_ascii_lowercase();
    KEYWORDS.contains(&lower)
        || ["by", "without"]
            .iter()
            .any(|word| next.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with('(')))
}

/// The length of a text in quotes at the start of `rest`, quotes included.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == quote && !escaped;
        escaped = *c == '\\' && !escaped && quote != '`';
        ends
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

/// The length up to and with a closing sign outside of quotes.
fn enclosed(rest: &str, close: char) -> usize {
    let mut at = 0;
    while let Some(c) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        at += match c {
            '"' | '\'' | '`' => quoted(rest.get(at..).unwrap_or_default(), c),
            c => c.len_utf8(),
        };
        if c == close {
            return at;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metrics_of_a_query_are_found() {
        for (query, expected) in [
            ("up", &["up"][..]),
            (
                "sum by (job, zone) (rate(http_requests_total{code=~\"5..\", path=\"}a\"}[5m]))",
                &["http_requests_total"],
            ),
            ("sum(rate(a[5m])) by (job) / on (job) group_left (x) b:ratio offset 5m", &["a", "b:ratio"]),
            ("histogram_quantile(0.99, sum(rate(x_bucket[5m])) by (le)) > bool 0.5 or vector(0)", &["x_bucket"]),
            ("label_replace(a, \"dst\", \"$1\", 'src', `b(.*)`) unless c # and d", &["a", "c"]),
            ("1e3 * NaN", &[]),
        ] {
            assert_eq!(asked(query), expected, "{query}");
        }
        assert!(asked("a{x=\"open").len() == 1 && asked("\"").is_empty(), "what never closes ends with the text");
    }

    #[test]
    fn near_names_are_told_of_the_first_that_is_missing() {
        let known = ["up", "http_requests_total", "http_request_size_bytes", "go_goroutines"].map(str::to_owned);
        assert_eq!(unknown("rate(http_requests_total[5m])", &known), None);
        assert_eq!(
            unknown("rate(http_request_total[5m])", &known).as_deref(),
            Some("the server has no metric 'http_request_total'; near it: http_requests_total")
        );
        assert_eq!(unknown("orders", &known).as_deref(), Some("the server has no metric 'orders'"));
    }
}
