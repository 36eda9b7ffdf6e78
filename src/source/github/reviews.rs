//! GitHub pull requests: the open ones with who has to do something next, and those merged lately.
//!
//! Source: GitHub REST API, "List pull requests", "Get a pull request", "List reviews for a pull request"; the
//! words of `mergeable_state` are those of `MergeStateStatus` in its GraphQL API. A request a page of the list, and one or two for each of the
//! oldest pull requests, until it is known how large it is and what reviewers said.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{GitHub, Person, check_names, each_named, public, turns};
use crate::model::fault::FetchError;
use crate::model::poll::{Answer, Ask};
use crate::model::review::{Review, WaitsFor};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use crate::source::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use crate::source::forge::faults::is_gone;
use crate::source::forge::turns::Turns;
use crate::source::http::Document;
use crate::source::http::link;

/// Pages of open pull requests of one repository, a hundred on each, the oldest first.
const MOST_PAGES: usize = 5;
/// Pages of reviews of one pull request, a hundred on each, the oldest first.
const MOST_REVIEW_PAGES: usize = 5;
/// Open pull requests of one repository that are looked at one by one, the oldest first.
const MOST_DETAILED: usize = 50;
/// Polls after which it is asked again whether one may be merged: checks pass without a word in the list.
const LOOKED_AT_FOR: u64 = 10;

/// The keys of a source of GitHub pull requests.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the API (default `https://api.github.com`; of an Enterprise server `https://HOST/api/v3`).
    #[serde(default = "public")]
    pub url: String,
    /// Repositories, each as `owner/name`; without `auth` GitHub answers 60 requests an hour.
    #[serde(default)]
    pub repositories: Vec<String>,
    /// An organisation: all its repositories that are not archived, the most active first, at most 1000.
    pub organisation: Option<String>,
}

/// Open repositories.
#[derive(Debug)]
pub struct GitHubReviews {
    github: GitHub,
    turns: Turns<Vec<Review>>,
    /// What is known of pull requests beyond the list, by repository and number.
    details: HashMap<String, HashMap<u64, Detail>>,
    poll: u64,
}

#[derive(Debug, Default, Deserialize)]
struct Pull {
    number: u64,
    title: Option<String>,
    html_url: Option<String>,
    user: Option<Person>,
    draft: Option<bool>,
    created_at: Option<String>,
    updated_at: Option<String>,
    merged_at: Option<String>,
    requested_reviewers: Option<Vec<Person>>,
    requested_teams: Option<Vec<Team>>,
}

#[derive(Debug, Deserialize)]
struct Team {
    name: Option<String>,
}

/// What only the page of one pull request has.
#[derive(Debug, Deserialize)]
struct PullRequestPage {
    additions: Option<u64>,
    deletions: Option<u64>,
    mergeable_state: Option<String>,
}

/// What somebody said of a pull request.
#[derive(Debug, Deserialize)]
struct Opinion {
    user: Option<Person>,
    state: Option<String>,
}

#[derive(Debug)]
struct Detail {
    /// When the pull request was changed last, as the list had it then.
    updated_at: Option<String>,
    size: Option<u64>,
    state: String,
    /// Whether a reviewer wants something else.
    changes_requested: bool,
    /// The poll that asked.
    poll: u64,
}

impl Source for GitHubReviews {
    const TYPE: &'static str = "github-reviews";
    const SUMMARY: &'static str = "the pull requests of GitHub, of repositories or an organisation";
    const QUERY: QueryLanguage = QueryLanguage::None;
    const HTTP: bool = true;
    const ONE_REQUEST: bool = true;
    const SERIAL: bool = true;
    const EMITS: Emits = Emits::Reviews;
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        Some(&config.url)
    }

    fn check_query(_: &str) -> Result<(), String> {
        Err("GitHub pull requests take no query; pick some with repositories = [\"owner/name\"]".to_owned())
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        check_names(&config.repositories, config.organisation.as_deref())
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        Ok(Self {
            github: GitHub::open(&config.url, &config.repositories, config.organisation.as_deref(), context)?,
            turns: turns(),
            details: HashMap::new(),
            poll: 0,
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let names = self.github.names(moment).await?;
        self.poll += 1;
        self.turns.begin(names);
        self.details.retain(|name, _| self.turns.has(name));
        while let Some(name) = self.turns.next_turn() {
            let came = self.ask(&name, moment).await;
            self.turns.take(&name, &name, came)?;
        }
        let reviews = each_named(&self.turns.all_known()?, |review: &mut Review, name| review.repository = name);
        let telemetry = self.turns.gaps(|name| name).mark(Telemetry::Reviews(reviews));
        Ok(vec![Ok(telemetry); asks.len()])
    }
}

impl GitHubReviews {
    async fn ask(&mut self, name: &str, moment: Moment) -> Result<Vec<Review>, FetchError> {
        let repository = self.github.repository(name, moment).await?.full_name;
        let query = [("state", "open"), ("sort", "created"), ("direction", "asc"), ("per_page", "100")];
        let url = self.github.address(&repository, &["pulls"], &query)?;
        let open = self.github.api.pages(&url, MOST_PAGES, moment, Document::json::<Vec<Pull>>).await?;
        let query = [("state", "closed"), ("sort", "updated"), ("direction", "desc"), ("per_page", "50")];
        let url = self.github.address(&repository, &["pulls"], &query)?;
        let mut merged: Vec<Pull> = self.github.api.get(&url, moment).await?;
        merged.retain(|pull| pull.merged_at.is_some());
        for pull in open.iter().take(MOST_DETAILED) {
            self.look_at(name, &repository, pull, moment).await?;
        }
        let details = self.details.entry(name.to_owned()).or_default();
        details.retain(|number, _| open.iter().chain(&merged).any(|pull| pull.number == *number));
        Ok(open.iter().chain(&merged).filter_map(|pull| review(pull, details.get(&pull.number))).collect())
    }

    /// Asks for what the list does not have, unless it is known.
    async fn look_at(&mut self, name: &str, repository: &str, pull: &Pull, moment: Moment) -> Result<(), FetchError> {
        let known = self.details.get(name).and_then(|details| details.get(&pull.number));
        if known.is_some_and(|detail| detail.holds(pull, self.poll)) {
            return Ok(());
        }
        let number = pull.number.to_string();
        let url = self.github.address(repository, &["pulls", &number], &[])?;
        let page: PullRequestPage = match self.github.api.get(&url, moment).await {
            Err(error) if is_gone(&error) => return Ok(()),
            page => page?,
        };
        let changes_requested = pull.waits_at_once().is_none() && self.opinions(repository, &number, moment).await?;
        let detail = Detail {
            changes_requested,
            updated_at: pull.updated_at.clone(),
            size: page.additions.zip(page.deletions).map(|(added, removed)| added.saturating_add(removed)),
            state: page.mergeable_state.unwrap_or_default(),
            poll: self.poll,
        };
        self.details.entry(name.to_owned()).or_default().insert(pull.number, detail);
        Ok(())
    }

    /// Whether a reviewer wants something else than what a pull request has.
    async fn opinions(&self, repository: &str, number: &str, moment: Moment) -> Result<bool, FetchError> {
        let url = self.github.address(repository, &["pulls", number, "reviews"], &[("per_page", "100")])?;
        match self.github.api.pages(&url, MOST_REVIEW_PAGES, moment, Document::json::<Vec<Opinion>>).await {
            Err(error) if is_gone(&error) => Ok(false),
            all => Ok(changes_requested(&all?)),
        }
    }
}

impl Detail {
    /// For whom it waits, where the list does not say.
    fn waits_for(&self) -> WaitsFor {
        if self.changes_requested { WaitsFor::Author } else { waits_for(&self.state) }
    }

    /// Whether it need not be asked for again.
    fn holds(&self, pull: &Pull, poll: u64) -> bool {
        // The server finds out in the background whether one may be merged, after it was asked.
        let is_known = !matches!(self.state.as_str(), "" | "unknown");
        let state_holds = pull.waits_at_once().is_some() || (is_known && poll - self.poll < LOOKED_AT_FOR);
        self.updated_at == pull.updated_at && state_holds
    }
}

impl Pull {
    /// For whom it waits, where the list says.
    fn waits_at_once(&self) -> Option<WaitsFor> {
        let is_asked = self.requested_reviewers.as_ref().is_some_and(|people| !people.is_empty())
            || self.requested_teams.as_ref().is_some_and(|teams| !teams.is_empty());
        if self.draft == Some(true) {
            Some(WaitsFor::Draft)
        } else if self.merged_at.is_some() {
            Some(WaitsFor::Merge)
        } else {
            is_asked.then_some(WaitsFor::Reviewer)
        }
    }

    /// Who was asked to look: people, then teams.
    fn reviewers(&self) -> Vec<SafeText> {
        let people = self.requested_reviewers.iter().flatten().filter_map(|person| Person::name(Some(person)));
        let teams = self.requested_teams.iter().flatten().filter_map(|team| team.name.as_deref().map(SafeText::new));
        people.chain(teams).collect()
    }
}

/// Whether the last word of somebody is that something has to change. A comment takes nothing back.
fn changes_requested(oldest_first: &[Opinion]) -> bool {
    let mut last: HashMap<Option<&str>, &str> = HashMap::new();
    for opinion in oldest_first {
        let word = opinion.state.as_deref().unwrap_or_default();
        if matches!(word, "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED") {
            last.insert(opinion.user.as_ref().and_then(Person::login), word);
        }
    }
    last.values().any(|word| *word == "CHANGES_REQUESTED")
}

/// A review; none of a pull request without a moment.
fn review(pull: &Pull, detail: Option<&Detail>) -> Option<Review> {
    let turn = detail.map_or(WaitsFor::Reviewer, Detail::waits_for);
    Some(Review {
        label: format!("#{}", pull.number).into(),
        title: SafeText::new(pull.title.as_deref().unwrap_or_default()),
        repository: SafeText::default(),
        opened_at: Timestamp::of_rfc3339(pull.created_at.as_deref())?,
        merged_at: Timestamp::of_rfc3339(pull.merged_at.as_deref()),
        waits_for: pull.waits_at_once().unwrap_or(turn),
        size: detail.and_then(|detail| detail.size),
        author: Person::name(pull.user.as_ref()),
        reviewers: pull.reviewers(),
        url: link(pull.html_url.as_deref()),
    })
}

/// For whom one waits that nobody was asked to look at.
fn waits_for(state: &str) -> WaitsFor {
    match state {
        "clean" | "has_hooks" => WaitsFor::Merge,
        "unstable" => WaitsFor::Checks,
        "behind" | "dirty" => WaitsFor::Author,
        "draft" => WaitsFor::Draft,
        // "blocked", "unknown", and whatever comes later.
        _ => WaitsFor::Reviewer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_somebody_to_wait_for() {
        for (state, waits) in [
            ("clean", WaitsFor::Merge),
            ("has_hooks", WaitsFor::Merge),
            ("unstable", WaitsFor::Checks),
            ("behind", WaitsFor::Author),
            ("dirty", WaitsFor::Author),
            ("blocked", WaitsFor::Reviewer),
            ("draft", WaitsFor::Draft),
            ("unknown", WaitsFor::Reviewer),
            ("bewitched", WaitsFor::Reviewer),
        ] {
            assert_eq!(waits_for(state), waits, "{state}");
        }
    }

    #[test]
    fn the_last_word_of_each_reviewer_counts() {
        let wants_changes = |words: &[(&str, &str)]| {
            let opinion = |(who, state): &(&str, &str)| -> Opinion {
                serde_json::from_value(serde_json::json!({"user": {"login": who}, "state": state})).unwrap()
            };
            changes_requested(&words.iter().map(opinion).collect::<Vec<_>>())
        };
        assert!(wants_changes(&[("ada", "CHANGES_REQUESTED"), ("bob", "APPROVED"), ("ada", "COMMENTED")]));
        assert!(!wants_changes(&[("ada", "CHANGES_REQUESTED"), ("ada", "APPROVED")]));
        assert!(!wants_changes(&[("ada", "CHANGES_REQUESTED"), ("ada", "DISMISSED")]));
        assert!(!wants_changes(&[("ada", "COMMENTED"), ("bob", "PENDING")]) && !wants_changes(&[]));
    }

    #[test]
    fn what_the_list_tells_comes_first() {
        let asked = |team: bool| Pull {
            requested_reviewers: Some(Vec::new()),
            requested_teams: Some(if team { vec![Team { name: Some("web".to_owned()) }] } else { Vec::new() }),
            ..Pull::default()
        };
        assert_eq!((asked(true).waits_at_once(), asked(false).waits_at_once()), (Some(WaitsFor::Reviewer), None));
        assert_eq!(Pull { draft: Some(true), ..asked(true) }.waits_at_once(), Some(WaitsFor::Draft));
        assert_eq!(asked(true).reviewers(), [SafeText::new("web")]);
    }

    #[test]
    fn a_detail_holds_while_nothing_can_have_changed() {
        let pull = Pull { updated_at: Some("1".to_owned()), ..Pull::default() };
        let detail = |state: &str| Detail {
            updated_at: Some("1".to_owned()),
            size: Some(1),
            state: state.to_owned(),
            changes_requested: false,
            poll: 5,
        };
        assert!(detail("clean").holds(&pull, 6));
        assert!(!detail("unknown").holds(&pull, 6), "the server is still finding out");
        assert!(!detail("clean").holds(&pull, 5 + LOOKED_AT_FOR));
        assert!(!detail("clean").holds(&Pull { updated_at: Some("2".to_owned()), ..Pull::default() }, 6));
        let draft = Pull { draft: Some(true), updated_at: Some("1".to_owned()), ..Pull::default() };
        assert!(detail("unknown").holds(&draft, 100), "its size is all that is wanted");
    }
}
