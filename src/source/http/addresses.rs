//! Addresses: which are taken, and what of them is shown.

use reqwest::Url;

use crate::model::fault::{FetchError, Reason};
use crate::model::text::SafeText;

/// Host and port of an address.
pub(super) fn authority(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0))
}

/// Reads an address; only http and https are taken, and no credentials inside it.
pub fn parse_url(url: &str) -> Result<Url, FetchError> {
    let wrong = |detail: &str| FetchError::new(Reason::Parse, detail);
    let parsed = Url::parse(url).map_err(|e| wrong(&format!("not a URL: {e}")))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(wrong("not an http or https URL"));
    }
    if parsed.host_str().is_none_or(str::is_empty) {
        return Err(wrong("the URL has no host"));
    }
    Ok(parsed)
}

/// A link that may be shown: http or https.
pub fn link(text: Option<&str>) -> Option<SafeText> {
    parse_url(text?).ok().map(|url| SafeText::new(url.as_str()))
}

/// Whether an address is of this machine itself: then no proxy is asked.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Scheme, host and port of an address: what may be shown of it.
pub fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
