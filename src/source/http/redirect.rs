//! Where a redirect leads. It is followed to the same origin only: no credential ever reaches another one.

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{StatusCode, Url};

use super::addresses::origin;
use crate::model::fault::{FetchError, Reason};

/// Where a redirect leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To an address of the same origin.
    Here(Url),
    /// To another origin.
    Elsewhere(Url),
    /// To no address at all, and why not.
    Nowhere(&'static str),
}

impl Target {
    /// Reads it from the headers of an answer of `from`.
    pub(super) fn of(from: &Url, headers: &HeaderMap) -> Self {
        let Some(location) = headers.get(LOCATION).and_then(|value| value.to_str().ok()) else {
            return Self::Nowhere("a redirect without an address");
        };
        match from.join(location) {
            Ok(target) if target.origin() == from.origin() => Self::Here(target),
            Ok(target) if matches!(target.scheme(), "http" | "https") => Self::Elsewhere(target),
            _ => Self::Nowhere("a redirect to no web address"),
        }
    }

    /// The address to ask next.
    pub(super) fn follow(self) -> Result<Url, FetchError> {
        match self {
            Self::Here(url) => Ok(url),
            Self::Elsewhere(url) => {
                let detail = format!("to {}; set the source's url to where it should ask", origin(&url));
                Err(FetchError::new(Reason::RedirectBlocked, detail))
            }
            Self::Nowhere(why) => Err(FetchError::new(Reason::RedirectBlocked, why)),
        }
    }
}

/// Whether the answer is somewhere else.
pub(super) fn leads_on(status: StatusCode) -> bool {
    status.is_redirection() && status != StatusCode::NOT_MODIFIED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_origin_is_followed() {
        let from = Url::parse("http://a.test:8080/x").unwrap();
        let mut headers = HeaderMap::new();
        assert!(matches!(Target::of(&from, &headers), Target::Nowhere(_)));
        headers.insert(LOCATION, "/y".parse().unwrap());
        assert_eq!(Target::of(&from, &headers).follow().unwrap().as_str(), "http://a.test:8080/y");
        for elsewhere in ["http://a.test/y", "https://a.test:8080/y", "http://b.test:8080/"] {
            headers.insert(LOCATION, elsewhere.parse().unwrap());
            assert!(matches!(Target::of(&from, &headers), Target::Elsewhere(_)), "{elsewhere}");
            assert_eq!(Target::of(&from, &headers).follow().unwrap_err().reason, Reason::RedirectBlocked);
        }
        for nowhere in ["file:///etc/passwd", "http://", "javascript:alert(1)"] {
            headers.insert(LOCATION, nowhere.parse().unwrap());
            assert!(matches!(Target::of(&from, &headers), Target::Nowhere(_)), "{nowhere}");
            assert_eq!(Target::of(&from, &headers).follow().unwrap_err().reason, Reason::RedirectBlocked);
        }
    }
}
