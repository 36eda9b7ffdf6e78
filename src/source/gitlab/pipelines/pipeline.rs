//! A pipeline, from the list and from its own page, as a run.
//!
//! Source: GitLab, "Pipelines API": "List project pipelines", "Get a single pipeline".

use crate::model::time::Timestamp;
use crate::source::http::link;
use serde::Deserialize;

use super::super::api::{Person, status};
use crate::model::build::{Activity, BuildResult, Run};
use crate::model::text::SafeText;

/// A pipeline as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct Pipeline {
    pub(super) id: u64,
    iid: Option<u64>,
    status: Option<String>,
    #[serde(rename = "ref")]
    branch: Option<String>,
    sha: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    web_url: Option<String>,
}

/// What only the page of one pipeline has.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Detail {
    started_at: Option<String>,
    finished_at: Option<String>,
    user: Option<Person>,
    detailed_status: Option<DetailedStatus>,
}

#[derive(Debug, Clone, Deserialize)]
struct DetailedStatus {
    group: Option<String>,
}

/// The run that a pipeline is, as far as it is known.
pub(super) fn run(pipeline: &Pipeline, detail: Option<&Detail>) -> Run {
    let word = pipeline.status.as_deref().unwrap_or_default();
    let (activity, mut result) = status(word);
    let group = detail.and_then(|detail| detail.detailed_status.as_ref()?.group.as_deref());
    if result == BuildResult::Success && group.is_some_and(has_warnings) {
        result = BuildResult::Warning;
    }
    let is_complete = activity == Activity::Idle;
    let begin = detail.map_or(pipeline.created_at.as_deref(), |detail| detail.started_at.as_deref());
    let end = detail.and_then(|detail| detail.finished_at.as_deref()).or(pipeline.updated_at.as_deref());
    let text = |text: Option<&str>| SafeText::new(text.unwrap_or_default());
    Run {
        label: pipeline.iid.unwrap_or(pipeline.id).to_string().into(),
        activity,
        result,
        word: SafeText::new(if is_complete && !result.is_decisive() { word } else { "" }),
        started_at: Timestamp::of_rfc3339(begin),
        finished_at: Timestamp::of_rfc3339(end).filter(|_| is_complete),
        branch: text(pipeline.branch.as_deref()),
        commit: text(pipeline.sha.as_deref()),
        author: detail.and_then(|detail| detail.user.as_ref()?.name()),
        url: link(pipeline.web_url.as_deref()),
    }
}

/// Whether the group of a detailed status says that jobs failed which may. (It was written with
/// underscores once.)
fn has_warnings(group: &str) -> bool {
    matches!(group, "success-with-warnings" | "success_with_warnings")
}

/// The runs without those that wait for a person behind a later one that is over: nobody will let them
/// go on, and they would make the build wait forever.
pub(super) fn without_abandoned(newest_first: Vec<Run>) -> Vec<Run> {
    let mut is_overtaken = false;
    let is_kept = |run: &Run| {
        is_overtaken |= run.is_complete();
        !is_overtaken || run.activity != Activity::Waiting
    };
    newest_first.into_iter().filter(is_kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{Span, Timestamp};

    fn listed(status: &str) -> Pipeline {
        Pipeline {
            id: 90,
            status: Some(status.to_owned()),
            created_at: Some("2026-11-21T10:00:00.000Z".to_owned()),
            updated_at: Some("2026-11-21T12:10:00.000+02:00".to_owned()),
            ..Pipeline::default()
        }
    }

    #[test]
    fn without_more_it_took_from_when_it_was_made_to_when_it_was_touched_last() {
        let told = run(&Pipeline { iid: Some(7), ..listed("success") }, None);
        assert_eq!((told.label.as_str(), told.duration()), ("7", Some(Span::seconds(600))));
        assert_eq!(run(&listed("success"), None).label.as_str(), "90");
        assert_eq!(run(&listed("running"), None).finished_at, None, "it goes on");
    }

    #[test]
    fn the_detail_knows_better() {
        let detail: Detail = serde_json::from_str(
            r#"{"started_at":"2026-11-21T10:02:00Z","finished_at":"2026-11-21T10:05:00Z","user":{"name":"Ada"},
                "detailed_status":{"group":"success-with-warnings"}}"#,
        )
        .unwrap();
        let told = run(&listed("success"), Some(&detail));
        assert_eq!((told.duration(), told.result), (Some(Span::seconds(180)), BuildResult::Warning));
        assert_eq!(told.author, Some("Ada".into()));
        assert_eq!(run(&listed("failed"), Some(&detail)).result, BuildResult::Failure);
        let nulls = r#"{"started_at":null,"finished_at":null,"user":null,"detailed_status":null}"#;
        let told = run(&listed("skipped"), Some(&serde_json::from_str(nulls).unwrap()));
        assert_eq!((told.started_at, told.author, told.word.as_str()), (None, None, "skipped"));
        assert!(has_warnings("success_with_warnings") && !has_warnings("success"));
    }

    #[test]
    fn what_waits_behind_a_later_one_that_is_over_is_abandoned() {
        use Activity::{Idle, Queued, Running, Waiting};
        let words = ["pending", "manual", "success", "manual", "running", "failed"];
        let runs = words.iter().map(|word| run(&listed(word), None)).collect();
        let kept: Vec<Activity> = without_abandoned(runs).iter().map(|run| run.activity).collect();
        assert_eq!(kept, [Queued, Waiting, Idle, Running, Idle]);
    }

    #[test]
    fn moments_are_read_with_any_offset_and_nonsense_is_none() {
        assert_eq!(Timestamp::of_rfc3339(Some("1970-01-01T01:00:01.5+01:00")), Some(Timestamp(1500)));
        assert_eq!((Timestamp::of_rfc3339(Some("soon")), Timestamp::of_rfc3339(None)), (None, None));
    }
}
