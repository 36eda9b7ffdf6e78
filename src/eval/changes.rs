//! Events next to measurements: which change came just before.

use crate::model::build::Activity;
use crate::model::event::{Event, EventKind, EventState};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::store::{Entry, Store};

/// A panel that turns red within this time after a change says so.
const SUSPECT: Span = Span::seconds(30 * 60);

/// A change that came just before a panel turned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// "deploy shop v2.14".
    pub change: String,
    /// How long before.
    pub before: Span,
}

impl Cause {
    /// "14 min after deploy shop v2.14".
    pub fn words(&self) -> String {
        format!("{} after {}", self.before.brief(), self.change)
    }
}

/// The last change of these (oldest first) before a panel turned, if it came shortly before. A change counts
/// only where it names the panel's service or its environment: what is near in time only is no cause.
pub fn cause(events: &[&Event], since: Timestamp, about: (Option<&str>, Option<&str>)) -> Option<Cause> {
    let agrees = |event: &Event| {
        let same = |own: &SafeText, of: Option<&str>| of.is_some_and(|of| own.as_str().eq_ignore_ascii_case(of));
        event.belongs_to(about.0, about.1) && (same(&event.service, about.0) || same(&event.environment, about.1))
    };
    let before = |event: &&&Event| {
        event.at <= since && event.kind.is_change() && event.state == EventState::Done && agrees(event)
    };
    let last = events.iter().rev().find(before)?;
    let before = last.at.age_at(since);
    (before <= SUSPECT).then(|| Cause { change: last.brief(), before })
}

/// The last deploy up to a moment, of all events, newest first.
pub fn last_deploy<'a>(mut events: impl Iterator<Item = &'a Event>, now: Timestamp) -> Option<&'a Event> {
    // One that waits has changed nothing yet; of one whose state nobody knows, nobody knows that it has.
    let came = |state| matches!(state, EventState::Done | EventState::Failed | EventState::Running);
    events.find(|event| event.kind == EventKind::Deploy && came(event.state) && event.at <= now)
}

/// The build that ended last, of all feeds: the nearest to "what changed" that builds alone can tell.
pub fn last_build(store: &Store, now: Timestamp) -> Option<String> {
    let builds = store.entries().flat_map(Entry::builds);
    let last = builds.filter(|one| one.build.finished_at.is_some_and(|at| at <= now)).max_by(|a, b| {
        // Of two that ended in one moment the name decides, so that the sentence is the same everywhere.
        a.build.finished_at.cmp(&b.build.finished_at).then_with(|| b.build.name.cmp(&a.build.name))
    })?;
    let age = last.build.finished_at?.age_at(now);
    let label = if last.build.label.is_empty() { String::new() } else { format!(" {}", last.build.label) };
    let running = if last.build.activity == Activity::Running { ", running again" } else { "" };
    Some(format!("last build {}{label} {}, {} ago{running}", last.build.name, last.build.result.word(), age.brief()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deploy(at: i64, service: &str, version: &str, state: EventState) -> Event {
        Event {
            at: Timestamp(at * 60_000),
            kind: EventKind::Deploy,
            state,
            service: service.into(),
            version: version.into(),
            ..Event::default()
        }
    }

    #[test]
    fn the_change_just_before_is_named_and_an_old_one_is_not() {
        let all = [deploy(0, "shop", "v1", EventState::Done), deploy(60, "shop", "v2", EventState::Done)];
        let all: Vec<&Event> = all.iter().collect();
        let words = |minute: i64, service: Option<&str>| {
            cause(&all, Timestamp(minute * 60_000), (service, None)).map(|cause| cause.words())
        };
        assert_eq!(words(66, Some("shop")).as_deref(), Some("6 min after deploy shop v2"));
        assert_eq!(words(91, Some("shop")), None, "too long after");
        assert_eq!(words(59, Some("shop")), None, "the next deploy had not come");
        assert_eq!(words(66, Some("mail")), None, "of another service");
        assert_eq!(words(66, None), None, "the panel does not say what it is about: near in time is no cause");
    }
}
