//! Builds: four axes that are never collapsed into one colour.
//!
//! Activity, last completed result, the result a running build started from, and (from the store)
//! since when it is red. Freshness of our own poll is a fifth, kept separately for all telemetry.

use serde::{Deserialize, Serialize};

use super::answer::{AnswerKind, Count};
use super::status::Status;
use super::text::SafeText;
use super::time::{Span, Timestamp, optional_millis};

/// Most builds of one answer.
const MAX_BUILDS: usize = 20_000;
/// Runs kept of one build.
pub const MAX_RUNS: usize = 50;
/// Successful runs that an estimate is made of.
const ESTIMATED_FROM: usize = 10;

/// What the CI server is doing with it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// Nothing is going on.
    #[default]
    Idle,
    /// Waiting for a worker, or looking for changes.
    Queued,
    /// Building.
    Running,
    /// Waiting for a person to let it go on.
    Waiting,
    /// Switched off on purpose.
    Disabled,
}

/// How a completed build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildResult {
    /// It passed.
    Success,
    /// It passed, with something to look at: unstable tests, warnings.
    Warning,
    /// A step failed.
    Failure,
    /// The server or its configuration broke it.
    Error,
    /// Somebody stopped it.
    Cancelled,
    /// It had nothing to do.
    Skipped,
    /// It has never been run.
    NeverRun,
    /// Not told, or a word that is not known.
    #[default]
    Unknown,
}

impl BuildResult {
    /// The status word for it; a cancelled build proves nothing.
    pub const fn status(self) -> Status {
        match self {
            Self::Success => Status::Ok,
            Self::Warning => Status::Warning,
            Self::Failure | Self::Error => Status::Critical,
            Self::Cancelled | Self::Skipped | Self::NeverRun | Self::Unknown => Status::Unknown,
        }
    }

    /// Whether it is red.
    pub const fn is_red(self) -> bool {
        matches!(self, Self::Failure | Self::Error)
    }

    /// Whether it tells how the code is. One that was stopped or skipped leaves the previous result.
    pub const fn is_decisive(self) -> bool {
        matches!(self, Self::Success | Self::Warning | Self::Failure | Self::Error)
    }

    /// The word shown to people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Success => "ok",
            Self::Warning => "unstable",
            Self::Failure => "failed",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::NeverRun => "never run",
            Self::Unknown => "unknown",
        }
    }
}

/// One run of a build.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Run {
    /// What people call it: a number, a sha.
    pub label: SafeText,
    /// What is going on with it; idle when it is complete.
    pub activity: Activity,
    /// How it ended; unknown until it has.
    pub result: BuildResult,
    /// The server's own word, where `result` does not say it all ("neutral", "Paused").
    pub word: SafeText,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The branch or tag.
    pub branch: SafeText,
    /// The commit, shortened to eight characters when drawn.
    pub commit: SafeText,
    /// Who made the commit; only where the board asks for names.
    pub author: Option<SafeText>,
    /// Where to read more; http or https only.
    pub url: Option<SafeText>,
}

impl Run {
    /// How long it took.
    pub fn duration(&self) -> Option<Span> {
        let (begin, end) = (self.started_at?, self.finished_at?);
        (end >= begin).then(|| begin.age_at(end))
    }

    /// Whether it has ended.
    pub const fn is_complete(&self) -> bool {
        matches!(self.activity, Activity::Idle)
    }
}

/// A stage of a pipeline, in the order they run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Stage {
    /// Its name.
    pub name: SafeText,
    /// What is going on.
    pub activity: Activity,
    /// How it ended; unknown until it has.
    pub result: BuildResult,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// How long it took.
    #[serde(deserialize_with = "optional_millis")]
    pub duration: Option<Span>,
    /// The step that failed, or that runs.
    pub step: SafeText,
}

/// One build line of a CI server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Build {
    /// Its name, as the server has it.
    pub name: SafeText,
    /// What it belongs to: a repository, a folder; empty where the server has none.
    pub group: SafeText,
    /// What is going on.
    pub activity: Activity,
    /// The last completed result that tells something; while it runs, the result it runs from.
    pub result: BuildResult,
    /// The server's own word where `result` does not say it all ("Paused", "cancelled"), else empty.
    pub raw: SafeText,
    /// Label of the last completed build (a number, a sha).
    pub label: SafeText,
    /// When the run under way began, as far as the server tells.
    pub started_at: Option<Timestamp>,
    /// When the last completed build ended, as far as the server tells.
    pub finished_at: Option<Timestamp>,
    /// How long the next run will take: by the server, or the median of past successes.
    #[serde(deserialize_with = "optional_millis")]
    pub estimate: Option<Span>,
    /// The branch of the last run.
    pub branch: SafeText,
    /// The commit of the last run.
    pub commit: SafeText,
    /// Who made that commit; only where the board asks for names.
    pub author: Option<SafeText>,
    /// Completed runs, oldest first, at most [`MAX_RUNS`]; empty where the server tells only of the last.
    pub history: Vec<Run>,
    /// The environment that its runs deploy to, where the board says that they do.
    pub deploys_to: Option<SafeText>,
    /// The stages of the last run, where they were asked for.
    pub stages: Vec<Stage>,
    /// Where to read more; http or https only.
    pub url: Option<SafeText>,
}

impl Build {
    /// From its runs, in any order of completion, the newest first: the run under way gives the activity,
    /// the newest decisive one the result.
    pub fn of_runs(name: SafeText, group: SafeText, newest_first: Vec<Run>) -> Self {
        let mut build = Self { name, group, result: BuildResult::NeverRun, ..Self::default() };
        let Some(latest) = newest_first.first().cloned() else { return build };
        // One that runs is seen wherever it stands; one that waits only until a later one is complete.
        let running = newest_first.iter().find(|run| run.activity == Activity::Running);
        let under_way = running.or_else(|| newest_first.iter().take_while(|run| !run.is_complete()).next());
        if let Some(run) = under_way {
            build.activity = run.activity;
            build.started_at = run.started_at.filter(|_| run.activity == Activity::Running);
            build.result = BuildResult::Unknown;
        }
        (build.branch, build.commit, build.author, build.url) =
            (latest.branch, latest.commit, latest.author, latest.url);
        let complete: Vec<Run> = newest_first.into_iter().filter(Run::is_complete).take(MAX_RUNS).collect();
        build.estimate = median_of_successes(&complete);
        let decisive = complete.iter().find(|run| run.result.is_decisive());
        if let Some(last) = complete.first() {
            build.result = decisive.map_or(last.result, |run| run.result);
            build.raw = last.word.clone();
            build.label = decisive.unwrap_or(last).label.clone();
            build.finished_at = decisive.unwrap_or(last).finished_at;
        }
        build.history = complete.into_iter().rev().collect();
        build
    }

    /// What it belongs to: as the server says, else the part of its name before the first separator.
    pub fn group_name(&self) -> &str {
        if !self.group.is_empty() {
            return self.group.as_str();
        }
        let name = self.name.as_str();
        let first = name.split(" :: ").next().unwrap_or(name);
        first.split('/').next().unwrap_or(first)
    }

    /// Whether it says anything about the health of its group: what is switched off or was never run
    /// does not.
    pub fn counts(&self) -> bool {
        self.activity != Activity::Disabled && self.result != BuildResult::NeverRun
    }

    /// The same without names of people.
    #[must_use]
    pub fn without_people(mut self) -> Self {
        self.author = None;
        self.history.iter_mut().for_each(|run| run.author = None);
        self
    }
}

/// The median duration of the last successes: one slow run does not move it.
pub fn median_of_successes(newest_first: &[Run]) -> Option<Span> {
    let successes = newest_first.iter().filter(|run| run.result == BuildResult::Success);
    let mut durations: Vec<Span> = successes.filter_map(Run::duration).take(ESTIMATED_FROM).collect();
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied()
}

/// A build with what was seen of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackedBuild {
    /// What it is called on the screen: its name, so that no other build looks the same.
    pub name: SafeText,
    /// As the server has it, with the history that was seen where the server tells none.
    pub build: Build,
    /// Since when it is red: when the first red build that is known ended. None while it is not.
    pub red_since: Option<Timestamp>,
    /// How many completed builds in a row are red.
    pub red_streak: u32,
    /// Label of the first red build of the streak.
    pub broken_by: SafeText,
    /// Since when it runs, as far as the server tells or it was seen to begin.
    pub running_since: Option<Timestamp>,
}

impl AnswerKind for Vec<Build> {
    fn counts(&self) -> Vec<Count> {
        vec![Count { what: "builds", is: self.len(), most: MAX_BUILDS }]
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn without_people(self) -> Self {
        self.into_iter().map(Build::without_people).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_not_moved_by_one_slow_run() {
        let run = |seconds: i64, result| Run {
            result,
            started_at: Some(Timestamp(0)),
            finished_at: Some(Timestamp(seconds * 1000)),
            ..Run::default()
        };
        let runs = [
            run(60, BuildResult::Success),
            run(900, BuildResult::Success),
            run(5, BuildResult::Failure),
            run(62, BuildResult::Success),
        ];
        assert_eq!(median_of_successes(&runs), Some(Span::seconds(62)));
    }
}
