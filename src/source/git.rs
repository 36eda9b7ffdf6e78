//! Versions of a local git clone: its tags, or the commits of a branch, as events.
//!
//! Asks the `git` program (`git for-each-ref`, `git log`), which takes no locks and changes nothing. The
//! clone is brought up to date by somebody else, such as `git fetch --tags` in a timer.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

use super::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use super::limits::Limits;
use super::offload;
use super::process;
use crate::model::event::{ChangeReason, Event, EventKind};
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use crate::model::version::short_commit;

/// Tags, or commits of a branch, that are reported.
const MOST_VERSIONS: usize = 300;
/// Commits that are looked at to find out which tag shipped them first.
const MOST_COMMITS: usize = 5000;
/// Commits reported for one tag.
const MOST_COMMITS_OF_A_TAG: usize = 500;

/// The keys of a git source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The clone: a folder with a `.git`, or a bare one.
    pub path: PathBuf,
    /// Which tags are versions: a glob such as `v*` (default: all tags, unless `branch` is given).
    pub tags: Option<String>,
    /// A branch whose commits are versions, for teams that deploy each of them.
    pub branch: Option<String>,
    /// What a version is: deploy (default), release, config or note.
    #[serde(default = "deploy")]
    pub kind: EventKind,
    /// The service it is about.
    #[serde(default)]
    pub service: String,
    /// The environment it is about.
    #[serde(default)]
    pub environment: String,
}

const fn deploy() -> EventKind {
    EventKind::Deploy
}

/// A clone.
#[derive(Debug)]
pub struct Git {
    config: Config,
    limits: Limits,
    /// One git at a time.
    turn: Arc<Semaphore>,
}

impl Source for Git {
    const TYPE: &'static str = "git";
    const SUMMARY: &'static str = "tags, or the commits of a branch, of a local git clone, as deploys";
    const QUERY: QueryLanguage = QueryLanguage::None;
    const HTTP: bool = false;
    const ONE_REQUEST: bool = true;
    const EMITS: Emits = Emits::Deploys;
    type Config = Config;

    fn url(_: &Config) -> Option<&str> {
        None
    }

    fn check_query(_: &str) -> Result<(), String> {
        Err("a git source takes no query; pick versions with tags = \"v*\" or branch = \"main\"".to_owned())
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        let problem = |message: &str, help: &str| KeyProblem::new("branch", message, help);
        let mut problems = Vec::new();
        if config.tags.is_some() && config.branch.is_some() {
            problems.push(problem("give tags or branch, not both", "take one of the two away"));
        }
        if config.branch.as_ref().is_some_and(|branch| branch.starts_with('-')) {
            problems.push(problem("a branch does not begin with a dash", "write it like branch = \"main\""));
        }
        problems
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let (config, limits) = (config.clone(), context.network.limits.clone());
        Ok(Self { config, limits, turn: Arc::new(Semaphore::new(1)) })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let events = match &self.config.branch {
            Some(branch) => self.commits(branch, moment).await?,
            None => self.tags(self.config.tags.as_deref(), moment).await?,
        };
        Ok(vec![Ok(Telemetry::Events(events)); asks.len()])
    }
}

impl Git {
    async fn commits(&self, branch: &str, moment: Moment) -> Result<Vec<Event>, FetchError> {
        let count = format!("--max-count={MOST_VERSIONS}");
        let arguments =
            ["log", "--first-parent", &count, "--format=%H%x00%ct%x00%an%x00%s", "--end-of-options", branch, "--"];
        Ok(records(&self.git(&arguments, moment).await?).filter_map(|fields| self.commit(&fields)).collect())
    }

    fn commit(&self, fields: &[&str]) -> Option<Event> {
        let [hash, at, author, subject] = fields else { return None };
        let at = seconds(at)?;
        let title = SafeText::new(subject);
        let who = Some(SafeText::new(author));
        Some(Event { title, who, ..self.version(at, &short_commit(hash)) })
    }

    async fn tags(&self, glob: Option<&str>, moment: Moment) -> Result<Vec<Event>, FetchError> {
        let (count, pattern) = (
            format!("--count={MOST_VERSIONS}"),
            glob.map_or_else(|| "refs/tags".to_owned(), |glob| format!("refs/tags/{glob}")),
        );
        let format = "--format=%(refname:strip=2)%00%(creatordate:unix)%00%(objectname)%00%(*objectname)%00%(creator)%00%(subject)";
        let told = self.git(&["for-each-ref", "--sort=-creatordate", &count, format, &pattern], moment).await?;
        let mut tags: Vec<Tag> = records(&told).filter_map(|fields| Tag::read(&fields)).collect();
        tags.reverse();
        if tags.is_empty() {
            return Ok(Vec::new());
        }
        let (count, refs) = (
            format!("--max-count={MOST_COMMITS}"),
            glob.map_or_else(|| "--tags".to_owned(), |glob| format!("--tags={glob}")),
        );
        let told = self.git(&["log", &count, "--format=%H%x00%ct%x00%P", &refs], moment).await?;
        let shipped = first_shipped(&tags, &History::read(&told));
        let event = |(tag, commits): (&Tag, Vec<Timestamp>)| Event {
            title: SafeText::new(&tag.subject),
            who: Some(SafeText::new(&tag.who)),
            commits,
            ..self.version(tag.at, &tag.name)
        };
        Ok(tags.iter().zip(shipped).map(event).collect())
    }

    fn version(&self, at: Timestamp, version: &str) -> Event {
        let reason = if version.contains("hotfix") { ChangeReason::Hotfix } else { ChangeReason::Planned };
        Event {
            at,
            kind: self.config.kind,
            reason,
            service: SafeText::new(&self.config.service),
            environment: SafeText::new(&self.config.environment),
            version: SafeText::new(version),
            ..Event::default()
        }
    }

    async fn git(&self, arguments: &[&str], moment: Moment) -> Result<String, FetchError> {
        let path = self.config.path.display().to_string();
        let before = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", &path];
        let words = before.iter().chain(arguments).map(|&word| word.to_owned()).collect();
        let task = process::Task { words, ..process::Task::default() };
        let late = |phase| move |_| FetchError::from(Reason::Timeout(phase));
        let permit = timeout_at(moment.deadline, self.limits.command(&self.turn)).await.map_err(late(Phase::Queue))?;
        let run = timeout_at(moment.deadline, process::run(&task, permit));
        let output = run.await.map_err(late(Phase::Run))??;
        offload::aside_if_large(output.len()).await;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }
}

/// Lines of fields.
fn records(told: &str) -> impl Iterator<Item = Vec<&str>> {
    told.lines().filter(|line| !line.is_empty()).map(|line| line.split('\0').collect())
}

fn seconds(text: &str) -> Option<Timestamp> {
    Timestamp::from_seconds(text.trim().parse().ok()?)
}

/// A tag and the commit it stands for.
#[derive(Debug, PartialEq)]
struct Tag {
    name: String,
    at: Timestamp,
    commit: String,
    who: String,
    subject: String,
}

impl Tag {
    /// An annotated tag has an object of its own, and the commit behind it.
    fn read(fields: &[&str]) -> Option<Self> {
        let [name, at, object, peeled, creator, subject] = fields else { return None };
        let commit = if peeled.is_empty() { object } else { peeled };
        // "Ada Lovelace <ada@example.com> 1795262400 +0000"
        let who = creator.split(" <").next().unwrap_or_default();
        Some(Self {
            name: (*name).to_owned(),
            at: seconds(at)?,
            commit: (*commit).to_owned(),
            who: who.to_owned(),
            subject: (*subject).to_owned(),
        })
    }
}

/// Commits by hash: when each was made, and its parents.
#[derive(Debug, Default)]
struct History(HashMap<String, (Timestamp, Vec<String>)>);

impl History {
    fn read(told: &str) -> Self {
        let commit = |fields: Vec<&str>| {
            let [hash, at, parents] = fields.as_slice() else { return None };
            let parents = parents.split_whitespace().map(str::to_owned).collect();
            Some(((*hash).to_owned(), (seconds(at)?, parents)))
        };
        Self(records(told).filter_map(commit).collect())
    }
}

/// When the commits were made that each tag (oldest first) was the first to contain. Of the oldest tag
/// nobody knows what came before it: it has none.
fn first_shipped(tags: &[Tag], history: &History) -> Vec<Vec<Timestamp>> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut all = Vec::with_capacity(tags.len());
    for (index, tag) in tags.iter().enumerate() {
        let mut commits = Vec::new();
        let mut next = vec![tag.commit.as_str()];
        while let Some(hash) = next.pop() {
            let Some((at, parents)) = history.0.get(hash) else { continue };
            if seen.insert(hash) {
                commits.push(*at);
                next.extend(parents.iter().map(String::as_str));
            }
        }
        commits.truncate(MOST_COMMITS_OF_A_TAG);
        all.push(if index == 0 { Vec::new() } else { commits });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_belongs_to_the_first_tag_that_contains_it() {
        // a - b - d - e (main), c branched off a and merged in d.
        let history =
            History::read(&"e 500 d\nd 400 b+c\nc 300 a\nb 200 a\na 100 \n".replace(' ', "\0").replace('+', " "));
        let tag = |name: &str, commit: &str| Tag {
            name: name.to_owned(),
            at: Timestamp(0),
            commit: commit.to_owned(),
            who: String::new(),
            subject: String::new(),
        };
        let mut shipped = first_shipped(&[tag("v1", "b"), tag("v2", "d"), tag("v3", "e")], &history);
        for commits in &mut shipped {
            commits.sort_unstable();
        }
        let seconds = |n: i64| Timestamp(n * 1000);
        assert_eq!(shipped, [vec![], vec![seconds(300), seconds(400)], vec![seconds(500)]]);
    }

    #[test]
    fn an_annotated_tag_stands_for_its_commit() {
        let fields = ["v2", "1795262400", "tagobject", "commit", "Ada <ada@x> 1795262400 +0000", "second"];
        let tag = Tag::read(&fields).unwrap();
        assert_eq!((tag.commit.as_str(), tag.who.as_str()), ("commit", "Ada"));
    }
}
