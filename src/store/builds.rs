//! What a feed does not tell and only watching shows: since when a build is red, and how many in a row.

use std::collections::HashMap;

use crate::model::build::{Activity, Build, TrackedBuild};
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// Joins a new answer with what was seen before.
pub fn track(before: &[TrackedBuild], now: Vec<Build>, at: Timestamp) -> Vec<TrackedBuild> {
    let known: HashMap<&str, &TrackedBuild> = before.iter().map(|old| (old.build.name.as_str(), old)).collect();
    let first_answer = before.is_empty();
    now.into_iter()
        .map(|build| {
            let old = known.get(build.name.as_str()).copied();
            one(old, build, at, first_answer)
        })
        .collect()
}

fn one(old: Option<&TrackedBuild>, build: Build, at: Timestamp, first_answer: bool) -> TrackedBuild {
    let ended = build.finished_at.unwrap_or(at);
    let red = build.result.is_red();
    let was_red = old.filter(|old| old.build.result.is_red());
    let (red_since, red_streak, broken_by) = match (red, was_red) {
        (false, _) => (None, 0, SafeText::default()),
        (true, None) => (Some(ended), 1, build.label.clone()),
        (true, Some(old)) => {
            let another = build.label != old.build.label || build.finished_at != old.build.finished_at;
            (old.red_since, old.red_streak + u32::from(another), old.broken_by.clone())
        }
    };
    let running_since = (build.activity == Activity::Running)
        .then(|| match old {
            Some(old) if old.build.activity == Activity::Running => old.running_since,
            // One that already ran when we first looked began at an unknown time.
            _ => (!first_answer).then_some(at),
        })
        .flatten();
    TrackedBuild { build, red_since, red_streak, broken_by, running_since }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::build::BuildResult;

    fn build(result: BuildResult, label: &str, ended: i64, activity: Activity) -> Build {
        Build {
            name: "shop".into(),
            result,
            label: label.into(),
            finished_at: Some(Timestamp(ended)),
            activity,
            ..Build::default()
        }
    }

    #[test]
    fn red_since_and_streak_grow_with_each_red_build() {
        use BuildResult::{Failure, Success};
        let mut seen = track(&[], vec![build(Success, "1", 100, Activity::Idle)], Timestamp(110));
        assert_eq!((seen[0].red_since, seen[0].red_streak), (None, 0));
        seen = track(&seen, vec![build(Failure, "2", 200, Activity::Idle)], Timestamp(210));
        seen = track(&seen, vec![build(Failure, "2", 200, Activity::Running)], Timestamp(220));
        assert_eq!((seen[0].red_since, seen[0].red_streak), (Some(Timestamp(200)), 1));
        assert_eq!(seen[0].running_since, Some(Timestamp(220)), "it runs from red");
        seen = track(&seen, vec![build(Failure, "3", 300, Activity::Idle)], Timestamp(310));
        assert_eq!((seen[0].red_since, seen[0].red_streak), (Some(Timestamp(200)), 2));
        assert_eq!(seen[0].broken_by.as_str(), "2");
        seen = track(&seen, vec![build(Success, "4", 400, Activity::Idle)], Timestamp(410));
        assert_eq!((seen[0].red_since, seen[0].red_streak), (None, 0));
    }

    #[test]
    fn a_build_that_already_ran_has_no_begin() {
        let seen = track(&[], vec![build(BuildResult::Success, "1", 100, Activity::Running)], Timestamp(110));
        assert_eq!(seen[0].running_since, None);
    }
}
