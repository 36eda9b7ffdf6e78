//! Web pages that may send. A page can reach any address of this machine, so only those that are listed may; and a
//! browser sends what they want to only where the answers say so.
//!
//! Source: Fetch Standard, "CORS protocol".

use http_body_util::Full;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, HeaderMap, HeaderName,
    HeaderValue, ORIGIN, VARY,
};
use hyper::{Response, StatusCode};

use super::answer::Answer;

/// What a page is asked for before it reaches a machine of this network.
const REQUEST_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Whether a request is of no web page, or of one that may send.
pub(super) fn may_send(headers: &HeaderMap, origins: &[String]) -> bool {
    headers.get(ORIGIN).is_none_or(|origin| origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes()))
}

/// The answer to a browser that asks whether a page may send.
pub(super) fn preflight(headers: &HeaderMap) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let set = answer.headers_mut();
    set.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    // An exporter may have headers of its own; none of them is read.
    let wanted = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let usual = HeaderValue::from_static("content-type, content-encoding");
    set.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.unwrap_or(usual));
    set.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if headers.contains_key(REQUEST_PRIVATE_NETWORK) {
        set.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    answer
}

/// Lets a page that may send read the answer.
pub(super) fn allow(answer: &mut Answer, headers: &HeaderMap, origins: &[String]) {
    if let Some(origin) = headers.get(ORIGIN).filter(|_| may_send(headers, origins)) {
        let set = answer.headers_mut();
        set.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        set.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
        set.insert(VARY, HeaderValue::from_static("Origin"));
    }
}
