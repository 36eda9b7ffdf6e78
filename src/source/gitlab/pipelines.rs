//! GitLab: the pipelines of projects, one build a project.
//!
//! Source: GitLab, "Pipelines API" (list, single pipeline), "Jobs API" (for stages), "Projects API". The
//! list says neither when a pipeline began, nor whose it is, nor whether it passed with warnings: the
//! newest few are asked for one by one, once, and again when they have changed in the list.

mod pipeline;
mod stages;

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::Deserialize;
use wildmatch::WildMatch;

use super::api;
use super::projects::{Projects, check_scope, is_number};
use crate::model::build::{Activity, Build, Stage};
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::source::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use crate::source::forge::api::Api;
use crate::source::forge::faults::{is_forbidden, is_gone};
use crate::source::forge::staged::{self, HasStages, ListedBuild, MOST_JOB_PAGES, Missing};
use crate::source::forge::turns::Turns;
use pipeline::{Detail, Pipeline, run, without_abandoned};
use stages::{Job, stages};

/// The newest pipelines of a project, of which more is asked for than the list has.
const DETAILED: usize = 3;

/// The keys of a GitLab source.
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
    /// The branch whose pipelines count (default: each project's default branch).
    pub branch: Option<String>,
}

/// The projects of a server, with what is known of them.
#[derive(Debug)]
pub struct Gitlab {
    api: Api,
    projects: Projects,
    branch: Option<String>,
    turns: Turns<ProjectState>,
    /// By project and number, with the pipeline as it was listed then.
    details: HashMap<String, HashMap<u64, (Pipeline, Detail)>>,
    /// By project, of a pipeline that is over.
    stages: HashMap<String, (Pipeline, Vec<Stage>)>,
}

/// What is known of a project.
#[derive(Debug, Clone)]
struct ProjectState {
    build: Build,
    latest: Option<Pipeline>,
}

/// A run, by the key of its project and its pipeline.
type Run = (String, Pipeline);

impl Source for Gitlab {
    const TYPE: &'static str = "gitlab";
    const SUMMARY: &'static str = "the pipelines of GitLab projects, or of a whole group";
    const QUERY: QueryLanguage = staged::QUERY;
    const HTTP: bool = true;
    const ONE_REQUEST: bool = true;
    const EMITS: Emits = Emits::Builds;
    const SERIAL: bool = true;
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        Some(&config.url)
    }

    fn check_query(_: &str) -> Result<(), String> {
        Ok(())
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        check_scope(&config.projects, config.group.as_deref())
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        Ok(Self {
            api: api::open(&config.url, context)?,
            projects: Projects::open(&config.projects, config.group.as_deref()),
            branch: config.branch.clone(),
            turns: api::turns("projects"),
            details: HashMap::new(),
            stages: HashMap::new(),
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let keys = self.projects.keys(&self.api, moment).await?;
        self.forget_all_but(&keys);
        let before = if staged::wants_stages(asks) { self.api.budget().before_stages(moment) } else { moment };
        self.turns.begin(keys);
        while let Some(key) = self.turns.next_turn() {
            let came = self.state(&key, before).await;
            self.turns.take(&key, self.projects.path(&key), came)?;
        }
        self.turns.all_known().map_err(none_found)?;
        let builds = self.listed_builds()?;
        staged::answers(self, asks, &builds, moment).await
    }
}

impl Gitlab {
    fn forget_all_but(&mut self, keys: &[String]) {
        let wanted: HashSet<&str> = keys.iter().map(String::as_str).collect();
        self.details.retain(|key, _| wanted.contains(key.as_str()));
        self.stages.retain(|key, _| wanted.contains(key.as_str()));
    }

    /// What is known of a project. Of one without CI/CD there is nothing to know.
    async fn state(&mut self, key: &str, moment: Moment) -> Result<ProjectState, FetchError> {
        match self.pipelines(key, moment).await {
            Err(error) if is_forbidden(&error) => {
                if !self.projects.features(key, &self.api, moment).await?.has_no_pipelines() {
                    return Err(error);
                }
                let build = Build {
                    activity: Activity::Disabled,
                    raw: "CI/CD is switched off".into(),
                    ..Build::of_runs(self.projects.name(key), self.projects.namespace(key), Vec::new())
                };
                Ok(ProjectState { build, latest: None })
            }
            state => state,
        }
    }

    /// The builds of all projects, by name. A project of which nothing is known is a build of its own.
    fn listed_builds(&self) -> Result<Vec<ListedBuild<Run>>, FetchError> {
        let listed = |(key, state): (&str, Option<&ProjectState>)| {
            if let Some(state) = state {
                let last_run = state.latest.clone().map(|pipeline| (key.to_owned(), pipeline));
                return ListedBuild { build: state.build.clone(), last_run, missing: None };
            }
            let (name, group, why) = (self.projects.name(key), self.projects.namespace(key), self.turns.why(key));
            let missing = Missing { part: name.to_string(), why: why.clone(), is_picked };
            let build = Build { name, group, raw: why.into(), ..Build::default() };
            ListedBuild { build, last_run: None, missing: Some(missing) }
        };
        let mut builds: Vec<ListedBuild<Run>> = self.turns.answers()?.into_iter().map(listed).collect();
        builds.sort_by(|a, b| a.build.name.cmp(&b.build.name));
        Ok(builds)
    }

    async fn pipelines(&mut self, key: &str, moment: Moment) -> Result<ProjectState, FetchError> {
        let mut branch = self.branch.clone();
        if branch.is_none() || is_number(key) {
            let project = self.projects.project(key, &self.api, moment).await?;
            branch = branch.or(project.default_branch);
        }
        let mut listed: Vec<Pipeline> = Vec::new();
        // Where there is no branch, nothing can have run.
        if let Some(branch) = &branch {
            let query = [("ref", branch.as_str()), ("per_page", "50"), ("order_by", "id"), ("sort", "desc")];
            listed = self.api.list(&["projects", key, "pipelines"], &query, 1, moment).await?;
        }
        self.look(key, &listed, moment).await?;
        let details = self.details.get(key);
        let detail = |one: &Pipeline| details?.get(&one.id).filter(|(seen, _)| seen == one).map(|(_, detail)| detail);
        let runs = listed.iter().map(|one| run(one, detail(one))).collect();
        let build = Build::of_runs(self.projects.name(key), self.projects.namespace(key), without_abandoned(runs));
        Ok(ProjectState { build, latest: listed.into_iter().next() })
    }

    /// Asks for what the list does not have of the newest pipelines, where that is not known.
    async fn look(&mut self, key: &str, listed: &[Pipeline], moment: Moment) -> Result<(), FetchError> {
        let known = self.details.entry(key.to_owned()).or_default();
        known.retain(|id, _| listed.iter().any(|one| one.id == *id));
        for pipeline in listed.iter().take(DETAILED) {
            if known.get(&pipeline.id).is_some_and(|(seen, _)| seen == pipeline) {
                continue;
            }
            let id = pipeline.id.to_string();
            match self.api.object::<Detail>(&["projects", key, "pipelines", id.as_str()], moment).await {
                Ok(detail) => {
                    known.insert(pipeline.id, (pipeline.clone(), detail));
                }
                // Deleted since.
                Err(error) if error.reason == Reason::Http(404) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn stages(&mut self, key: &str, pipeline: &Pipeline, moment: Moment) -> Result<Vec<Stage>, FetchError> {
        if let Some((seen, stages)) = self.stages.get(key)
            && seen == pipeline
        {
            return Ok(stages.clone());
        }
        let id = pipeline.id.to_string();
        let path = ["projects", key, "pipelines", id.as_str(), "jobs"];
        let query = [("per_page", "100"), ("include_retried", "false")];
        let mut jobs: Vec<Job> = self.api.list(&path, &query, MOST_JOB_PAGES, moment).await?;
        let bridges = self.bridges(key, &id, moment).await?;
        // What is behind a bridge may go on when the pipeline itself is over.
        let is_over = bridges.is_empty() && run(pipeline, None).is_complete();
        jobs.extend(bridges);
        let stages = stages(jobs, self.projects.path(key));
        if is_over {
            self.stages.insert(key.to_owned(), (pipeline.clone(), stages.clone()));
        }
        Ok(stages)
    }

    /// The bridges of a pipeline. (GitLab 19.2 calls them trigger jobs, and keeps the old name for now.)
    async fn bridges(&self, key: &str, id: &str, moment: Moment) -> Result<Vec<Job>, FetchError> {
        for name in ["bridges", "trigger_jobs"] {
            let path = ["projects", key, "pipelines", id, name];
            match self.api.list(&path, &[("per_page", "100")], MOST_JOB_PAGES, moment).await {
                Err(error) if error.reason == Reason::Http(404) => {}
                answer => return answer,
            }
        }
        Ok(Vec::new())
    }
}

impl HasStages for Gitlab {
    type Run = Run;

    async fn add_stages(&mut self, build: &mut Build, (key, pipeline): &Run, moment: Moment) -> Result<(), FetchError> {
        build.stages = self.stages(key, pipeline, moment).await?;
        Ok(())
    }
}

/// A project is one build: it is picked by its own name.
fn is_picked(query: &str, project: &str) -> bool {
    query.is_empty() || WildMatch::new(query).matches(project)
}

/// The error of the poll, when nothing is known of any project.
fn none_found(error: FetchError) -> FetchError {
    if is_gone(&error) {
        let detail = "no project found: renamed, deleted, or not allowed; or is the url of another server?";
        return FetchError::new(error.reason, detail);
    }
    error
}
