//! What a request asks for, and whether it may.

use hyper::header::{AUTHORIZATION, HOST, ORIGIN};
use hyper::{Method, Request, StatusCode, Uri};

use crate::app::guard::{bearer, decoded, is_ours, is_same, parameter};
use crate::config::board::Api;
use crate::model::time::Timestamp;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// Whether the board is alive.
    Health,
    /// What the hub knows.
    Look(Wanted),
}

/// What is wanted of the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Metrics,
    Status,
    Series { name: String, range: Range },
    Events { range: Range },
}

/// From when on, and until when.
pub(super) type Range = (Option<Timestamp>, Option<Timestamp>);

/// Why it is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) why: String,
}

fn refusal(status: StatusCode, why: impl Into<String>) -> Refusal {
    Refusal { status, why: why.into() }
}

/// Reads a request; whether it comes from this machine.
pub(super) fn read<B>(request: &Request<B>, is_local: bool, api: &Api, token: Option<&str>) -> Result<Asked, Refusal> {
    if request.method() != Method::GET {
        return Err(refusal(StatusCode::METHOD_NOT_ALLOWED, "the board is asked with GET"));
    }
    let headers = request.headers();
    // A web page that has taken over a name (DNS rebinding) asks for that name; one of another origin says so.
    match headers.get(HOST).map(|host| host.to_str().unwrap_or_default()) {
        // HTTP/1.0 knows no names; no browser of today speaks it.
        None if is_local => {}
        Some(host) if is_ours(host, &api.hosts) => {}
        host => {
            let host = host.unwrap_or_default();
            let why = format!("the board is not '{host}'; hosts = [...] lists the names that it has");
            return Err(refusal(StatusCode::FORBIDDEN, why));
        }
    }
    if headers.contains_key(ORIGIN) {
        return Err(refusal(StatusCode::FORBIDDEN, "web pages may not ask the board"));
    }
    let asked = route(request.uri())?;
    // Whether it is alive anybody may know.
    if let Some(token) = token.filter(|_| asked != Asked::Health) {
        let given = headers.get(AUTHORIZATION).and_then(bearer).unwrap_or_default();
        if !is_same(given, token.as_bytes()) {
            return Err(refusal(StatusCode::UNAUTHORIZED, "a token is needed: Authorization: Bearer ..."));
        }
    }
    Ok(asked)
}

fn route(uri: &Uri) -> Result<Asked, Refusal> {
    let range = (moment(uri, "from")?, moment(uri, "to")?);
    Ok(Asked::Look(match uri.path() {
        "/healthz" => return Ok(Asked::Health),
        "/metrics" => Wanted::Metrics,
        "/api/v1/status" => Wanted::Status,
        "/api/v1/events" => Wanted::Events { range },
        "/api/v1/series" => match parameter(uri, "name").map(|name| decoded(&name.replace('+', " "))) {
            Some(name) if !name.is_empty() => Wanted::Series { name, range },
            _ => return Err(refusal(StatusCode::BAD_REQUEST, "?name=... says which panel or source")),
        },
        _ => {
            let why = "there are /healthz, /metrics, /api/v1/status, /api/v1/series and /api/v1/events";
            return Err(refusal(StatusCode::NOT_FOUND, why));
        }
    }))
}

/// RFC 3339, or seconds since 1970. A '+' is the sign of an offset, and no blank.
fn moment(uri: &Uri, key: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = parameter(uri, key).map(decoded) else { return Ok(None) };
    let read = Timestamp::of_rfc3339(Some(&text)).or_else(|| Timestamp::from_seconds(text.parse().ok()?));
    let why = || format!("{key}={text} is no time; write it like 2026-11-30T14:00:00Z, or as seconds since 1970");
    read.map(Some).ok_or_else(|| refusal(StatusCode::BAD_REQUEST, why()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: [(&str, &str); 2] = [("host", "localhost:7668"), ("authorization", "Bearer secret")];

    /// What is asked for with these headers, from this machine or not.
    fn asked_by(is_local: bool, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Asked, u16> {
        let listen = "127.0.0.1:7668".parse().unwrap();
        let api = Api { listen, token: None, hosts: vec!["board.example.com".to_owned()] };
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let read = read(&request.body(()).unwrap(), is_local, &api, Some("secret"));
        read.map_err(|refusal| refusal.status.as_u16())
    }

    /// The same from this machine, with other headers or more.
    fn asked(method: &str, path: &str, other: &[(&str, &str)]) -> Result<Asked, u16> {
        let is_as_usual = |one: &&(&str, &str)| other.iter().all(|(name, _)| *name != one.0);
        let headers: Vec<_> = HEADERS.iter().filter(is_as_usual).chain(other).copied().collect();
        asked_by(true, method, path, &headers)
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
            (403, "GET", "/metrics", &[("origin", "http://localhost:7668")]),
            (401, "GET", "/metrics", &[("authorization", "Bearer secreT")]),
            (401, "GET", "/metrics", &[("authorization", "Basic secret")]),
            (401, "GET", "/metrics", &[("authorization", "Bearersecret")]),
            (200, "GET", "/metrics", &[("authorization", "bearer secret")]),
            (200, "GET", "/metrics", &[("authorization", "BEARER  secret")]),
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
    fn an_address_is_a_name_of_the_board_and_on_this_machine_so_is_none() {
        for (host, is_ours) in [
            ("10.1.2.3:7668", true),
            ("192.168.7.1", true),
            ("[::1]:7668", true),
            ("[2001:db8::7]", true),
            ("localhost", true),
            ("10.1.2.3.example.com", false),
            ("10.1.2.3:", false),
            ("localhost.example.com:7668", false),
        ] {
            assert_eq!(asked("GET", "/healthz", &[("host", host)]).is_ok(), is_ours, "{host}");
        }
        assert_eq!(asked_by(true, "GET", "/healthz", &[]), Ok(Asked::Health));
        assert_eq!(asked_by(false, "GET", "/healthz", &[]), Err(403));
        assert_eq!(asked_by(false, "GET", "/metrics", &HEADERS), Ok(Asked::Look(Wanted::Metrics)));
    }

    #[test]
    fn parameters_are_read() {
        let moment = Some(Timestamp(1_795_996_800_000));
        let wanted = Wanted::Series { name: "shop/orders a".to_owned(), range: (moment, moment) };
        for time in ["2026-11-30T00:00:00Z", "2026-11-30T01:00:00+01:00", "2026-11-30T01:00:00%2B01:00", "1795996800"] {
            let path = format!("/api/v1/series?name=shop%2Forders+a&from={time}&to=1795996800");
            assert_eq!(asked("GET", &path, &[]), Ok(Asked::Look(wanted.clone())), "{time}");
        }
    }
}
