//! The answer to a query: `/api/v1/query` and `/api/v1/query_range`.
//!
//! Sources: Prometheus HTTP API, "Format overview" (`warnings`, `infos`) and "Native histograms";
//! `VictoriaMetrics`, cluster version (`isPartial`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::model::fault::{FetchError, Reason};
use crate::model::labels::Labels;
use crate::model::series::{Point, Series};
use crate::model::telemetry::Caveat;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::source::http::{Response, refusal, refuse_html};

/// How a server's notes about the expression itself begin: all data that it asks for has come.
const OF_EXPRESSION: &str = "PromQL ";
/// Notes that are shown; the rest is counted.
const MOST_SAID: usize = 3;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    status: String,
    data: Option<Data>,
    error_type: Option<String>,
    error: Option<String>,
    warnings: Option<Vec<String>>,
    infos: Option<Vec<String>>,
    /// `VictoriaMetrics`: a part of its storage did not answer.
    is_partial: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", tag = "resultType", content = "result")]
enum Data {
    Matrix(Vec<MatrixItem>),
    Vector(Vec<VectorItem>),
    Scalar(Sample),
    String(IgnoredAny),
}

#[derive(Deserialize)]
struct MatrixItem {
    metric: BTreeMap<String, String>,
    // Absent where a server sends native histograms only.
    #[serde(default)]
    values: Vec<Sample>,
    #[serde(default)]
    histograms: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct VectorItem {
    metric: BTreeMap<String, String>,
    value: Option<Sample>,
    histogram: Option<IgnoredAny>,
}

/// Time in seconds, value as text ("NaN" and "+Inf" are values).
#[derive(Deserialize)]
struct Sample(f64, String);

impl Sample {
    fn point(&self) -> Result<Point, FetchError> {
        let value: f64 = self
            .1
            .parse()
            .map_err(|_| FetchError::new(Reason::Parse, format!("'{}' is not a number", SafeText::new(&self.1))))?;
        let at =
            Timestamp::from_seconds(self.0).ok_or_else(|| FetchError::new(Reason::Parse, "a sample without a time"))?;
        // What is not finite is a gap: an axis cannot hold it.
        Ok(Point { at, value: if value.is_finite() { value } else { f64::NAN } })
    }
}

/// The answer to a query.
#[derive(Debug, Default, PartialEq)]
pub struct Answered {
    /// Its series, in the order of their labels.
    pub series: Vec<Series>,
    /// What the server says about it.
    pub caveat: Option<Caveat>,
}

/// Reads the answer to a query: its series, or why there are none.
pub fn parse(response: &Response, now: Timestamp) -> Result<Answered, FetchError> {
    let mut envelope = read(response)?;
    let Some(data) = envelope.data.take() else {
        return Err(FetchError::new(Reason::Parse, "a success without data"));
    };
    let found = data.items()?;
    let only_histograms = found.histograms > 0 && found.items.iter().all(|(_, samples)| samples.is_empty());
    if only_histograms {
        return Err(FetchError::new(Reason::NoMatch, "the query yields native histograms; use histogram_quantile"));
    }
    let caveat = envelope.caveat(found.histograms);
    let mut series = found.items.into_iter().map(|one| line(one, now)).collect::<Result<Vec<_>, _>>()?;
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(Answered { series, caveat })
}

/// The envelope of a success.
fn read(response: &Response) -> Result<Envelope, FetchError> {
    let code = response.status.as_u16();
    let envelope = serde_json::from_slice::<Envelope>(&response.body);
    let ends_early = envelope.as_ref().is_err_and(serde_json::Error::is_eof);
    if let Ok(envelope) = envelope {
        if envelope.status == "success" && envelope.data.is_some() {
            return Ok(envelope);
        }
        if let Some(message) = envelope.error {
            // Prometheus explains a bad query with 400 or 422; a 503 carries a timeout or an abort.
            let reason = if matches!(code, 400 | 422) { Reason::NoMatch } else { Reason::of_status(code) };
            let kind = envelope.error_type.unwrap_or_default();
            return Err(FetchError::new(
                reason,
                if kind == "bad_data" { message } else { format!("{kind}: {message}") },
            ));
        }
    }
    if !response.status.is_success() {
        return Err(refusal(response));
    }
    refuse_html(response)?;
    if ends_early {
        return Err(FetchError::new(Reason::Truncated, "the JSON ends early"));
    }
    Err(FetchError::new(Reason::Parse, "not an answer of the Prometheus API; is the url right?"))
}

impl Envelope {
    /// What the server says about its answer. Its warnings are about data that could not be had (Thanos,
    /// Mimir, federated stores), but for those about the expression itself; infos are only about that.
    fn caveat(self, histograms: usize) -> Option<Caveat> {
        let mut said = Vec::new();
        if self.is_partial == Some(true) {
            said.push("partial: a part of the server's storage did not answer".to_owned());
        }
        if histograms > 0 {
            said.push(format!("native histograms ({histograms} series) are not shown; use histogram_quantile"));
        }
        let (of_query, of_data): (Vec<_>, Vec<_>) =
            self.warnings.into_iter().flatten().partition(|text| text.starts_with(OF_EXPRESSION));
        said.extend(of_data.into_iter().map(|text| format!("partial: {text}")));
        let partial = !said.is_empty();
        said.extend(of_query.into_iter().chain(self.infos.into_iter().flatten()));
        let more = match said.len().saturating_sub(MOST_SAID) {
            0 => String::new(),
            count => format!("; and {count} more"),
        };
        said.truncate(MOST_SAID);
        (!said.is_empty()).then(|| Caveat { text: SafeText::from(said.join("; ") + &more), partial })
    }
}

/// Label sets with their samples, and how many of them hold native histograms.
struct Found {
    items: Vec<(BTreeMap<String, String>, Vec<Sample>)>,
    histograms: usize,
}

impl Data {
    fn items(self) -> Result<Found, FetchError> {
        let mut histograms = 0;
        let items = match self {
            Self::Matrix(items) => {
                histograms = items.iter().filter(|item| !item.histograms.is_empty()).count();
                items.into_iter().map(|item| (item.metric, item.values)).collect()
            }
            Self::Vector(items) => {
                histograms = items.iter().filter(|item| item.histogram.is_some()).count();
                items.into_iter().map(|item| (item.metric, item.value.into_iter().collect())).collect()
            }
            Self::Scalar(sample) => vec![(BTreeMap::new(), vec![sample])],
            Self::String(_) => {
                return Err(FetchError::new(Reason::NoMatch, "the query yields a text, not numbers"));
            }
        };
        // Those that have nothing but histograms are reported, and are no series without a value.
        let drawn = |(_, samples): &(_, Vec<Sample>)| histograms == 0 || !samples.is_empty();
        Ok(Found { items: items.into_iter().filter(drawn).collect(), histograms })
    }
}

fn line((labels, samples): (BTreeMap<String, String>, Vec<Sample>), now: Timestamp) -> Result<Series, FetchError> {
    let mut points = samples.iter().map(Sample::point).collect::<Result<Vec<_>, _>>()?;
    points.retain(|point| point.at <= now.plus(Span::seconds(1)));
    // In order, and of two at one moment the first, whatever a proxy made of it.
    points.sort_by_key(|point| point.at);
    points.dedup_by_key(|point| point.at);
    Ok(Series { labels: Labels::new(labels), points })
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::*;

    fn answered(rest: &str) -> Result<Answered, FetchError> {
        let body = format!("{{\"status\":\"success\",{rest}}}").into_bytes();
        let response = Response { status: StatusCode::OK, headers: HeaderMap::new(), body, certificate: None };
        parse(&response, Timestamp(10_000))
    }

    const ONE: &str = r#""data":{"resultType":"vector","result":[{"metric":{"job":"x"},"value":[1,"4.5"]}]}"#;

    #[test]
    fn what_is_missing_makes_an_answer_partial_and_notes_about_the_expression_do_not() {
        for (notes, said, partial) in [
            (r#""isPartial":true"#, "partial: a part of the server's storage did not answer", true),
            (r#""warnings":["No StoreAPIs matched"]"#, "partial: No StoreAPIs matched", true),
            (r#""warnings":["PromQL warning: bucket label"]"#, "PromQL warning: bucket label", false),
            (r#""infos":["PromQL info: might not be a counter"]"#, "PromQL info: might not be a counter", false),
            (r#""infos":["x"],"warnings":["a","b","c"]"#, "partial: a; partial: b; partial: c; and 1 more", true),
        ] {
            let caveat = answered(&format!("{notes},{ONE}")).unwrap().caveat.unwrap();
            assert_eq!((caveat.text.as_str(), caveat.partial), (said, partial));
        }
        for quiet in [r#""isPartial":false"#, r#""warnings":[]"#, r#""warnings":null,"infos":null"#] {
            assert_eq!(answered(&format!("{quiet},{ONE}")).unwrap().caveat, None, "{quiet}");
        }
    }

    #[test]
    fn native_histograms_are_told_of_alone_and_beside_numbers() {
        let histogram = r#"{"metric":{"job":"h"},"histogram":[1,{"count":"5","sum":"1","buckets":[]}]}"#;
        let number = r#"{"metric":{"job":"x"},"value":[1,"4.5"]}"#;
        let vector = |items: &str| answered(&format!(r#""data":{{"resultType":"vector","result":[{items}]}}"#));
        let alone = vector(histogram).unwrap_err();
        assert_eq!(alone.to_string(), "query failed: the query yields native histograms; use histogram_quantile");
        let both = vector(&format!("{histogram},{number}")).unwrap();
        assert_eq!(both.series.len(), 1, "one without a number is no series");
        let caveat = both.caveat.unwrap();
        assert_eq!(caveat.text.as_str(), "native histograms (1 series) are not shown; use histogram_quantile");
        assert!(caveat.partial);
        let range = r#""data":{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{}]]}]}"#;
        assert_eq!(answered(range).unwrap_err().reason, Reason::NoMatch);
    }

    #[test]
    fn samples_that_are_not_finite_are_gaps_and_text_is_refused() {
        assert!(Sample(1.0, "+Inf".into()).point().unwrap().value.is_nan());
        assert!(Sample(1.0, "NaN".into()).point().unwrap().value.is_nan());
        assert_eq!(Sample(1.0, "many".into()).point().unwrap_err().reason, Reason::Parse);
    }
}
