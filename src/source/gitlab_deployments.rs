//! Deploys, as GitLab keeps them for its environments.
//!
//! Source: GitLab, "Deployments API", "List project deployments"; "Environments API" (`state`: available,
//! stopping, stopped). They are asked for by number: an order by `updated_at` has been refused without a filter
//! by it since GitLab 16.0.

mod history;

use schemars::JsonSchema;
use serde::Deserialize;

use super::gitlab::api::{self, Api, Missing};
use super::gitlab::projects::{Projects, is_number, check_scope};
use super::progress::Progress;
use super::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use crate::model::event::Event;
use crate::model::fault::{FetchError, Reason};
use crate::model::glob::Globs;
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
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
struct Place {
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

/// The projects of a server, with the deploys that were told of.
#[derive(Debug)]
pub struct GitlabDeployments {
    api: Api,
    projects: Projects,
    environments: Vec<String>,
    progress: Progress<Result<Vec<Event>, FetchError>>,
    missing: Missing,
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
            api: Api::open(&config.url, context)?,
            projects: Projects::open(&config.projects, config.group.as_deref()),
            environments: config.environments.clone(),
            progress: Progress::default(),
            missing: Missing::default(),
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let keys = self.projects.keys(&self.api, moment).await?;
        for key in self.progress.begin(&keys) {
            let came = match self.deploys(&key, moment).await {
                Err(error) if api::is_forbidden(&error) => {
                    let features = self.projects.features(&key, &self.api, moment).await;
                    features.and_then(|one| if one.has_no_environments() { Ok(Vec::new()) } else { Err(error) })
                }
                came => came,
            };
            if came.as_ref().is_err_and(api::is_out_of_time) {
                break;
            }
            self.progress.ask(&key);
            let told = self.missing.take(self.projects.path(&key), came)?;
            // What is known of it counts for a while; only what is not there is gone at once.
            let is_gone = told.as_ref().is_err_and(|error| error.reason == Reason::Http(404));
            if told.is_ok() || is_gone || !self.progress.recent(&key).is_some_and(Result::is_ok) {
                self.progress.learn(&key, told);
            }
        }
        let all = self.progress.whole(&keys, "projects")?;
        let told = api::those_there(&all)?;
        let mut events: Vec<Event> = told.into_iter().flatten().cloned().collect();
        let missing = keys.iter().zip(&all).filter_map(|(key, told)| Some((key, told.as_ref().err()?)));
        events.extend(missing.map(|(key, error)| {
            let path = self.projects.path(key);
            Event::not_told(path.rsplit('/').next().unwrap_or(path), &api::meaning(error))
        }));
        events.sort_by_key(|event| event.at);
        let paths = keys.iter().map(|key| self.projects.path(key));
        let telemetry = api::gaps(paths.zip(all)).mark(Telemetry::Events(events));
        Ok(vec![Ok(telemetry); asks.len()])
    }
}

impl GitlabDeployments {
    async fn deploys(&mut self, key: &str, moment: Moment) -> Result<Vec<Event>, FetchError> {
        if is_number(key) {
            // For its name.
            self.projects.one(key, &self.api, moment).await?;
        }
        let wanted = Globs::new(&self.environments);
        let places = self.places(key, moment).await?;
        let mut deployments = self.deployments(key, moment).await?;
        if self.takes_all() && deployments.len() >= PAGE {
            let is_missing = |place: &&Place| {
                place.state.as_deref() == Some("available")
                    && wanted.keep(&place.name)
                    && !deployments.iter().any(|one| one.environment() == place.name)
            };
            let mut missing: Vec<&str> = places.iter().filter(is_missing).map(|place| place.name.as_str()).collect();
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
            |name: &str| places.iter().any(|place| place.name == name && place.state.as_deref() == Some("stopped"));
        for event in &mut events {
            // Since when is not told.
            event.until = is_stopped(event.environment.as_str()).then_some(event.at);
        }
        Ok(events)
    }

    /// The environments of a project; none where the server has no such list.
    async fn places(&self, key: &str, moment: Moment) -> Result<Vec<Place>, FetchError> {
        let path = ["projects", key, "environments"];
        match self.api.list(&path, &[("per_page", "100")], ENVIRONMENT_PAGES, moment).await {
            Err(error) if error.reason == Reason::Http(404) => Ok(Vec::new()),
            places => places,
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
