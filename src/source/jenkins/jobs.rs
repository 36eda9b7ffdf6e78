//! The jobs of Jenkins: what is asked for, and how it is read.
//!
//! Sources: the words of `hudson.model.BallColor` (a job's colour, with `_anime` while it builds) and of
//! `hudson.model.Result`.

use crate::source::http::link;
use std::cmp::Reverse;
use std::collections::HashSet;

use serde::Deserialize;

use crate::model::build::{Activity, Build, BuildResult, Run};
use crate::model::fault::{FetchError, Reason};
use crate::model::people::name_of;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::source::http::Document;

/// What is asked for of each job. Past runs without their changes: those are many.
const FIELDS: &str = "name,fullName,url,color,buildable,inQueue,\
    lastBuild[number,url,building,result,timestamp,duration,estimatedDuration,culprits[fullName],\
    changeSets[items[commitId,author[fullName]]],changeSet[items[commitId,author[fullName]]]],\
    builds[number,building,result,timestamp,duration]{0,15}";

/// What is said of a folder that was not looked into.
pub(super) const UNREAD: &str = "a folder; raise depth";

/// The `tree` parameter for jobs and what is so many levels of folders below them.
pub(super) fn tree(depth: u8) -> String {
    let inner = depth.checked_sub(1).map_or_else(String::new, |less| format!(",{}", tree(less)));
    format!("jobs[{FIELDS}{inner}]")
}

#[derive(Debug, Deserialize)]
struct Root {
    jobs: Option<Vec<Job>>,
}

/// A job, or a folder of jobs: that one has `jobs` and no colour.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    name: Option<String>,
    full_name: Option<String>,
    url: Option<String>,
    color: Option<String>,
    buildable: Option<bool>,
    in_queue: Option<bool>,
    last_build: Option<RawRun>,
    builds: Option<Vec<RawRun>>,
    jobs: Option<Vec<Self>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRun {
    number: Option<i64>,
    url: Option<String>,
    building: Option<bool>,
    result: Option<String>,
    timestamp: Option<i64>,
    duration: Option<i64>,
    estimated_duration: Option<i64>,
    culprits: Option<Vec<Person>>,
    change_sets: Option<Vec<ChangeSet>>,
    change_set: Option<ChangeSet>,
}

#[derive(Debug, Deserialize)]
struct ChangeSet {
    items: Option<Vec<Change>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    commit_id: Option<String>,
    author: Option<Person>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    full_name: Option<String>,
}

/// A job that is no folder.
#[derive(Debug)]
pub(super) struct Leaf {
    /// Its name with those of its folders, as the server has it.
    pub(super) full_name: String,
    /// The number of its last run.
    pub(super) number: Option<i64>,
    /// Whether it is a folder after all, deeper than was asked for.
    pub(super) is_folder: bool,
    /// What it says.
    pub(super) build: Build,
}

/// Reads the answer: every job once, in whatever folders it is.
pub(super) fn read(document: &Document) -> Result<Vec<Leaf>, FetchError> {
    let root: Root = document.json()?;
    let jobs = root.jobs.ok_or_else(|| {
        FetchError::new(Reason::Parse, "this is no Jenkins view, folder or server: no jobs in the answer")
    })?;
    let mut leaves = Vec::new();
    walk(&jobs, "", &mut HashSet::new(), &mut leaves);
    Ok(leaves)
}

fn walk(jobs: &[Job], folder: &str, seen: &mut HashSet<String>, leaves: &mut Vec<Leaf>) {
    for job in jobs {
        let Some(full_name) = job.full_name(folder) else { continue };
        if let Some(inner) = &job.jobs {
            walk(inner, &full_name, seen, leaves);
        } else if job.is_no_folder() && seen.insert(full_name.clone()) {
            let number = job.last_build.iter().chain(job.builds.iter().flatten()).find_map(|run| run.number);
            leaves.push(Leaf { build: job.build(&full_name), number, is_folder: false, full_name });
        } else if seen.insert(full_name.clone()) {
            // Nobody knows what is in it.
            let build = Build { name: shown(&full_name), raw: UNREAD.into(), ..Build::default() };
            leaves.push(Leaf { build, number: None, is_folder: true, full_name });
        }
    }
}

impl Job {
    fn full_name(&self, folder: &str) -> Option<String> {
        let filled = |name: Option<&String>| name.filter(|name| !name.is_empty()).cloned();
        filled(self.full_name.as_ref()).or_else(|| {
            let name = filled(self.name.as_ref())?;
            Some(if folder.is_empty() { name } else { format!("{folder}/{name}") })
        })
    }

    /// A folder deeper than was asked for has none of these.
    const fn is_no_folder(&self) -> bool {
        self.color.is_some() || self.last_build.is_some() || self.builds.is_some()
    }

    fn build(&self, full_name: &str) -> Build {
        let (folder, _) = full_name.rsplit_once('/').unwrap_or_default();
        let mut build = Build::of_runs(shown(full_name), shown(folder), self.runs());
        let colour = self.color.as_deref().unwrap_or_default();
        let (colour, moves) = colour.strip_suffix("_anime").map_or((colour, false), |still| (still, true));
        if build.history.is_empty()
            && let Some(result) = of_colour(colour)
        {
            build.result = result;
            build.raw = SafeText::new(if result == BuildResult::Unknown { colour } else { "" });
        }
        if build.activity == Activity::Idle {
            build.activity = self.activity(colour, moves);
        }
        let estimate = self.last_build.as_ref().and_then(|last| last.estimated_duration);
        build.estimate = estimate.filter(|length| *length > 0).map(Span).or(build.estimate);
        build.url = build.url.or_else(|| link(self.url.as_deref()));
        build
    }

    /// What goes on where no run is under way.
    fn activity(&self, colour: &str, moves: bool) -> Activity {
        if moves {
            Activity::Running
        } else if colour == "disabled" || self.buildable == Some(false) {
            Activity::Disabled
        } else if self.in_queue == Some(true) {
            Activity::Queued
        } else {
            Activity::Idle
        }
    }

    /// Its runs, the newest first. The last one is there twice, and has more fields by itself.
    fn runs(&self) -> Vec<Run> {
        let mut all: Vec<&RawRun> = self.last_build.iter().chain(self.builds.iter().flatten()).collect();
        all.sort_by_key(|run| Reverse(run.number));
        all.dedup_by_key(|run| run.number);
        all.into_iter().map(RawRun::run).collect()
    }
}

impl RawRun {
    fn run(&self) -> Run {
        let is_running = self.building.unwrap_or(self.result.is_none());
        let (result, word) = if is_running {
            (BuildResult::Unknown, SafeText::default())
        } else {
            result(self.result.as_deref().unwrap_or_default())
        };
        let started_at = self.timestamp.filter(|at| *at > 0).map(Timestamp);
        let took = Span(self.duration.unwrap_or(0).max(0));
        let change = self.changes().next();
        Run {
            label: SafeText::new(&self.number.map_or_else(String::new, |number| number.to_string())),
            activity: if is_running { Activity::Running } else { Activity::Idle },
            result,
            word,
            started_at,
            finished_at: started_at.filter(|_| !is_running).map(|at| at.plus(took)),
            branch: SafeText::default(),
            commit: SafeText::new(change.and_then(|change| change.commit_id.as_deref()).unwrap_or_default()),
            author: self.author(),
            url: link(self.url.as_deref()),
        }
    }

    /// Of a pipeline (several check-outs) or of any other job (one).
    fn changes(&self) -> impl Iterator<Item = &Change> {
        let sets = self.change_sets.iter().flatten().chain(&self.change_set);
        sets.flat_map(|set| set.items.iter().flatten())
    }

    fn author(&self) -> Option<SafeText> {
        let authors = self.changes().filter_map(|change| change.author.as_ref());
        let people = authors.chain(self.culprits.iter().flatten());
        people.filter_map(|person| person.full_name.as_deref()).find_map(name_of)
    }
}

/// A name as people write it: the name of a branch keeps its slashes in a job's name by encoding them.
fn shown(name: &str) -> SafeText {
    SafeText::new(&name.replace("%2F", "/"))
}

/// What a result means, and its word where the meaning does not say it all.
fn result(word: &str) -> (BuildResult, SafeText) {
    let (result, word) = match word {
        "SUCCESS" => (BuildResult::Success, ""),
        "UNSTABLE" => (BuildResult::Warning, ""),
        "FAILURE" => (BuildResult::Failure, ""),
        "NOT_BUILT" => (BuildResult::Skipped, "not built"),
        "ABORTED" => (BuildResult::Cancelled, "aborted"),
        other => (BuildResult::Unknown, other),
    };
    (result, SafeText::new(word))
}

/// The last result by a job's colour; none where the colour is about something else.
fn of_colour(colour: &str) -> Option<BuildResult> {
    match colour {
        "" | "disabled" => None,
        "blue" => Some(BuildResult::Success),
        "yellow" => Some(BuildResult::Warning),
        "red" => Some(BuildResult::Failure),
        "aborted" => Some(BuildResult::Cancelled),
        "notbuilt" | "nobuilt" | "grey" => Some(BuildResult::NeverRun),
        _ => Some(BuildResult::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Activity::{Disabled, Idle, Queued, Running};
    use BuildResult::{Failure, NeverRun};

    fn leaves(jobs: &str) -> Vec<Leaf> {
        read(&Document::from_body(format!("{{\"jobs\":[{jobs}]}}").into_bytes())).unwrap()
    }

    fn first_build(fields: &str) -> Build {
        leaves(&format!("{{\"fullName\":\"a\",{fields}}}")).remove(0).build
    }

    #[test]
    fn the_tree_asks_for_folders_to_the_depth() {
        assert_eq!(tree(0), format!("jobs[{FIELDS}]"));
        assert_eq!(tree(2), format!("jobs[{FIELDS},jobs[{FIELDS},jobs[{FIELDS}]]]"));
        let count = |of: char| tree(5).chars().filter(|c| *c == of).count();
        assert_eq!((count('['), count('{')), (count(']'), count('}')));
        assert!(!FIELDS.contains(' '), "{FIELDS}");
    }

    #[test]
    fn a_build_under_way_keeps_the_result_it_runs_from() {
        let build = first_build(
            "\"color\":\"red_anime\",\"inQueue\":true,\
             \"lastBuild\":{\"number\":9,\"building\":true,\"result\":null,\"timestamp\":90000,\"duration\":0,\"estimatedDuration\":30000},\
             \"builds\":[{\"number\":9,\"building\":true,\"result\":null,\"timestamp\":90000,\"duration\":0},\
             {\"number\":8,\"building\":false,\"result\":\"ABORTED\",\"timestamp\":80000,\"duration\":1000},\
             {\"number\":7,\"building\":false,\"result\":\"FAILURE\",\"timestamp\":70000,\"duration\":2000}]",
        );
        assert_eq!((build.activity, build.result, build.raw.as_str()), (Running, Failure, "aborted"));
        assert_eq!((build.started_at, build.estimate), (Some(Timestamp(90_000)), Some(Span(30_000))));
        assert_eq!((build.label.as_str(), build.finished_at), ("7", Some(Timestamp(72_000))));
        let first = first_build(
            "\"color\":\"notbuilt_anime\",\"lastBuild\":{\"number\":1,\"building\":true,\"estimatedDuration\":-1}",
        );
        assert_eq!((first.activity, first.result, first.estimate), (Running, NeverRun, None));
    }

    #[test]
    fn what_waits_or_is_switched_off_says_so() {
        for (fields, activity) in [
            ("\"color\":\"blue\",\"inQueue\":true", Queued),
            ("\"color\":\"blue\",\"buildable\":true,\"inQueue\":false", Idle),
            ("\"color\":\"blue\",\"buildable\":false", Disabled),
            ("\"color\":\"disabled\",\"inQueue\":null", Disabled),
        ] {
            assert_eq!(first_build(fields).activity, activity, "{fields}");
        }
    }

    #[test]
    fn who_made_the_first_change_comes_before_whoever_is_suspected() {
        let failed_build = |fields: &str| {
            first_build(&format!("\"color\":\"red\",\"lastBuild\":{{\"number\":1,\"result\":\"FAILURE\",{fields}}}"))
        };
        let culprits = "\"culprits\":[{\"fullName\":\"\"},{\"fullName\":\"Cora\"}]";
        let item = "{\"items\":[{\"commitId\":\"c0ffee\",\"author\":{\"fullName\":\"Ann\"}},{\"commitId\":\"d00d\"}]}";
        for (fields, author, commit) in [
            (culprits.to_owned(), Some("Cora"), ""),
            (format!("{culprits},\"changeSets\":[{{\"items\":[]}},{item}]"), Some("Ann"), "c0ffee"),
            (format!("{culprits},\"changeSet\":{item}"), Some("Ann"), "c0ffee"),
            ("\"culprits\":null,\"changeSets\":null,\"changeSet\":null".to_owned(), None, ""),
        ] {
            let build = failed_build(&fields);
            assert_eq!(build.author.as_ref().map(SafeText::as_str), author, "{fields}");
            assert_eq!(build.commit.as_str(), commit, "{fields}");
        }
    }

    #[test]
    fn folders_are_walked_and_every_job_is_there_once() {
        let all = leaves(
            "{\"fullName\":\"a\",\"color\":\"blue\"},\
             {\"name\":\"f\",\"jobs\":[{\"name\":\"b\",\"color\":\"red\"},\
               {\"fullName\":\"f/m\",\"jobs\":[{\"fullName\":\"f/m/x%2Fy\",\"color\":\"blue\"}]},\
               {\"fullName\":\"f/deeper\"}]},\
             {\"fullName\":\"f/b\",\"color\":\"red\"},{\"color\":\"blue\"},{\"fullName\":\"empty\",\"jobs\":[]}",
        );
        let told: Vec<(&str, &str, &str)> = all
            .iter()
            .map(|leaf| (leaf.full_name.as_str(), leaf.build.name.as_str(), leaf.build.group.as_str()))
            .collect();
        assert_eq!(
            told,
            [("a", "a", ""), ("f/b", "f/b", "f"), ("f/m/x%2Fy", "f/m/x/y", "f/m"), ("f/deeper", "f/deeper", "")]
        );
        let deeper = &all.last().unwrap().build;
        assert_eq!((deeper.result, deeper.raw.as_str()), (BuildResult::Unknown, "a folder; raise depth"));
    }

    #[test]
    fn links_that_run_code_are_dropped() {
        let url = |url: &str| first_build(&format!("\"color\":\"blue\",\"url\":\"{url}\"")).url;
        assert_eq!(url("javascript:alert(1)"), None);
        assert_eq!(url("http://ci.test/job/a/"), Some("http://ci.test/job/a/".into()));
    }
}
