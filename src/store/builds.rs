//! What a feed does not tell and only watching shows: the runs of a build, since when it is red, how many
//! in a row, and the moments at which it broke or was fixed.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::kind::{Snapshot, text_bytes};
use super::{Entry, Stored, events};
use crate::model::build::{Activity, Build, BuildResult, MAX_RUNS, Run, Stage, TrackedBuild, median_of_successes};
use crate::model::event::{Event, EventKind, EventState};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// What is known of one query.
pub type State = Arc<Builds>;

/// Builds, with what was seen of them over time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Builds {
    /// In the order of the answer.
    pub builds: Vec<TrackedBuild>,
    /// When they broke, were fixed, deployed; oldest first.
    pub events: Vec<Event>,
}

impl Entry {
    /// The builds of the last good answer.
    pub fn builds(&self) -> &[TrackedBuild] {
        match &self.stored {
            Stored::Builds(builds) => &builds.builds,
            _ => &[],
        }
    }
}

impl Snapshot for Builds {
    type Answer = Vec<Build>;

    fn after(before: Option<&Self>, answer: Vec<Build>, at: Timestamp) -> Self {
        let builds = track(before.map_or(&[], |before| &before.builds), answer, at);
        let events = turns(&builds);
        Self { builds, events }
    }

    fn bytes(&self) -> usize {
        let run = |run: &Run| size_of::<Run>() + text_bytes([&run.label, &run.branch, &run.commit]);
        let bytes = |one: &TrackedBuild| {
            let runs: usize = one.build.history.iter().map(run).sum();
            size_of::<TrackedBuild>() + runs + one.build.stages.len() * size_of::<Stage>()
        };
        self.builds.iter().map(bytes).sum::<usize>() + self.events.iter().map(events::bytes).sum::<usize>()
    }

    fn set_back(&self, by: Span) -> Option<Self> {
        let mut other = self.clone();
        for since in other.builds.iter_mut().filter_map(|build| build.running_since.as_mut()) {
            *since = since.minus(by);
        }
        Some(other)
    }

    fn events(&self) -> &[Event] {
        &self.events
    }
}

/// Joins a new answer with what was seen before. A build is known by its name as the server has it; of several
/// with one name, by its index among them.
pub fn track(before: &[TrackedBuild], now: Vec<Build>, at: Timestamp) -> Vec<TrackedBuild> {
    let known: HashMap<(&SafeText, usize), &TrackedBuild> =
        numbered(before.iter().map(|old| &old.build.name)).into_iter().zip(before).collect();
    let first_answer = before.is_empty();
    let olds: Vec<Option<&TrackedBuild>> =
        numbered(now.iter().map(|build| &build.name)).iter().map(|key| known.get(key).copied()).collect();
    let builds = now.into_iter().zip(olds).map(|(build, old)| tracked(old, build, at, first_answer));
    named_apart(builds.collect())
}

/// Each name with how many equal ones came before it.
fn numbered<'a>(names: impl Iterator<Item = &'a SafeText>) -> Vec<(&'a SafeText, usize)> {
    let mut counts: HashMap<&SafeText, usize> = HashMap::new();
    let number = |name| {
        let count = counts.entry(name).or_default();
        *count += 1;
        (name, *count - 1)
    };
    names.map(number).collect()
}

/// Numbers the builds whose names look the same on a screen, in an order of their own.
fn named_apart(mut builds: Vec<TrackedBuild>) -> Vec<TrackedBuild> {
    let mut indices: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, one) in builds.iter().enumerate() {
        indices.entry(one.name.to_string()).or_default().push(index);
    }
    for (drawn, mut indices) in indices.into_iter().filter(|(_, indices)| indices.len() > 1) {
        indices.sort_by_key(|index| builds.get(*index).map(|one| one.build.name.clone()));
        for (number, index) in (1..).zip(indices) {
            if let Some(one) = builds.get_mut(index) {
                one.name = format!("{drawn} ({number})").into();
            }
        }
    }
    builds
}

fn tracked(old: Option<&TrackedBuild>, mut build: Build, at: Timestamp, first_answer: bool) -> TrackedBuild {
    if build.history.is_empty() {
        keep_what_it_runs_from(&mut build, old);
        build.history = watched(old.map(|old| &old.build), &build, at);
    }
    if build.estimate.is_none() {
        let newest_first: Vec<Run> = build.history.iter().rev().cloned().collect();
        build.estimate = median_of_successes(&newest_first);
    }
    let running_since = (build.activity == Activity::Running)
        .then(|| match (build.started_at, old) {
            (Some(told), _) => Some(told),
            (None, Some(old)) if old.build.activity == Activity::Running => old.running_since,
            // One that already ran when we first looked began at an unknown time.
            (None, _) => (!first_answer).then_some(at),
        })
        .flatten();
    let reds: Vec<&Run> = decisive(&build.history).rev().take_while(|run| run.result.is_red()).collect();
    let first = reds.last();
    // A streak that fills the whole history may be longer: what was seen of it before still counts.
    let seen = old.filter(|old| build.result.is_red() && old.build.result.is_red());
    // Of a history that is all red nobody sees the start any more: what was seen before goes on.
    let all_red = !reds.is_empty() && reds.len() == decisive(&build.history).count();
    let carried = seen.filter(|_| all_red).map(|old| {
        let newest = decisive(&old.build.history).next_back().and_then(|run| run.finished_at);
        let new = reds.iter().filter(|run| run.finished_at > newest).count() as u32;
        (old.red_streak.saturating_add(new), old.broken_by.clone())
    });
    let red_since = first.map(|run| {
        let ended = run.finished_at.unwrap_or(at);
        seen.filter(|_| all_red).and_then(|old| old.red_since).map_or(ended, |before| before.min(ended))
    });
    TrackedBuild {
        name: build.name.clone(),
        red_since,
        red_streak: carried.as_ref().map_or(0, |(streak, _)| *streak).max(reds.len() as u32),
        broken_by: carried.map_or_else(|| first.map_or_else(SafeText::default, |run| run.label.clone()), |(_, by)| by),
        running_since,
        build,
    }
}

/// Some feeds tell nothing of the last result while another build runs (Woodpecker, Drone): it is still
/// what it was.
fn keep_what_it_runs_from(build: &mut Build, old: Option<&TrackedBuild>) {
    let goes_on = matches!(build.activity, Activity::Running | Activity::Queued);
    let Some(old) = old.filter(|old| goes_on && !build.result.is_decisive() && old.build.result.is_decisive()) else {
        return;
    };
    build.result = old.build.result;
    build.raw = old.build.raw.clone();
    build.label = old.build.label.clone();
    build.finished_at = old.build.finished_at;
}

/// The history of a build whose server tells only of the last run: what was seen of it.
fn watched(old: Option<&Build>, build: &Build, at: Timestamp) -> Vec<Run> {
    let mut history = old.map(|old| old.history.clone()).unwrap_or_default();
    if !build.result.is_decisive() {
        return history;
    }
    let last = history.last();
    let is_another = last.is_none_or(|last| {
        last.label != build.label || build.finished_at.is_some_and(|ended| last.finished_at != Some(ended))
    });
    if is_another || last.is_some_and(|last| last.result != build.result) {
        history.push(Run {
            label: build.label.clone(),
            result: build.result,
            finished_at: build.finished_at.or(Some(at)),
            url: build.url.clone(),
            ..Run::default()
        });
        let surplus = history.len().saturating_sub(MAX_RUNS);
        history.drain(..surplus);
    }
    history
}

fn decisive(history: &[Run]) -> impl DoubleEndedIterator<Item = &Run> {
    history.iter().filter(|run| run.result.is_decisive())
}

/// The moments at which builds broke, were fixed, and deployed, as their histories tell, oldest first.
pub fn turns(builds: &[TrackedBuild]) -> Vec<Event> {
    let mut events: Vec<Event> =
        builds.iter().flat_map(|one| turns_of(&one.build).into_iter().chain(deploys_of(&one.build))).collect();
    events.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.service.cmp(&b.service)));
    events
}

fn turns_of(build: &Build) -> Vec<Event> {
    let runs: Vec<&Run> = decisive(&build.history).collect();
    let pairs = runs.windows(2).filter_map(|pair| match pair {
        [before, after] if before.result.is_red() != after.result.is_red() => Some(*after),
        _ => None,
    });
    pairs
        .filter_map(|run| {
            let (kind, word) = match run.result {
                BuildResult::Failure | BuildResult::Error => (EventKind::Broken, "broken"),
                _ => (EventKind::Fixed, "fixed"),
            };
            let by = if run.label.is_empty() { String::new() } else { format!(" by {}", run.label) };
            Some(Event {
                at: run.finished_at?,
                kind,
                title: format!("{} {word}{by}", build.name).into(),
                service: build.name.clone(),
                who: run.author.clone(),
                url: run.url.clone(),
                ..Event::default()
            })
        })
        .collect()
}

/// Each run of a build that deploys is a deploy of what the build belongs to.
fn deploys_of(build: &Build) -> Vec<Event> {
    let Some(environment) = &build.deploys_to else { return Vec::new() };
    let deploy = |run: &Run| {
        let numbered = run.label.as_str().bytes().all(|byte| byte.is_ascii_digit());
        Some(Event {
            at: run.finished_at?,
            kind: EventKind::Deploy,
            state: if run.result.is_red() { EventState::Failed } else { EventState::Done },
            title: build.name.clone(),
            service: SafeText::new(build.group_name()),
            environment: environment.clone(),
            version: if numbered { format!("#{}", run.label).into() } else { run.label.clone() },
            who: run.author.clone(),
            url: run.url.clone(),
            ..Event::default()
        })
    };
    decisive(&build.history).filter_map(deploy).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

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
        let told: Vec<(i64, EventKind)> = turns(&seen).iter().map(|event| (event.at.0, event.kind)).collect();
        assert_eq!(told, [(200, EventKind::Broken), (400, EventKind::Fixed)]);
    }

    #[test]
    fn builds_that_look_the_same_are_told_apart_and_keep_their_own_past() {
        let named = |name: &str, result| Build { name: name.into(), ..build(result, "1", 100, Activity::Idle) };
        let told = |green: BuildResult| {
            vec![
                named("shop\u{200b}", BuildResult::Failure),
                named("shop\u{2060}", green),
                named("mail", BuildResult::Failure),
                named("mail", green),
            ]
        };
        let seen = track(&[], told(BuildResult::Success), Timestamp(110));
        let names: BTreeSet<&str> = seen.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names.len(), 4, "{names:?}");
        assert!(names.contains("mail (1)") && names.contains("shop\u{fffd} (2)"), "{names:?}");
        assert_eq!(seen[2].name.as_str(), "mail (1)", "in the order of the answer");
        let mut reversed = told(BuildResult::Success);
        reversed.swap(0, 1);
        let again = track(&seen, reversed, Timestamp(120));
        assert_eq!((again[1].name.as_str(), again[1].red_streak), (seen[0].name.as_str(), 1), "whatever the order");
        assert_eq!((again[0].red_streak, again[2].red_streak, again[3].red_streak), (0, 1, 0));
        let plain = track(&[], vec![named("shop", BuildResult::Success)], Timestamp(110));
        assert_eq!(plain[0].name.as_str(), "shop");
    }

    #[test]
    fn the_runs_of_a_build_that_deploys_are_deploys() {
        let deploying = |result, label: &str, ended| Build {
            name: "shop/release".into(),
            deploys_to: Some("production".into()),
            ..build(result, label, ended, Activity::Idle)
        };
        let mut seen = track(&[], vec![deploying(BuildResult::Success, "1", 100)], Timestamp(110));
        seen = track(&seen, vec![deploying(BuildResult::Failure, "2", 200)], Timestamp(210));
        let deploys: Vec<(String, EventState)> = turns(&seen)
            .iter()
            .filter(|event| event.kind == EventKind::Deploy)
            .map(|event| (event.brief(), event.state))
            .collect();
        let expected = [("deploy shop #1", EventState::Done), ("deploy shop #2", EventState::Failed)];
        assert_eq!(deploys, expected.map(|(words, state)| (words.to_owned(), state)));
    }

    #[test]
    fn a_build_that_already_ran_has_no_begin() {
        let seen = track(&[], vec![build(BuildResult::Success, "1", 100, Activity::Running)], Timestamp(110));
        assert_eq!(seen[0].running_since, None);
    }

    #[test]
    fn a_history_tells_at_first_sight_what_watching_would_have_shown() {
        let run = |label: &str, result, ended| Run {
            label: label.into(),
            result,
            finished_at: Some(Timestamp(ended)),
            ..Run::default()
        };
        let newest_first = vec![
            run("5", BuildResult::Cancelled, 500),
            run("4", BuildResult::Failure, 400),
            run("3", BuildResult::Error, 300),
            run("2", BuildResult::Success, 200),
        ];
        let seen = track(&[], vec![Build::of_runs("shop".into(), "".into(), newest_first)], Timestamp(600));
        assert_eq!(seen[0].build.result, BuildResult::Failure, "what was stopped leaves the result of before");
        assert_eq!((seen[0].red_since, seen[0].red_streak), (Some(Timestamp(300)), 2));
        assert_eq!(seen[0].broken_by.as_str(), "3", "who broke it, not who came after");
    }
}
