//! What the sources of GitHub share: a careful client of its REST API, and turns over many repositories.
//!
//! Source: GitHub REST API, "Get a repository", "List organization repositories", "Using pagination in the
//! REST API", "Rate limits for the REST API", "Best practices for using the REST API" (one request after
//! the other, `If-None-Match`, following redirects). Lists of organisations are taken up to ten pages.

pub mod actions;
pub mod deployments;
pub mod reviews;
mod version;

use std::collections::{HashMap, HashSet};

use reqwest::Url;
use serde::Deserialize;

use super::contract::{Context, KeyProblem, Moment};
use super::forge::api::Api;
use super::forge::faults;
use super::forge::looked_up::LookedUp;
use super::forge::turns::Turns;
use super::http::Document;
use crate::model::fault::{FetchError, Reason};
use crate::model::text::SafeText;

pub(super) use version::{is_version, names_version};

const ACCEPT: &str = "application/vnd.github+json";
/// Pages of repositories of an organisation.
const MOST_PAGES: usize = 10;

/// The address of github.com's API: what `url` is when it is not given.
pub(super) fn public() -> String {
    "https://api.github.com".to_owned()
}

/// The REST API, with what is known of the repositories.
#[derive(Debug)]
pub(super) struct GitHub {
    /// The API itself.
    pub(super) api: Api,
    named: Vec<String>,
    organisation: Option<String>,
    listed: Option<LookedUp<Vec<String>>>,
    known: HashMap<String, LookedUp<Repository>>,
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
            api: Api::open(url, &[], ACCEPT, context)?,
            named: repositories.to_vec(),
            organisation: organisation.map(str::to_owned),
            listed: None,
            known: HashMap::new(),
        })
    }

    /// The names of all repositories: those of the board, then those of the organisation.
    pub(super) async fn names(&mut self, moment: Moment) -> Result<Vec<String>, FetchError> {
        self.known.retain(|_, known| known.is_recent(moment));
        let mut names = self.named.clone();
        if let Some(organisation) = self.organisation.clone() {
            names.extend(self.names_in(&organisation, moment).await?);
        }
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.to_ascii_lowercase()));
        Ok(names)
    }

    async fn names_in(&mut self, organisation: &str, moment: Moment) -> Result<Vec<String>, FetchError> {
        if let Some(names) = self.listed.as_ref().and_then(|listed| listed.recent(moment)) {
            return Ok(names.clone());
        }
        let query = [("type", "all"), ("per_page", "100"), ("sort", "pushed")];
        let url = self.api.address(&["orgs", organisation, "repos"], &query)?;
        let all = self.api.pages(&url, MOST_PAGES, moment, Document::json::<Vec<Repository>>).await;
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
            self.known.insert(repository.full_name.to_ascii_lowercase(), LookedUp::new(repository, moment));
        }
        self.listed = Some(LookedUp::new(names.clone(), moment));
        Ok(names)
    }

    /// A repository by a name of it: an old one leads to the new one.
    pub(super) async fn repository(&mut self, name: &str, moment: Moment) -> Result<Repository, FetchError> {
        let key = name.to_ascii_lowercase();
        if let Some(known) = self.known.get(&key) {
            return Ok(known.value.clone());
        }
        let url = self.address(name, &[], &[])?;
        let found: Repository = self.api.get(&url, moment).await?;
        self.known.insert(key, LookedUp::new(found.clone(), moment));
        Ok(found)
    }

    /// The address of something that a repository has.
    pub(super) fn address(&self, repository: &str, path: &[&str], query: &[(&str, &str)]) -> Result<Url, FetchError> {
        let whole: Vec<&str> = ["repos"].into_iter().chain(repository.split('/')).chain(path.iter().copied()).collect();
        self.api.address(&whole, query)
    }
}

/// Turns over repositories.
pub(super) fn turns<T>() -> Turns<T> {
    Turns::over("repositories", faults::meaning)
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

/// Whether all names have the same owner: then it need not be shown.
pub(super) fn has_one_owner<'a>(names: impl IntoIterator<Item = &'a str>) -> bool {
    let owner = |name: &str| name.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let owners: HashSet<String> = names.into_iter().map(owner).collect();
    owners.len() < 2
}

/// What all repositories answered, each part with the name of its repository as the board has it.
pub(super) fn each_named<T: Clone>(all: &[(&str, &Vec<T>)], set_name: impl Fn(&mut T, SafeText)) -> Vec<T> {
    let one_owner = has_one_owner(all.iter().map(|(name, _)| *name));
    let mut named = Vec::new();
    for (name, parts) in all {
        let name = SafeText::new(called(name, one_owner));
        for part in *parts {
            let mut part = part.clone();
            set_name(&mut part, name.clone());
            named.push(part);
        }
    }
    named
}

/// What a repository is called on the board.
pub(super) fn called(name: &str, one_owner: bool) -> &str {
    name.split_once('/').filter(|_| one_owner).map_or(name, |(_, short)| short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
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
    fn owners_are_named_where_there_are_several() {
        assert!(has_one_owner(["acme/shop", "Acme/mail"]) && has_one_owner([]));
        assert!(!has_one_owner(["acme/shop", "other/shop"]));
        assert_eq!((called("acme/shop", true), called("acme/shop", false)), ("shop", "acme/shop"));
    }
}
