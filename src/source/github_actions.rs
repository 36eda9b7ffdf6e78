//! GitHub Actions: the workflows of repositories, on one branch of each.
//!
//! Source: GitHub REST API, "List workflow runs for a repository", "List repository workflows", "List jobs for
//! a workflow run". One request a repository and poll; its default branch and its workflows are looked up now
//! and then.

mod listing;
mod runs;

use schemars::JsonSchema;
use serde::Deserialize;
use wildmatch::WildMatch;

use super::gaps::may_pick;
use super::github::{GitHub, Rota, called, has_one_owner, is_gone, is_recent, public, check_names};
use super::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use crate::model::build::{Activity, Build, Stage};
use crate::model::fault::{FetchError, Reason};
use crate::model::glob::Globs;
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use listing::{Listing, listed};
use runs::{Runs, Workflow, WorkflowRun, jobs, stage, told_apart, workflows};

/// Builds whose stages are asked for.
const MOST_STAGED: usize = 20;
/// Pages of jobs of one run, a hundred on each.
const MOST_JOB_PAGES: usize = 20;

/// Runs asked for of a repository; and fewer, once it is known, where there are many repositories. A run is
/// some 10 KB of JSON, and all answers are to be kept for the next `If-None-Match`.
const MOST_RUNS: &str = "100";
const FEWER_RUNS: &str = "30";
/// Workflows of a repository that are asked about one by one in a poll, because they have not run lately.
const MOST_QUIET: usize = 20;
/// Pages of workflows of a repository, a hundred on each.
const MOST_WORKFLOW_PAGES: usize = 10;
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
    /// The branch whose runs count (default: the default branch of each repository; of a workflow that never ran
    /// there, its runs for releases and tags).
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
    listing: Option<Listing>,
}

/// Whose runs are asked for.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    repository: &'a str,
    branch: Option<&'a str>,
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
        check_names(&config.repositories, config.organisation.as_deref())
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
                answer => answers.push(answer.and_then(|told| self.marked(&ask.query, told))),
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
            return Ok(Known { full_name, switched_off, workflows: Vec::new(), listing: None });
        }
        let branch = self.branch.clone().or(repository.default_branch);
        let known = self.rota.last(name);
        let (before, listing) =
            known.map_or_else(Default::default, |known| (known.workflows.clone(), known.listing.clone()));
        let most = if known.is_some() && self.rota.count() > MANY { FEWER_RUNS } else { MOST_RUNS };
        let place = Place { repository: &full_name, branch: branch.as_deref() };
        let told = workflows(self.runs(place, None, most, moment).await?, &self.workflows);
        let mut listing = self.listing(&full_name, &told, listing, moment).await?;
        let mut workflows: Vec<Workflow> = told.into_iter().filter_map(|one| listing.counted(one)).collect();
        self.add_quiet(&mut workflows, &before, &mut listing, place, moment).await?;
        Ok(Known { full_name, switched_off, workflows, listing: Some(listing) })
    }

    /// The runs of a repository, or of one workflow of it.
    async fn runs(
        &self,
        place: Place<'_>,
        workflow: Option<&str>,
        most: &str,
        moment: Moment,
    ) -> Result<Vec<WorkflowRun>, FetchError> {
        let mut query = vec![("per_page", most), ("exclude_pull_requests", "true")];
        query.extend(place.branch.map(|branch| ("branch", branch)));
        let of_one = workflow.map(|id| ["workflows", id]);
        let path: Vec<&str> = ["actions"].into_iter().chain(of_one.into_iter().flatten()).chain(["runs"]).collect();
        let url = self.github.of(place.repository, &path, &query)?;
        self.github.get::<Runs>(&url, moment).await.map(|runs| runs.workflow_runs)
    }

    /// The workflows that the repository has: looked up now and then, and as long as one is red, because it may
    /// have been switched off.
    async fn listing(
        &self,
        repository: &str,
        told: &[Workflow],
        before: Option<Listing>,
        moment: Moment,
    ) -> Result<Listing, FetchError> {
        let is_red = told.iter().any(|one| one.build.result.is_red());
        if let Some(known) = before
            && is_recent(known.at, moment)
            && !is_red
        {
            return Ok(known);
        }
        let url = self.github.of(repository, &["actions", "workflows"], &[("per_page", "100")])?;
        match self.github.pages(&url, MOST_WORKFLOW_PAGES, moment, listed).await {
            Err(error) if is_gone(&error) => Ok(Listing::of(None, moment.deadline)),
            all => Ok(Listing::of(Some(all?), moment.deadline)),
        }
    }

    /// Adds the workflows without a run among those told: a weekly one beside a busy one, one that runs for tags
    /// only. Those there is no time for in this poll are unknown until the next.
    async fn add_quiet(
        &self,
        workflows: &mut Vec<Workflow>,
        before: &[Workflow],
        listing: &mut Listing,
        place: Place<'_>,
        moment: Moment,
    ) -> Result<(), FetchError> {
        let mut asked = 0;
        for (id, name) in listing.quiet(workflows, before, &self.workflows) {
            let known = before.iter().find(|one| one.id == id && one.run.is_some());
            if let Some(known) = known.filter(|one| !one.is_for_versions && one.build.activity == Activity::Idle) {
                workflows.push(known.clone());
            } else if asked == MOST_QUIET {
                let build = Build { name, raw: "not asked yet".into(), ..Build::default() };
                workflows.push(known.cloned().unwrap_or(Workflow { id, build, ..Workflow::default() }));
            } else {
                asked += 1;
                match self.one(place, &id, known, moment).await? {
                    Some(one) => workflows.push(one),
                    None => listing.note_silent(id),
                }
            }
        }
        Ok(())
    }

    /// One workflow: its runs on the branch, else those for versions; nothing where it has neither, or is gone.
    async fn one(
        &self,
        place: Place<'_>,
        id: &str,
        known: Option<&Workflow>,
        moment: Moment,
    ) -> Result<Option<Workflow>, FetchError> {
        let runs = |place| async move {
            match self.runs(place, Some(id), FEWER_RUNS, moment).await {
                Err(error) if is_gone(&error) => Ok(Vec::new()),
                runs => runs,
            }
        };
        let first = |told: Vec<WorkflowRun>| workflows(told, &self.workflows).into_iter().next();
        if !known.is_some_and(|one| one.is_for_versions)
            && let Some(found) = first(runs(place).await?)
        {
            return Ok(Some(found));
        }
        // A board that names a branch means that one.
        if place.branch.is_none() || self.branch.is_some() {
            return Ok(None);
        }
        let mut told = runs(Place { branch: None, ..place }).await?;
        told.retain(WorkflowRun::is_for_version);
        Ok(first(told).map(|one| Workflow { is_for_versions: true, ..one }))
    }

    /// The answer to a query; partial where it could have picked something of a repository that was refused.
    fn marked(&self, query: &str, told: Telemetry) -> Answer {
        let all = self.rota.all()?;
        let one_owner = has_one_owner(all.iter().map(|(name, _)| *name));
        let may_be_missing = |name: &str| query.is_empty() || may_pick(query, called(name, one_owner));
        Ok(self.rota.gaps(may_be_missing)?.mark(told))
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
fn lines(all: &[(&str, Option<&Known>)], why: impl Fn(&str) -> String) -> Vec<Line> {
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
            lines.push(Line { build: instead(Activity::Idle, &why(name)), latest: None });
            continue;
        };
        if let Some(word) = known.switched_off {
            lines.push(Line { build: instead(Activity::Disabled, word), latest: None });
        }
        lines.extend(told_apart(known.workflows.clone()).into_iter().map(|workflow| {
            let name = format!("{group} {}", workflow.build.name).trim_end().into();
            let build = Build { name, group: group.clone(), ..workflow.build };
            Line { build, latest: workflow.run.map(|run| (known.full_name.clone(), run)) }
        }));
    }
    lines
}
