//! Events: what happened at a moment, or goes on for a while. Changes, above all: most trouble is caused
//! by one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{AnswerKind, Count};
use super::status::Status;
use super::text::SafeText;
use super::time::Timestamp;
use super::version::Version;

/// Most events of one answer.
pub const MAX_EVENTS: usize = 10_000;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A version reached an environment.
    Deploy,
    /// A setting or a feature flag was changed.
    Config,
    /// Customers were hurt.
    Incident,
    /// A build turned red.
    Broken,
    /// A build turned green again.
    Fixed,
    /// An alert fired, or a panel turned critical.
    Alert,
    /// Anything else worth a line.
    #[default]
    Note,
    /// Planned in a calendar: maintenance, a migration.
    Planned,
    /// Planned in a calendar: no changes while it lasts.
    Freeze,
    /// Planned in a calendar: a release.
    Release,
}

impl EventKind {
    /// All kinds, the weightiest first: of two in one column the first is drawn.
    pub const ALL: [Self; 10] = [
        Self::Incident,
        Self::Deploy,
        Self::Config,
        Self::Alert,
        Self::Freeze,
        Self::Release,
        Self::Planned,
        Self::Broken,
        Self::Fixed,
        Self::Note,
    ];

    /// The kinds drawn over a graph unless its panel says otherwise: builds have a wall of their own, and
    /// an alert is what the graph itself shows.
    pub const OVER_GRAPHS: [Self; 5] = [Self::Incident, Self::Deploy, Self::Config, Self::Release, Self::Note];

    /// The word shown to people, and of the config file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Config => "config",
            Self::Incident => "incident",
            Self::Broken => "broken",
            Self::Fixed => "fixed",
            Self::Alert => "alert",
            Self::Note => "note",
            Self::Planned => "planned",
            Self::Freeze => "freeze",
            Self::Release => "release",
        }
    }

    /// The kind of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether it may be the cause of what follows.
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Deploy | Self::Config | Self::Release)
    }

    /// Whether it stands in a calendar, before it happens.
    pub const fn is_planned(self) -> bool {
        matches!(self, Self::Planned | Self::Freeze | Self::Release)
    }
}

/// Which events a panel is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSet {
    /// All of them.
    Everything,
    /// What reached which environment.
    Deploys,
    /// Deploys, and what they did to customers.
    DeploysAndIncidents,
    /// What stands in a calendar.
    Plans,
}

impl EventSet {
    /// Whether a kind belongs to it.
    pub const fn has(self, kind: EventKind) -> bool {
        match self {
            Self::Everything => true,
            Self::Deploys => matches!(kind, EventKind::Deploy),
            Self::DeploysAndIncidents => matches!(kind, EventKind::Deploy | EventKind::Incident),
            Self::Plans => kind.is_planned(),
        }
    }
}

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventState {
    /// It is done.
    #[default]
    Done,
    /// It is under way (a deploy), or goes on (an incident).
    Running,
    /// It waits for somebody's approval, or for its turn.
    Waiting,
    /// It failed: the previous version is still there.
    Failed,
    /// The server does not say, or says it in a word that is not known.
    Unknown,
}

/// Why a change was made (DORA's rework rate counts those that were not planned).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeReason {
    /// It was planned.
    #[default]
    Planned,
    /// To fix what an earlier change broke.
    Hotfix,
    /// Back to an earlier version.
    Rollback,
}

impl ChangeReason {
    /// Whether it is the ordinary one, which need not be told.
    pub const fn is_planned(&self) -> bool {
        matches!(self, Self::Planned)
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Event {
    /// The name by which its source knows it, whatever else of it changes; empty where it has none.
    #[serde(default)]
    pub id: SafeText,
    /// When it happened; of a deploy, when it was done, else when it began.
    pub at: Timestamp,
    /// When it was over, or will be: an incident, a freeze; of a deploy, when what it brought was taken away. None
    /// while nobody knows.
    pub until: Option<Timestamp>,
    /// What kind.
    pub kind: EventKind,
    /// How far it has come.
    pub state: EventState,
    /// Why it was made.
    pub reason: ChangeReason,
    /// What it is, in a few words.
    pub title: SafeText,
    /// The service it is about; empty for all.
    pub service: SafeText,
    /// The environment it is about; empty for all.
    pub environment: SafeText,
    /// The version it brought.
    pub version: SafeText,
    /// The server's own words about its health ("Degraded"); empty when all is well.
    pub remark: SafeText,
    /// How what it brought is now, where the server tells.
    pub health: Option<Status>,
    /// Who did it; only where the board asks for names.
    pub who: Option<SafeText>,
    /// Where to read more; http or https only.
    pub url: Option<SafeText>,
    /// When the commits were made that it shipped first, as far as known: for the lead time.
    pub commits: Vec<Timestamp>,
}

impl Event {
    /// How the world is for it: a failed deploy and an incident that goes on are critical.
    pub fn status(&self) -> Status {
        match (self.kind, self.state) {
            (EventKind::Deploy, EventState::Failed) | (EventKind::Incident, EventState::Running) => Status::Critical,
            (_, EventState::Unknown) => self.health.unwrap_or(Status::Unknown),
            _ => self.health.unwrap_or(Status::Ok),
        }
    }

    /// The word for how far it has come; empty when it is done.
    pub const fn state_word(&self) -> &'static str {
        match self.state {
            EventState::Done => "",
            EventState::Running if matches!(self.kind, EventKind::Incident) => "goes on",
            EventState::Running => "running",
            EventState::Waiting => "waiting",
            EventState::Failed => "failed",
            EventState::Unknown => "unknown",
        }
    }

    /// Whether it is a deploy of something that runs no more.
    pub fn is_taken_away(&self) -> bool {
        self.kind == EventKind::Deploy && self.until.is_some()
    }

    /// Whether it goes on at a moment.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.at <= now && self.until.is_some_and(|until| now < until)
    }

    /// Whether it goes on after a moment, once it has begun; while nobody knows its end, for as long as it is not done.
    pub fn goes_on_after(&self, moment: Timestamp) -> bool {
        let is_open = matches!(self.state, EventState::Running | EventState::Waiting);
        self.until.map_or(is_open, |until| until > moment)
    }

    /// Whether it belongs to a service and an environment; what names none belongs to all.
    pub fn belongs_to(&self, service: Option<&str>, environment: Option<&str>) -> bool {
        let same = |own: &SafeText, wanted: Option<&str>| {
            let all = |word: &str| word.is_empty() || word == "*" || word.eq_ignore_ascii_case("all");
            all(own.as_str()) || wanted.is_none_or(|wanted| all(wanted) || own.as_str().eq_ignore_ascii_case(wanted))
        };
        same(&self.service, service) && same(&self.environment, environment)
    }

    /// "deploy shop v2.14", "incident checkout down": kind, service, and version or title.
    pub fn brief(&self) -> String {
        let what =
            if self.version.is_empty() { self.title.to_string() } else { Version::new(self.version.as_str()).short() };
        // A title often names the service itself.
        let names_itself = what.contains(self.service.as_str());
        let service =
            if self.service.is_empty() || names_itself { String::new() } else { format!("{} ", self.service) };
        format!("{} {service}{what}", self.kind.word()).trim_end().to_owned()
    }

    /// What stands for the deploys of a service of which nothing can be told: it is unknown how they are.
    /// (Long ago: it is no mark on any graph.)
    pub fn not_told(service: &str, why: &str) -> Self {
        Self {
            kind: EventKind::Deploy,
            state: EventState::Unknown,
            service: SafeText::new(service),
            title: SafeText::new(why),
            remark: SafeText::new(why),
            ..Self::default()
        }
    }

    /// The same without its commits, which only the lead time needs.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self {
            commits: Vec::new(),
            id: self.id.clone(),
            title: self.title.clone(),
            service: self.service.clone(),
            environment: self.environment.clone(),
            version: self.version.clone(),
            remark: self.remark.clone(),
            who: self.who.clone(),
            url: self.url.clone(),
            ..*self
        }
    }

    /// The same without names of people.
    #[must_use]
    pub fn without_people(mut self) -> Self {
        self.who = None;
        self
    }
}

impl AnswerKind for Vec<Event> {
    fn counts(&self) -> Vec<Count> {
        vec![Count { what: "events", is: self.len(), most: MAX_EVENTS }]
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn without_people(self) -> Self {
        self.into_iter().map(Event::without_people).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_service_belongs_to_all() {
        let event = |service: &str, environment: &str| Event {
            service: service.into(),
            environment: environment.into(),
            ..Event::default()
        };
        assert!(event("shop", "production").belongs_to(Some("Shop"), None));
        assert!(event("", "").belongs_to(Some("shop"), Some("staging")));
        assert!(event("shop", "").belongs_to(Some("all"), None), "a panel of all services");
        assert!(!event("shop", "").belongs_to(Some("mail"), None));
        assert!(!event("shop", "staging").belongs_to(Some("shop"), Some("production")));
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::of_word(kind.word()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }
}
