//! Deploys, as GitLab keeps them for its environments.
//!
//! Source: GitLab, "Deployments API", "List project deployments"; "Environments API" (`state`: available,
//! stopping, stopped). They are asked for by number: an order by `updated_at` has been refused without a filter
//! by it since GitLab 16.0.

mod history;

use schemars::JsonSchema;
use serde::Deserialize;

use super::api;
use super::projects::{Projects, check_scope, is_number};
use crate::model::event::Event;
use crate::model::fault::{FetchError, Reason};
use crate::model::glob::Globs;
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use crate::source::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use crate::source::forge::api::Api;
use crate::source::forge::faults::is_forbidden;
use crate::source::forge::turns::Turns;
use history::{Deployment, events};

/// Deploys on a page, and of an environment that is asked for because many of others crowd it out.
const PAGE: usize = 50;
const FEW: &str = "10";
/// Such environments of a project.
const MOST_CROWDED_OUT: usize = 10;
/// Pages of environments, a hundred on each.
const ENVIRONMENT_PAGES: usize = 5;

/// An environment of a project.
#[derive(Debug, Deserialize)]
struct Environment {
    name: String,
    state: Option<String>,
}

/// The keys of a source of GitLab deploys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the server, without `/api/v4` (default: `https://gitlab.com`).
    #[serde(default = "api::default_url")]
    pub url: String,
    /// Projects, by path (`group/shop`) or number.
    #[serde(default)]
    pub projects: Vec<String>,
    /// A group, by path or number: its projects and those of its subgroups, the 1000 active last at most.
    pub group: Option<String>,
    /// Environments to keep: names or globs, such as `prod*` (default: all).
    #[serde(default)]
    pub environments: Vec<String>,
}

/// The projects of a server, with their deploys.
#[derive(Debug)]
pub struct GitlabDeployments {
    api: Api,
    projects: Projects,
    environments: Vec<String>,
    turns: Turns<Vec<Event>>,
}

impl Source for GitlabDeployments {
    const TYPE: &'static str = "gitlab-deployments";
    const SUMMARY: &'static str = "deploys to the environments of GitLab projects, or of a whole group";
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
        Err("GitLab deploys take no query; pick environments with environments = [\"prod*\"] on the source".to_owned())
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        check_scope(&config.projects, config.group.as_deref())
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        Ok(Self {
            api: api::open(&config.url, context)?,
            projects: Projects::open(&config.projects, config.group.as_deref()),
            environments: config.environments.clone(),
            turns: api::turns("projects"),
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let keys = self.projects.keys(&self.api, moment).await?;
        self.turns.begin(keys);
        while let Some(key) = self.turns.next_turn() {
            let came = self.deploys_if_any(&key, moment).await;
            self.turns.take(&key, self.projects.path(&key), came)?;
        }
        let first = self.turns.keys().first().map(|key| self.projects.path(key)).unwrap_or_default();
        let known = self.turns.all_known().map_err(|error| api::naming(error, first))?;
        let mut events: Vec<Event> = known.into_iter().flat_map(|(_, events)| events).cloned().collect();
        events.extend(self.turns.missing().map(|(key, why)| {
            let path = self.projects.path(key);
            Event::not_told(path.rsplit('/').next().unwrap_or(path), &why)
        }));
        events.sort_by_key(|event| event.at);
        let telemetry = self.turns.gaps(|key| self.projects.path(key)).mark(Telemetry::Events(events));
        Ok(vec![Ok(telemetry); asks.len()])
    }
}

impl GitlabDeployments {
    /// The deploys of a project; none of one without environments.
    async fn deploys_if_any(&mut self, key: &str, moment: Moment) -> Result<Vec<Event>, FetchError> {
        match self.deploys(key, moment).await {
            Err(error) if is_forbidden(&error) => {
                let features = self.projects.features(key, &self.api, moment).await?;
                if features.has_no_environments() { Ok(Vec::new()) } else { Err(error) }
            }
            deploys => deploys,
        }
    }

    async fn deploys(&mut self, key: &str, moment: Moment) -> Result<Vec<Event>, FetchError> {
        if is_number(key) {
            // For its name.
            self.projects.project(key, &self.api, moment).await?;
        }
        let wanted = Globs::new(&self.environments);
        let environments = self.environments_of(key, moment).await?;
        let mut deployments = self.deployments(key, moment).await?;
        if self.takes_all() && deployments.len() >= PAGE {
            let is_missing = |environment: &&Environment| {
                environment.state.as_deref() == Some("available")
                    && wanted.keep(&environment.name)
                    && !deployments.iter().any(|one| one.environment() == environment.name)
            };
            let mut missing: Vec<&str> = environments.iter().filter(is_missing).map(|one| one.name.as_str()).collect();
            // Review apps are named after their branch: "review/basket".
            missing.sort_by_key(|name| name.contains('/'));
            for name in missing.into_iter().take(MOST_CROWDED_OUT) {
                deployments.extend(self.newest(key, FEW, Some(name), moment).await?);
            }
        }
        let path = self.projects.path(key);
        let service = path.rsplit('/').next().unwrap_or(path);
        let mut events = events(deployments, service);
        events.retain(|event| wanted.keep(event.environment.as_str()));
        let is_stopped =
            |name: &str| environments.iter().any(|one| one.name == name && one.state.as_deref() == Some("stopped"));
        for event in &mut events {
            // The server does not say since when.
            event.until = is_stopped(event.environment.as_str()).then_some(event.at);
        }
        Ok(events)
    }

    /// The environments of a project; none where the server has no such list.
    async fn environments_of(&self, key: &str, moment: Moment) -> Result<Vec<Environment>, FetchError> {
        let path = ["projects", key, "environments"];
        match self.api.list(&path, &[("per_page", "100")], ENVIRONMENT_PAGES, moment).await {
            Err(error) if error.reason == Reason::Http(404) => Ok(Vec::new()),
            environments => environments,
        }
    }

    /// Whether those of all environments are asked for together: there are globs, or nothing is named.
    fn takes_all(&self) -> bool {
        self.environments.is_empty() || self.environments.iter().any(|name| name.contains(['*', '?']))
    }

    async fn newest(
        &self,
        key: &str,
        most: &str,
        environment: Option<&str>,
        moment: Moment,
    ) -> Result<Vec<Deployment>, FetchError> {
        let mut query = vec![("order_by", "id"), ("sort", "desc"), ("per_page", most)];
        query.extend(environment.map(|name| ("environment", name)));
        self.api.list(&["projects", key, "deployments"], &query, 1, moment).await
    }

    /// Those of each environment that is named, so that many of another do not crowd them out; else the newest of
    /// all together.
    async fn deployments(&self, key: &str, moment: Moment) -> Result<Vec<Deployment>, FetchError> {
        let page = PAGE.to_string();
        if self.takes_all() {
            return self.newest(key, &page, None, moment).await;
        }
        let mut all = Vec::new();
        for environment in &self.environments {
            all.extend(self.newest(key, &page, Some(environment), moment).await?);
        }
        Ok(all)
    }
}
