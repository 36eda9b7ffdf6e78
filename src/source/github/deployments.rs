//! GitHub deployments: which version reached which environment, and when.
//!
//! Source: GitHub REST API, "List deployments", "List deployment statuses". One request a repository, and
//! one for each of its newest deployments until it is known how that ended.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::{GitHub, Person, check_names, each_named, is_version, public, turns};
use crate::model::event::{ChangeReason, Event, EventKind, EventState};
use crate::model::fault::FetchError;
use crate::model::glob::Globs;
use crate::model::poll::{Answer, Ask};
use crate::model::rollbacks::mark_rollbacks;
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::model::version::{Version, short_commit};
use crate::source::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use crate::source::forge::faults::is_gone;
use crate::source::forge::looked_up::LookedUp;
use crate::source::forge::turns::Turns;
use crate::source::http::link;
use schemars::JsonSchema;
use serde::Deserialize;

/// Deployments of one repository: asked for, and shown.
const PAGE: usize = 50;
const MOST: usize = 30;
/// Deployments of an environment that are shown however many of others there are.
const LEAST_EACH: usize = 3;
/// Environments that are asked for by name, because those of others crowd them out.
const MOST_CROWDED_OUT: usize = 10;
/// How long after its end a deployment is asked about once more.
const SETTLES_AFTER: Span = Span::seconds(3600);

/// The keys of a source of GitHub deployments.
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
    /// Which environments: globs of their names, such as `prod*` (default: all).
    #[serde(default)]
    pub environments: Vec<String>,
}

/// Open repositories.
#[derive(Debug)]
pub struct GitHubDeployments {
    github: GitHub,
    turns: Turns<Vec<Event>>,
    environments: Globs,
    /// The environment that the server is to pick, where only one is wanted.
    only: Vec<String>,
    /// How deployments ended, by repository and number.
    ended: HashMap<String, HashMap<u64, LookedUp<Reached>>>,
}

#[derive(Debug, Deserialize)]
struct Deployment {
    id: u64,
    sha: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    task: Option<String>,
    environment: Option<String>,
    description: Option<String>,
    creator: Option<Person>,
    created_at: Option<String>,
}

impl Deployment {
    fn environment(&self) -> &str {
        self.environment.as_deref().unwrap_or_default()
    }
}

/// The environments that a repository has.
#[derive(Debug, Default, Deserialize)]
struct Environments {
    #[serde(default)]
    environments: Vec<Environment>,
}

#[derive(Debug, Deserialize)]
struct Environment {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
struct Status {
    #[serde(default)]
    id: u64,
    state: Option<String>,
    created_at: Option<String>,
    log_url: Option<String>,
    environment_url: Option<String>,
    target_url: Option<String>,
}

/// How far a deployment has come.
#[derive(Debug, Clone, PartialEq)]
struct Reached {
    state: EventState,
    /// When it was done.
    at: Option<Timestamp>,
    /// Since when it is inactive: another one took its place, or the environment was taken down.
    inactive: Option<Timestamp>,
    /// A word of the server that is not known.
    remark: SafeText,
    url: Option<SafeText>,
}

impl Source for GitHubDeployments {
    const TYPE: &'static str = "github-deployments";
    const SUMMARY: &'static str = "the deployments of GitHub, of repositories or an organisation, as events";
    const QUERY: QueryLanguage = QueryLanguage::None;
    const HTTP: bool = true;
    const ONE_REQUEST: bool = true;
    const EMITS: Emits = Emits::Deploys;
    const SERIAL: bool = true;
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        Some(&config.url)
    }

    fn check_query(_: &str) -> Result<(), String> {
        Err("GitHub deployments take no query; pick some with environments = [\"prod*\"]".to_owned())
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        check_names(&config.repositories, config.organisation.as_deref())
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let is_glob = |name: &String| name.contains(['*', '?']);
        let only = if config.environments.iter().any(is_glob) { Vec::new() } else { config.environments.clone() };
        Ok(Self {
            github: GitHub::open(&config.url, &config.repositories, config.organisation.as_deref(), context)?,
            turns: turns(),
            environments: Globs::new(&config.environments),
            only,
            ended: HashMap::new(),
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let names = self.github.names(moment).await?;
        self.turns.begin(names);
        self.ended.retain(|name, _| self.turns.has(name));
        while let Some(name) = self.turns.next_turn() {
            let came = self.ask(&name, moment).await;
            self.turns.take(&name, &name, came)?;
        }
        let mut events = each_named(&self.turns.all_known()?, |event: &mut Event, name| event.service = name);
        let missing = self.turns.missing();
        events.extend(missing.map(|(name, why)| Event::not_told(name.rsplit('/').next().unwrap_or(name), &why)));
        let telemetry = self.turns.gaps(|name| name).mark(Telemetry::Events(events));
        Ok(vec![Ok(telemetry); asks.len()])
    }
}

impl GitHubDeployments {
    async fn ask(&mut self, name: &str, moment: Moment) -> Result<Vec<Event>, FetchError> {
        let repository = self.github.repository(name, moment).await?.full_name;
        // Those of each environment that is named: previews are not to crowd production out.
        let mut deployments: Vec<Deployment> = Vec::new();
        for environment in &self.only {
            deployments.extend(fair(self.newest(&repository, Some(environment), moment).await?));
        }
        if self.only.is_empty() {
            let page = self.newest(&repository, None, moment).await?;
            let is_full = page.len() >= PAGE;
            deployments = fair(page);
            if is_full {
                deployments.extend(self.crowded_out(&repository, &deployments, moment).await?);
            }
        }
        deployments.retain(|one| self.environments.keep(one.environment()));
        deployments.sort_by_key(|one| Reverse(one.id));
        deployments.dedup_by_key(|one| one.id);
        if let Some(ended) = self.ended.get_mut(name) {
            ended.retain(|id, _| deployments.iter().any(|one| one.id == *id));
        }
        let branches = branches(&deployments);
        let mut events = Vec::with_capacity(deployments.len());
        let mut replaced = HashSet::new();
        for deployment in &deployments {
            let environment = deployment.environment();
            let is_replaced = replaced.contains(environment);
            let reached = self.reached(name, &repository, deployment.id, is_replaced, moment).await?;
            if reached.state == EventState::Done {
                replaced.insert(environment);
            }
            events.extend(event(deployment, reached, &branches));
        }
        events.reverse();
        mark_rollbacks(&mut events);
        Ok(events)
    }

    async fn newest(
        &self,
        repository: &str,
        environment: Option<&str>,
        moment: Moment,
    ) -> Result<Vec<Deployment>, FetchError> {
        let page = PAGE.to_string();
        let mut query = vec![("per_page", page.as_str())];
        query.extend(environment.map(|environment| ("environment", environment)));
        let url = self.github.address(repository, &["deployments"], &query)?;
        self.github.api.get(&url, moment).await
    }

    /// The newest deployments of environments that are not among the known ones.
    async fn crowded_out(
        &self,
        repository: &str,
        known: &[Deployment],
        moment: Moment,
    ) -> Result<Vec<Deployment>, FetchError> {
        let url = self.github.address(repository, &["environments"], &[("per_page", "100")])?;
        let all: Environments = match self.github.api.get(&url, moment).await {
            Err(error) if is_gone(&error) => Environments::default(),
            all => all?,
        };
        let is_missing =
            |name: &&str| self.environments.keep(name) && !known.iter().any(|one| one.environment() == *name);
        let mut more = Vec::new();
        let names = all.environments.iter().map(|environment| environment.name.as_str());
        for name in names.filter(is_missing).take(MOST_CROWDED_OUT) {
            let mut some = fair(self.newest(repository, Some(name), moment).await?);
            some.truncate(LEAST_EACH);
            more.extend(some);
        }
        Ok(more)
    }

    /// How far a deployment has come. Of one that ended a while ago it is known; whether one that nothing has
    /// replaced still runs is asked now and then.
    async fn reached(
        &mut self,
        name: &str,
        repository: &str,
        id: u64,
        is_replaced: bool,
        moment: Moment,
    ) -> Result<Reached, FetchError> {
        if let Some(known) = self.ended.get(name).and_then(|ended| ended.get(&id)) {
            let reached = &known.value;
            let may_be_taken_down = reached.state == EventState::Done && reached.inactive.is_none() && !is_replaced;
            if !may_be_taken_down || known.is_recent(moment) {
                return Ok(reached.clone());
            }
        }
        let number = id.to_string();
        let url = self.github.address(repository, &["deployments", &number, "statuses"], &[("per_page", "30")])?;
        let statuses: Vec<Status> = match self.github.api.get(&url, moment).await {
            // Somebody has deleted it since.
            Err(error) if is_gone(&error) => Vec::new(),
            statuses => statuses?,
        };
        let reached = reached(&statuses);
        if has_settled(&statuses, moment.now) {
            self.ended.entry(name.to_owned()).or_default().insert(id, LookedUp::new(reached.clone(), moment));
        }
        Ok(reached)
    }
}

/// The newest status that counts. Their order is not promised, but their numbers grow.
fn newest(statuses: &[Status], counts: fn(&str) -> bool) -> Option<&Status> {
    let counting = statuses.iter().filter(|status| counts(status.state.as_deref().unwrap_or_default()));
    counting.max_by_key(|status| status.id)
}

/// Whether a word says how it ended.
fn is_decisive(word: &str) -> bool {
    matches!(word, "success" | "failure" | "error")
}

fn reached(statuses: &[Status]) -> Reached {
    let mut reached =
        Reached { state: EventState::Waiting, at: None, inactive: None, remark: SafeText::default(), url: None };
    let Some(last) = newest(statuses, |_| true) else { return reached };
    let is_superseded = last.state.as_deref() == Some("inactive");
    // Another one took its place: how it went, and when it was done, its status before that says.
    let decided = if is_superseded { newest(statuses, is_decisive) } else { Some(last) };
    let word = decided.and_then(|status| status.state.as_deref()).unwrap_or_default();
    reached.state = match word {
        "success" => EventState::Done,
        "failure" | "error" => EventState::Failed,
        "in_progress" => EventState::Running,
        "queued" | "pending" | "waiting" => EventState::Waiting,
        _ if is_superseded => EventState::Done,
        _ => EventState::Unknown,
    };
    if reached.state == EventState::Unknown {
        reached.remark = SafeText::new(word);
    }
    let shown = decided.unwrap_or(last);
    reached.inactive = Timestamp::of_rfc3339(last.created_at.as_deref()).filter(|_| is_superseded);
    reached.at =
        decided.filter(|_| is_decisive(word)).and_then(|status| Timestamp::of_rfc3339(status.created_at.as_deref()));
    let links = [&shown.log_url, &shown.environment_url, &shown.target_url];
    reached.url = links.into_iter().find_map(|url| link(url.as_deref()));
    reached
}

/// Whether it ended long enough ago that nothing more will come of it.
fn has_settled(statuses: &[Status], now: Timestamp) -> bool {
    newest(statuses, |_| true).is_some_and(|last| {
        let is_final = last.state.as_deref().is_some_and(|word| word == "inactive" || is_decisive(word));
        is_final
            && Timestamp::of_rfc3339(last.created_at.as_deref()).is_some_and(|ended| ended.age_at(now) > SETTLES_AFTER)
    })
}

/// The newest of a page, and a few of each environment.
fn fair(mut page: Vec<Deployment>) -> Vec<Deployment> {
    page.sort_by_key(|one| Reverse(one.id));
    let mut kept: HashMap<String, usize> = HashMap::new();
    let mut index = 0;
    page.retain(|one| {
        let count = kept.entry(one.environment().to_owned()).or_default();
        *count += 1;
        index += 1;
        index <= MOST || *count <= LEAST_EACH
    });
    page
}

/// The names that stood for two commits: no tag does that.
fn branches(deployments: &[Deployment]) -> HashSet<String> {
    let mut commits: HashMap<&str, &str> = HashMap::new();
    let mut branches = HashSet::new();
    for (name, sha) in deployments.iter().filter_map(|one| Some((one.reference.as_deref()?, one.sha.as_deref()?))) {
        if *commits.entry(name).or_insert(sha) != sha {
            branches.insert(name.to_owned());
        }
    }
    branches
}

/// The event of a deployment; none of one without a moment.
fn event(deployment: &Deployment, reached: Reached, branches: &HashSet<String>) -> Option<Event> {
    let began = Timestamp::of_rfc3339(deployment.created_at.as_deref());
    let reference = deployment.reference.as_deref().unwrap_or_default();
    let sha = deployment.sha.as_deref().unwrap_or_default();
    Some(Event {
        at: reached.at.or(began)?,
        until: reached.inactive,
        kind: EventKind::Deploy,
        state: reached.state,
        reason: reason(deployment.task.as_deref().unwrap_or_default(), reference),
        title: SafeText::new(deployment.description.as_deref().unwrap_or_default()),
        environment: SafeText::new(deployment.environment()),
        version: version(reference, sha, branches.contains(reference)),
        remark: reached.remark,
        who: Person::name(deployment.creator.as_ref()),
        url: reached.url,
        ..Event::default()
    })
}

/// A tag as it is; of a branch, which is no version, its name and the commit; of a commit its first digits.
fn version(reference: &str, sha: &str, is_branch: bool) -> SafeText {
    let name = reference.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
    let is_tag = reference.starts_with("refs/tags/") || (is_version(name) && !reference.starts_with("refs/heads/"));
    if name.is_empty() || Version::new(name).is_commit() {
        SafeText::new(&short_commit(if name.is_empty() { sha } else { name }))
    } else if sha.is_empty() || (is_tag && !is_branch) {
        SafeText::new(name)
    } else {
        SafeText::new(&format!("{name}@{}", short_commit(sha)))
    }
}

fn reason(task: &str, reference: &str) -> ChangeReason {
    let (task, reference) = (task.to_ascii_lowercase(), reference.to_ascii_lowercase());
    if task.contains("rollback") {
        ChangeReason::Rollback
    } else if task.contains("hotfix") || reference.contains("hotfix") {
        ChangeReason::Hotfix
    } else {
        ChangeReason::Planned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(id: u64, state: &str, at: &str) -> Status {
        Status { id, state: Some(state.to_owned()), created_at: Some(at.to_owned()), ..Status::default() }
    }

    const EARLIER: &str = "2026-11-21T08:00:00Z";
    const LATER: &str = "2026-11-21T09:00:00Z";

    #[test]
    fn what_was_superseded_tells_how_it_went_before_whatever_the_order() {
        for (before, state) in [("success", EventState::Done), ("failure", EventState::Failed)] {
            let told = [status(2, before, EARLIER), status(3, "inactive", LATER), status(1, "queued", EARLIER)];
            let reached = reached(&told);
            assert_eq!((reached.state, reached.at), (state, Timestamp::of_rfc3339(Some(EARLIER))));
            assert_eq!(reached.inactive, Timestamp::of_rfc3339(Some(LATER)));
        }
    }

    #[test]
    fn only_what_ended_an_hour_ago_is_settled() {
        let now = Timestamp::of_rfc3339(Some("2026-11-21T10:00:01Z")).unwrap();
        assert!(has_settled(&[status(1, "success", LATER)], now));
        assert!(!has_settled(&[status(1, "success", LATER)], now.minus(Span::seconds(60))));
        assert!(!has_settled(&[status(1, "in_progress", EARLIER)], now));
        assert!(!has_settled(&[], now));
    }

    #[test]
    fn a_version_is_a_tag_or_tells_the_commit() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        for (reference, version) in [
            ("v2.14", "v2.14"),
            ("refs/tags/v2.14", "v2.14"),
            ("main", "main@01234567"),
            ("refs/heads/release-2", "release-2@01234567"),
            ("release/1.2", "release/1.2@01234567"),
            ("hotfix-7", "hotfix-7@01234567"),
            (sha, "01234567"),
            ("", "01234567"),
        ] {
            assert_eq!(super::version(reference, sha, false).as_str(), version, "{reference}");
        }
        assert_eq!(super::version("main", "", false).as_str(), "main");
        assert_eq!(super::version("v2", sha, true).as_str(), "v2@01234567");
    }

    #[test]
    fn a_few_of_each_environment_are_kept_however_many_of_others_there_are() {
        let deployment = |id: u64, environment: &str| -> Deployment {
            serde_json::from_value(serde_json::json!({"id": id, "environment": environment})).unwrap()
        };
        let mut page: Vec<Deployment> = (10..60).map(|id| deployment(id, "preview")).collect();
        page.extend((1..6).map(|id| deployment(id, "production")));
        let kept = fair(page);
        let of_production: Vec<u64> =
            kept.iter().filter(|one| one.environment() == "production").map(|one| one.id).collect();
        assert_eq!((kept.len(), of_production), (MOST + LEAST_EACH, vec![5, 4, 3]));
    }

    #[test]
    fn a_name_that_stood_for_two_commits_is_a_branch() {
        let deployment = |reference: &str, sha: &str| -> Deployment {
            serde_json::from_value(serde_json::json!({"id": 1, "ref": reference, "sha": sha})).unwrap()
        };
        let told = [deployment("v2", "a"), deployment("v3", "a"), deployment("v3", "b"), deployment("v2", "a")];
        assert_eq!(branches(&told), HashSet::from(["v3".to_owned()]));
    }

    #[test]
    fn a_rollback_and_a_hotfix_are_not_planned() {
        assert_eq!(reason("deploy:Rollback", "v1"), ChangeReason::Rollback);
        assert_eq!(reason("deploy", "hotfix/cart"), ChangeReason::Hotfix);
        assert_eq!(reason("deploy", "v2"), ChangeReason::Planned);
    }
}
