//! One request of OTLP over HTTP, and its answer.
//!
//! Source: `opentelemetry-proto/docs/specification.md`, "OTLP/HTTP": the answer is of the request's type; 400 for what cannot be
//! read, 413 for what is too large, 429 with `Retry-After` while too much is under way; what was taken in part is 200.

use std::io::Read as _;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, ORIGIN, RETRY_AFTER};
use hyper::{Method, Response, StatusCode};
use prost::Message;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::heard::Ears;
use super::json;
use super::messages::{self, Logs, Metrics, PartialSuccess, RpcStatus, Traces};
use super::points::Outcome;
use crate::model::time::Timestamp;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Metrics,
    Logs,
    Traces,
}

/// How bodies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Protobuf,
    Json,
}

/// A request that may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    signal: Signal,
    pub(super) encoding: Encoding,
    is_gzip: bool,
}

/// Why a request is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) why: String,
}

pub(super) type Answer = Response<Full<Bytes>>;

fn refusal(status: StatusCode, why: impl Into<String>) -> Refusal {
    Refusal { status, why: why.into() }
}

/// Looks at all of a request but its body.
pub(super) fn accept(
    (method, path): (&Method, &str),
    headers: &HeaderMap,
    origins: &[String],
) -> Result<Accepted, Refusal> {
    // A web page can send to any address of this machine; only those that are listed may.
    if let Some(origin) = headers.get(ORIGIN)
        && !origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes())
    {
        return Err(refusal(
            StatusCode::FORBIDDEN,
            "a web page may not send here; origins = [...] lists those that may",
        ));
    }
    let signal = match path {
        "/v1/metrics" => Signal::Metrics,
        "/v1/logs" => Signal::Logs,
        "/v1/traces" => Signal::Traces,
        _ => return Err(refusal(StatusCode::NOT_FOUND, "there are /v1/metrics, /v1/logs and /v1/traces")),
    };
    if *method != Method::POST {
        return Err(refusal(StatusCode::METHOD_NOT_ALLOWED, "OTLP is sent with POST"));
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let kind = text(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let encoding = match kind.as_str() {
        "application/x-protobuf" => Encoding::Protobuf,
        "application/json" => Encoding::Json,
        _ => {
            let why = format!("Content-Type '{kind}' is neither application/x-protobuf nor application/json");
            return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
    };
    let is_gzip = match text(CONTENT_ENCODING).trim().to_ascii_lowercase().as_str() {
        "" | "identity" => false,
        "gzip" => true,
        other => {
            let why = format!("Content-Encoding '{other}' is not gzip");
            return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
    };
    Ok(Accepted { signal, encoding, is_gzip })
}

/// Too large, of so many bytes that are allowed.
pub(super) fn too_large(most: usize) -> Refusal {
    refusal(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("a request has at most {most} bytes, unpacked; max_body allows more"),
    )
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
        Signal::Metrics => Ok(ears.metrics(&read::<Metrics>(accepted.encoding, body)?, now)),
        Signal::Logs => {
            ears.logs(&read::<Logs>(accepted.encoding, body)?, now);
            Ok(Outcome::default())
        }
        Signal::Traces => {
            let request = read::<Traces>(accepted.encoding, body)?;
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
    read.map_err(|error| refusal(StatusCode::BAD_REQUEST, format!("the body is no gzip: {error}")))?;
    if unpacked.len() > most { Err(too_large(most)) } else { Ok(unpacked) }
}

fn read<T: Message + Default + DeserializeOwned>(encoding: Encoding, body: &[u8]) -> Result<T, Refusal> {
    let read = match encoding {
        Encoding::Protobuf => T::decode(body).map_err(|error| error.to_string()),
        Encoding::Json => json::read(body),
    };
    read.map_err(|why| refusal(StatusCode::BAD_REQUEST, format!("the body cannot be read: {why}")))
}

/// The answer to a request that was taken.
pub(super) fn success(accepted: Accepted, outcome: &Outcome) -> Answer {
    let rejected = i64::try_from(outcome.rejected).unwrap_or(i64::MAX);
    let is_partial = rejected > 0;
    let body = match accepted.encoding {
        Encoding::Protobuf => {
            let error_message = outcome.why.clone();
            let partial_success = is_partial.then_some(PartialSuccess { rejected, error_message });
            messages::Response { partial_success }.encode_to_vec()
        }
        Encoding::Json if is_partial => {
            // A 64-bit number is a text.
            let partial = json!({ "rejectedDataPoints": rejected.to_string(), "errorMessage": outcome.why });
            json!({ "partialSuccess": partial }).to_string().into_bytes()
        }
        Encoding::Json => b"{}".to_vec(),
    };
    answer(StatusCode::OK, accepted.encoding, body)
}

/// The answer to a request that was not taken.
pub(super) fn refused(refusal: &Refusal, encoding: Encoding) -> Answer {
    let body = match encoding {
        Encoding::Protobuf => RpcStatus { code: 0, message: refusal.why.clone() }.encode_to_vec(),
        Encoding::Json => json!({ "message": refusal.why }).to_string().into_bytes(),
    };
    let mut answer = answer(refusal.status, encoding, body);
    if refusal.status == StatusCode::TOO_MANY_REQUESTS {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

fn answer(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let kind = match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    };
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
