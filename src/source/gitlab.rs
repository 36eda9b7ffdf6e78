//! GitLab: the pipelines of projects, one build a project.
//!
//! Source: GitLab, "Pipelines API" (list, single pipeline), "Jobs API" (for stages), "Projects API". The
//! list tells neither when a pipeline began, nor whose it is, nor whether it passed with warnings: the
//! newest few are asked for one by one, once, and again when the list tells something new of them.

pub(super) mod api;
mod pipeline;
pub(super) mod projects;
mod stages;

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::Deserialize;
use wildmatch::WildMatch;

use super::gaps::Gaps;
use super::progress::Progress;
use super::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use crate::model::build::{Activity, Build, Stage};
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use api::Api;
use pipeline::{Detail, Pipeline, run, without_abandoned};
use projects::{Projects, is_number, check_scope};
use stages::{Job, stages};

/// The newest pipelines of a project, of which more is asked for than the list tells.
const DETAILED: usize = 3;
/// Builds whose stages are asked for.
const MOST_STAGED: usize = 20;
/// Pages of the jobs of a pipeline.
const JOB_PAGES: usize = 20;

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

/// The projects of a server, with what was told of them.
#[derive(Debug)]
pub struct Gitlab {
    api: Api,
    projects: Projects,
    branch: Option<String>,
    progress: Progress<ProjectState>,
    /// By project and number, with the pipeline as it was listed then.
    details: HashMap<String, HashMap<u64, (Pipeline, Detail)>>,
    /// By project, of a pipeline that is over.
    stages: HashMap<String, (Pipeline, Vec<Stage>)>,
}

/// What a project told.
#[derive(Debug, Clone)]
struct ProjectState {
    build: Build,
    latest: Option<Pipeline>,
    /// Why there is nothing to tell.
    error: Option<FetchError>,
}

impl Source for Gitlab {
    const TYPE: &'static str = "gitlab";
    const SUMMARY: &'static str = "the pipelines of GitLab projects, or of a whole group";
    const QUERY: QueryLanguage = QueryLanguage::Optional("a glob of names: those builds, with their stages");
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
            api: Api::open(&config.url, context)?,
            projects: Projects::open(&config.projects, config.group.as_deref()),
            branch: config.branch.clone(),
            progress: Progress::default(),
            details: HashMap::new(),
            stages: HashMap::new(),
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let keys = self.projects.keys(&self.api, moment).await?;
        self.forget_all_but(&keys);
        let with_stages = asks.iter().any(|ask| !ask.query.trim().is_empty());
        // Some of the time is left for the stages.
        let until = if with_stages { self.api.early(moment) } else { moment };
        for key in self.progress.begin(&keys) {
            let came = self.tell(&key, until).await;
            if came.as_ref().is_err_and(api::is_out_of_time) {
                break;
            }
            self.progress.ask(&key);
            self.progress.learn(&key, came?);
        }
        let told = self.progress.whole(&keys, "projects")?.into_iter().cloned();
        let mut told: Vec<(String, ProjectState)> = keys.iter().cloned().zip(told).collect();
        if let Some(error) = failure_of_all(&told) {
            return Err(error);
        }
        told.sort_by(|(_, a), (_, b)| a.build.name.cmp(&b.build.name));
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            match self.answer(ask.query.trim(), &told, moment).await {
                Err(error) if error.reason == Reason::RateLimited => return Err(error),
                answer => answers.push(answer.map(|answer| marked(ask.query.trim(), &told, answer))),
            }
        }
        Ok(answers)
    }
}

/// The answer to a query; partial where it could have picked something of a project that was refused. (A project
/// is one build, so that the globs that pick it are known.)
fn marked(query: &str, told: &[(String, ProjectState)], answer: Telemetry) -> Telemetry {
    let mut gaps = Gaps::default();
    for (_, one) in told {
        let name = one.build.name.as_str();
        if let Some(error) = one.error.as_ref().filter(|_| query.is_empty() || WildMatch::new(query).matches(name)) {
            gaps.add(name, &api::meaning(error));
        }
    }
    gaps.mark(answer)
}

impl Gitlab {
    fn forget_all_but(&mut self, keys: &[String]) {
        let wanted: HashSet<&str> = keys.iter().map(String::as_str).collect();
        self.details.retain(|key, _| wanted.contains(key.as_str()));
        self.stages.retain(|key, _| wanted.contains(key.as_str()));
    }

    /// What a project tells. That there is nothing to be had of it takes nothing from the others.
    async fn tell(&mut self, key: &str, moment: Moment) -> Result<ProjectState, FetchError> {
        let error = match self.pipelines(key, moment).await {
            Err(error) if api::is_about_one(&error) => error,
            told => return told,
        };
        let (name, group) = (self.projects.name(key), self.projects.namespace(key));
        if api::is_forbidden(&error) && self.projects.features(key, &self.api, moment).await?.has_no_pipelines() {
            let build = Build {
                activity: Activity::Disabled,
                raw: "CI/CD is switched off".into(),
                ..Build::of_runs(name, group, Vec::new())
            };
            return Ok(ProjectState { build, latest: None, error: None });
        }
        let build = Build { name, group, raw: api::meaning(&error).into(), ..Build::default() };
        Ok(ProjectState { build, latest: None, error: Some(error) })
    }

    async fn pipelines(&mut self, key: &str, moment: Moment) -> Result<ProjectState, FetchError> {
        let mut branch = self.branch.clone();
        if branch.is_none() || is_number(key) {
            let project = self.projects.one(key, &self.api, moment).await?;
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
        Ok(ProjectState { build, latest: listed.into_iter().next(), error: None })
    }

    /// Asks for what the list does not tell of the newest pipelines, where that is not known.
    async fn look(&mut self, key: &str, listed: &[Pipeline], moment: Moment) -> Result<(), FetchError> {
        let known = self.details.entry(key.to_owned()).or_default();
        known.retain(|id, _| listed.iter().any(|one| one.id == *id));
        for pipeline in listed.iter().take(DETAILED) {
            if known.get(&pipeline.id).is_some_and(|(seen, _)| seen == pipeline) {
                continue;
            }
            let id = pipeline.id.to_string();
            match self.api.one::<Detail>(&["projects", key, "pipelines", id.as_str()], moment).await {
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

    async fn answer(&mut self, query: &str, told: &[(String, ProjectState)], moment: Moment) -> Answer {
        if query.is_empty() {
            return Ok(Telemetry::Builds(told.iter().map(|(_, one)| one.build.clone()).collect()));
        }
        let glob = WildMatch::new(query);
        let wanted = told.iter().filter(|(_, one)| glob.matches(one.build.name.as_str()));
        let wanted: Vec<&(String, ProjectState)> = wanted.collect();
        if wanted.len() > MOST_STAGED {
            let detail = format!("{} builds with stages, more than {MOST_STAGED}; narrow the query", wanted.len());
            return Err(FetchError::new(Reason::TooLarge, detail));
        }
        let mut builds = Vec::with_capacity(wanted.len());
        for (key, one) in wanted {
            let mut build = one.build.clone();
            if let Some(latest) = &one.latest {
                build.stages = self.stages(key, latest, moment).await?;
            }
            builds.push(build);
        }
        Ok(Telemetry::Builds(builds))
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
        let mut jobs: Vec<Job> = self.api.list(&path, &query, JOB_PAGES, moment).await?;
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
            match self.api.list(&path, &[("per_page", "100")], JOB_PAGES, moment).await {
                Err(error) if error.reason == Reason::Http(404) => {}
                answer => return answer,
            }
        }
        Ok(Vec::new())
    }
}

/// The error of the poll, when there was nothing to be had of any project.
fn failure_of_all(told: &[(String, ProjectState)]) -> Option<FetchError> {
    let first = told.first()?.1.error.clone()?;
    if told.iter().any(|(_, one)| one.error.is_none()) {
        return None;
    }
    let detail = if first.reason == Reason::Http(404) {
        "no project found: renamed, deleted, or not allowed; or is the url of another server?".to_owned()
    } else {
        first.detail.to_string()
    };
    Some(FetchError::new(first.reason, detail))
}
