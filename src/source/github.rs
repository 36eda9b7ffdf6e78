//! What the sources of GitHub share: a careful client of its REST API, and turns over many repositories.
//!
//! Source: GitHub REST API, "Get a repository", "List organization repositories", "Using pagination in the
//! REST API", "Rate limits for the REST API", "Best practices for using the REST API" (one request after
//! the other, `If-None-Match`, following redirects). Lists of organisations are taken up to ten pages.

mod rota;
mod version;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::{Duration, Instant};

use super::contract::{Context, KeyProblem, Moment};
use super::http::{Document, Http, parse_url};
use super::progress::has_room;
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::text::SafeText;
use crate::model::time::Span;

pub(super) use rota::{Rota, is_gone};
pub(super) use version::{is_version, names_version};

const ACCEPT: &str = "application/vnd.github+json";
/// Pages of repositories of an organisation.
const MOST_PAGES: usize = 10;
/// How long it is known which repositories there are, and what their default branches are.
const LOOKED_UP_FOR: Duration = Duration::from_mins(15);
/// The part of a poll's time that is left for what comes after the turns.
const AFTERWARDS: f64 = 0.3;

/// The address of github.com's API: what `url` is when it is not given.
pub(super) fn public() -> String {
    "https://api.github.com".to_owned()
}

/// The REST API, with what is known of the repositories.
#[derive(Debug)]
pub(super) struct GitHub {
    http: Arc<Http>,
    base: Url,
    named: Vec<String>,
    organisation: Option<String>,
    timeout: Span,
    listed: Option<(Instant, Vec<String>)>,
    known: HashMap<String, (Instant, Repository)>,
}

/// A repository, as far as it matters here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Repository {
    /// Its owner and name of today.
    pub(super) full_name: String,
    /// The branch that is built unless another one is asked for.
    pub(super) default_branch: Option<String>,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    disabled: bool,
}

impl Repository {
    /// The word for why nothing goes on there, if so.
    pub(super) const fn switched_off(&self) -> Option<&'static str> {
        match (self.archived, self.disabled) {
            (true, _) => Some("archived"),
            (_, true) => Some("disabled"),
            _ => None,
        }
    }
}

/// Somebody.
#[derive(Debug, Deserialize)]
pub(super) struct Person {
    login: Option<String>,
}

impl Person {
    /// What an account that is still there is known by.
    pub(super) fn login(&self) -> Option<&str> {
        self.login.as_deref()
    }

    /// The name of an account that is still there.
    pub(super) fn name(person: Option<&Self>) -> Option<SafeText> {
        person.and_then(|person| person.login.as_deref()).map(SafeText::new)
    }
}

impl GitHub {
    /// Asks nobody.
    pub(super) fn open(
        url: &str,
        repositories: &[String],
        organisation: Option<&str>,
        context: &Context,
    ) -> Result<Self, FetchError> {
        Ok(Self {
            http: context.http()?,
            base: parse_url(url)?,
            named: repositories.to_vec(),
            organisation: organisation.map(str::to_owned),
            timeout: context.pace.timeout,
            listed: None,
            known: HashMap::new(),
        })
    }

    /// The names of all repositories: those of the board, then those of the organisation.
    pub(super) async fn names(&mut self, moment: Moment) -> Result<Vec<String>, FetchError> {
        self.known.retain(|_, (at, _)| is_recent(*at, moment));
        let mut names = self.named.clone();
        if let Some(organisation) = self.organisation.clone() {
            names.extend(self.of_organisation(&organisation, moment).await?);
        }
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.to_ascii_lowercase()));
        Ok(names)
    }

    async fn of_organisation(&mut self, organisation: &str, moment: Moment) -> Result<Vec<String>, FetchError> {
        if let Some((at, names)) = &self.listed
            && is_recent(*at, moment)
        {
            return Ok(names.clone());
        }
        let query = [("type", "all"), ("per_page", "100"), ("sort", "pushed")];
        let url = self.address(&["orgs", organisation, "repos"], &query)?;
        let all = self.pages(&url, MOST_PAGES, moment, Document::json::<Vec<Repository>>).await;
        let all = all.map_err(|error| match error.reason {
            Reason::Http(404) => {
                let detail = format!("no organisation '{organisation}'; name the repositories of a person one by one");
                FetchError::new(error.reason, detail)
            }
            _ => error,
        })?;
        let mut names = Vec::with_capacity(all.len());
        for repository in all.into_iter().filter(|one| one.switched_off().is_none()) {
            names.push(repository.full_name.clone());
            self.known.insert(repository.full_name.to_ascii_lowercase(), (moment.deadline, repository));
        }
        self.listed = Some((moment.deadline, names.clone()));
        Ok(names)
    }

    /// A repository by a name of it: an old one leads to the new one.
    pub(super) async fn repository(&mut self, name: &str, moment: Moment) -> Result<Repository, FetchError> {
        let key = name.to_ascii_lowercase();
        if let Some((_, known)) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let url = self.of(name, &[], &[])?;
        let found: Repository = self.get(&url, moment).await?;
        self.known.insert(key, (moment.deadline, found.clone()));
        Ok(found)
    }

    /// The address of something that a repository has.
    pub(super) fn of(&self, repository: &str, path: &[&str], query: &[(&str, &str)]) -> Result<Url, FetchError> {
        let whole: Vec<&str> = ["repos"].into_iter().chain(repository.split('/')).chain(path.iter().copied()).collect();
        self.address(&whole, query)
    }

    fn address(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, FetchError> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| FetchError::from(Reason::Internal))?.pop_if_empty().extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// One answer.
    pub(super) async fn get<T: DeserializeOwned>(&self, url: &Url, moment: Moment) -> Result<T, FetchError> {
        self.permit(moment)?;
        self.http.fetch_unless_known(url, ACCEPT, moment.deadline).await?.json()
    }

    /// A list, at most so many pages of it.
    pub(super) async fn pages<T>(
        &self,
        url: &Url,
        most: usize,
        moment: Moment,
        read: fn(&Document) -> Result<Vec<T>, FetchError>,
    ) -> Result<Vec<T>, FetchError> {
        self.permit(moment)?;
        let pages = self.http.pages(url, ACCEPT, moment.deadline, most, |page: &Document| {
            if page.next_page(url).is_some() {
                self.permit(moment)?;
            }
            read(page)
        });
        pages.await
    }

    /// Whether another request may be made: the server still answers us, and there is time left.
    fn permit(&self, moment: Moment) -> Result<(), FetchError> {
        self.http.permit(moment.now)?;
        let left = moment.deadline.saturating_duration_since(Instant::now());
        if has_room(left, self.timeout) {
            return Ok(());
        }
        Err(FetchError::new(Reason::Timeout(Phase::Run), "a longer refresh or timeout helps"))
    }

    /// The same moment with a nearer deadline: some of the time is left for what comes afterwards.
    pub(super) fn early(&self, moment: Moment) -> Moment {
        let afterwards = self.timeout.times(AFTERWARDS).duration();
        Moment { deadline: moment.deadline.checked_sub(afterwards).unwrap_or(moment.deadline), ..moment }
    }
}

/// Whether what was looked up then need not be looked up again.
pub(super) fn is_recent(at: Instant, moment: Moment) -> bool {
    moment.deadline.saturating_duration_since(at) < LOOKED_UP_FOR
}

/// What is wrong with the keys `repositories` and `organisation`.
pub(super) fn check_names(repositories: &[String], organisation: Option<&str>) -> Vec<KeyProblem> {
    if repositories.is_empty() && organisation.is_none() {
        let help = "write repositories = [\"owner/name\"], or organisation = \"name\"";
        return vec![KeyProblem::new("repositories", "neither repositories nor organisation is given", help)];
    }
    let of_repository = |(item, name): (usize, &String)| {
        if name.split_once('/').is_some_and(|(owner, repository)| is_a_name(owner) && is_a_name(repository)) {
            return None;
        }
        let message = format!("'{name}' is not a repository");
        Some(KeyProblem::new("repositories", message, "write it like \"owner/name\"").of_item(item))
    };
    let of_organisation = organisation.filter(|name| !is_a_name(name)).map(|name| {
        let message = format!("'{name}' is not an organisation");
        KeyProblem::new("organisation", message, "write its name as it is in addresses")
    });
    repositories.iter().enumerate().filter_map(of_repository).chain(of_organisation).collect()
}

fn is_a_name(text: &str) -> bool {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !matches!(text, "" | "." | "..") && text.chars().all(is_usual)
}

/// Whether all names have the same owner: then it need not be told.
pub(super) fn has_one_owner<'a>(names: impl IntoIterator<Item = &'a str>) -> bool {
    let owner = |name: &str| name.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let owners: HashSet<String> = names.into_iter().map(owner).collect();
    owners.len() < 2
}

/// What a repository is called on the board.
pub(super) fn called(name: &str, one_owner: bool) -> &str {
    name.split_once('/').filter(|_| one_owner).map_or(name, |(_, short)| short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::http::HttpOptions;
    use crate::source::network::Network;

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn addresses_keep_the_path_of_an_enterprise_server_and_let_no_name_out_of_its_place() {
        let url = "https://git.example.com/api/v3/";
        let http = Http::new(url, &HttpOptions::default(), &Network::default(), Span::seconds(1)).unwrap();
        let github = GitHub {
            http: Arc::new(http),
            base: parse_url(url).unwrap(),
            named: Vec::new(),
            organisation: None,
            timeout: Span::seconds(1),
            listed: None,
            known: HashMap::new(),
        };
        let runs = github.of("acme/shop", &["actions", "runs"], &[("branch", "a b&c")]).unwrap();
        assert_eq!(runs.as_str(), "https://git.example.com/api/v3/repos/acme/shop/actions/runs?branch=a+b%26c");
        let bent = github.of("acme/shop", &["x/../y?z"], &[]).unwrap();
        assert_eq!(bent.as_str(), "https://git.example.com/api/v3/repos/acme/shop/x%2F..%2Fy%3Fz");
    }

    #[test]
    fn what_is_no_repository_is_refused_with_a_remedy() {
        for bad in ["shop", "acme/", "/shop", "acme/shop/x", "acme/..", "https://github.com/acme/shop", "acme/sh op"] {
            let problems = check_names(&names(&["acme/shop", bad]), None);
            let [KeyProblem { key: "repositories", item: Some(1), message, help }] = problems.as_slice() else {
                panic!("{problems:?}")
            };
            assert!(message.contains(bad) && help.contains("owner/name"), "{message}: {help}");
        }
        assert!(check_names(&[], None)[0].help.contains("organisation = "));
        assert_eq!(check_names(&names(&["x"]), Some("a/b")).len(), 2, "all at once");
        assert_eq!(check_names(&names(&["acme/shop.js"]), Some("acme-2")), []);
    }

    #[test]
    fn owners_are_told_where_there_are_several() {
        assert!(has_one_owner(["acme/shop", "Acme/mail"]) && has_one_owner([]));
        assert!(!has_one_owner(["acme/shop", "other/shop"]));
        assert_eq!((called("acme/shop", true), called("acme/shop", false)), ("shop", "acme/shop"));
    }
}
