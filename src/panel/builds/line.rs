//! A build in words: how it is and since when, what it does.

use serde::Serialize;

use crate::model::build::{Activity, BuildResult, TrackedBuild};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    pub(super) lines: Vec<Line>,
    pub(super) groups: bool,
    pub(super) answered: bool,
}

/// A build in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Line {
    pub(super) name: SafeText,
    pub(super) group: String,
    pub(super) status: Status,
    /// "red 12 min", "ok 41 min", "unknown".
    pub(super) state: String,
    /// "2 builds", "#482", "v2.14".
    pub(super) notes: Vec<String>,
    pub(super) activity: Activity,
    /// Whether it says anything about health: it is switched on, and has been run.
    pub(super) counts: bool,
    /// "running 40 s", "62 %, 40 s left", "queued".
    pub(super) doing: String,
    /// How much of the usual time has passed; above 1 it takes longer than usual.
    pub(super) progress: Option<f64>,
    /// The last results, the newest last.
    pub(super) last: Vec<BuildResult>,
}

impl Line {
    /// With so many results of the past.
    pub(super) fn from_build(one: &TrackedBuild, last: u8, now: Timestamp) -> Self {
        let build = &one.build;
        let progress = progress(one, now);
        let last = usize::from(last);
        Self {
            name: one.name.clone(),
            group: build.group_name().to_owned(),
            status: if build.counts() { build.result.status() } else { Status::Unknown },
            state: state(one, now),
            notes: notes(one),
            activity: build.activity,
            counts: build.counts(),
            doing: doing(one, now),
            progress,
            last: build.history.iter().skip(build.history.len().saturating_sub(last)).map(|run| run.result).collect(),
        }
    }

    /// Its status on a wall: what is switched off, or has never been run, is not red.
    pub(super) const fn shown_status(&self) -> Status {
        if self.counts { self.status } else { Status::Unknown }
    }

    /// Whether it says more than "all is well here".
    pub(super) fn stands_out(&self) -> bool {
        (self.counts && self.status != Status::Ok) || self.activity == Activity::Running
    }
}

/// A minute is as exact as a wall needs, and a line that changes each second is not calm.
fn age(at: Timestamp, now: Timestamp) -> String {
    let span = at.age_at(now);
    if span < Span::seconds(60) { "now".to_owned() } else { span.brief() }
}

fn state(one: &TrackedBuild, now: Timestamp) -> String {
    let build = &one.build;
    if build.activity == Activity::Disabled {
        return "switched off".to_owned();
    }
    let with_word = |text: String| {
        // What came after the result that counts: "ok 41 min (cancelled)".
        if build.raw.is_empty() { text } else { format!("{text} ({})", build.raw) }
    };
    match build.result {
        BuildResult::Failure | BuildResult::Error => {
            let since = one.red_since.map_or_else(String::new, |at| format!(" {}", age(at, now)));
            let word = if build.result == BuildResult::Error { "error" } else { "red" };
            with_word(format!("{word}{since}"))
        }
        BuildResult::Unknown if build.raw.is_empty() && build.activity == Activity::Running => "first run".to_owned(),
        BuildResult::Unknown if !build.raw.is_empty() => format!("unknown: {}", build.raw),
        result if result.is_decisive() => {
            let ended = build.finished_at.map_or_else(String::new, |at| format!(" {}", age(at, now)));
            with_word(format!("{}{ended}", result.word()))
        }
        result => result.word().to_owned(),
    }
}

fn notes(one: &TrackedBuild) -> Vec<String> {
    let build = &one.build;
    let mut notes = Vec::new();
    if one.red_streak > 1 {
        notes.push(format!("{} builds", one.red_streak));
    }
    let label = if one.broken_by.is_empty() { &build.label } else { &one.broken_by };
    if !label.is_empty() {
        let bare_number = label.as_str().bytes().all(|b| b.is_ascii_digit());
        let since = if one.red_streak > 1 { "since " } else { "" };
        notes.push(if bare_number { format!("{since}#{label}") } else { format!("{since}{label}") });
    }
    if !build.branch.is_empty() && !matches!(build.branch.as_str(), "main" | "master") {
        notes.push(build.branch.to_string());
    }
    notes.extend(build.author.as_ref().map(ToString::to_string));
    notes
}

/// Elapsed against the usual time, where both are known.
fn progress(one: &TrackedBuild, now: Timestamp) -> Option<f64> {
    let (since, usual) = (one.running_since?, one.build.estimate?);
    (one.build.activity == Activity::Running && usual.0 > 0)
        .then(|| since.age_at(now).as_seconds() / usual.as_seconds())
}

fn doing(one: &TrackedBuild, now: Timestamp) -> String {
    let steady = |span: Span| Span(span.0 / 10_000 * 10_000).brief();
    match one.build.activity {
        Activity::Idle | Activity::Disabled => String::new(),
        Activity::Queued => "queued".to_owned(),
        Activity::Waiting => "waits for a person".to_owned(),
        Activity::Running => match (one.running_since, one.build.estimate, progress(one, now)) {
            (Some(since), Some(usual), Some(progress)) => {
                let passed = since.age_at(now);
                let percent = (progress * 100.0).floor().min(99.0);
                match passed.0 - usual.0 {
                    // The usual time is an estimate: a little more is not yet late.
                    over if over > usual.0 / 10 => format!("{} over {}", steady(Span(over)), usual.brief()),
                    over if over >= -10_000 => format!("{percent} %"),
                    left => format!("{percent} %, {} left", steady(Span(-left))),
                }
            }
            (Some(since), _, _) if since.age_at(now) >= Span::seconds(10) => {
                format!("running {}", steady(since.age_at(now)))
            }
            _ => "running".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::build::Build;

    fn running(since: i64, usual: Option<i64>) -> TrackedBuild {
        let build = Build {
            name: "shop".into(),
            activity: Activity::Running,
            result: BuildResult::Failure,
            estimate: usual.map(Span::seconds),
            ..Build::default()
        };
        TrackedBuild {
            name: build.name.clone(),
            build,
            red_since: None,
            red_streak: 1,
            broken_by: "7".into(),
            running_since: Some(Timestamp(since * 1000)),
        }
    }

    #[test]
    fn progress_is_told_against_the_usual_time_and_overrun_is_told() {
        let now = Timestamp(1_000_000);
        for (since, usual, words) in [
            (940, Some(120), "50 %, 1 min left"),
            (885, Some(120), "95 %"),
            (875, Some(120), "99 %"),
            (700, Some(120), "3 min over 2 min"),
            (960, None, "running 40 s"),
        ] {
            assert_eq!(doing(&running(since, usual), now), words, "{since} {usual:?}");
        }
    }
}
