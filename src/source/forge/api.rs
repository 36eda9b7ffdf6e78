//! A REST API, asked only while the poll's budget lasts.

use std::sync::Arc;

use reqwest::Url;
use serde::de::DeserializeOwned;

use super::budget::PollBudget;
use crate::model::fault::{FetchError, Reason};
use crate::source::contract::{Context, Moment};
use crate::source::http::{Document, Http, parse_url};

/// The API of one server.
#[derive(Debug)]
pub(crate) struct Api {
    http: Arc<Http>,
    base: Url,
    accept: &'static str,
    budget: PollBudget,
}

impl Api {
    /// That below an address; `below` is the path to it, such as `api`, `v4`. Asks nobody.
    pub(crate) fn open(url: &str, below: &[&str], accept: &'static str, context: &Context) -> Result<Self, FetchError> {
        let base = extended(parse_url(url)?, below)?;
        Ok(Self { http: context.http()?, base, accept, budget: PollBudget::of_polls(context.pace.timeout) })
    }

    /// What a poll may spend on it.
    pub(crate) const fn budget(&self) -> PollBudget {
        self.budget
    }

    /// The address of something. Each segment is encoded as one, with its slashes: `group%2Fshop`.
    pub(crate) fn address(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, FetchError> {
        address(&self.base, path, query)
    }

    /// One answer.
    pub(crate) async fn get<T: DeserializeOwned>(&self, url: &Url, moment: Moment) -> Result<T, FetchError> {
        self.fetch(url, moment).await?.json()
    }

    /// The same at a path.
    pub(crate) async fn object<T: DeserializeOwned>(&self, path: &[&str], moment: Moment) -> Result<T, FetchError> {
        self.get(&self.address(path, &[])?, moment).await
    }

    /// A list at a path, at most so many pages of it.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        most: usize,
        moment: Moment,
    ) -> Result<Vec<T>, FetchError> {
        self.pages(&self.address(path, query)?, most, moment, Document::json::<Vec<T>>).await
    }

    /// A list, at most so many pages of it; `read` reads one.
    pub(crate) async fn pages<T>(
        &self,
        url: &Url,
        most: usize,
        moment: Moment,
        read: fn(&Document) -> Result<Vec<T>, FetchError>,
    ) -> Result<Vec<T>, FetchError> {
        let mut all = Vec::new();
        let mut next = Some(url.clone());
        for _ in 0..most {
            let Some(url) = next else { break };
            let page = self.fetch(&url, moment).await?;
            all.extend(read(&page)?);
            next = page.next_page(&url);
        }
        Ok(all)
    }

    async fn fetch(&self, url: &Url, moment: Moment) -> Result<Document, FetchError> {
        self.budget.permit(&self.http, moment)?;
        self.http.fetch_unless_known(url, self.accept, moment.deadline).await
    }
}

fn address(base: &Url, path: &[&str], query: &[(&str, &str)]) -> Result<Url, FetchError> {
    let mut url = extended(base.clone(), path)?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

fn extended(mut url: Url, path: &[&str]) -> Result<Url, FetchError> {
    url.path_segments_mut().map_err(|()| FetchError::from(Reason::Internal))?.pop_if_empty().extend(path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_the_path_of_the_server_and_let_no_name_out_of_its_segment() {
        for (base, below, path, query, expected) in [
            (
                "https://gitlab.com",
                &["api", "v4"][..],
                "a/b",
                ("ref", "x/y"),
                "https://gitlab.com/api/v4/projects/a%2Fb?ref=x%2Fy",
            ),
            (
                "https://x.test/gitlab/",
                &["api", "v4"],
                "a/b",
                ("ref", "a b&c"),
                "https://x.test/gitlab/api/v4/projects/a%2Fb?ref=a+b%26c",
            ),
            (
                "https://x.test/api/v3/",
                &[],
                "x/../y?z",
                ("n", "1"),
                "https://x.test/api/v3/projects/x%2F..%2Fy%3Fz?n=1",
            ),
        ] {
            let base = extended(Url::parse(base).unwrap(), below).unwrap();
            assert_eq!(address(&base, &["projects", path], &[query]).unwrap().as_str(), expected);
        }
        let base = Url::parse("https://x.test").unwrap();
        assert_eq!(address(&base, &["user"], &[]).unwrap().as_str(), "https://x.test/user", "no query");
    }
}
