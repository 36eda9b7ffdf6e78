//! What a request asks for, and whether it may.

use hyper::header::{AUTHORIZATION, HOST, HeaderMap, ORIGIN};
use hyper::{Method, StatusCode, Uri};
use percent_encoding::percent_decode_str;

use crate::config::board::Api;
use crate::model::time::Timestamp;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Health,
    Metrics,
    Status,
    Series { name: String, from: Option<Timestamp>, to: Option<Timestamp> },
    Events { from: Option<Timestamp>, to: Option<Timestamp> },
}

/// Why it is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) why: String,
}

fn refusal(status: StatusCode, why: impl Into<String>) -> Refusal {
    Refusal { status, why: why.into() }
}

/// Reads a request.
pub(super) fn read(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    (api, token): (&Api, Option<&str>),
) -> Result<Asked, Refusal> {
    if method != Method::GET {
        return Err(refusal(StatusCode::METHOD_NOT_ALLOWED, "the board is asked with GET"));
    }
    // A web page that has taken over a name (DNS rebinding) asks for that name; one of another origin says so.
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_ours(host, api) {
        let why = format!("the board is not '{host}'; hosts = [...] lists the names that it has");
        return Err(refusal(StatusCode::FORBIDDEN, why));
    }
    if headers.contains_key(ORIGIN) {
        return Err(refusal(StatusCode::FORBIDDEN, "web pages may not ask the board"));
    }
    let asked = route(uri)?;
    // Whether it is alive anybody may know.
    if let Some(token) = token.filter(|_| asked != Asked::Health) {
        let given = headers.get(AUTHORIZATION).map_or(&[][..], |given| given.as_bytes());
        if !is_same(given, format!("Bearer {token}").as_bytes()) {
            return Err(refusal(StatusCode::UNAUTHORIZED, "a token is needed: Authorization: Bearer ..."));
        }
    }
    Ok(asked)
}

/// Whether a `Host` is one of this board: its address, this machine, or a name that is listed.
fn is_ours(host: &str, api: &Api) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip == api.listen.ip());
    is_loopback || api.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(name))
}

/// Takes as long wherever they differ.
fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    given.len() == wanted.len() && given.iter().zip(wanted).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

fn route(uri: &Uri) -> Result<Asked, Refusal> {
    let (from, to) = (moment(uri, "from")?, moment(uri, "to")?);
    match uri.path() {
        "/healthz" => Ok(Asked::Health),
        "/metrics" => Ok(Asked::Metrics),
        "/api/v1/status" => Ok(Asked::Status),
        "/api/v1/events" => Ok(Asked::Events { from, to }),
        "/api/v1/series" => match parameter(uri, "name") {
            Some(name) if !name.is_empty() => Ok(Asked::Series { name, from, to }),
            _ => Err(refusal(StatusCode::BAD_REQUEST, "?name=... says which panel or source")),
        },
        _ => {
            let why = "there are /healthz, /metrics, /api/v1/status, /api/v1/series and /api/v1/events";
            Err(refusal(StatusCode::NOT_FOUND, why))
        }
    }
}

fn parameter(uri: &Uri, key: &str) -> Option<String> {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(name, _)| *name == key).map(|(_, value)| value).next()?;
    Some(percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
}

/// RFC 3339, or seconds since 1970.
fn moment(uri: &Uri, key: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = parameter(uri, key) else { return Ok(None) };
    let read = Timestamp::of_rfc3339(Some(&text)).or_else(|| Timestamp::from_seconds(text.parse().ok()?));
    let why = || format!("{key}={text} is no time; write it like 2026-11-30T14:00:00Z, or as seconds since 1970");
    read.map(Some).ok_or_else(|| refusal(StatusCode::BAD_REQUEST, why()))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn asked(method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Asked, u16> {
        let api =
            Api { listen: "127.0.0.1:7668".parse().unwrap(), token: None, hosts: vec!["board.example.com".to_owned()] };
        let mut all = HeaderMap::new();
        for (name, value) in [("host", "localhost:7668"), ("authorization", "Bearer secret")].iter().chain(headers) {
            all.insert(hyper::header::HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        let read = read(&method.parse().unwrap(), &path.parse().unwrap(), &all, (&api, Some("secret")));
        read.map_err(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn a_request_is_answered_only_when_it_may_be() {
        for (status, method, path, headers) in [
            (200, "GET", "/metrics", &[][..]),
            (405, "POST", "/metrics", &[]),
            (404, "GET", "/", &[]),
            (403, "GET", "/metrics", &[("host", "evil.example.com")]),
            (403, "GET", "/metrics", &[("host", "")]),
            (200, "GET", "/metrics", &[("host", "Board.example.com:7668")]),
            (200, "GET", "/metrics", &[("host", "[::1]:7668")]),
            (403, "GET", "/metrics", &[("origin", "http://localhost:7668")]),
            (401, "GET", "/metrics", &[("authorization", "Bearer secreT")]),
            (401, "GET", "/api/v1/status", &[("authorization", "")]),
            (200, "GET", "/healthz", &[("authorization", "")]),
            (400, "GET", "/api/v1/series", &[]),
            (400, "GET", "/api/v1/events?from=yesterday", &[]),
        ] {
            let is = asked(method, path, headers).map_or_else(|status| status, |_| 200);
            assert_eq!(is, status, "{method} {path} {headers:?}");
        }
    }

    #[test]
    fn parameters_are_read() {
        let series = asked("GET", "/api/v1/series?name=shop%2Forders+a&from=2026-11-30T00:00:00Z&to=1795996800", &[]);
        let (from, to) = (Some(Timestamp(1_795_996_800_000)), Some(Timestamp(1_795_996_800_000)));
        assert_eq!(series, Ok(Asked::Series { name: "shop/orders a".to_owned(), from, to }));
    }
}
