//! What has turned since the last look: builds that broke or were fixed, panels that became critical or
//! recovered. The first look at anything is silent: nobody wants a hundred messages at a start.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::build::{Activity, TrackedBuild};
use crate::model::event::{Event, EventKind};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// What turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// A build began.
    Started,
    /// A build turned red.
    Broken,
    /// Another run of a red build is red.
    StillBroken,
    /// A red build turned green.
    Fixed,
    /// A panel became critical.
    Critical,
    /// A panel that was critical is ok again.
    Recovered,
}

impl Turn {
    /// The word of the config file, and of messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Broken => "broken",
            Self::StillBroken => "still-broken",
            Self::Fixed => "fixed",
            Self::Critical => "critical",
            Self::Recovered => "recovered",
        }
    }

    /// Whether something is wrong from now on.
    pub const fn is_red(self) -> bool {
        matches!(self, Self::Broken | Self::StillBroken | Self::Critical)
    }

    const fn is_of_panel(self) -> bool {
        matches!(self, Self::Critical | Self::Recovered)
    }
}

/// Something that turned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// How.
    pub turn: Turn,
    /// The build's name, or the panel's id.
    pub name: SafeText,
    /// What it says, in a line.
    pub text: String,
    /// The service it is about; empty where none is named.
    pub service: SafeText,
    /// The environment it is about; empty where none is named.
    pub environment: SafeText,
    /// Where to read more.
    pub url: Option<SafeText>,
}

impl Transition {
    /// A panel that became critical, as an event of that moment.
    pub fn as_alert(&self, now: Timestamp) -> Event {
        Event {
            at: now,
            kind: EventKind::Alert,
            title: SafeText::new(&self.text),
            service: self.service.clone(),
            environment: self.environment.clone(),
            url: self.url.clone(),
            ..Event::default()
        }
    }

    /// Whether the state that another one tells of is no longer the last.
    pub fn supersedes(&self, other: &Self) -> bool {
        let is_same = self.turn.is_of_panel() == other.turn.is_of_panel() && self.name == other.name;
        is_same && self.turn != Turn::Started
    }
}

/// A panel, as far as turning goes.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    /// Its page and its id.
    pub key: (&'a str, &'a str),
    /// The words in its frame.
    pub title: &'a SafeText,
    /// How it is.
    pub status: Status,
    /// What is wrong with it, or its value.
    pub says: &'a str,
    /// The service it is about.
    pub service: Option<&'a SafeText>,
    /// The environment it is about.
    pub environment: Option<&'a SafeText>,
    /// Where to read more.
    pub url: Option<&'a SafeText>,
}

/// How things were at the last look.
#[derive(Debug, Default)]
pub struct Watch {
    builds: HashMap<(SafeText, SafeText), Seen>,
    panels: HashMap<(String, String), bool>,
}

#[derive(Debug, Clone, PartialEq)]
struct Seen {
    red: bool,
    /// The newest run that tells something: its label and its end.
    last: Option<(SafeText, Option<Timestamp>)>,
    running: bool,
}

impl Watch {
    /// Looks again at every build (with the name of its source) and says what has turned.
    pub fn builds<'a>(&mut self, all: impl Iterator<Item = (&'a SafeText, &'a TrackedBuild)>) -> Vec<Transition> {
        let mut turned = Vec::new();
        let mut now = HashMap::with_capacity(self.builds.len());
        for (source, one) in all {
            let key = (source.clone(), one.name.clone());
            if now.contains_key(&key) {
                continue;
            }
            let before = self.builds.get(&key);
            let seen = seen(one, before);
            if let Some(before) = before {
                turned.extend(turns(before, &seen).map(|turn| of_build(turn, one)));
            }
            now.insert(key, seen);
        }
        self.builds = now;
        turned
    }

    /// Looks again at every panel and says what has turned. One that nobody can judge for a while has not
    /// recovered.
    pub fn panels<'a>(&mut self, all: impl Iterator<Item = Panel<'a>>) -> Vec<Transition> {
        let mut turned = Vec::new();
        let mut now = HashMap::with_capacity(self.panels.len());
        for panel in all {
            let key = (panel.key.0.to_owned(), panel.key.1.to_owned());
            let before = self.panels.get(&key).copied();
            let critical = match panel.status {
                Status::Critical => true,
                Status::Ok => false,
                Status::Warning | Status::Unknown => before.unwrap_or(false),
            };
            match (before, critical) {
                (Some(false), true) => turned.push(of_panel(Turn::Critical, &panel)),
                (Some(true), false) => turned.push(of_panel(Turn::Recovered, &panel)),
                _ => {}
            }
            // One panel on two pages is one thing.
            if turned.len() > 1 && turned.iter().rev().skip(1).any(|one| Some(one) == turned.last()) {
                turned.pop();
            }
            // What was never seen good or bad is not known: its first answer is silent, too.
            if before.is_some() || panel.status != Status::Unknown {
                now.insert(key, critical);
            }
        }
        self.panels = now;
        turned
    }
}

fn seen(one: &TrackedBuild, before: Option<&Seen>) -> Seen {
    let result = one.build.result;
    Seen {
        // While nobody knows how it ended, it is as it was.
        red: if result.is_decisive() { result.is_red() } else { before.is_some_and(|before| before.red) },
        last: one
            .build
            .history
            .iter()
            .rev()
            .find(|run| run.result.is_decisive())
            .map(|run| (run.label.clone(), run.finished_at)),
        running: one.build.activity == Activity::Running,
    }
}

fn turns(before: &Seen, now: &Seen) -> impl Iterator<Item = Turn> {
    let ended = match (before.red, now.red) {
        (false, true) => Some(Turn::Broken),
        (true, false) => Some(Turn::Fixed),
        // Another run; the streak itself stops growing where the history is full.
        (true, true) if now.last != before.last => Some(Turn::StillBroken),
        _ => None,
    };
    let started = (now.running && !before.running).then_some(Turn::Started);
    ended.into_iter().chain(started)
}

fn of_build(turn: Turn, one: &TrackedBuild) -> Transition {
    let build = &one.build;
    let label = if build.label.is_empty() { String::new() } else { format!(" ({})", build.label) };
    let text = match turn {
        Turn::Started => format!("{} started", build.name),
        Turn::StillBroken => format!("{} is still broken, {} builds{label}", build.name, one.red_streak),
        Turn::Fixed => format!("{} is fixed{label}", build.name),
        _ => format!("{} is broken{label}", build.name),
    };
    Transition {
        turn,
        name: build.name.clone(),
        text,
        service: SafeText::new(build.group_name()),
        environment: SafeText::default(),
        url: build.url.clone(),
    }
}

fn of_panel(turn: Turn, panel: &Panel<'_>) -> Transition {
    let text = match turn {
        Turn::Recovered => format!("{} is ok again: {}", panel.title, panel.says),
        _ => format!("{} is critical: {}", panel.title, panel.says),
    };
    Transition {
        turn,
        name: SafeText::new(panel.key.1),
        text: text.trim_end_matches([':', ' ']).to_owned(),
        service: panel.service.cloned().unwrap_or_default(),
        environment: panel.environment.cloned().unwrap_or_default(),
        url: panel.url.cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::build::{Build, BuildResult, Run};

    fn build(result: BuildResult, streak: u32, activity: Activity) -> TrackedBuild {
        let run = Run {
            label: "7".into(),
            result: if result.is_decisive() { result } else { BuildResult::Failure },
            finished_at: Some(Timestamp(i64::from(streak))),
            ..Run::default()
        };
        let build = Build { name: "shop".into(), result, activity, history: vec![run], ..Build::default() };
        TrackedBuild {
            name: build.name.clone(),
            build,
            red_since: None,
            red_streak: streak,
            broken_by: "7".into(),
            running_since: None,
        }
    }

    #[test]
    fn a_build_breaks_stays_broken_and_is_fixed() {
        use Activity::{Idle, Running};
        use BuildResult::{Cancelled, Failure, Success};
        let source: SafeText = "ci".into();
        let mut watch = Watch::default();
        let mut look = |result, streak, activity| -> Vec<Turn> {
            let one = build(result, streak, activity);
            watch.builds(std::iter::once((&source, &one))).iter().map(|turned| turned.turn).collect()
        };
        assert_eq!(look(Failure, 1, Running), [], "the first look is silent");
        assert_eq!(look(Success, 0, Idle), [Turn::Fixed]);
        assert_eq!(look(Success, 0, Running), [Turn::Started]);
        assert_eq!(look(Success, 0, Running), []);
        assert_eq!(look(Failure, 1, Idle), [Turn::Broken]);
        assert_eq!(look(Cancelled, 1, Idle), [], "what was stopped proves nothing");
        assert_eq!(look(Failure, 2, Running), [Turn::StillBroken, Turn::Started]);
        assert_eq!(look(Success, 0, Idle), [Turn::Fixed]);
    }

    #[test]
    fn a_panel_that_cannot_be_judged_has_neither_failed_nor_recovered() {
        use Status::{Critical, Ok, Unknown, Warning};
        let title: SafeText = "Orders".into();
        let mut watch = Watch::default();
        let mut look = |status| -> Vec<Turn> {
            let panel = Panel {
                key: ("d", "orders"),
                title: &title,
                status,
                says: "12 < 20",
                service: None,
                environment: None,
                url: None,
            };
            watch.panels(std::iter::once(panel)).iter().map(|turned| turned.turn).collect()
        };
        assert_eq!(look(Unknown), []);
        assert_eq!(look(Critical), [], "its first answer is silent");
        assert_eq!(look(Unknown), []);
        assert_eq!(look(Critical), []);
        assert_eq!(look(Warning), [], "better, but not well");
        assert_eq!(look(Ok), [Turn::Recovered]);
        assert_eq!(look(Critical), [Turn::Critical]);
    }
}
