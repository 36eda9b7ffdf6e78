//! What an answer says that is no success, or not what was asked for.

use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::headers::retry_after;
use super::limited::refused_for_a_while;
use super::types::Response;
use crate::model::fault::{FetchError, Reason};

/// Refuses every answer but a success.
pub(super) fn check_status(response: &Response) -> Result<(), FetchError> {
    if response.status.is_success() {
        return Ok(());
    }
    if let Some(error) = refused_for_a_while(response) {
        return Err(error);
    }
    Err(refusal(response))
}

/// The error for a status code that is no success, with the server's own words if it has some.
pub fn refusal(response: &Response) -> FetchError {
    let code = response.status.as_u16();
    let canonical = response.status.canonical_reason().unwrap_or_default();
    let (general, remedy) = match code {
        401 | 403 => (format!("HTTP {code}"), "; check the source's auth"),
        _ => (canonical.to_owned(), ""),
    };
    let words = words(response).filter(|words| !words.eq_ignore_ascii_case(canonical));
    let detail = match words {
        Some(words) if general.is_empty() => words,
        Some(words) => format!("{general}: {words}{remedy}"),
        None => format!("{general}{remedy}"),
    };
    let mut error = FetchError::new(Reason::of_status(code), detail);
    error.retry_after = retry_after(&response.headers);
    error
}

/// Where GitHub, GitLab and Argo CD say why.
#[derive(Deserialize)]
struct Explained {
    message: Option<String>,
    error: Option<String>,
}

/// The longest sentence of a document that is repeated.
const LONGEST: usize = 200;

/// What a server explains a refusal with: the sentence of its document ("Resource not accessible by personal
/// access token"), or the first line of a body in plain text ("no org id").
fn words(response: &Response) -> Option<String> {
    explained(&response.body).or_else(|| first_line(response))
}

fn explained(body: &[u8]) -> Option<String> {
    let explained: Explained = serde_json::from_slice(body).ok()?;
    let words = explained.message.or(explained.error)?;
    let words = words.trim().trim_end_matches('.');
    (!words.is_empty() && words.len() <= LONGEST && !words.contains('\n')).then(|| words.to_owned())
}

fn first_line(response: &Response) -> Option<String> {
    let kind = content_type(response);
    if !kind.is_empty() && !kind.starts_with("text/plain") {
        return None;
    }
    let text = std::str::from_utf8(&response.body).ok()?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    (!line.starts_with(['<', '{', '['])).then(|| line.to_owned())
}

/// Refuses a web page where data was expected: the commonest "malformed feed" is a log-in form. What only
/// says that it is a page, and is JSON, is taken.
pub fn refuse_html(response: &Response) -> Result<(), FetchError> {
    let begin: String =
        String::from_utf8_lossy(response.body.get(..64).unwrap_or(&response.body)).trim_start().to_ascii_lowercase();
    let says_so = || content_type(response).starts_with("text/html");
    let is_json = || serde_json::from_slice::<IgnoredAny>(&response.body).is_ok();
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return Err(FetchError::new(Reason::Parse, "the answer is empty"));
    }
    if begin.starts_with("<!doctype html") || begin.starts_with("<html") || (says_so() && !is_json()) {
        return Err(FetchError::new(
            Reason::Parse,
            "the server answered with a web page, perhaps a log-in form; check the url and auth",
        ));
    }
    Ok(())
}

fn content_type(response: &Response) -> String {
    let value = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().trim_start().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::model::fault::AuthFault;

    fn response(code: u16, kind: &str, body: &str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        let status = StatusCode::from_u16(code).unwrap();
        Response { status, headers, body: body.as_bytes().to_vec(), certificate: None }
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server() {
        let told = |code, kind, body| refusal(&response(code, kind, body)).to_string();
        assert_eq!(
            told(401, "text/plain; charset=utf-8", "no org id\n"),
            "not authorised: HTTP 401: no org id; check the source's auth"
        );
        assert_eq!(told(500, "text/plain", "the disk is full"), "HTTP 500: Internal Server Error: the disk is full");
        let json = r#"{"message":"Resource not accessible by integration.","status":"403"}"#;
        assert_eq!(
            told(403, "application/json", json),
            "not authorised: HTTP 403: Resource not accessible by integration; check the source's auth"
        );
        assert_eq!(told(404, "application/json", r#"{"message":{"base":["no"]}}"#), "HTTP 404: Not Found");
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(LONGEST + 1));
        assert_eq!(told(404, "application/json", &long), "HTTP 404: Not Found");
        assert_eq!(told(404, "text/plain", "Not Found"), "HTTP 404: Not Found");
        assert_eq!(told(404, "text/html", "<html>a page</html>"), "HTTP 404: Not Found");
        assert_eq!(told(404, "text/plain", "<html>a page</html>"), "HTTP 404: Not Found");
    }

    #[test]
    fn a_refusal_keeps_which_status_it_was() {
        let reason = |code| refusal(&response(code, "text/plain", "HTTP 403: in words")).reason;
        assert_eq!(reason(401), Reason::Auth(AuthFault::Unauthorised), "whatever the server says");
        assert_eq!(reason(403), Reason::Auth(AuthFault::Forbidden));
        assert_eq!((reason(429), reason(404)), (Reason::RateLimited, Reason::Http(404)));
    }

    #[test]
    fn json_that_says_it_is_a_page_is_read_and_a_page_that_says_it_is_json_is_not() {
        let taken = |kind, body| refuse_html(&response(200, kind, body)).is_ok();
        assert!(taken("text/html; charset=utf-8", " {\"n\": 1}"));
        assert!(!taken("text/html", "<p>log in</p>") && !taken("text/html", "please log in"));
        assert!(!taken("application/json", "<!DOCTYPE html><html>") && !taken("application/json", " \n"));
        assert!(taken("application/json", "{"), "that it ends early is said by who reads it");
    }
}
