//! Lists that come page by page (RFC 8288, `Link: <...>; rel="next"`), as GitHub and GitLab write them.

use std::sync::Arc;

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{Document, Http};
use crate::model::fault::{FetchError, Reason};

impl Http {
    /// A list, page after page, at most so many pages; each is asked for only if it may have changed.
    /// `items` reads one page.
    pub async fn pages<T>(
        &self,
        url: &Url,
        accept: &str,
        deadline: Instant,
        most: usize,
        items: impl Fn(&Document) -> Result<Vec<T>, FetchError>,
    ) -> Result<Vec<T>, FetchError> {
        let mut all = Vec::new();
        let mut next = Some(url.clone());
        for _ in 0..most {
            let Some(url) = next else { break };
            let page = self.fetch_unless_known(&url, accept, deadline).await?;
            all.extend(items(&page)?);
            next = next_page(&page.headers, &url);
        }
        Ok(all)
    }
}

impl Document {
    /// Reads it as JSON of a shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, FetchError> {
        if self.body.trim_ascii_start().starts_with(b"<") {
            let detail = "the server answered with a web page, perhaps a log-in form; check the url and auth";
            return Err(FetchError::new(Reason::Parse, detail));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            match error.classify() {
                serde_json::error::Category::Eof => FetchError::new(Reason::Truncated, "the JSON ends early"),
                serde_json::error::Category::Data => {
                    FetchError::new(Reason::Parse, format!("JSON of another shape: {place}"))
                }
                _ => FetchError::new(Reason::Parse, format!("not JSON: {place}")),
            }
        })
    }

    /// A document of these bytes, without headers: for tests and fixtures.
    pub fn of(body: impl Into<Arc<[u8]>>) -> Self {
        Self { headers: HeaderMap::new(), body: body.into() }
    }
}

/// The address of the next page, at the server that was asked: behind a proxy it may know itself by another
/// name, and no credential goes elsewhere.
fn next_page(headers: &HeaderMap, from: &Url) -> Option<Url> {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let is_next = |link: &&str| {
        let quiet = link.replace([' ', '"'], "");
        quiet.split(';').skip(1).any(|parameter| parameter.eq_ignore_ascii_case("rel=next"))
    };
    let link = links.into_iter().find(is_next)?;
    let target = link.split_once('<')?.1.split_once('>')?.0;
    let told = from.join(target).ok()?;
    let mut next = from.clone();
    next.set_path(told.path());
    next.set_query(told.query());
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_and_never_elsewhere() {
        let from = Url::parse("https://api.test/repos?page=1").unwrap();
        let next = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, value.parse().unwrap());
            next_page(&headers, &from).map(|url| url.to_string())
        };
        let both = "<https://api.test/repos?page=9>; rel=\"last\", <https://api.test/repos?page=2>; rel=\"next\"";
        assert_eq!(next(both).as_deref(), Some("https://api.test/repos?page=2"));
        assert_eq!(next("<https://api.test/repos?page=1>; rel=\"prev\""), None);
        assert_eq!(
            next("<https://inner.test/repos?page=2>; rel=\"next\"").as_deref(),
            Some("https://api.test/repos?page=2")
        );
        assert_eq!(next("nonsense"), None);
    }
}
