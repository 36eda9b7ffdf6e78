//! GitHub Actions: the workflows of repositories, on one branch of each.
//!
//! Source: GitHub REST API, "List workflow runs for a repository", "List jobs for a workflow run". One
//! request a repository and poll; its default branch is looked up now and then.

mod runs;

use schemars::JsonSchema;
use serde::Deserialize;
use wildmatch::WildMatch;

use super::github::{GitHub, Rota, called, has_one_owner, is_gone, public};
use super::{Context, Moment, QueryLanguage, Source, Tells};
use crate::model::build::{Activity, Build, Stage};
use crate::model::fault::{FetchError, Reason};
use crate::model::glob::Globs;
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use runs::{Runs, Workflow, Workflows, jobs, stage, workflows};

/// Builds whose stages are asked for.
const MOST_STAGED: usize = 20;
/// Pages of jobs of one run, a hundred on each.
const MOST_JOB_PAGES: usize = 20;

/// Runs asked for of a repository; and fewer, once it is known, where there are many repositories. A run is
/// some 10 KB of JSON, and all answers are to be kept for the next `If-None-Match`.
const MOST_RUNS: &str = "100";
const FEWER_RUNS: &str = "30";
/// Workflows of a repository that are asked for one by one, because they have not run lately.
const MOST_QUIET: usize = 20;
/// From here on there are many.
const MANY: usize = 20;

/// The keys of a GitHub Actions source.
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
    /// The branch whose runs count (default: the default branch of each repository).
    pub branch: Option<String>,
    /// Which workflows: globs of their names, such as `CI*` (default: all).
    #[serde(default)]
    pub workflows: Vec<String>,
}

/// Open repositories.
#[derive(Debug)]
pub struct GitHubActions {
    github: GitHub,
    rota: Rota<Known>,
    branch: Option<String>,
    workflows: Globs,
}

/// What is known of a repository.
#[derive(Debug)]
struct Known {
    full_name: String,
    switched_off: Option<&'static str>,
    workflows: Vec<Workflow>,
}

/// A build as it is shown, with where its stages are.
#[derive(Debug)]
struct Line {
    build: Build,
    latest: Option<(String, u64)>,
}

impl Source for GitHubActions {
    const TYPE: &'static str = "github-actions";
    const SUMMARY: &'static str = "the workflows of GitHub Actions, of repositories or an organisation";
    const QUERY: QueryLanguage = QueryLanguage::Optional("a glob of names: those builds, with their stages");
    const HTTP: bool = true;
    const ONE_REQUEST: bool = true;
    const TELLS: Tells = Tells::Builds;
    const SERIAL: bool = true;
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        Some(&config.url)
    }

    fn check_query(_: &str) -> Result<(), String> {
        Ok(())
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        Ok(Self {
            github: GitHub::open(&config.url, &config.repositories, config.organisation.as_deref(), context)?,
            rota: Rota::new(),
            branch: config.branch.clone(),
            workflows: Globs::new(&config.workflows),
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let with_stages = asks.iter().any(|ask| !ask.query.is_empty());
        let builds_by = if with_stages { self.github.early(moment) } else { moment };
        self.look(builds_by).await?;
        let lines = lines(&self.rota.all()?, |name| self.rota.why(name));
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            match self.answer(&ask.query, &lines, moment).await {
                // A refusal is about every request, whichever hears of it.
                Err(error) if error.reason == Reason::RateLimited => return Err(error),
                answer => answers.push(answer),
            }
        }
        Ok(answers)
    }
}

impl GitHubActions {
    /// Asks about as many repositories as there is time for.
    async fn look(&mut self, moment: Moment) -> Result<(), FetchError> {
        let names = self.github.names(moment).await?;
        self.rota.begin(names);
        while let Some(name) = self.rota.turn() {
            let came = self.ask(&name, moment).await;
            if !self.rota.take(&name, came)? {
                break;
            }
        }
        Ok(())
    }

    async fn ask(&mut self, name: &str, moment: Moment) -> Result<Known, FetchError> {
        let repository = self.github.repository(name, moment).await?;
        let switched_off = repository.switched_off();
        let full_name = repository.full_name;
        if switched_off.is_some() {
            return Ok(Known { full_name, switched_off, workflows: Vec::new() });
        }
        let branch = self.branch.clone().or(repository.default_branch);
        let before = self.rota.last(name).map(|known| known.workflows.clone());
        let most = if before.is_some() && self.rota.count() > MANY { FEWER_RUNS } else { MOST_RUNS };
        let mut query = vec![("per_page", most), ("exclude_pull_requests", "true")];
        query.extend(branch.as_deref().map(|branch| ("branch", branch)));
        let url = self.github.of(&full_name, &["actions", "runs"], &query)?;
        let runs: Runs = self.github.get(&url, moment).await?;
        let mut workflows = workflows(runs.workflow_runs, &self.workflows);
        for id in self.quiet(&full_name, &workflows, before.as_deref(), moment).await? {
            let known = before.iter().flatten().find(|one| one.id == id && one.build.activity == Activity::Idle);
            match known {
                Some(known) => workflows.push(known.clone()),
                None => workflows.extend(self.one(&full_name, &id, branch.as_deref(), moment).await?),
            }
        }
        Ok(Known { full_name, switched_off, workflows })
    }

    /// The workflows without a run among those told: a weekly one beside a busy one. At first they are
    /// listed; then they are those that were known.
    async fn quiet(
        &self,
        repository: &str,
        told: &[Workflow],
        before: Option<&[Workflow]>,
        moment: Moment,
    ) -> Result<Vec<String>, FetchError> {
        let mut ids: Vec<String> = if let Some(before) = before {
            before.iter().map(|one| one.id.clone()).collect()
        } else {
            let url = self.github.of(repository, &["actions", "workflows"], &[("per_page", "100")])?;
            let all: Workflows = match self.github.get(&url, moment).await {
                Err(error) if is_gone(&error) => Workflows::default(),
                all => all?,
            };
            all.active(&self.workflows).take(MOST_QUIET).collect()
        };
        ids.retain(|id| !told.iter().any(|one| one.id == *id));
        Ok(ids)
    }

    /// The runs of one workflow; nothing where it has none, or is gone.
    async fn one(
        &self,
        repository: &str,
        id: &str,
        branch: Option<&str>,
        moment: Moment,
    ) -> Result<Option<Workflow>, FetchError> {
        let mut query = vec![("per_page", "15"), ("exclude_pull_requests", "true")];
        query.extend(branch.map(|branch| ("branch", branch)));
        let url = self.github.of(repository, &["actions", "workflows", id, "runs"], &query)?;
        match self.github.get::<Runs>(&url, moment).await {
            Ok(runs) => Ok(workflows(runs.workflow_runs, &self.workflows).into_iter().next()),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn answer(&self, query: &str, lines: &[Line], moment: Moment) -> Answer {
        if query.is_empty() {
            return Ok(Telemetry::Builds(lines.iter().map(|line| line.build.clone()).collect()));
        }
        let glob = WildMatch::new(query);
        let wanted: Vec<&Line> = lines.iter().filter(|line| glob.matches(line.build.name.as_str())).collect();
        if wanted.len() > MOST_STAGED {
            let detail = format!("{} builds with stages, more than {MOST_STAGED}; narrow the query", wanted.len());
            return Err(FetchError::new(Reason::TooLarge, detail));
        }
        let mut builds = Vec::with_capacity(wanted.len());
        for line in wanted {
            let mut build = line.build.clone();
            if let Some((repository, run)) = &line.latest {
                build.stages = self.stages(repository, *run, moment).await?;
            }
            builds.push(build);
        }
        Ok(Telemetry::Builds(builds))
    }

    async fn stages(&self, repository: &str, run: u64, moment: Moment) -> Result<Vec<Stage>, FetchError> {
        let run = run.to_string();
        let query = [("filter", "latest"), ("per_page", "100")];
        let url = self.github.of(repository, &["actions", "runs", &run, "jobs"], &query)?;
        match self.github.pages(&url, MOST_JOB_PAGES, moment, jobs).await {
            Ok(jobs) => Ok(jobs.iter().map(stage).collect()),
            // Somebody has deleted the run since.
            Err(error) if is_gone(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// The builds of all repositories. One that is not there, or switched off, is a line of its own.
fn lines<'a>(all: &[(&str, Option<&Known>)], why: impl Fn(&str) -> &'a str) -> Vec<Line> {
    let one_owner = has_one_owner(all.iter().map(|(name, _)| *name));
    let mut lines = Vec::new();
    for (name, known) in all {
        let group = SafeText::new(called(name, one_owner));
        let instead = |activity, word: &str| Build {
            name: group.clone(),
            group: group.clone(),
            activity,
            raw: word.into(),
            ..Build::default()
        };
        let Some(known) = known else {
            lines.push(Line { build: instead(Activity::Idle, why(name)), latest: None });
            continue;
        };
        if let Some(word) = known.switched_off {
            lines.push(Line { build: instead(Activity::Disabled, word), latest: None });
        }
        lines.extend(known.workflows.iter().map(|workflow| {
            let name = format!("{group} {}", workflow.build.name).trim_end().into();
            let build = Build { name, group: group.clone(), ..workflow.build.clone() };
            Line { build, latest: Some((known.full_name.clone(), workflow.run)) }
        }));
    }
    lines
}
