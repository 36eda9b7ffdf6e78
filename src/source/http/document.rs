//! What is in a document: JSON of a shape, and where the next page of its list is.

use std::sync::Arc;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use super::{Document, link_header};
use crate::model::fault::{FetchError, Reason};

impl Document {
    /// Reads it as JSON of a shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, FetchError> {
        if self.body.trim_ascii_start().starts_with(b"<") {
            let detail = "the server answered with a web page, perhaps a log-in form; check the url and auth";
            return Err(FetchError::new(Reason::Parse, detail));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            let location = format!("line {}, column {}", error.line(), error.column());
            match error.classify() {
                serde_json::error::Category::Eof => FetchError::new(Reason::Truncated, "the JSON ends early"),
                serde_json::error::Category::Data => {
                    FetchError::new(Reason::Parse, format!("JSON of another shape: {location}"))
                }
                _ => FetchError::new(Reason::Parse, format!("not JSON: {location}")),
            }
        })
    }

    /// The address of the page after this one, which `from` answered with: at the server that was asked. Behind a
    /// proxy it may know itself by another name, and no credential goes elsewhere.
    pub fn next_page(&self, from: &Url) -> Option<Url> {
        let target = from.join(link_header::target(&self.headers, "next")?).ok()?;
        let mut next = from.clone();
        next.set_path(target.path());
        next.set_query(target.query());
        Some(next)
    }

    /// A document of these bytes, without headers: for tests and fixtures.
    pub fn from_body(body: impl Into<Arc<[u8]>>) -> Self {
        Self { headers: HeaderMap::new(), body: body.into() }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::LINK;

    use super::*;

    #[test]
    fn the_next_page_is_found_and_never_elsewhere() {
        let from = Url::parse("https://api.test/repos?page=1").unwrap();
        let next = |value: &str| {
            let mut page = Document::from_body(Vec::new());
            page.headers.insert(LINK, value.parse().unwrap());
            page.next_page(&from).map(|url| url.to_string())
        };
        for at in ["https://api.test", "https://inner.test", "http://api.test:8080", ""] {
            let value = format!("<{at}/repos?ids=1,2&page=2>; rel=\"next\"");
            assert_eq!(next(&value).as_deref(), Some("https://api.test/repos?ids=1,2&page=2"), "{value}");
        }
        assert_eq!(next("</repos?page=1>; rel=\"prev\""), None);
        assert_eq!(next("<https://>; rel=\"next\""), None, "no address");
    }
}
