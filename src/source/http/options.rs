//! The keys that every source speaking HTTP takes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::auth::{Auth, Secret, header_name};
use crate::source::tls::TlsOptions;

/// Headers that the client sets, or that would change what an answer means.
const OWN: [&str; 17] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "keep-alive",
    "range",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// The keys that every source speaking HTTP takes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpOptions {
    /// Who we are: `{ bearer = ... }`, `{ basic = { username, password } }`, `{ header = { name, value } }`.
    pub auth: Option<Auth>,
    /// More headers, each a text or a secret by reference: `{ "X-Scope-OrgID" = "team" }`.
    pub headers: BTreeMap<String, Secret>,
    /// Whom we trust: `{ ca_file, client_cert, client_key }`.
    pub tls: TlsOptions,
    /// Largest answer taken, in bytes (default 8 MiB).
    pub max_body: Option<usize>,
}

impl HttpOptions {
    /// What is wrong with the headers: the keys that lead there, what it is, and what to do.
    pub fn wrong_headers(&self) -> Vec<(Vec<&str>, String, String)> {
        let of_auth = match &self.auth {
            Some(Auth::Header(header)) => Some(header.name.as_str()),
            _ => None,
        };
        let mut wrong: Vec<_> = of_auth.into_iter().filter_map(|name| wrong_header(vec!["auth"], name)).collect();
        let mut seen: Vec<String> = of_auth.into_iter().map(str::to_ascii_lowercase).collect();
        for name in self.headers.keys() {
            let path = vec!["headers", name.as_str()];
            if name.eq_ignore_ascii_case("authorization") {
                let help = "use auth = { bearer = ... }, { basic = ... } or { header = { name, value } }".to_owned();
                wrong.push((path, "this header belongs to auth".to_owned(), help));
            } else if seen.contains(&name.to_ascii_lowercase()) {
                wrong.push((path, format!("the header '{name}' is given twice"), "give it once".to_owned()));
            } else {
                wrong.extend(wrong_header(path, name));
            }
            seen.push(name.to_ascii_lowercase());
        }
        wrong
    }
}

fn wrong_header<'a>(path: Vec<&'a str>, name: &str) -> Option<(Vec<&'a str>, String, String)> {
    if header_name(name).is_err() {
        let help = "a header's name has letters, digits and -, such as X-Scope-OrgID".to_owned();
        return Some((path, format!("'{name}' is not a header name"), help));
    }
    let lower = name.to_ascii_lowercase();
    let is_own = OWN.contains(&lower.as_str()) || lower.starts_with("proxy-");
    is_own.then(|| (path, format!("andon sets the header '{name}' itself"), "take it away".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_our_own_and_doubles_are_refused_and_others_taken() {
        let wrong = |toml: serde_json::Value| -> Vec<String> {
            let options: HttpOptions = serde_json::from_value(toml).unwrap();
            options.wrong_headers().into_iter().map(|(path, what, _)| format!("{}: {what}", path.join("."))).collect()
        };
        let headers = |names: &[&str]| {
            let all: BTreeMap<&str, &str> = names.iter().map(|name| (*name, "x")).collect();
            serde_json::json!({ "headers": all })
        };
        assert!(wrong(headers(&["X-Scope-OrgID", "Cookie", "X-Api-Key"])).is_empty());
        for own in ["Host", "content-length", "Transfer-Encoding", "Range", "Proxy-Authorization", "Accept-Encoding"] {
            assert_eq!(wrong(headers(&[own])), [format!("headers.{own}: andon sets the header '{own}' itself")]);
        }
        assert_eq!(wrong(headers(&["Authorization"])), ["headers.Authorization: this header belongs to auth"]);
        assert_eq!(wrong(headers(&["a b"])), ["headers.a b: 'a b' is not a header name"]);
        assert_eq!(wrong(headers(&["X-A", "x-a"])), ["headers.x-a: the header 'x-a' is given twice"]);
        let of_auth = |name: &str| serde_json::json!({ "auth": { "header": { "name": name, "value": "x" } } });
        assert!(wrong(of_auth("Authorization")).is_empty(), "some servers have a scheme of their own");
        assert_eq!(wrong(of_auth("Host")), ["auth: andon sets the header 'Host' itself"]);
    }
}
