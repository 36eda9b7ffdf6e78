//! One event as JSON: a line of the file, the body of a request, what `andon event` writes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::event::{ChangeReason, Event, EventKind, EventState};
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use crate::source::http::link;

/// An event as it is written. Only `title` is needed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Line {
    /// What happened, in a few words.
    pub title: String,
    /// When: RFC 3339 (`2026-11-21T14:03:00Z`), or seconds since 1970 (default: when it comes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// deploy, config, incident, alert, note, planned, freeze, release.
    pub kind: EventKind,
    /// done, running, waiting, failed, unknown (default: done; an incident without an end is running).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<EventState>,
    /// planned, hotfix, rollback.
    #[serde(skip_serializing_if = "ChangeReason::is_planned")]
    pub reason: ChangeReason,
    /// The service it is about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// The environment it is about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// The version it brought.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Who did it; shown only where the board asks for names.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub who: String,
    /// Where to read more.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// When the commits were made that it shipped first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<Time>,
    /// Two lines with one id are one event: the later says how it went on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Two lines with one delivery are the same line, told again in case it was lost: the first counts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delivery: String,
}

/// A moment as people and programs write it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a time such as \"2026-11-21T14:03:00Z\", or seconds since 1970")]
pub enum Time {
    /// Seconds since 1970.
    Seconds(f64),
    /// RFC 3339.
    Text(String),
}

impl Time {
    /// The moment; `None` when it is none.
    pub fn read(&self) -> Option<Timestamp> {
        match self {
            Self::Seconds(seconds) => Timestamp::from_seconds(*seconds),
            Self::Text(text) => Timestamp::of_rfc3339(Some(text)),
        }
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Seconds(seconds) => write!(f, "{seconds}"),
            Self::Text(text) => write!(f, "'{text}'"),
        }
    }
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self::Text(at.rfc3339())
    }
}

impl Line {
    /// Reads one; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let line: Self = serde_json::from_str(text).map_err(|error| {
            // Serde ends with its own "at line 1 column 9", which is the line of the text alone.
            let text = error.to_string();
            text.split(" at line ").next().unwrap_or(&text).to_owned()
        })?;
        if line.title.trim().is_empty() && line.version.trim().is_empty() {
            return Err("an event needs a title".to_owned());
        }
        let times = [&line.at, &line.until].into_iter().flatten().chain(&line.commits);
        if let Some(wrong) = times.into_iter().find(|time| time.read().is_none()) {
            return Err(format!("{wrong} is no time; write it like \"2026-11-21T14:03:00Z\""));
        }
        Ok(line)
    }

    /// The event; one without a time happened at `came`.
    pub fn event(&self, came: Timestamp) -> Event {
        let until = self.until.as_ref().and_then(Time::read);
        let goes_on = self.kind == EventKind::Incident && until.is_none();
        let named = |text: &str| (!text.is_empty()).then(|| SafeText::new(text));
        Event {
            id: SafeText::new(&self.id),
            at: self.at.as_ref().and_then(Time::read).unwrap_or(came),
            until,
            kind: self.kind,
            state: self.state.unwrap_or(if goes_on { EventState::Running } else { EventState::Done }),
            reason: self.reason,
            title: SafeText::new(&self.title),
            service: SafeText::new(&self.service),
            environment: SafeText::new(&self.environment),
            version: SafeText::new(&self.version),
            who: named(&self.who),
            url: link(Some(&self.url)),
            commits: self.commits.iter().filter_map(Time::read).collect(),
            ..Event::default()
        }
    }
}

/// What a later line of the same id makes of an event: it tells how it went on, and keeps what it does not
/// say. An incident that is done was over then, and began when it began.
pub fn continued(before: &Event, line: &Line, came: Timestamp) -> Event {
    let later = line.event(came);
    let or = |new: &SafeText, old: &SafeText| if new.is_empty() { old.clone() } else { new.clone() };
    let lasts = before.kind == EventKind::Incident || before.kind.is_planned();
    let over = lasts && later.state == EventState::Done;
    Event {
        at: if lasts { before.at } else { later.at },
        until: later.until.or(before.until).or(over.then_some(later.at)),
        kind: before.kind,
        // An incident keeps its name; how it ended is told by its end.
        title: if lasts { or(&before.title, &later.title) } else { or(&later.title, &before.title) },
        service: or(&later.service, &before.service),
        environment: or(&later.environment, &before.environment),
        version: or(&later.version, &before.version),
        who: later.who.clone().or_else(|| before.who.clone()),
        url: later.url.clone().or_else(|| before.url.clone()),
        commits: if later.commits.is_empty() { before.commits.clone() } else { later.commits.clone() },
        reason: if line.reason == ChangeReason::Planned { before.reason } else { line.reason },
        ..later
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let text = r#"{"title":"deployed","at":"2026-11-21T14:03:00Z","kind":"deploy","service":"shop","version":"v2.14","commits":[1795262400]}"#;
        let line = Line::parse(text).unwrap();
        let event = line.event(Timestamp(0));
        assert_eq!((event.at, event.brief().as_str()), (Timestamp(1_795_269_780_000), "deploy shop v2.14"));
        assert_eq!(event.commits, [Timestamp(1_795_262_400_000)]);
        assert_eq!(Line::parse(&serde_json::to_string(&line).unwrap()), Ok(line));
    }

    #[test]
    fn what_cannot_be_read_is_explained() {
        for (text, part) in [
            (r#"{"title":"x","sevrice":"shop"}"#, "unknown field `sevrice`"),
            (r#"{"title":"x","kind":"deployment"}"#, "unknown variant `deployment`"),
            (r#"{"title":"x","at":"yesterday"}"#, "no time"),
            ("{}", "needs a title"),
            ("deployed", "expected"),
        ] {
            let error = Line::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("at line"), "{error}");
        }
    }

    #[test]
    fn a_second_line_ends_an_incident() {
        let line = |text: &str| Line::parse(text).unwrap();
        let begin = line(r#"{"title":"checkout down","kind":"incident","id":"INC-7","service":"checkout"}"#);
        let before = begin.event(Timestamp(1000));
        assert_eq!((before.state, before.until), (EventState::Running, None));
        let end = line(r#"{"title":"","version":"x","kind":"incident","id":"INC-7","state":"done"}"#);
        let after = continued(&before, &end, Timestamp(9000));
        assert_eq!((after.at, after.until, after.state), (Timestamp(1000), Some(Timestamp(9000)), EventState::Done));
        assert_eq!((after.title.as_str(), after.service.as_str()), ("checkout down", "checkout"));
    }

    #[test]
    fn a_deploy_that_began_is_done_when_it_is_done() {
        let line = |text: &str| Line::parse(text).unwrap();
        let begin = line(r#"{"title":"v2","kind":"deploy","id":"d1","state":"running","service":"shop"}"#);
        let after = continued(
            &begin.event(Timestamp(1000)),
            &line(r#"{"title":"v2","kind":"deploy","id":"d1","state":"failed"}"#),
            Timestamp(5000),
        );
        assert_eq!((after.at, after.state, after.service.as_str()), (Timestamp(5000), EventState::Failed, "shop"));
    }
}
