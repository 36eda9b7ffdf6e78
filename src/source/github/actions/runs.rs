//! Runs and jobs of workflows as GitHub lists them, and what they mean.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::super::{Person, names_version};
use crate::model::build::{Activity, Build, BuildResult, Run, Stage};
use crate::model::fault::FetchError;
use crate::model::glob::Globs;
use crate::model::people::name_of;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use crate::source::http::{Document, link};

/// A page of runs.
#[derive(Debug, Deserialize)]
pub(super) struct Runs {
    pub(super) workflow_runs: Vec<WorkflowRun>,
}

/// A run as it is listed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WorkflowRun {
    id: u64,
    workflow_id: Option<u64>,
    name: Option<String>,
    display_title: Option<String>,
    path: Option<String>,
    event: Option<String>,
    run_number: Option<u64>,
    run_attempt: Option<u64>,
    status: Option<String>,
    conclusion: Option<String>,
    head_branch: Option<String>,
    head_sha: Option<String>,
    created_at: Option<String>,
    run_started_at: Option<String>,
    updated_at: Option<String>,
    html_url: Option<String>,
    actor: Option<Person>,
    head_commit: Option<Commit>,
    repository: Option<Named>,
    head_repository: Option<Named>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    author: Option<Author>,
}

#[derive(Debug, Deserialize)]
struct Author {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Named {
    full_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Jobs {
    jobs: Vec<Job>,
}

/// A job of a run.
#[derive(Debug, Deserialize)]
pub(super) struct Job {
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    started_at: Option<String>,
    completed_at: Option<String>,
    steps: Option<Vec<Step>>,
}

#[derive(Debug, Deserialize)]
struct Step {
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
}

/// A workflow, and the number of its latest run.
#[derive(Debug, Clone, Default)]
pub(super) struct Workflow {
    /// What it is known by, whatever it is called.
    pub(super) id: String,
    /// The bare name of its file.
    pub(super) file: String,
    /// Whether its file is in the repository whose runs these are.
    pub(super) is_of_its_repository: bool,
    pub(super) build: Build,
    /// None while it has not been asked about.
    pub(super) run: Option<u64>,
    /// Whether its runs are for versions, because it does not run on the branch.
    pub(super) is_for_versions: bool,
}

/// The workflows that are kept.
pub(super) fn workflows(runs: Vec<WorkflowRun>, keep: &Globs) -> Vec<Workflow> {
    let mut groups: BTreeMap<String, Vec<WorkflowRun>> = BTreeMap::new();
    for run in newest_first(runs) {
        groups.entry(run.workflow()).or_default().push(run);
    }
    let workflow = |(id, runs): (String, Vec<WorkflowRun>)| {
        let name = name(&runs);
        let latest = runs.first().filter(|_| keep.keep(&name))?;
        Some(Workflow {
            id,
            file: latest.file().to_owned(),
            is_of_its_repository: latest.path.as_deref().is_some_and(|path| path.starts_with(".github/")),
            build: Build::of_runs(name.into(), SafeText::default(), runs.iter().map(run).collect()),
            run: Some(latest.id),
            is_for_versions: false,
        })
    };
    groups.into_iter().filter_map(workflow).collect()
}

/// Workflows by name; of several with one name each with its file, and where that is no help with its number.
pub(super) fn told_apart(mut all: Vec<Workflow>) -> Vec<Workflow> {
    let parts: [fn(&Workflow) -> &str; 2] = [|one| &one.file, |one| &one.id];
    for part in parts {
        let mut counts: HashMap<SafeText, usize> = HashMap::new();
        for one in &all {
            *counts.entry(one.build.name.clone()).or_default() += 1;
        }
        for one in &mut all {
            if counts.get(&one.build.name).is_some_and(|count| *count > 1) && !part(one).is_empty() {
                one.build.name = format!("{} ({})", one.build.name, part(one)).into();
            }
        }
    }
    all.sort_by(|a, b| a.build.name.cmp(&b.build.name));
    all
}

/// The jobs of a page.
pub(super) fn jobs(page: &Document) -> Result<Vec<Job>, FetchError> {
    page.json::<Jobs>().map(|page| page.jobs)
}

/// The runs of the repository itself, each once: of several attempts the latest counts.
fn newest_first(mut runs: Vec<WorkflowRun>) -> Vec<WorkflowRun> {
    runs.retain(WorkflowRun::is_its_own);
    runs.sort_by_key(|run| Reverse((run.run_number, run.id, run.run_attempt)));
    runs.dedup_by_key(|run| run.id);
    runs
}

/// The name of the workflow of these runs. With a `run-name` the server may send that instead, another
/// one each time; and of a workflow that an organisation requires it sends none: then it is its file.
fn name(runs: &[WorkflowRun]) -> String {
    let Some(latest) = runs.first() else { return String::new() };
    let is_of_the_run = latest.name == latest.display_title && runs.iter().any(|run| run.name != latest.name);
    match latest.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) if !is_of_the_run || latest.path.is_none() => name.to_owned(),
        _ => latest.file().to_owned(),
    }
}

impl WorkflowRun {
    /// Whether it ran for a version: for a release, or for a tag. (The server does not say what is a tag.)
    pub(super) fn is_for_version(&self) -> bool {
        let event = self.event.as_deref().unwrap_or_default();
        let reference = self.head_branch.as_deref().unwrap_or_default();
        event == "release" || (!event.starts_with("pull_request") && names_version(reference))
    }

    /// Whether it ran for a branch of the repository: a fork may have one of the same name, and its pull
    /// requests say nothing about ours.
    fn is_its_own(&self) -> bool {
        let here = self.repository.as_ref().and_then(|one| one.full_name.as_deref());
        let head = self.head_repository.as_ref().and_then(|one| one.full_name.as_deref());
        match (here, head) {
            (Some(here), Some(head)) => here.eq_ignore_ascii_case(head),
            // The fork has been deleted.
            (Some(_), None) => false,
            (None, _) => true,
        }
    }

    /// What its workflow is known by.
    fn workflow(&self) -> String {
        let id = self.workflow_id.map(|id| id.to_string());
        id.or_else(|| self.path.clone()).or_else(|| self.name.clone()).unwrap_or_default()
    }

    /// The bare name of the workflow's file: "deploy" of ".github/workflows/deploy.yml".
    fn file(&self) -> &str {
        let path = self.path.as_deref().unwrap_or_default();
        let path = path.split('@').next().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        file.trim_end_matches(".yml").trim_end_matches(".yaml")
    }
}

fn run(listed: &WorkflowRun) -> Run {
    let (activity, result, word) = outcome(listed.status.as_deref(), listed.conclusion.as_deref());
    let ended = Timestamp::of_rfc3339(listed.updated_at.as_deref()).filter(|_| activity == Activity::Idle);
    let written_by = listed.head_commit.as_ref().and_then(|commit| commit.author.as_ref()?.name.as_deref());
    Run {
        label: listed.run_number.map_or_else(SafeText::default, |number| number.to_string().into()),
        activity,
        result,
        word,
        started_at: Timestamp::of_rfc3339(listed.run_started_at.as_deref())
            .or_else(|| Timestamp::of_rfc3339(listed.created_at.as_deref())),
        finished_at: ended,
        branch: SafeText::new(listed.head_branch.as_deref().unwrap_or_default()),
        commit: SafeText::new(listed.head_sha.as_deref().unwrap_or_default()),
        author: written_by.and_then(name_of).or_else(|| Person::name(listed.actor.as_ref())),
        url: link(listed.html_url.as_deref()),
    }
}

/// A job as a stage: its step is the one that failed, or that runs.
pub(super) fn stage(job: &Job) -> Stage {
    let (activity, result, _) = outcome(job.status.as_deref(), job.conclusion.as_deref());
    let steps = job.steps.as_deref().unwrap_or_default();
    let step = steps.iter().find(|step| {
        let (doing, came, _) = outcome(step.status.as_deref(), step.conclusion.as_deref());
        (result.is_red() && came.is_red()) || (activity == Activity::Running && doing == Activity::Running)
    });
    let (begin, end) =
        (Timestamp::of_rfc3339(job.started_at.as_deref()), Timestamp::of_rfc3339(job.completed_at.as_deref()));
    Stage {
        name: SafeText::new(job.name.as_deref().unwrap_or_default()),
        activity,
        result,
        started_at: begin,
        duration: begin.zip(end).map(|(begin, end)| begin.age_at(end)),
        step: SafeText::new(step.and_then(|step| step.name.as_deref()).unwrap_or_default()),
    }
}

/// What `status` and `conclusion` of a run, a job or a step say, and the word that is worth showing.
fn outcome(status: Option<&str>, conclusion: Option<&str>) -> (Activity, BuildResult, SafeText) {
    let going_on = |activity| (activity, BuildResult::Unknown, SafeText::default());
    let conclusion = conclusion.filter(|word| !word.is_empty());
    match status.unwrap_or_default() {
        "queued" | "requested" | "pending" => going_on(Activity::Queued),
        "in_progress" => going_on(Activity::Running),
        "waiting" => going_on(Activity::Waiting),
        "completed" => concluded(conclusion.unwrap_or_default()),
        // The server takes either kind of word for a status when it filters.
        other => concluded(conclusion.unwrap_or(other)),
    }
}

fn concluded(word: &str) -> (Activity, BuildResult, SafeText) {
    let (activity, result) = match word {
        "success" => return (Activity::Idle, BuildResult::Success, SafeText::default()),
        "failure" => return (Activity::Idle, BuildResult::Failure, SafeText::default()),
        "timed_out" | "startup_failure" => (Activity::Idle, BuildResult::Error),
        "cancelled" => (Activity::Idle, BuildResult::Cancelled),
        "skipped" => (Activity::Idle, BuildResult::Skipped),
        "action_required" => (Activity::Waiting, BuildResult::Unknown),
        // "neutral" and "stale", and whatever comes later.
        _ => (Activity::Idle, BuildResult::Unknown),
    };
    (activity, result, SafeText::new(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Span;

    fn workflow_run(id: u64, attempt: u64, conclusion: &str) -> WorkflowRun {
        WorkflowRun {
            id,
            workflow_id: Some(7),
            name: Some("CI".to_owned()),
            path: Some(".github/workflows/ci.yml".to_owned()),
            run_number: Some(id),
            run_attempt: Some(attempt),
            status: Some("completed".to_owned()),
            conclusion: Some(conclusion.to_owned()),
            run_started_at: Some("2026-11-21T08:00:00Z".to_owned()),
            updated_at: Some("2026-11-21T08:05:00Z".to_owned()),
            ..WorkflowRun::default()
        }
    }

    #[test]
    fn the_latest_attempt_of_a_run_counts() {
        let all = workflows(vec![workflow_run(1, 1, "failure"), workflow_run(1, 2, "success")], &Globs::default());
        let build = &all[0].build;
        assert_eq!((build.result, build.history.len(), build.label.as_str()), (BuildResult::Success, 1, "1"));
        assert_eq!(build.estimate, Some(Span::seconds(300)));
    }

    #[test]
    fn what_was_cancelled_leaves_the_result_of_before_and_says_so() {
        let all = workflows(vec![workflow_run(2, 1, "cancelled"), workflow_run(1, 1, "failure")], &Globs::default());
        let build = &all[0].build;
        assert_eq!((build.result, build.raw.as_str()), (BuildResult::Failure, "cancelled"));
    }

    #[test]
    fn a_branch_of_the_same_name_in_a_fork_is_not_ours() {
        let named = |name: &str| Some(Named { full_name: Some(name.to_owned()) });
        let mut fork = workflow_run(2, 1, "failure");
        (fork.repository, fork.head_repository) = (named("acme/shop"), named("somebody/shop"));
        let mut own = workflow_run(1, 1, "success");
        (own.repository, own.head_repository) = (named("acme/shop"), named("Acme/shop"));
        assert_eq!(workflows(vec![fork, own], &Globs::default())[0].build.result, BuildResult::Success);
    }

    #[test]
    fn a_workflow_has_the_name_of_its_file_where_the_server_tells_another_one_each_time() {
        let mut first = workflow_run(2, 1, "success");
        (first.name, first.display_title) = (Some("Deploy v2".to_owned()), Some("Deploy v2".to_owned()));
        let mut second = workflow_run(1, 1, "success");
        (second.name, second.display_title) = (Some("Deploy v1".to_owned()), Some("Deploy v1".to_owned()));
        assert_eq!(name(&[first, second]), "ci");
        let mut none = workflow_run(1, 1, "success");
        none.name = None;
        assert_eq!(name(&[none]), "ci");
        assert_eq!(name(&[workflow_run(1, 1, "success")]), "CI");
    }

    #[test]
    fn runs_for_releases_and_tags_are_for_versions() {
        for (event, reference, is) in [
            ("push", "v1.2.3", true),
            ("release", "latest", true),
            ("push", "feature/basket", false),
            ("pull_request", "v1.2.3", false),
            ("workflow_dispatch", "trunk", false),
        ] {
            let run = WorkflowRun {
                event: Some(event.to_owned()),
                head_branch: Some(reference.to_owned()),
                ..workflow_run(1, 1, "success")
            };
            assert_eq!(run.is_for_version(), is, "{event} {reference}");
        }
    }

    #[test]
    fn two_workflows_of_one_name_are_told_apart() {
        let mut other = workflow_run(2, 1, "failure");
        (other.workflow_id, other.path) = (Some(8), Some(".github/workflows/nightly.yaml".to_owned()));
        let names = |all: Vec<Workflow>| -> Vec<String> {
            told_apart(all).iter().map(|one| one.build.name.to_string()).collect()
        };
        let all = workflows(vec![workflow_run(1, 1, "success"), other], &Globs::default());
        assert_eq!(names(all.clone()), ["CI (ci)", "CI (nightly)"]);
        let one = |id: &str| Workflow { id: id.to_owned(), file: "ci".to_owned(), ..all[0].clone() };
        assert_eq!(names(vec![one("8"), one("7")]), ["CI (ci) (7)", "CI (ci) (8)"]);
        assert!(workflows(vec![workflow_run(1, 1, "success")], &Globs::new(&["Release*".to_owned()])).is_empty());
    }
}
