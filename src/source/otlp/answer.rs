//! Answers to requests of OTLP over HTTP, in the encoding of the request.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use prost::Message as _;
use serde_json::json;

use super::messages::{self, PartialSuccess, RpcStatus};
use super::points::Outcome;

pub(super) type Answer = Response<Full<Bytes>>;

/// How bodies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    /// That of a request; none where it is another one.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        match text(headers, &CONTENT_TYPE).split(';').next().unwrap_or_default().trim() {
            kind if kind.eq_ignore_ascii_case("application/x-protobuf") => Some(Self::Protobuf),
            kind if kind.eq_ignore_ascii_case("application/json") => Some(Self::Json),
            _ => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// The text of a header; empty where there is none.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Why a request is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) why: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }

    /// Whether the sender is asked to come again: what it sent is not lost.
    pub(super) fn is_for_now(&self) -> bool {
        matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
    }

    /// The code of `google.rpc.Status`.
    const fn code(&self) -> i32 {
        match self.status {
            StatusCode::FORBIDDEN => 7,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => 12,
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS => 8,
            StatusCode::SERVICE_UNAVAILABLE => 14,
            StatusCode::INTERNAL_SERVER_ERROR => 13,
            _ => 3,
        }
    }
}

/// The answer to a request that was taken; what was not taken of it is called `rejected` in JSON.
pub(super) fn success(encoding: Encoding, rejected: &str, outcome: &Outcome) -> Answer {
    let count = i64::try_from(outcome.rejected).unwrap_or(i64::MAX);
    let is_partial = count > 0;
    let body = match encoding {
        Encoding::Protobuf => {
            let error_message = outcome.why.clone();
            let partial_success = is_partial.then_some(PartialSuccess { rejected: count, error_message });
            messages::Response { partial_success }.encode_to_vec()
        }
        // A 64-bit number is a text.
        Encoding::Json if is_partial => {
            let partial = json!({ rejected: count.to_string(), "errorMessage": outcome.why });
            json!({ "partialSuccess": partial }).to_string().into_bytes()
        }
        Encoding::Json => b"{}".to_vec(),
    };
    answer(StatusCode::OK, encoding, body)
}

/// The answer to a request that was not taken: `google.rpc.Status`.
pub(super) fn refused(refusal: &Refusal, encoding: Encoding) -> Answer {
    let (code, message) = (refusal.code(), refusal.why.clone());
    let body = match encoding {
        Encoding::Protobuf => RpcStatus { code, message }.encode_to_vec(),
        Encoding::Json => json!({ "code": code, "message": message }).to_string().into_bytes(),
    };
    let mut answer = answer(refusal.status, encoding, body);
    if refusal.is_for_now() {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if refusal.status == StatusCode::METHOD_NOT_ALLOWED {
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    }
    answer
}

fn answer(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(encoding.word()));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_come_again_is_told_when() {
        for (status, comes_again) in [
            (StatusCode::TOO_MANY_REQUESTS, true),
            (StatusCode::SERVICE_UNAVAILABLE, true),
            (StatusCode::BAD_REQUEST, false),
            (StatusCode::PAYLOAD_TOO_LARGE, false),
            (StatusCode::INTERNAL_SERVER_ERROR, false),
        ] {
            let refusal = Refusal::new(status, "why");
            let answer = refused(&refusal, Encoding::Protobuf);
            let has_time = answer.headers().contains_key(RETRY_AFTER);
            assert_eq!((answer.status(), has_time, refusal.is_for_now()), (status, comes_again, comes_again));
        }
    }
}
