//! The stages of a pipeline run, as the Pipeline REST API plugin lists them.

use serde::Deserialize;

use crate::model::build::{Activity, Build, BuildResult, Stage};
use crate::model::fault::FetchError;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::source::http::Document;

#[derive(Debug, Deserialize)]
struct Described {
    status: Option<String>,
    stages: Option<Vec<RawStage>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStage {
    name: Option<String>,
    status: Option<String>,
    start_time_millis: Option<i64>,
    duration_millis: Option<i64>,
}

/// Gives a build the stages of its last run. Only they show that a run waits for somebody.
pub(super) fn add(build: &mut Build, document: &Document) -> Result<(), FetchError> {
    let described: Described = document.json()?;
    let (activity, _) = words(described.status.as_deref().unwrap_or_default());
    if build.activity == Activity::Running && activity == Activity::Waiting {
        build.activity = Activity::Waiting;
    }
    build.stages = described.stages.iter().flatten().map(stage).collect();
    Ok(())
}

fn stage(raw: &RawStage) -> Stage {
    let (activity, result) = words(raw.status.as_deref().unwrap_or_default());
    let started_at = raw.start_time_millis.filter(|at| *at > 0).map(Timestamp);
    // Of a stage under way, and of one that was skipped, the server has no length that means anything.
    let has_ended = activity == Activity::Idle && result != BuildResult::Skipped;
    let duration = raw.duration_millis.filter(|took| has_ended && started_at.is_some() && *took >= 0).map(Span);
    Stage {
        name: SafeText::new(raw.name.as_deref().unwrap_or_default()),
        activity,
        result,
        started_at,
        duration,
        step: SafeText::default(),
    }
}

/// What a status word says.
fn words(status: &str) -> (Activity, BuildResult) {
    match status {
        "SUCCESS" => (Activity::Idle, BuildResult::Success),
        "UNSTABLE" => (Activity::Idle, BuildResult::Warning),
        "FAILED" => (Activity::Idle, BuildResult::Failure),
        "ABORTED" => (Activity::Idle, BuildResult::Cancelled),
        "NOT_EXECUTED" | "SKIPPED" => (Activity::Idle, BuildResult::Skipped),
        "IN_PROGRESS" => (Activity::Running, BuildResult::Unknown),
        "PAUSED_PENDING_INPUT" => (Activity::Waiting, BuildResult::Unknown),
        _ => (Activity::Idle, BuildResult::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_a_stage_has_a_meaning() {
        use Activity::{Idle, Running, Waiting};
        use BuildResult::{Cancelled, Failure, Skipped, Success, Unknown, Warning};
        let document = |status: &str| {
            let text = format!(
                "{{\"status\":\"{status}\",\"stages\":[{{\"name\":\"s\",\"status\":\"{status}\",\
                 \"startTimeMillis\":1000,\"durationMillis\":500}}]}}"
            );
            Document::from_body(text.into_bytes())
        };
        for (status, activity, result, duration) in [
            ("SUCCESS", Idle, Success, Some(Span(500))),
            ("UNSTABLE", Idle, Warning, Some(Span(500))),
            ("FAILED", Idle, Failure, Some(Span(500))),
            ("ABORTED", Idle, Cancelled, Some(Span(500))),
            ("NOT_EXECUTED", Idle, Skipped, None),
            ("SKIPPED", Idle, Skipped, None),
            ("IN_PROGRESS", Running, Unknown, None),
            ("PAUSED_PENDING_INPUT", Waiting, Unknown, None),
            ("DREAMING", Idle, Unknown, Some(Span(500))),
        ] {
            let mut build = Build { activity: Running, ..Build::default() };
            add(&mut build, &document(status)).unwrap();
            let wanted = Stage {
                name: "s".into(),
                activity,
                result,
                started_at: Some(Timestamp(1000)),
                duration,
                step: SafeText::default(),
            };
            assert_eq!(build.stages, [wanted], "{status}");
            let waits = status == "PAUSED_PENDING_INPUT";
            assert_eq!(build.activity, if waits { Waiting } else { Running }, "{status}");
        }
    }

    #[test]
    fn a_run_without_stages_has_none() {
        for text in ["{}", "{\"stages\":null,\"status\":null}", "{\"stages\":[]}"] {
            let mut build = Build::default();
            add(&mut build, &Document::from_body(text.as_bytes().to_vec())).unwrap();
            assert_eq!(build, Build::default(), "{text}");
        }
    }
}
