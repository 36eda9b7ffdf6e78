//! What all GitLab sources share: addresses and lists, the rate limit, what errors mean, and the words
//! of a status.
//!
//! Source: GitLab, "REST API" (namespaced paths, pagination by `Link`), "Rate limits" (`RateLimit-*`),
//! "Pipelines API" and "Jobs API" (status values).

use std::collections::HashSet;
use std::sync::Arc;

use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::model::build::{Activity, BuildResult};
use crate::model::fault::{AuthFault, FetchError, Phase, Reason};
use crate::model::people::name_of;
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::source::gaps::Gaps;
use crate::source::http::{Document, Http, parse_url};
use crate::source::progress::has_room;
use crate::source::contract::{Context, Moment};

/// The part of a poll's time that is left for what comes after the projects.
const AFTERWARDS: f64 = 0.3;
const JSON: &str = "application/json";

/// The public service.
pub(crate) fn default_url() -> String {
    "https://gitlab.com".to_owned()
}

/// One GitLab server.
#[derive(Debug)]
pub(crate) struct Api {
    http: Arc<Http>,
    base: Url,
    /// How long a poll may take.
    whole: Span,
}

impl Api {
    /// No network.
    pub(crate) fn open(url: &str, context: &Context) -> Result<Self, FetchError> {
        Ok(Self { http: context.http()?, base: parse_url(url)?, whole: context.pace.timeout })
    }

    /// One thing.
    pub(crate) async fn one<T: DeserializeOwned>(&self, path: &[&str], moment: Moment) -> Result<T, FetchError> {
        self.may_ask(moment)?;
        let url = address(&self.base, path, &[]);
        self.http.fetch_unless_known(&url, JSON, moment.deadline).await?.json()
    }

    /// A list, page after page, at most so many.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        most_pages: usize,
        moment: Moment,
    ) -> Result<Vec<T>, FetchError> {
        self.may_ask(moment)?;
        let url = address(&self.base, path, query);
        self.http.pages(&url, JSON, moment.deadline, most_pages, Document::json::<Vec<T>>).await
    }

    /// The same moment with a nearer deadline: some of the time is left for what comes afterwards.
    pub(crate) fn early(&self, moment: Moment) -> Moment {
        let afterwards = self.whole.times(AFTERWARDS).duration();
        Moment { deadline: moment.deadline.checked_sub(afterwards).unwrap_or(moment.deadline), ..moment }
    }

    /// Whether another request may be made: the server would answer it, and there is time left for it.
    fn may_ask(&self, moment: Moment) -> Result<(), FetchError> {
        self.http.permit(moment.now)?;
        if has_room(moment.deadline.saturating_duration_since(Instant::now()), self.whole) {
            return Ok(());
        }
        Err(FetchError::new(Reason::Timeout(Phase::Run), "a longer refresh or timeout helps"))
    }
}

/// An address under `/api/v4`. Each segment is encoded as one, with its slashes: `group%2Fshop`.
fn address(base: &Url, path: &[&str], query: &[(&str, &str)]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["api", "v4"]).extend(path);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}

/// Whether nothing was asked for, because the time of the poll has nearly run out.
pub(crate) fn is_out_of_time(error: &FetchError) -> bool {
    error.reason == Reason::Timeout(Phase::Run)
}

/// Whether an error is about the one thing that was asked for, not about the server or our right to ask.
pub(crate) fn is_about_one(error: &FetchError) -> bool {
    matches!(error.reason, Reason::Http(400..=501) | Reason::Parse | Reason::TooLarge) || is_forbidden(error)
}

/// Whether it was a 403: the answer for a project whose CI/CD or environments are switched off.
pub(crate) fn is_forbidden(error: &FetchError) -> bool {
    error.reason == Reason::Auth(AuthFault::Forbidden)
}

/// What an error about one project means, in words for the board.
pub(crate) fn meaning(error: &FetchError) -> String {
    match error.reason {
        Reason::Http(404) => "not found: renamed, deleted, or not allowed".to_owned(),
        Reason::Auth(AuthFault::Forbidden) => "HTTP 403: not allowed, or switched off there".to_owned(),
        _ => error.to_string(),
    }
}

/// The error with the name of what it is about.
pub(crate) fn naming(error: FetchError, what: &str) -> FetchError {
    match error.reason {
        Reason::Http(404) | Reason::Auth(AuthFault::Forbidden) => {
            FetchError::new(error.reason, format!("{what}: {}", meaning(&error)))
        }
        reason if is_about_one(&error) => FetchError::new(reason, format!("{what}: {}", error.detail)),
        _ => error,
    }
}

/// Those of whom nothing is to be had: each is said once in the log, and takes nothing from the others.
#[derive(Debug, Default)]
pub(crate) struct Missing(HashSet<String>);

impl Missing {
    /// Takes what came of asking for one: what was told, or that nothing is to be had of it. An error that
    /// is about more than the one stays one.
    pub(crate) fn take<T>(
        &mut self,
        what: &str,
        came: Result<T, FetchError>,
    ) -> Result<Result<T, FetchError>, FetchError> {
        match came {
            Ok(told) => {
                self.0.remove(what);
                Ok(Ok(told))
            }
            Err(error) if is_about_one(&error) => {
                let error = naming(error, what);
                if self.0.insert(what.to_owned()) {
                    tracing::warn!("{}", error.detail);
                }
                Ok(Err(error))
            }
            Err(error) => Err(error),
        }
    }
}

/// The parts of an answer of whom nothing is to be had, by the names of all.
pub(crate) fn gaps<'a, T: 'a>(all: impl Iterator<Item = (&'a str, &'a Result<T, FetchError>)>) -> Gaps {
    let mut gaps = Gaps::default();
    for (name, error) in all.filter_map(|(name, told)| Some((name, told.as_ref().err()?))) {
        gaps.add(name, &meaning(error));
    }
    gaps
}

/// What was told, without those of whom nothing is to be had; the error of the first, when that is all.
pub(crate) fn those_there<'a, T>(told: &[&'a Result<T, FetchError>]) -> Result<Vec<&'a T>, FetchError> {
    let there: Vec<&T> = told.iter().filter_map(|one| one.as_ref().ok()).collect();
    match told.first() {
        Some(Err(error)) if there.is_empty() => Err(error.clone()),
        _ => Ok(there),
    }
}

/// What a status word of a pipeline or a job says.
pub(crate) fn status(word: &str) -> (Activity, BuildResult) {
    match word {
        "success" => (Activity::Idle, BuildResult::Success),
        "failed" => (Activity::Idle, BuildResult::Failure),
        "canceled" => (Activity::Idle, BuildResult::Cancelled),
        "canceling" => (Activity::Running, BuildResult::Cancelled),
        "skipped" => (Activity::Idle, BuildResult::Skipped),
        "manual" => (Activity::Waiting, BuildResult::Unknown),
        "created" | "waiting_for_resource" | "preparing" | "waiting_for_callback" | "pending" | "scheduled" => {
            (Activity::Queued, BuildResult::Unknown)
        }
        "running" => (Activity::Running, BuildResult::Unknown),
        _ => (Activity::Idle, BuildResult::Unknown),
    }
}

/// Somebody.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Person {
    name: Option<String>,
}

impl Person {
    /// The name.
    pub(crate) fn name(&self) -> Option<SafeText> {
        self.name.as_deref().and_then(name_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_segment_of_an_address() {
        for (base, expected) in [
            ("https://gitlab.com", "https://gitlab.com/api/v4/projects/a%2Fb/pipelines?ref=x%2Fy"),
            ("https://x.test/gitlab/", "https://x.test/gitlab/api/v4/projects/a%2Fb/pipelines?ref=x%2Fy"),
        ] {
            let base = Url::parse(base).unwrap();
            let url = address(&base, &["projects", "a/b", "pipelines"], &[("ref", "x/y")]);
            assert_eq!(url.as_str(), expected);
        }
    }

    #[test]
    fn one_that_is_gone_takes_nothing_from_the_others() {
        let mut missing = Missing::default();
        let gone = missing.take::<u8>("a/b", Err(Reason::Http(404).into())).unwrap();
        assert_eq!(gone.as_ref().unwrap_err().detail.as_str(), "a/b: not found: renamed, deleted, or not allowed");
        assert_eq!(missing.take("a/c", Ok(7)), Ok(Ok(7)));
        assert_eq!(missing.take::<u8>("a/d", Err(Reason::Refused.into())), Err(Reason::Refused.into()));
        assert_eq!(those_there(&[&gone, &Ok(7)]), Ok(vec![&7]));
        assert_eq!(those_there(&[&gone, &gone]).unwrap_err().reason, Reason::Http(404));
        assert_eq!(those_there::<u8>(&[]), Ok(vec![]));
    }
}
