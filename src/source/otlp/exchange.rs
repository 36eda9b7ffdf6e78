//! One request of OTLP over HTTP.
//!
//! Source: `opentelemetry-proto/docs/specification.md`, "OTLP/HTTP": the answer is of the request's type; 400 for what cannot be
//! read, 413 for what is too large, 429 and 503 with `Retry-After` for what may come again; what was taken in part is 200.

use std::io::Read as _;

use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, ORIGIN};
use hyper::{Method, StatusCode};
use prost::Message;
use serde::de::DeserializeOwned;

use super::answer::{self, Answer, Encoding, Refusal};
use super::cors;
use super::elements::{self, Nested};
use super::heard::Ears;
use super::json;
use super::log_messages::Logs;
use super::messages::{Metrics, Traces};
use super::points::Outcome;
use crate::model::time::Timestamp;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Metrics,
    Logs,
    Traces,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A browser asks whether a page may send.
    Preflight,
    Export(Accepted),
}

/// A request whose body may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    pub(super) signal: Signal,
    pub(super) encoding: Encoding,
    pub(super) is_gzip: bool,
}

/// Looks at all of a request but its body.
pub(super) fn accept(
    (method, path): (&Method, &str),
    headers: &HeaderMap,
    origins: &[String],
) -> Result<Asked, Refusal> {
    if !cors::may_send(headers, origins) {
        let why = "a web page may not send here; origins = [...] lists those that may";
        return Err(Refusal::new(StatusCode::FORBIDDEN, why));
    }
    let signal = match path {
        "/v1/metrics" => Signal::Metrics,
        "/v1/logs" => Signal::Logs,
        "/v1/traces" => Signal::Traces,
        _ => return Err(Refusal::new(StatusCode::NOT_FOUND, "there are /v1/metrics, /v1/logs and /v1/traces")),
    };
    if *method == Method::OPTIONS && headers.contains_key(ORIGIN) {
        return Ok(Asked::Preflight);
    }
    if *method != Method::POST {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "OTLP is sent with POST"));
    }
    let unsupported = |why| Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
    let encoding = Encoding::of(headers).ok_or_else(|| {
        let kind = answer::text(headers, &CONTENT_TYPE);
        unsupported(format!("Content-Type '{kind}' is neither application/x-protobuf nor application/json"))
    })?;
    let is_gzip = match answer::text(headers, &CONTENT_ENCODING).trim().to_ascii_lowercase().as_str() {
        "" | "identity" => false,
        "gzip" => true,
        other => return Err(unsupported(format!("Content-Encoding '{other}' is not gzip"))),
    };
    Ok(Asked::Export(Accepted { signal, encoding, is_gzip }))
}

impl Accepted {
    /// The answer when a body was taken.
    pub(super) fn success(self, outcome: &Outcome) -> Answer {
        let rejected = match self.signal {
            Signal::Metrics => "rejectedDataPoints",
            Signal::Logs => "rejectedLogRecords",
            Signal::Traces => "rejectedSpans",
        };
        answer::success(self.encoding, rejected, outcome)
    }
}

/// Too large, of so many bytes that are allowed.
pub(super) fn too_large(most: usize) -> Refusal {
    let why = format!("a request has at most {most} bytes, unpacked; max_body allows more");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why)
}

/// Takes a body in, and says what became of it.
pub(super) fn take(
    accepted: Accepted,
    body: &[u8],
    most: usize,
    ears: &Ears,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let unpacked;
    let body = if accepted.is_gzip {
        unpacked = unpack(body, most)?;
        &unpacked
    } else {
        body
    };
    match accepted.signal {
        Signal::Metrics => {
            let request: Metrics = read(accepted.encoding, body, most, &elements::METRICS)?;
            Ok(ears.metrics(&request, now))
        }
        Signal::Logs => {
            let request: Logs = read(accepted.encoding, body, most, &elements::LOGS)?;
            ears.logs(&request, now);
            Ok(Outcome::default())
        }
        Signal::Traces => {
            let request: Traces = read(accepted.encoding, body, most, &elements::TRACES)?;
            let scopes = request.resource_spans.iter().flat_map(|of| &of.scope_spans);
            if ears.spans(scopes.map(|scope| scope.spans.len() as u64).sum()) {
                tracing::info!("OTLP: spans are counted, and not kept");
            }
            Ok(Outcome::default())
        }
    }
}

/// Takes a body in as metrics, and as logs; whether it is one of them.
pub(super) fn try_both(body: &[u8], is_json: bool, ears: &Ears, now: Timestamp) -> bool {
    let encoding = if is_json { Encoding::Json } else { Encoding::Protobuf };
    let signals = [Signal::Metrics, Signal::Logs].map(|signal| Accepted { signal, encoding, is_gzip: false });
    signals.map(|accepted| take(accepted, body, body.len(), ears, now).is_ok()).contains(&true)
}

/// No more is unpacked than may be: a few bytes can stand for very many.
fn unpack(body: &[u8], most: usize) -> Result<Vec<u8>, Refusal> {
    let mut unpacked = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(body).take(most as u64 + 1).read_to_end(&mut unpacked);
    read.map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, format!("the body is no gzip: {error}")))?;
    if unpacked.len() > most { Err(too_large(most)) } else { Ok(unpacked) }
}

fn read<T: Message + Default + DeserializeOwned>(
    encoding: Encoding,
    body: &[u8],
    most: usize,
    nested: &[Nested],
) -> Result<T, Refusal> {
    let (count, allowed) = match encoding {
        Encoding::Protobuf => (elements::in_protobuf(body, nested), elements::allowed(most)),
        Encoding::Json => (elements::in_json(body), elements::allowed(most)),
    };
    if count > allowed {
        let why = format!("a request has at most {allowed} elements; max_body allows more");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why));
    }
    let read = match encoding {
        Encoding::Protobuf => T::decode(body).map_err(|error| error.to_string()),
        Encoding::Json => json::read(body),
    };
    read.map_err(|why| Refusal::new(StatusCode::BAD_REQUEST, format!("the body cannot be read: {why}")))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn what_is_not_taken_is_called_as_its_signal_has_it() {
        let outcome = Outcome { rejected: 3, why: "too many".to_owned() };
        for (signal, key) in [
            (Signal::Metrics, "rejectedDataPoints"),
            (Signal::Logs, "rejectedLogRecords"),
            (Signal::Traces, "rejectedSpans"),
        ] {
            let answer = Accepted { signal, encoding: Encoding::Json, is_gzip: false }.success(&outcome);
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(
                (&body["partialSuccess"][key], &body["partialSuccess"]["errorMessage"]),
                (&"3".into(), &"too many".into())
            );
        }
    }

    #[test]
    fn many_empty_elements_are_refused_before_they_are_read() {
        let ears = Ears::default();
        let most = 100_000;
        let points = |count: usize| {
            // Metrics, a scope, a metric, a gauge, and so many empty points in it.
            let within = |tag: u8, inside: Vec<u8>| {
                let mut field = vec![tag << 3 | 2];
                prost::encoding::encode_varint(inside.len() as u64, &mut field);
                field.extend(inside);
                field
            };
            [5, 2, 2, 1].iter().fold([10, 0].repeat(count), |inside, tag| within(*tag, inside))
        };
        let json = |count: usize| format!("{{\"resourceMetrics\":[{}{{}}]}}", "{},".repeat(count)).into_bytes();
        for (encoding, few, many) in
            [(Encoding::Protobuf, points(6000), points(7000)), (Encoding::Json, json(6000), json(7000))]
        {
            let accepted = Accepted { signal: Signal::Metrics, encoding, is_gzip: false };
            assert!(take(accepted, &few, most, &ears, Timestamp(0)).is_ok(), "{encoding:?}");
            let refusal = take(accepted, &many, most, &ears, Timestamp(0)).unwrap_err();
            let expected = "a request has at most 6250 elements; max_body allows more";
            assert_eq!((refusal.status, refusal.why.as_str()), (StatusCode::PAYLOAD_TOO_LARGE, expected));
        }
        assert_eq!(ears.heard().counts.all(), 6000);
    }
}
