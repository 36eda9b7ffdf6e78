//! What a browser asks for, and whether it may.

use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE, HOST, HeaderName, ORIGIN, TRANSFER_ENCODING};
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};

use super::access::Access;
use super::refusal::{Refusal, refusal};
use super::status::{self, StatusPart};
use crate::app::guard::{bearer, decoded, is_ours, parameter};
use crate::view::address::Address;
use crate::viewer::{Input, Key};

/// From where a page asks.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// A part of the page: its type, and its text.
    Page(&'static str, &'static str),
    /// A part of the status page, and the address by which it is asked for.
    Status { wanted: StatusPart, url: String },
    /// The board, where there is only a status page.
    StatusInstead,
    /// Who one is here, and whether a token says so.
    Session { audience: String, login: &'static str },
    /// A cookie for a token.
    Login { cookie: String },
    /// No cookie any more.
    Logout,
    /// The frames of a viewer.
    Stream { audience: String, size: (u16, u16), light: bool, address: Address },
    /// What somebody does at a viewer.
    Act { viewer: String, act: Act },
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Input(Input),
    Size((u16, u16)),
}

/// Reads a request; `hosts` are the names of this board.
pub(super) fn read<B>(request: &Request<B>, hosts: &[String], access: &Access) -> Result<Asked, Refusal> {
    use crate::output::web::{PAGE, SCRIPT, STYLE};
    let (headers, path) = (request.headers(), request.uri().path());
    let host = host_of(request, hosts)?;
    match path {
        "/" if access.is_status_only() => return Ok(Asked::StatusInstead),
        // A link from anywhere leads here: nothing of the board is in it.
        "/" => return Ok(Asked::Page("text/html; charset=utf-8", PAGE)),
        "/page.css" => return Ok(Asked::Page("text/css; charset=utf-8", STYLE)),
        "/page.js" => return Ok(Asked::Page("text/javascript; charset=utf-8", SCRIPT)),
        _ => {}
    }
    let is_https = is_https(headers);
    // Anybody may see it, other pages included: a badge is shown there.
    if let Some(wanted) = status::wanted(path) {
        return Ok(Asked::Status { wanted, url: status::url(host, hosts, is_https) });
    }
    if !is_from_here(headers, host) {
        return Err(refusal(StatusCode::FORBIDDEN, "other web pages may not ask the board"));
    }
    let token = headers.get(AUTHORIZATION).and_then(bearer);
    match path {
        "/login" => {
            let cookie = token.and_then(|token| access.cookie(token, is_https));
            return cookie
                .map(|cookie| Asked::Login { cookie })
                .ok_or_else(|| refusal(StatusCode::UNAUTHORIZED, "this is no token of this board"));
        }
        "/logout" => return Ok(Asked::Logout),
        _ => {}
    }
    let cookies = text(headers, COOKIE.as_str());
    let needed = || refusal(StatusCode::UNAUTHORIZED, "this board needs a token");
    let audience = access.audience(token, cookies).ok_or_else(needed)?.to_owned();
    match path {
        "/session" => Ok(Asked::Session { audience, login: access.login(cookies) }),
        "/stream" => {
            let size = parameter(request.uri(), "size").and_then(size);
            let size =
                size.ok_or_else(|| refusal(StatusCode::BAD_REQUEST, "?size=120x40 says how large the page is"))?;
            let address = Address::read(request.uri().query().unwrap_or_default());
            let light = parameter(request.uri(), "light") == Some("1");
            Ok(Asked::Stream { audience, size, light, address })
        }
        "/input" => input(request.uri()),
        _ => Err(refusal(StatusCode::NOT_FOUND, "there is nothing of this name")),
    }
}

/// The name by which the board is asked, where this is a request that it answers.
fn host_of<'a, B>(request: &'a Request<B>, hosts: &[String]) -> Result<&'a str, Refusal> {
    let headers = request.headers();
    if has_body(headers) {
        return Err(refusal(StatusCode::BAD_REQUEST, "the board is asked without a body"));
    }
    let is_head = request.method() == Method::HEAD && status::wanted(request.uri().path()).is_some();
    if request.method() != Method::GET && !is_head {
        return Err(refusal(StatusCode::METHOD_NOT_ALLOWED, "the board is looked at with GET"));
    }
    // A web page that has taken over a name (DNS rebinding) asks for that name.
    let host = only(headers, &HOST).unwrap_or_default();
    if request.uri().authority().is_some_and(|name| !name.as_str().eq_ignore_ascii_case(host)) {
        return Err(refusal(StatusCode::BAD_REQUEST, "the address names another host than 'Host'"));
    }
    if !is_ours(host, hosts) {
        let why = format!("the board is not '{host}'; [web] hosts = [...] lists the names that it has");
        return Err(refusal(StatusCode::FORBIDDEN, why));
    }
    Ok(host)
}

/// Whether a proxy was asked over TLS: of several the first, which the browser has spoken to.
fn is_https(headers: &HeaderMap) -> bool {
    let first = text(headers, "x-forwarded-proto").and_then(|all| all.split(',').next());
    first.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

/// What somebody does at a viewer.
fn input(uri: &Uri) -> Result<Asked, Refusal> {
    let query = |key: &str| parameter(uri, key);
    let viewer = query("viewer").unwrap_or_default().to_owned();
    let act = query("key").and_then(|key| self::key(&decoded(key))).map(|key| Act::Input(Input::Key(key)));
    let act = act.or_else(|| query("click").and_then(size).map(|(x, y)| Act::Input(Input::Click(x, y))));
    let act = act.or_else(|| query("size").and_then(size).map(Act::Size));
    let act = act.ok_or_else(|| refusal(StatusCode::BAD_REQUEST, "there are key, click and size"))?;
    Ok(Asked::Act { viewer, act })
}

/// Whether a request is made by the page of this board, or by no page at all. Source: Fetch Metadata Request Headers
/// (`Sec-Fetch-Site`); RFC 6454 (`Origin`).
fn is_from_here(headers: &HeaderMap, host: &str) -> bool {
    let is_all = |name: &HeaderName, holds: &dyn Fn(&str) -> bool| {
        headers.get_all(name).iter().all(|value| value.to_str().is_ok_and(holds))
    };
    is_all(&SEC_FETCH_SITE, &|site| site == "same-origin" || site == "none")
        && is_all(&ORIGIN, &|origin| origin.split_once("://").is_some_and(|(_, name)| name.eq_ignore_ascii_case(host)))
}

/// Whether something follows the head. Nothing that is asked here has a body; where one begins and ends, a proxy may see
/// otherwise than this server.
fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0")
}

/// A header that stands there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    all.next().filter(|_| all.next().is_none())?.to_str().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// "120x40".
fn size(text: &str) -> Option<(u16, u16)> {
    let (columns, rows) = text.split_once('x')?;
    Some((columns.parse().ok()?, rows.parse().ok()?))
}

/// A key by its name; a character as `char:é`.
fn key(name: &str) -> Option<Key> {
    if let Some(character) = name.strip_prefix("char:") {
        let mut all = character.chars();
        return all.next().filter(|one| all.next().is_none() && !one.is_control()).map(Key::Char);
    }
    Some(match name {
        "enter" => Key::Enter,
        "esc" => Key::Esc,
        "backspace" => Key::Backspace,
        "tab" => Key::Tab,
        "backtab" => Key::BackTab,
        "up" => Key::Up,
        "down" => Key::Down,
        "left" => Key::Left,
        "right" => Key::Right,
        _ => return None,
    })
}
