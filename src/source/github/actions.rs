//! GitHub Actions: the workflows of repositories, on one branch of each.
//!
//! Source: GitHub REST API, "List workflow runs for a repository", "List repository workflows", "List jobs for
//! a workflow run". One request a repository and poll; its default branch and its workflows are looked up now
//! and then.

mod listing;
mod runs;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{GitHub, called, check_names, has_one_owner, public, turns};
use crate::model::build::{Activity, Build};
use crate::model::fault::FetchError;
use crate::model::glob::Globs;
use crate::model::poll::{Answer, Ask};
use crate::model::text::SafeText;
use crate::source::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use crate::source::forge::faults::is_gone;
use crate::source::forge::gaps::may_pick;
use crate::source::forge::looked_up::LookedUp;
use crate::source::forge::staged::{self, HasStages, ListedBuild, MOST_JOB_PAGES, Missing};
use crate::source::forge::turns::Turns;
use listing::{Listing, listed};
use runs::{Runs, Workflow, WorkflowRun, jobs, stage, told_apart, workflows};

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
    turns: Turns<Known>,
    branch: Option<String>,
    workflows: Globs,
}

/// What is known of a repository.
#[derive(Debug)]
struct Known {
    full_name: String,
    switched_off: Option<&'static str>,
    workflows: Vec<Workflow>,
    listing: Option<LookedUp<Listing>>,
}

/// Whose runs are asked for.
#[derive(Debug, Clone, Copy)]
struct Scope<'a> {
    repository: &'a str,
    branch: Option<&'a str>,
}

/// A run, by its repository and its number there.
type RunNumber = (String, u64);

impl Source for GitHubActions {
    const TYPE: &'static str = "github-actions";
    const SUMMARY: &'static str = "the workflows of GitHub Actions, of repositories or an organisation";
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
        check_names(&config.repositories, config.organisation.as_deref())
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        Ok(Self {
            github: GitHub::open(&config.url, &config.repositories, config.organisation.as_deref(), context)?,
            turns: turns(),
            branch: config.branch.clone(),
            workflows: Globs::new(&config.workflows),
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let before = if staged::wants_stages(asks) { self.github.api.budget().before_stages(moment) } else { moment };
        self.look(before).await?;
        let builds = listed_builds(&self.turns.answers()?, |name| self.turns.why(name));
        staged::answers(self, asks, &builds, moment).await
    }
}

impl GitHubActions {
    /// Asks about as many repositories as there is time for.
    async fn look(&mut self, moment: Moment) -> Result<(), FetchError> {
        let names = self.github.names(moment).await?;
        self.turns.begin(names);
        while let Some(name) = self.turns.next_turn() {
            let came = self.ask(&name, moment).await;
            self.turns.take(&name, &name, came)?;
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
        let known = self.turns.last(name);
        let (before, listing) =
            known.map_or_else(Default::default, |known| (known.workflows.clone(), known.listing.clone()));
        let most = if known.is_some() && self.turns.keys().len() > MANY { FEWER_RUNS } else { MOST_RUNS };
        let scope = Scope { repository: &full_name, branch: branch.as_deref() };
        let ran = workflows(self.runs(scope, None, most, moment).await?, &self.workflows);
        let mut listing = self.listing(&full_name, &ran, listing, moment).await?;
        let mut workflows: Vec<Workflow> = ran.into_iter().filter_map(|one| listing.value.counted(one)).collect();
        self.add_quiet(&mut workflows, &before, &mut listing.value, scope, moment).await?;
        Ok(Known { full_name, switched_off, workflows, listing: Some(listing) })
    }

    /// The runs of a repository, or of one workflow of it.
    async fn runs(
        &self,
        scope: Scope<'_>,
        workflow: Option<&str>,
        most: &str,
        moment: Moment,
    ) -> Result<Vec<WorkflowRun>, FetchError> {
        let mut query = vec![("per_page", most), ("exclude_pull_requests", "true")];
        query.extend(scope.branch.map(|branch| ("branch", branch)));
        let of_one = workflow.map(|id| ["workflows", id]);
        let path: Vec<&str> = ["actions"].into_iter().chain(of_one.into_iter().flatten()).chain(["runs"]).collect();
        let url = self.github.address(scope.repository, &path, &query)?;
        self.github.api.get::<Runs>(&url, moment).await.map(|runs| runs.workflow_runs)
    }

    /// The workflows that the repository has: looked up now and then, and as long as one is red, because it may
    /// have been switched off.
    async fn listing(
        &self,
        repository: &str,
        ran: &[Workflow],
        before: Option<LookedUp<Listing>>,
        moment: Moment,
    ) -> Result<LookedUp<Listing>, FetchError> {
        let is_red = ran.iter().any(|one| one.build.result.is_red());
        if let Some(known) = before
            && known.is_recent(moment)
            && !is_red
        {
            return Ok(known);
        }
        let url = self.github.address(repository, &["actions", "workflows"], &[("per_page", "100")])?;
        let all = match self.github.api.pages(&url, MOST_WORKFLOW_PAGES, moment, listed).await {
            Err(error) if is_gone(&error) => None,
            all => Some(all?),
        };
        Ok(LookedUp::new(Listing::new(all), moment))
    }

    /// Adds the workflows without a recent run: a weekly one in addition to a busy one, one that runs for tags
    /// only. Those there is no time for in this poll are unknown until the next.
    async fn add_quiet(
        &self,
        workflows: &mut Vec<Workflow>,
        before: &[Workflow],
        listing: &mut Listing,
        scope: Scope<'_>,
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
                match self.workflow(scope, &id, known, moment).await? {
                    Some(one) => workflows.push(one),
                    None => listing.note_silent(id),
                }
            }
        }
        Ok(())
    }

    /// One workflow: its runs on the branch, else those for versions; nothing where it has neither, or is gone.
    async fn workflow(
        &self,
        scope: Scope<'_>,
        id: &str,
        known: Option<&Workflow>,
        moment: Moment,
    ) -> Result<Option<Workflow>, FetchError> {
        let runs = |scope| async move {
            match self.runs(scope, Some(id), FEWER_RUNS, moment).await {
                Err(error) if is_gone(&error) => Ok(Vec::new()),
                runs => runs,
            }
        };
        let first = |runs: Vec<WorkflowRun>| workflows(runs, &self.workflows).into_iter().next();
        if !known.is_some_and(|one| one.is_for_versions)
            && let Some(found) = first(runs(scope).await?)
        {
            return Ok(Some(found));
        }
        // A board that names a branch means that one.
        if scope.branch.is_none() || self.branch.is_some() {
            return Ok(None);
        }
        let mut all = runs(Scope { branch: None, ..scope }).await?;
        all.retain(WorkflowRun::is_for_version);
        Ok(first(all).map(|one| Workflow { is_for_versions: true, ..one }))
    }
}

impl HasStages for GitHubActions {
    type Run = RunNumber;

    async fn add_stages(&mut self, build: &mut Build, run: &RunNumber, moment: Moment) -> Result<(), FetchError> {
        let (repository, number) = (&run.0, run.1.to_string());
        let query = [("filter", "latest"), ("per_page", "100")];
        let url = self.github.address(repository, &["actions", "runs", &number, "jobs"], &query)?;
        match self.github.api.pages(&url, MOST_JOB_PAGES, moment, jobs).await {
            Ok(jobs) => build.stages = jobs.iter().map(stage).collect(),
            // Somebody has deleted the run since.
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// The builds of all repositories. One of which nothing is known, or that is switched off, is a build of its own.
fn listed_builds(all: &[(&str, Option<&Known>)], why: impl Fn(&str) -> String) -> Vec<ListedBuild<RunNumber>> {
    let one_owner = has_one_owner(all.iter().map(|(name, _)| *name));
    let mut builds = Vec::new();
    for (name, known) in all {
        let group = SafeText::new(called(name, one_owner));
        let instead = |activity, raw: &str, missing| {
            let (name, group) = (group.clone(), group.clone());
            let build = Build { name, group, activity, raw: raw.into(), ..Build::default() };
            ListedBuild { build, last_run: None, missing }
        };
        let Some(known) = known else {
            let why = why(name);
            let missing = Missing { part: (*name).to_owned(), why: why.clone(), is_picked };
            builds.push(instead(Activity::Idle, &why, Some(missing)));
            continue;
        };
        builds.extend(known.switched_off.map(|word| instead(Activity::Disabled, word, None)));
        builds.extend(told_apart(known.workflows.clone()).into_iter().map(|workflow| {
            let name = format!("{group} {}", workflow.build.name).trim_end().into();
            let build = Build { name, group: group.clone(), ..workflow.build };
            let last_run = workflow.run.map(|run| (known.full_name.clone(), run));
            ListedBuild { build, last_run, missing: None }
        }));
    }
    builds
}

/// The names of a repository's builds begin with its own.
fn is_picked(query: &str, repository: &str) -> bool {
    query.is_empty() || may_pick(query, repository)
}
