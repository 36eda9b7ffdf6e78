//! The stages of a pipeline: from its jobs, and from the pipelines that it set going elsewhere.
//!
//! Source: GitLab, "Jobs API", "List pipeline jobs" and "List pipeline trigger jobs" (bridges). Neither
//! has the order of stages; jobs are numbered in it.

use crate::model::time::Timestamp;
use serde::Deserialize;

use super::super::api::status;
use crate::model::build::{Activity, BuildResult, Stage};
use crate::model::text::SafeText;
use crate::source::http::parse_url;

/// A job, or a bridge to another pipeline.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Job {
    id: u64,
    name: Option<String>,
    stage: Option<String>,
    status: Option<String>,
    allow_failure: Option<bool>,
    started_at: Option<String>,
    finished_at: Option<String>,
    downstream_pipeline: Option<Downstream>,
}

/// The pipeline behind a bridge.
#[derive(Debug, Clone, Deserialize)]
struct Downstream {
    status: Option<String>,
    web_url: Option<String>,
}

impl Job {
    /// How it is. A bridge is as the pipeline behind it: by itself it is done when that has begun.
    fn state(&self) -> (Activity, BuildResult) {
        let downstream = self.downstream_pipeline.as_ref().and_then(|pipeline| pipeline.status.as_deref());
        let word = downstream.or(self.status.as_deref()).unwrap_or_default();
        let may_fail = self.allow_failure == Some(true);
        match status(word) {
            (activity, BuildResult::Failure) if may_fail => (activity, BuildResult::Warning),
            // It is offered, and nothing waits for it.
            (Activity::Waiting, _) if may_fail => (Activity::Idle, BuildResult::Skipped),
            state => state,
        }
    }

    /// Its name; of a bridge, where it leads.
    fn step(&self, own_path: &str) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        let Some(downstream) = &self.downstream_pipeline else { return name.to_owned() };
        let project = downstream.web_url.as_deref().and_then(project_of);
        let elsewhere = project.filter(|path| !path.eq_ignore_ascii_case(own_path));
        format!("→ {}", elsewhere.as_deref().unwrap_or(name))
    }
}

/// The path of the project that a pipeline's page belongs to: `.../group/shop/-/pipelines/5`.
fn project_of(page: &str) -> Option<String> {
    let url = parse_url(page).ok()?;
    let path = url.path().trim_matches('/');
    let (project, _) = path.split_once("/-/").or_else(|| path.rsplit_once("/pipelines/"))?;
    Some(project.to_owned())
}

/// The stages of these jobs, in the order in which their first jobs are numbered.
pub(super) fn stages(mut jobs: Vec<Job>, own_path: &str) -> Vec<Stage> {
    jobs.sort_by_key(|job| job.id);
    let mut grouped: Vec<(String, Vec<Job>)> = Vec::new();
    for job in jobs {
        let name = job.stage.clone().unwrap_or_default();
        match grouped.iter_mut().find(|(stage, _)| *stage == name) {
            Some((_, known)) => known.push(job),
            None => grouped.push((name, vec![job])),
        }
    }
    grouped.iter().map(|(name, jobs)| stage(name, jobs, own_path)).collect()
}

fn stage(name: &str, jobs: &[Job], own_path: &str) -> Stage {
    let states: Vec<(Activity, BuildResult)> = jobs.iter().map(Job::state).collect();
    let goes_on = [Activity::Running, Activity::Waiting, Activity::Queued];
    let activity = goes_on.into_iter().find(|one| states.iter().any(|(activity, _)| activity == one));
    let activity = activity.unwrap_or_default();
    let ended = states.iter().filter(|(activity, _)| *activity == Activity::Idle).map(|(_, result)| *result);
    let worst = ended.max_by_key(|result| badness(*result)).unwrap_or_default();
    // While it goes on, only what went wrong is certain.
    let is_certain = activity == Activity::Idle || badness(worst) >= badness(BuildResult::Warning);
    let named = jobs.iter().zip(&states).filter_map(|(job, state)| Some((rank(*state)?, job)));
    let named = named.min_by_key(|(rank, _)| *rank);
    let started_at = jobs.iter().filter_map(|job| Timestamp::of_rfc3339(job.started_at.as_deref())).min();
    let finished_at = jobs.iter().filter_map(|job| Timestamp::of_rfc3339(job.finished_at.as_deref())).max();
    let times = started_at.zip(finished_at).filter(|(begin, end)| activity == Activity::Idle && end >= begin);
    Stage {
        name: SafeText::new(name),
        activity,
        result: if is_certain { worst } else { BuildResult::Unknown },
        started_at,
        duration: times.map(|(begin, end)| begin.age_at(end)),
        step: named.map_or_else(SafeText::default, |(_, job)| job.step(own_path).into()),
    }
}

/// Which result of several stands for all.
const fn badness(result: BuildResult) -> u8 {
    match result {
        BuildResult::NeverRun => 0,
        BuildResult::Skipped => 1,
        BuildResult::Success => 2,
        BuildResult::Unknown => 3,
        BuildResult::Warning => 4,
        BuildResult::Cancelled => 5,
        BuildResult::Error => 6,
        BuildResult::Failure => 7,
    }
}

/// Which job of several is worth naming; none that is well.
const fn rank(state: (Activity, BuildResult)) -> Option<u8> {
    match state {
        (_, BuildResult::Failure | BuildResult::Error) => Some(0),
        (Activity::Running, _) => Some(1),
        (_, BuildResult::Warning) => Some(2),
        (Activity::Waiting, _) => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Span;

    fn job(id: u64, stage: &str, status: &str) -> Job {
        let text = |text: &str| Some(text.to_owned());
        Job { id, name: Some(format!("job {id}")), stage: text(stage), status: text(status), ..Job::default() }
    }

    #[test]
    fn stages_are_in_order_and_as_bad_as_their_worst_job() {
        let flaky = Job { allow_failure: Some(true), ..job(5, "test", "failed") };
        let offered = Job { allow_failure: Some(true), ..job(7, "deploy", "manual") };
        let all = vec![
            offered,
            job(6, "deploy", "created"),
            flaky,
            job(4, "test", "success"),
            job(3, "lint", "running"),
            job(2, "lint", "failed"),
            job(1, "build", "success"),
        ];
        let told: Vec<(String, Activity, BuildResult, String)> = stages(all, "g/own")
            .into_iter()
            .map(|stage| (stage.name.to_string(), stage.activity, stage.result, stage.step.to_string()))
            .collect();
        let expected = [
            ("build", Activity::Idle, BuildResult::Success, ""),
            ("lint", Activity::Running, BuildResult::Failure, "job 2"),
            ("test", Activity::Idle, BuildResult::Warning, "job 5"),
            ("deploy", Activity::Queued, BuildResult::Unknown, ""),
        ];
        assert_eq!(told, expected.map(|(name, doing, result, step)| (name.to_owned(), doing, result, step.to_owned())));
    }

    #[test]
    fn a_bridge_is_as_the_pipeline_behind_it_and_says_where_it_leads() {
        let bridge = |status: &str, page: &str| Job {
            downstream_pipeline: Some(Downstream { status: Some(status.to_owned()), web_url: Some(page.to_owned()) }),
            ..job(1, "deploy", "success")
        };
        for (status, page, result, step) in [
            ("failed", "https://x.test/g/other/-/pipelines/5", BuildResult::Failure, "→ g/other"),
            ("failed", "https://x.test/g/other/pipelines/5", BuildResult::Failure, "→ g/other"),
            ("failed", "https://x.test/g/own/-/pipelines/5", BuildResult::Failure, "→ job 1"),
            ("running", "no address", BuildResult::Unknown, "→ job 1"),
            ("success", "https://x.test/g/other/-/pipelines/5", BuildResult::Success, ""),
        ] {
            let told = stages(vec![bridge(status, page)], "g/own");
            assert_eq!((told[0].result, told[0].step.as_str()), (result, step), "{status} {page}");
        }
    }

    #[test]
    fn a_stage_takes_from_its_first_job_to_its_last() {
        let timed = |id, begin: &str, end: &str| Job {
            started_at: Some(format!("2026-11-21T10:{begin}Z")),
            finished_at: Some(format!("2026-11-21T10:{end}Z")),
            ..job(id, "test", "success")
        };
        let told = stages(vec![timed(1, "00:10", "00:40"), timed(2, "00:00", "00:30.500")], "");
        assert_eq!(told[0].duration, Some(Span::seconds(40)));
    }
}
