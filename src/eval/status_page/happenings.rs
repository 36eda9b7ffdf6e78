//! Incidents and planned maintenance, of the events that some panels list.

use std::collections::HashSet;

use ring::digest::{SHA256, digest};

use super::super::events::Events;
use super::super::judging::PanelVerdict;
use crate::model::event::{Event, EventKind, EventState};
use crate::model::hex::hex;
use crate::model::judgement::Content;
use crate::model::poll::QueryId;
use crate::model::public::without_addresses;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// How long what is over is told of.
pub const TOLD_FOR: Span = Span::seconds(90 * 86_400);
/// Most of each; those that go on come first.
const MOST: usize = 100;

/// An incident, or planned maintenance.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// Its name for programs: it tells nothing, and stays as long as its source knows it by one name.
    pub id: String,
    /// What it is.
    pub title: SafeText,
    /// The service it is about; empty for all.
    pub service: SafeText,
    /// The components it is about, by their places.
    pub components: Vec<usize>,
    /// When it began, or will.
    pub at: Timestamp,
    /// When it was over, or will be.
    pub until: Option<Timestamp>,
    /// How far it has come.
    pub stage: Stage,
}

/// How far something has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It has not begun.
    Planned,
    /// It goes on.
    GoesOn,
    /// It is over.
    Over,
}

/// What happened, and what is planned.
pub(super) struct Happenings {
    pub(super) incidents: Vec<Happening>,
    pub(super) maintenance: Vec<Happening>,
}

impl Happenings {
    /// Those that some panels list, in the words of their own sources. `components` are the titles and services of what
    /// they may be about.
    pub(super) fn of(
        events: &Events<'_>,
        panels: &[&PanelVerdict<'_>],
        components: &[(&SafeText, Option<&SafeText>)],
        now: Timestamp,
    ) -> Self {
        let rules = panels.iter().map(|panel| panel.panel.rule);
        let queries: HashSet<QueryId> = rules.flat_map(|rule| rule.queries.iter().map(|query| query.id)).collect();
        let own = events.of(&queries, &HashSet::new());
        let shown = panels.iter().flat_map(|panel| match &panel.evaluation.content {
            Content::Events(shown) => shown.as_slice(),
            _ => &[],
        });
        // Two panels may list the same one.
        let mut known: HashSet<*const Event> = HashSet::new();
        let all = shown.filter_map(|event| own.same(event)).filter(|event| known.insert(std::ptr::from_ref(*event)));
        let (mut incidents, mut maintenance) = (Vec::new(), Vec::new());
        for event in all {
            let list = match event.kind {
                EventKind::Incident => &mut incidents,
                EventKind::Planned => &mut maintenance,
                _ => continue,
            };
            let about = components.iter().enumerate().filter(|(_, names)| names_one(event, **names));
            let about = about.map(|(index, _)| index).collect();
            let one = Happening { components: about, ..happening(event, now) };
            if one.stage != Stage::Over || one.until.unwrap_or(one.at) > now.minus(TOLD_FOR) {
                list.push(one);
            }
        }
        // Where there are too many, those that are over longest are left out.
        incidents.sort_by_key(|one: &Happening| std::cmp::Reverse((one.stage == Stage::GoesOn, one.at)));
        incidents.truncate(MOST);
        maintenance.sort_by_key(|one: &Happening| (one.stage == Stage::Over, one.at));
        maintenance.truncate(MOST);
        Self { incidents, maintenance }
    }
}

/// A name that stays the same as long as what it is made of, and tells nothing of that.
pub(super) fn id(parts: &[&str]) -> String {
    hex(digest(&SHA256, parts.join("\0").as_bytes()).as_ref())
}

impl Happening {
    /// Whether it goes on, and has an end.
    pub(super) fn is_bounded(&self) -> bool {
        self.stage == Stage::GoesOn && self.until.is_some()
    }

    /// One by itself.
    #[cfg(test)]
    pub(crate) fn named(title: &str, at: Timestamp, until: Option<Timestamp>, stage: Stage) -> Self {
        let [title_text, service] = [title, ""].map(SafeText::new);
        Self { id: id(&["happening", title]), title: title_text, service, components: Vec::new(), at, until, stage }
    }
}

/// Whether an event names a component: as it is called, or by its service.
fn names_one(event: &Event, (title, service): (&SafeText, Option<&SafeText>)) -> bool {
    let is_it = |name: &SafeText| name.as_str().eq_ignore_ascii_case(event.service.as_str());
    !event.service.is_empty() && (is_it(title) || service.is_some_and(is_it))
}

fn happening(event: &Event, now: Timestamp) -> Happening {
    let is_incident = event.kind == EventKind::Incident;
    let stage = match event.until {
        // What has happened may be stamped by a clock that is ahead of ours.
        _ if event.at > now && !is_incident => Stage::Planned,
        Some(until) if until <= now => Stage::Over,
        None if event.state == EventState::Done => Stage::Over,
        Some(_) | None => Stage::GoesOn,
    };
    // Of an entry of a calendar that stands for others nobody knows when it is.
    let until = event.until.filter(|_| is_incident || event.state != EventState::Unknown);
    let at = if is_incident { event.at.min(now) } else { event.at };
    let [title, service] = [&event.title, &event.service].map(without_addresses);
    // A calendar has a name for a title where nothing else is said.
    let title = if event.who.as_ref() == Some(&event.title) { SafeText::new("busy") } else { title };
    Happening { id: id_of(event), title, service, components: Vec::new(), at, until, stage }
}

/// Made of the name by which its source knows it, where it has one: then its words and its times may change.
fn id_of(event: &Event) -> String {
    if !event.id.is_empty() {
        return id(&[event.kind.word(), event.id.as_str()]);
    }
    let texts = [&event.service, &event.environment, &event.version, &event.title].map(SafeText::as_str);
    id(&[&[event.kind.word(), &event.at.rfc3339()], &texts[..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: EventKind, at: i64, until: Option<i64>, state: EventState) -> Event {
        Event {
            at: Timestamp(at),
            until: until.map(Timestamp),
            kind,
            state,
            title: "db-1.internal:5432 down".into(),
            ..Event::default()
        }
    }

    #[test]
    fn what_nobody_has_ended_goes_on_and_what_is_planned_has_not_begun() {
        use EventKind::{Incident, Planned};
        use EventState::{Done, Failed, Running, Unknown, Waiting};
        for (kind, at, until, state, stage) in [
            (Incident, 50, None, Running, Stage::GoesOn),
            (Incident, 50, None, Waiting, Stage::GoesOn),
            (Incident, 50, None, Unknown, Stage::GoesOn),
            (Incident, 50, None, Failed, Stage::GoesOn),
            (Incident, 50, None, Done, Stage::Over),
            (Incident, 50, Some(100), Running, Stage::Over),
            (Incident, 50, Some(101), Done, Stage::GoesOn),
            // A clock that is ahead of ours.
            (Incident, 150, None, Running, Stage::GoesOn),
            (Planned, 101, Some(200), Done, Stage::Planned),
            (Planned, 50, Some(200), Done, Stage::GoesOn),
            (Planned, 50, Some(100), Done, Stage::Over),
        ] {
            let is = happening(&event(kind, at, until, state), Timestamp(100));
            assert_eq!((is.stage, is.title.as_str()), (stage, "… down"), "{kind:?} {at} {until:?} {state:?}");
            assert!(kind == Planned || is.at <= Timestamp(100));
        }
        assert!(!happening(&event(Planned, 50, Some(200), Unknown), Timestamp(100)).is_bounded());
    }

    #[test]
    fn an_id_is_that_of_one_event_and_stays_when_its_source_has_a_name_for_it() {
        let one = event(EventKind::Incident, 50, None, EventState::Running);
        let other = Event { title: "db-2.internal:5432 down".into(), ..one.clone() };
        assert_ne!(id_of(&one), id_of(&other), "both are written '… down'");
        let known = Event { id: "INC-7".into(), ..one };
        let later = Event { at: Timestamp(60), title: "cards are refused".into(), ..known.clone() };
        assert_eq!(id_of(&known), id_of(&later));
    }

    #[test]
    fn a_person_is_no_title_and_no_service_is_not_that_of_all() {
        let away = Event { who: Some("Ada".into()), title: "Ada".into(), ..Event::default() };
        assert_eq!(happening(&away, Timestamp(100)).title.as_str(), "busy");
        let [title, none, own] = ["Checkout", "", "checkout-api"].map(SafeText::new);
        let named = |service: &str| Event { service: service.into(), ..Event::default() };
        for (service, own, is_about) in
            [("", &none, false), ("CHECKOUT", &none, true), ("checkout-api", &own, true), ("search", &own, false)]
        {
            assert_eq!(names_one(&named(service), (&title, Some(own))), is_about, "{service}");
        }
    }
}
